package memoria.badinput;

import java.util.List;
import memoria.artifact.Labels;
import memoria.artifact.Spec;
import memoria.data.Images;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.RareClasses;
import memoria.diffusion.Seeds;
import memoria.metrics.Band;
import memoria.metrics.Bootstrap;
import memoria.metrics.Matches;
import memoria.metrics.Retrieval;
import memoria.metrics.Uniqueness;
import memoria.side.Anchor;
import memoria.side.Duplication;
import memoria.side.Extraction;
import memoria.side.Mixture;
import memoria.side.PointwiseMemorization;
import memoria.side.RandomStrings;
import memoria.side.Repeated;
import memoria.side.Theorem1;
import memoria.training.ImplicitLabels;

/** Arguments out of range in the attack, its scores and its theory. */
public final class BadSide extends BadInput {

    private final Mixture line =
            Mixture.of(new double[] {1}, new double[][] {{0}}, new double[] {1});
    private final Images none = Images.of(new float[0], 0, 1, 1, 1);

    /** The table. */
    public BadSide() {
        scores();
        theory();
        attack();
        strings();
    }

    private void scores() {
        Band band = new Band("any", 0, 1);
        Matches two = Matches.of(new int[] {0, 1}, new double[] {0.5, 2});
        Bootstrap bootstrap = Bootstrap.seed(1);
        refused("a band without a name", () -> new Band(" ", 0, 1), "' ', 0.0, 1.0", "from < to");
        refused("a band upside down", () -> new Band("b", 1, 1), "'b', 1.0, 1.0", "from < to");
        refused("a null of too few", () -> Band.ofNull(new double[999]), "unseen: 999", "1000");
        refused("a null of equals", () -> Band.ofNull(new double[1000]), "'low'", "from < to");
        refused(
                "no matches",
                () -> Matches.of(new int[0], new double[0]),
                "index, similarity: 0 and 0",
                "at least one");
        refused(
                "more matches than similarities",
                () -> Matches.of(new int[2], new double[1]),
                "index, similarity: 2 and 1");
        refused(
                "a match before the first",
                () -> Matches.of(new int[] {-1}, new double[1]),
                "index: one is negative");
        refused(
                "a similarity that is no number",
                () -> Matches.of(new int[1], new double[] {Double.NaN}),
                "similarity: value 0");
        refused("UMS of none", () -> two.ums(band, 0, bootstrap), "n: 0 of 2", "1 to");
        refused("UMS of too many", () -> two.ums(band, 3, bootstrap), "n: 3 of 2", "1 to");
        refused("a slice too long", () -> two.slice(1, 3), "from, to: 1, 3 of 2");
        refused("the top third of two", () -> two.top(0.3, bootstrap), "share: 0.3 of 2");
        refused("more than all", () -> two.top(1.5, bootstrap), "share: 1.5 of 2", "at most 1");
        refused(
                "a probability above 1",
                () -> Uniqueness.expected(new double[] {1.5}, 3),
                "p: 1.5",
                "0 to 1");
        refused("a negative count", () -> Uniqueness.expected(new double[0], -1), "n: -1", "0 or");
        Uniqueness fit = Uniqueness.fit(two, band);
        refused("a prediction of none", () -> fit.predict(0, 1), "n: 0", "at least 1");
        refused("a curve beyond its data", () -> fit.curve(3), "n: 3 of 2");
    }

    private void attack() {
        refused(
                "an arm without seeds",
                () -> Extraction.of("mild", Seeds.range(0, 0)),
                "seeds: none",
                "at least one");
        Extraction arm = Extraction.of("mild", Seeds.range(0, 3));
        refused(
                "a negative strength",
                () -> arm.guidedBy("s", Labels.all(1), -1),
                "lambda: -1.0",
                "0 or above");
        refused("guidance to nothing", () -> arm.guidedBy("s", Labels.none(), 1), "labels: none");
        refused("an empty shard", () -> arm.shardSize(0), "size: 0", "at least 1");
        refused("no steps", () -> arm.steps(0), "steps: 0", "at least 1");
        refused(
                "a spec of other work",
                () -> Extraction.of(Spec.parse("{\"kind\":\"samples-1\"}")),
                "samples-1",
                "extraction-1");
        refused(
                "a spec without a target",
                () -> Extraction.of(Spec.parse("{\"kind\":\"extraction-1\"}")),
                "spec: an entry is missing");
        refused(
                "more clusters than images",
                () -> ImplicitLabels.kMeans(new float[3][2], 4, 1),
                "k: 4 labels for 3 images");
        Anchor anchor = Anchor.of(NoiseSchedule.linear(100));
        for (double width : new double[] {0, -0.1, 1.01, Double.NaN}) {
            refused(
                    "an anchor of width " + width,
                    () -> anchor.width(width),
                    "share: " + width,
                    "above 0 and up to 1");
        }
        refused("an anchor at no time", () -> anchor.weight(Double.NaN), "t: NaN");
        refused("one random label", () -> ImplicitLabels.random(5, 1, 1), "k: 1", "at least 2");
        refused(
                "a target without rare classes",
                () -> new RareClasses(10, List.of(), 1, 0.5, 3),
                "rare: []",
                "at least one class");
        refused(
                "rare classes that are everything",
                () -> new RareClasses(10, List.of(1), 1, 1, 3),
                "mass",
                "1.0",
                "between 0 and 1");
    }

    private void strings() {
        RandomStrings strings = RandomStrings.seed(1);
        refused("strings without letters", () -> strings.letters(0), "count: 0 letters", "1");
        refused("a string before the first", () -> strings.at(-1), "i: -1", "0 or more");
        refused("strings backwards", () -> strings.range(3, 2), "from, to: 3, 2", "from <= to");
        Images four = Images.of(new float[4], 4, 1, 1, 1);
        refused("one sample", () -> new Repeated(four, 1), "samples: 1", "at least 2");
        refused("a prompt cut short", () -> new Repeated(four, 3), "samples: 3", "of 4 images");
        refused("more samples", () -> new Repeated(four, 2).first(3), "n: 3 of 2", "2 to");
        double[] scores = {1, 2};
        boolean[] none = {false, false};
        refused(
                "nothing wanted",
                () -> Retrieval.ofLow(scores, none, none),
                "wanted: none",
                "at least one");
        refused(
                "right but not wanted",
                () ->
                        Retrieval.ofLow(
                                scores, new boolean[] {true, false}, new boolean[] {true, true}),
                "right: candidate 1");
        refused(
                "a score without a word",
                () -> Retrieval.ofLow(scores, new boolean[] {true}, none),
                "2, 1 and 2",
                "equally many");
        refused(
                "a score that is no number",
                () -> Retrieval.ofLow(new double[] {Double.NaN}, scores),
                "score: value 0");
        refused(
                "a precision of 0",
                () -> Retrieval.ofLow(scores, scores).threshold(0),
                "precision: 0.0",
                "above 0");
    }

    private void theory() {
        refused(
                "a mixture of nothing",
                () -> Mixture.of(new double[0], new double[0][], new double[0]),
                "0, 0 and 0",
                "at least one component");
        refused(
                "a component without width",
                () -> Mixture.of(new double[] {1}, new double[][] {{0}}, new double[] {0}),
                "component 0 has 1.0, [0.0], 0.0",
                "above 0");
        refused("a label of no points", () -> line.labelled(), "weights, means, deviations: 0");
        refused("a component that is not there", () -> line.labelled(1), "components: [1]", "0 to");
        refused(
                "memorization of nothing",
                () -> PointwiseMemorization.at(none, 0.1),
                "0 points and radius 0.1");
        refused(
                "balls without a radius",
                () -> PointwiseMemorization.at(line.sample(1, 1), 0),
                "1 points and radius 0.0",
                "above 0");
        Mixture plane = Mixture.of(new double[] {1}, new double[][] {{0, 0}}, new double[] {1});
        refused("two dimensions", () -> new Theorem1(line, plane), "labelled: dimension 2", "1");
        refused(
                "nothing generated",
                () -> Theorem1.measured(line.sample(1, 1), none, none),
                "1, 0 and 0 points");
        refused(
                "labels of no points",
                () -> Theorem1.randomLabels(0, 5),
                "perLabel, total: 0 of 5");
        refused(
                "atoms of more than everything",
                () -> Duplication.probability(new double[] {0.6, 0.6}, 3),
                "[0.6, 0.6] and 3",
                "at most 1");
        refused(
                "no sets",
                () -> Duplication.simulated(new double[] {0.5}, 3, 0, 1),
                "successes, trials: 0 of 0");
        refused(
                "one point alone",
                () -> Duplication.closePairs(line.sample(1, 1), 0.1),
                "1 points",
                "at least 2");
    }

    @Override
    public void close() {}
}
