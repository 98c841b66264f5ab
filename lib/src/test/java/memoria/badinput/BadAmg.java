package memoria.badinput;

import memoria.amg.Amg;
import memoria.amg.AmgRecord;
import memoria.amg.Captions;
import memoria.amg.Strength;
import memoria.amg.Threshold;
import memoria.data.Images;
import memoria.diffusion.Condition;
import memoria.similarity.NormalizedL2;

/** Guidances that cannot be. */
public final class BadAmg extends BadInput {

    private final NormalizedL2 nl2 =
            NormalizedL2.against(Images.of(new float[] {1, 2, 3}, 3, 1, 1, 1));

    /** The table. */
    public BadAmg() {
        Amg amg = Amg.with(nl2).below(-0.5);
        refused(
                "a limit that is no number",
                () -> Amg.with(nl2).below(Double.NaN),
                "limit: NaN",
                "not finite");
        refused("a negative scale", () -> amg.scale(-1), "c: -1.0", "at least 0");
        refused(
                "an endless scale",
                () -> amg.scale(Double.POSITIVE_INFINITY),
                "c: Infinity",
                "at least 0");
        refused(
                "a negative rising strength",
                () -> amg.scale(Strength.rising(-1, 0)),
                "c3: -1.0",
                "at least 0");
        refused(
                "a strength that rises from nowhere",
                () -> amg.scale(Strength.rising(1, Double.NaN)),
                "from: NaN",
                "not finite");
        refused("a negative despecification", () -> amg.despecify(-2), "c1: -2.0", "at least 0");
        Captions two = new Captions("two", Condition.classes(0, 1), new boolean[2]);
        refused(
                "a negative deduplication",
                () -> amg.deduplicate(-3, two),
                "c2: -3.0",
                "at least 0");
        refused(
                "fewer captions than images",
                () -> amg.deduplicate(1, two),
                "captions: 2 for 3",
                "one each");
        refused(
                "captions without a name",
                () -> new Captions(" ", Condition.classes(0), new boolean[1]),
                "name: empty",
                "need one");
        refused(
                "captions of which nobody knows whether they are duplicated",
                () -> new Captions("one", Condition.classes(0), new boolean[2]),
                "duplicated: 2 flags for 1",
                "one each");
        refused(
                "a parabola from nowhere",
                () -> Threshold.parabola(Double.NEGATIVE_INFINITY, 0),
                "a: -Infinity",
                "not finite");
        refused(
                "a parabola to nowhere",
                () -> Threshold.parabola(0, Double.NaN),
                "b: NaN",
                "not finite");
        refused("a flat parabola", () -> new Threshold.Parabola(0, 1, 0), "rate: 0.0", "above 0");
        refused(
                "a constant that is no number",
                () -> Threshold.constant(Double.NaN),
                "lambda: NaN",
                "not finite");
        refused(
                "the record of another image",
                () -> new AmgRecord().of(5),
                "seed: 5",
                "nothing was recorded");
    }

    @Override
    public void close() {
        nl2.close();
    }
}
