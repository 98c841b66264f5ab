package memoria.metrics;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import memoria.similarity.Neighbour;

/**
 * Generated images matched with training images, and what SIDE reads off them (Eqs. 5 to 8). The best match decides: an image counts for
 * the training image most alike to it and for the band of that similarity, never for two.
 *
 * <pre>
 * AMS(band)    = share of generated images whose best match lies in the band           (Eq. 5)
 * UMS(band, n) = different training images matched so by n generated images, over n     (Eq. 6)
 * </pre>
 *
 * <p>UMS falls as n grows (Appendix B), so only values of equal n can be compared.
 */
public final class Matches {

    private final int[] index;
    private final double[] similarity;

    private Matches(int[] index, double[] similarity) {
        this.index = index;
        this.similarity = similarity;
    }

    /**
     * The matches of generated images.
     *
     * @param index place of the best match among the distinct training images, one per generated image
     * @param similarity of that match, larger when more alike
     * @return the matches
     * @throws IllegalArgumentException if there is none, the lengths differ, an index is negative or a similarity is not a number
     */
    public static Matches of(int[] index, double[] similarity) {
        if (index.length == 0 || index.length != similarity.length) {
            throw new IllegalArgumentException(
                    "index, similarity: "
                            + index.length
                            + " and "
                            + similarity.length
                            + "; at least one, and equally many, are needed");
        }
        Bootstrap.requireNumbers("similarity", similarity);
        if (Arrays.stream(index).anyMatch(i -> i < 0)) {
            throw new IllegalArgumentException("index: one is negative; 0 or more is legal");
        }
        return new Matches(index.clone(), similarity.clone());
    }

    /**
     * The matches that a search found.
     *
     * @param nearest one per generated image
     * @return the matches
     * @throws IllegalArgumentException as {@link #of(int[], double[])}
     */
    public static Matches of(List<Neighbour> nearest) {
        return of(
                nearest.stream().mapToInt(Neighbour::index).toArray(),
                nearest.stream().mapToDouble(Neighbour::similarity).toArray());
    }

    /**
     * How many images were generated: N.
     *
     * @return at least 1
     */
    public int count() {
        return index.length;
    }

    /**
     * The best matches' similarities.
     *
     * @return one per generated image
     */
    public double[] similarity() {
        return similarity.clone();
    }

    /**
     * The best matches' places among the training images.
     *
     * @return one per generated image
     */
    public int[] index() {
        return index.clone();
    }

    /**
     * Some of the generated images.
     *
     * @param from first
     * @param to one past the last
     * @return their matches
     * @throws IllegalArgumentException if there are not so many, or none is left
     */
    public Matches slice(int from, int to) {
        if (from < 0 || to <= from || to > count()) {
            throw new IllegalArgumentException(
                    "from, to: " + from + ", " + to + " of " + count() + " matches");
        }
        return new Matches(
                Arrays.copyOfRange(index, from, to), Arrays.copyOfRange(similarity, from, to));
    }

    /**
     * These matches and those of more images, of the same model against the same training images.
     *
     * @param more further matches
     * @return all of them
     */
    public Matches and(Matches more) {
        int[] places = Arrays.copyOf(index, count() + more.count());
        double[] scores = Arrays.copyOf(similarity, count() + more.count());
        System.arraycopy(more.index, 0, places, count(), more.count());
        System.arraycopy(more.similarity, 0, scores, count(), more.count());
        return new Matches(places, scores);
    }

    /**
     * The average memorization score (Eq. 5), {@code 1/N sum_x 1[alpha <= gamma(x) <= beta]}.
     *
     * @param band of similarity
     * @return the share with its exact 95% interval
     */
    public Interval ams(Band band) {
        return Interval.proportion(
                Arrays.stream(similarity).filter(band::contains).count(), count());
    }

    /**
     * How much larger this AMS is than another one.
     *
     * @param band of similarity
     * @param other of another method
     * @param bootstrap how images are resampled
     * @return difference and interval, as shares
     */
    public Interval amsAbove(Band band, Matches other, Bootstrap bootstrap) {
        return bootstrap.of(in(band), other.in(band), (a, b) -> share(a) - share(b));
    }

    /**
     * The unique memorization score of n of these images (Eq. 6): the mean, over all choices of n of the N, of the different training images
     * matched, divided by n (Hurlbert, 1971):
     *
     * <pre>{@code UMS(n) = 1/n sum_i 1 - C(N - m_i, n) / C(N, n),   m_i generated images match training image i in the band}</pre>
     *
     * With n = N this is the paper's score.
     *
     * @param band of similarity
     * @param n 1 to {@link #count}
     * @param bootstrap how images are resampled; centred, whatever was asked
     * @return share and interval
     * @throws IllegalArgumentException if n is out of range
     */
    public Interval ums(Band band, int n, Bootstrap bootstrap) {
        requireDraw(n);
        return atLeastZero(bootstrap.centred().of(in(band), all -> unique(all, n) / n));
    }

    /**
     * How much larger this UMS of n images is than another one.
     *
     * @param band of similarity
     * @param n 1 to the smaller {@link #count}
     * @param other of another method
     * @param bootstrap how images are resampled; centred, whatever was asked
     * @return difference and interval, as shares
     * @throws IllegalArgumentException if n is out of range
     */
    public Interval umsAbove(Band band, int n, Matches other, Bootstrap bootstrap) {
        requireDraw(n);
        other.requireDraw(n);
        return bootstrap
                .centred()
                .of(in(band), other.in(band), (a, b) -> (unique(a, n) - unique(b, n)) / n);
    }

    private void requireDraw(int n) {
        if (n < 1 || n > count()) {
            throw new IllegalArgumentException(
                    "n: " + n + " of " + count() + " generated images; 1 to that many are legal");
        }
    }

    private static Interval atLeastZero(Interval i) {
        return new Interval(i.estimate(), Math.max(0, i.low()), Math.max(0, i.high()), i.level());
    }

    /**
     * How often each training image was matched in a band.
     *
     * @param band of similarity
     * @return the counts above 0, largest first
     */
    public int[] hits(Band band) {
        int[] ascending = Arrays.stream(hits(in(band))).filter(m -> m > 0).sorted().toArray();
        return IntStream.range(0, ascending.length)
                .map(i -> ascending[ascending.length - 1 - i])
                .toArray();
    }

    /**
     * The generated images in a band.
     *
     * @param band of similarity
     * @return their rows, most alike first
     */
    public int[] rows(Band band) {
        return IntStream.range(0, count())
                .filter(i -> band.contains(similarity[i]))
                .boxed()
                .sorted((a, b) -> Double.compare(similarity[b], similarity[a]))
                .mapToInt(i -> i)
                .toArray();
    }

    /**
     * The similarity that the most alike images reach (SIDE, Table 3, "Top 0.1%"): with a share of 0.05 the 95th percentile.
     *
     * @param share above 0, at most 1
     * @param bootstrap how images are resampled
     * @return the similarity of the {@code ceil(share N)}-th most alike image, with its interval
     * @throws IllegalArgumentException if the share is out of range, or {@code share N} is below 1: then no image tells
     */
    public Interval top(double share, Bootstrap bootstrap) {
        // The product of decimal fractions may exceed the whole number that is meant.
        int rank = (int) Math.ceil(share * count() * (1 - 1e-12));
        if (!(share > 0 && share <= 1) || share * count() < 1 - 1e-9) {
            throw new IllegalArgumentException(
                    "share: "
                            + share
                            + " of "
                            + count()
                            + " images; at most 1 and at least one image is legal");
        }
        return bootstrap.of(
                similarity,
                all -> {
                    double[] sorted = all.clone();
                    Arrays.sort(sorted);
                    return sorted[sorted.length - rank];
                });
    }

    /** Each image's match where it lies in the band, else -1: what is resampled. */
    private double[] in(Band band) {
        return IntStream.range(0, count())
                .mapToDouble(i -> band.contains(similarity[i]) ? index[i] : -1)
                .toArray();
    }

    private static double share(double[] matched) {
        return Arrays.stream(matched).filter(i -> i >= 0).count() / (double) matched.length;
    }

    private static int[] hits(double[] matched) {
        int[] places = Arrays.stream(matched).filter(i -> i >= 0).mapToInt(i -> (int) i).toArray();
        int[] hits = new int[Arrays.stream(places).max().orElse(-1) + 1];
        for (int place : places) {
            hits[place]++;
        }
        return hits;
    }

    /** Expected number of different matches of n images chosen among these. */
    private static double unique(double[] matched, int n) {
        return Uniqueness.among(hits(matched), matched.length, n);
    }
}
