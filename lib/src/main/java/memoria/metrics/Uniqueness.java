package memoria.metrics;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.IntStream;
import memoria.diffusion.Noise;
import memoria.progress.Progress;
import org.apache.commons.rng.UniformRandomProvider;

/**
 * How many different training images are extracted by N generated ones (SIDE, Appendix B, Eqs. 18 to 21):
 *
 * <pre>{@code E[unique(N)] = sum_i 1 - (1 - p_i)^N,   p_i the probability that a generated image is a copy of training image i}</pre>
 *
 * It grows ever more slowly with N, which is why scores of different N must not be compared.
 */
public final class Uniqueness {

    private static final int RESAMPLES = 400;

    private final int[] hits;
    private final int generated;

    private Uniqueness(int[] hits, int generated) {
        this.hits = hits;
        this.generated = generated;
    }

    /**
     * The closed form.
     *
     * @param p probability of each training image, each in [0, 1]
     * @param n number of generated images, at least 0
     * @return expected number of different training images
     * @throws IllegalArgumentException if a probability or n is out of range
     */
    public static double expected(double[] p, long n) {
        if (n < 0) {
            throw new IllegalArgumentException("n: " + n + " images; 0 or more is legal");
        }
        double sum = 0;
        for (double pi : p) {
            if (!(pi >= 0 && pi <= 1)) {
                throw new IllegalArgumentException("p: " + pi + " is no probability, 0 to 1");
            }
            sum -= Math.expm1(n * Math.log1p(-pi));
        }
        // With n = 0 and p = 1 the product above is 0 times infinity.
        return n == 0 ? 0 : sum;
    }

    /**
     * Expected number of different training images matched by n of the generated images at hand, over all choices of n.
     *
     * @param hits how many generated images match each training image
     * @param generated how many there are
     * @param n how many are chosen
     * @return {@code sum_i 1 - C(generated - hits_i, n) / C(generated, n)}
     */
    static double among(int[] hits, int generated, int n) {
        double sum = 0;
        for (int m : hits) {
            sum += 1 - missed(m, generated, n);
        }
        return sum;
    }

    /** Probability that none of m images is among n chosen of all: the product of (all - n - j) / (all - j), j = 0 .. m - 1. */
    private static double missed(int m, int all, int n) {
        double product = 1;
        for (int j = 0; j < m && product > 0; j++) {
            product *= Math.max(0, all - n - j) / (double) (all - j);
        }
        return product;
    }

    /**
     * Estimates every p_i from generated images: the share that matches training image i in the band.
     *
     * @param matches of the images the estimate is made from
     * @param band which matches count as extracted
     * @return the fit
     */
    public static Uniqueness fit(Matches matches, Band band) {
        return new Uniqueness(matches.hits(band), matches.count());
    }

    /**
     * The estimated probabilities.
     *
     * @return those above 0, largest first
     */
    public double[] p() {
        return Arrays.stream(hits).mapToDouble(m -> (double) m / generated).toArray();
    }

    /**
     * What another set of n images of the same model is expected to extract.
     *
     * @param n number of generated images, at least 1
     * @param seed of the simulation
     * @return the closed form, with the range in which 95% of such sets fall: it holds the chance of their draw and the error of the p_i, those
     *     never seen among them, each simulated 400 times
     * @throws IllegalArgumentException if n is below 1
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public Interval predict(int n, long seed) {
        if (n < 1) {
            throw new IllegalArgumentException("n: " + n + " images; at least 1 is legal");
        }
        double[] p = p();
        double expected = expected(p, n);
        double[] off = new double[RESAMPLES];
        for (int k = 0; k < RESAMPLES; k++) {
            Progress.checkpoint();
            UniformRandomProvider random = Noise.generator("uniqueness/predict", seed, k);
            double[] again =
                    Arrays.stream(draw(p, generated, random))
                            .mapToDouble(m -> (double) m / generated)
                            .toArray();
            double drawn = Arrays.stream(draw(p, n, random)).filter(m -> m > 0).count();
            // The draw's error and, turned round, the fit's: what the fit from a resample misses,
            // the fit itself misses too.
            off[k] = drawn - expected + (expected - expected(again, n));
        }
        Arrays.sort(off);
        int tail = (int) (0.025 * RESAMPLES);
        return new Interval(
                expected,
                Math.max(0, expected + off[tail]),
                Math.max(0, expected + off[RESAMPLES - 1 - tail]),
                0.95);
    }

    /**
     * Draws n images of a model whose probabilities are known.
     *
     * @param p probability of each training image, together at most 1
     * @param n how many are generated, at least 0
     * @param seed of the draw
     * @return how many different training images are among them
     * @throws IllegalArgumentException if a probability or n is out of range
     */
    public static int simulated(double[] p, int n, long seed) {
        expected(p, n);
        UniformRandomProvider random = Noise.generator("uniqueness/simulated", seed, 0);
        return (int) Arrays.stream(draw(p, n, random)).filter(m -> m > 0).count();
    }

    /** How often each training image is hit by n independent images. */
    private static int[] draw(double[] p, int n, UniformRandomProvider random) {
        double[] cumulative = p.clone();
        Arrays.parallelPrefix(cumulative, Double::sum);
        int[] hits = new int[p.length];
        for (int i = 0; i < n; i++) {
            int at = Arrays.binarySearch(cumulative, random.nextDouble());
            int place = at < 0 ? -at - 1 : at + 1;
            if (place < hits.length) {
                hits[place]++;
            }
        }
        return hits;
    }

    /**
     * The curve of images at hand: expected number of different training images of n of them, averaged over all choices.
     *
     * @param n 1 to as many images as the fit was made from, each
     * @return one number per n
     * @throws IllegalArgumentException if an n is out of range
     */
    public double[] curve(int... n) {
        for (int each : n) {
            if (each < 1 || each > generated) {
                throw new IllegalArgumentException(
                        "n: " + each + " of " + generated + " images; 1 to that many are legal");
            }
        }
        return IntStream.of(n).mapToDouble(each -> among(hits, generated, each)).toArray();
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT, "%d different of %d generated images", hits.length, generated);
    }
}
