package memoria.stablediffusion;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
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
     * The difference in similarity at equal alignment: both curves of similarity over alignment, from the unperturbed prompts to the largest
     * k, are read at the same alignments, evenly spaced where both curves are, and the differences averaged. Prompts are resampled, with all
     * that belongs to them.
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

    /** Points (alignment, similarity), sorted by alignment. */
    private static double[][] curve(double[][][] way, double[] drawn) {
        return IntStream.range(0, way[0].length)
                .mapToObj(k -> new double[] {mean(way[0][k], drawn), mean(way[1][k], drawn)})
                .sorted(Comparator.comparingDouble(point -> point[0]))
                .toArray(double[][]::new);
    }

    private static double mean(double[] ofPrompts, double[] drawn) {
        return Arrays.stream(drawn).map(p -> ofPrompts[(int) p]).average().orElseThrow();
    }

    private static double apart(double[][] a, double[][] b) {
        double low = Math.max(a[0][0], b[0][0]);
        double high = Math.min(a[a.length - 1][0], b[b.length - 1][0]);
        if (!(low <= high)) {
            return 0;
        }
        IntToDoubleFunction at = i -> low + (high - low) * i / (GRID - 1);
        return IntStream.range(0, GRID)
                .mapToDouble(i -> read(a, at.applyAsDouble(i)) - read(b, at.applyAsDouble(i)))
                .average()
                .orElseThrow();
    }

    /** Linear between points; where several share an alignment their mean counts. */
    private static double read(double[][] curve, double x) {
        List<double[]> steps = new ArrayList<>();
        for (int i = 0; i < curve.length; ) {
            int j = i;
            double sum = 0;
            while (j < curve.length && curve[j][0] == curve[i][0]) {
                sum += curve[j++][1];
            }
            steps.add(new double[] {curve[i][0], sum / (j - i)});
            i = j;
        }
        for (int i = 1; i < steps.size(); i++) {
            double[] p = steps.get(i - 1);
            double[] q = steps.get(i);
            if (x <= q[0]) {
                double part = Math.max(0, (x - p[0]) / (q[0] - p[0]));
                return p[1] + part * (q[1] - p[1]);
            }
        }
        return steps.get(steps.size() - 1)[1];
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
