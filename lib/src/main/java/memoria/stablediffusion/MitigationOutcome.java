package memoria.stablediffusion;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import memoria.data.Images;
import memoria.metrics.Bootstrap;
import memoria.metrics.Interval;

/**
 * What {@link Mitigation} measured: similarity and alignment of each way's pictures over the number of changed tokens k. The unit of every
 * interval is the prompt, its repetitions averaged.
 */
public final class MitigationOutcome {

    /** Points of alignment at which two curves are compared. */
    private static final int GRID = 41;

    private final int[] tokens;
    private final Map<String, int[][][]> rows;
    private final double[] similarity;
    private final double[] alignment;
    private final List<String> texts;
    private final Images images;

    MitigationOutcome(
            int[] tokens,
            Map<String, int[][][]> rows,
            double[] similarity,
            double[] alignment,
            List<String> texts,
            Images images) {
        this.tokens = tokens;
        this.rows = rows;
        this.similarity = similarity;
        this.alignment = alignment;
        this.texts = texts;
        this.images = images;
    }

    /**
     * The numbers of changed tokens.
     *
     * @return 0 for the prompts themselves, then those asked for
     */
    public double[] tokens() {
        return Arrays.stream(tokens).asDoubleStream().toArray();
    }

    /**
     * How many different pictures were made.
     *
     * @return the count
     */
    public int pictures() {
        return images.count();
    }

    /**
     * Similarity over k.
     *
     * @param way its name
     * @return mean over the prompts with its interval, one per number of tokens
     * @throws IllegalArgumentException if there is no such way
     */
    public List<Interval> similarity(String way) {
        return means(way, similarity);
    }

    /**
     * Alignment over k.
     *
     * @param way its name
     * @return mean over the prompts with its interval, one per number of tokens
     * @throws IllegalArgumentException if there is no such way
     */
    public List<Interval> alignment(String way) {
        return means(way, alignment);
    }

    private List<Interval> means(String way, double[] scores) {
        return Arrays.stream(byPrompt(way, scores)).map(Bootstrap.seed(0)::mean).toList();
    }

    /** k, prompt. */
    private double[][] byPrompt(String way, double[] scores) {
        int[][][] places = rows.get(way);
        if (places == null) {
            throw new IllegalArgumentException("way: '" + way + "'; there are " + rows.keySet());
        }
        return Arrays.stream(places)
                .map(
                        ofK ->
                                Arrays.stream(ofK)
                                        .mapToDouble(
                                                r ->
                                                        Arrays.stream(r)
                                                                .mapToDouble(i -> scores[i])
                                                                .average()
                                                                .orElseThrow())
                                        .toArray())
                .toArray(double[][]::new);
    }

    /**
     * The paired difference in similarity at each k.
     *
     * @param way its name
     * @param other what is subtracted
     * @return negative where way is less similar; one per number of tokens
     * @throws IllegalArgumentException if there is no such way
     */
    public List<Interval> similarityDifference(String way, String other) {
        return differences(byPrompt(way, similarity), byPrompt(other, similarity));
    }

    /**
     * The paired difference in alignment at each k.
     *
     * @param way its name
     * @param other what is subtracted
     * @return negative where way is less aligned; one per number of tokens
     * @throws IllegalArgumentException if there is no such way
     */
    public List<Interval> alignmentDifference(String way, String other) {
        return differences(byPrompt(way, alignment), byPrompt(other, alignment));
    }

    private static List<Interval> differences(double[][] a, double[][] b) {
        return IntStream.range(0, a.length)
                .mapToObj(
                        k -> {
                            double[] d =
                                    IntStream.range(0, a[k].length)
                                            .mapToDouble(p -> a[k][p] - b[k][p])
                                            .toArray();
                            return Bootstrap.seed(0).mean(d);
                        })
                .toList();
    }

    /**
     * The paired difference in similarity averaged over all k above 0.
     *
     * @param way its name
     * @param other what is subtracted
     * @return with its interval over prompts
     * @throws IllegalArgumentException if there is no such way
     */
    public Interval similarityDifferenceOverall(String way, String other) {
        return overall(byPrompt(way, similarity), byPrompt(other, similarity));
    }

    /**
     * The paired difference in alignment averaged over all k above 0.
     *
     * @param way its name
     * @param other what is subtracted
     * @return with its interval over prompts
     * @throws IllegalArgumentException if there is no such way
     */
    public Interval alignmentDifferenceOverall(String way, String other) {
        return overall(byPrompt(way, alignment), byPrompt(other, alignment));
    }

    private static Interval overall(double[][] a, double[][] b) {
        double[] d = new double[a[0].length];
        for (int p = 0; p < d.length; p++) {
            for (int k = 1; k < a.length; k++) {
                d[p] += (a[k][p] - b[k][p]) / (a.length - 1);
            }
        }
        return Bootstrap.seed(0).mean(d);
    }

    /**
     * The difference in similarity at equal alignment: the least similarity that a way reaches while the mean alignment is at least a, by one
     * k or by two mixed over the prompts, from the unperturbed prompts to the largest k, less the other way's; averaged over a, evenly spaced
     * where both ways are. Prompts are resampled, with all that belongs to them.
     *
     * <p>The least, because alignment need not fall with k: where a changed prompt is better aligned than an unchanged one, the unchanged one
     * is no choice at its own alignment.
     *
     * @param way its name
     * @param other what is subtracted
     * @return negative where way is less similar at the same alignment; 0 counts where the curves share none
     * @throws IllegalArgumentException if there is no such way
     */
    public Interval atEqualAlignment(String way, String other) {
        return equalAlignment(
                byPrompt(way, alignment),
                byPrompt(way, similarity),
                byPrompt(other, alignment),
                byPrompt(other, similarity));
    }

    /** As {@link #atEqualAlignment}, from tables of k and prompt. */
    static Interval equalAlignment(
            double[][] alignment,
            double[][] similarity,
            double[][] otherAlignment,
            double[][] otherSimilarity) {
        double[][][] a = {alignment, similarity};
        double[][][] b = {otherAlignment, otherSimilarity};
        double[] all = IntStream.range(0, alignment[0].length).asDoubleStream().toArray();
        return Bootstrap.seed(0).of(all, drawn -> apart(curve(a, drawn), curve(b, drawn)));
    }

    /** Points (alignment, similarity), one for each k. */
    private static double[][] curve(double[][][] way, double[] drawn) {
        return IntStream.range(0, way[0].length)
                .mapToObj(k -> new double[] {mean(way[0][k], drawn), mean(way[1][k], drawn)})
                .toArray(double[][]::new);
    }

    private static double mean(double[] ofPrompts, double[] drawn) {
        return Arrays.stream(drawn).map(p -> ofPrompts[(int) p]).average().orElseThrow();
    }

    private static double apart(double[][] a, double[][] b) {
        double low = Math.max(lowest(a), lowest(b));
        double high = Math.min(highest(a), highest(b));
        if (!(low <= high)) {
            return 0;
        }
        IntToDoubleFunction at = i -> low + (high - low) * i / (GRID - 1);
        return IntStream.range(0, GRID)
                .mapToDouble(i -> least(a, at.applyAsDouble(i)) - least(b, at.applyAsDouble(i)))
                .average()
                .orElseThrow();
    }

    private static double lowest(double[][] curve) {
        return Arrays.stream(curve).mapToDouble(point -> point[0]).min().orElseThrow();
    }

    private static double highest(double[][] curve) {
        return Arrays.stream(curve).mapToDouble(point -> point[0]).max().orElseThrow();
    }

    /** The least similarity at an alignment of at least x: of the points there, and of the lines that lead to them from below. */
    private static double least(double[][] curve, double x) {
        double least = Double.POSITIVE_INFINITY;
        for (double[] q : curve) {
            if (q[0] < x) {
                continue;
            }
            least = Math.min(least, q[1]);
            for (double[] p : curve) {
                if (p[0] < x) {
                    double part = (x - p[0]) / (q[0] - p[0]);
                    least = Math.min(least, p[1] + part * (q[1] - p[1]));
                }
            }
        }
        return least;
    }

    /**
     * A perturbed prompt.
     *
     * @param way its name
     * @param k place in {@link #tokens}
     * @param prompt its number
     * @param repetition its number
     * @return the text
     * @throws IllegalArgumentException if there is no such way
     */
    public String text(String way, int k, int prompt, int repetition) {
        return texts.get(place(way, k, prompt, repetition));
    }

    /**
     * The picture of a perturbed prompt.
     *
     * @param way its name
     * @param k place in {@link #tokens}
     * @param prompt its number
     * @param repetition its number
     * @return one picture
     * @throws IllegalArgumentException if there is no such way
     */
    public Images picture(String way, int k, int prompt, int repetition) {
        return images.select(place(way, k, prompt, repetition));
    }

    private int place(String way, int k, int prompt, int repetition) {
        byPrompt(way, similarity);
        return rows.get(way)[k][prompt][repetition];
    }
}
