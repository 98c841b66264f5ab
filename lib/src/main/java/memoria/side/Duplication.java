package memoria.side;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import memoria.data.Images;
import memoria.diffusion.Noise;
import memoria.metrics.Interval;

/**
 * When does a training set drawn from a distribution hold the same point twice? Where a point has probability above 0, that is where the
 * local dimension is 0, sooner or later with certainty; elsewhere never (LID, Proposition 3.1 and E.2). Near duplicates, closer than epsilon,
 * come with a probability that falls as epsilon to the power of the dimension.
 */
public final class Duplication {

    private Duplication() {}

    /**
     * Probability that n independent points hold a point twice, if some points have a probability of their own and the rest is spread over a
     * continuum:
     *
     * <pre>{@code P = 1 - sum_k n! / (n - k)! e_k(p) (1 - sum p)^(n - k)}</pre>
     *
     * with e_k the k-th elementary symmetric polynomial: k different atoms are drawn once each, all else from the continuum.
     *
     * @param atoms probabilities p of single points, above 0, together at most 1; none for a continuum
     * @param n how many points are drawn, at least 1
     * @return the probability; 0 without atoms
     * @throws IllegalArgumentException if a probability is out of range or n below 1
     */
    public static double probability(double[] atoms, int n) {
        double continuum = 1 - Arrays.stream(atoms).sum();
        if (n < 1 || continuum < -1e-12 || Arrays.stream(atoms).anyMatch(p -> !(p > 0))) {
            throw new IllegalArgumentException(
                    "atoms, n: probabilities "
                            + Arrays.toString(atoms)
                            + " and "
                            + n
                            + " draws; above 0, together at most 1, and at least one draw");
        }
        // log of e_k(n p), which stays in range where e_k(p) and n!/(n - k)! do not.
        double[] log = new double[atoms.length + 1];
        Arrays.fill(log, Double.NEGATIVE_INFINITY);
        log[0] = 0;
        for (double p : atoms) {
            for (int k = atoms.length; k > 0; k--) {
                log[k] = logSum(log[k], log[k - 1] + Math.log(n * p));
            }
        }
        double none = Double.NEGATIVE_INFINITY;
        double falling = 0;
        for (int k = 0; k <= Math.min(n, atoms.length); k++) {
            double rest = k == n ? 0 : (n - k) * Math.log(Math.max(0, continuum));
            none = logSum(none, log[k] + falling + rest);
            falling += Math.log1p(-(double) k / n);
        }
        return Math.max(0, -Math.expm1(none));
    }

    /**
     * The same probability as a frequency: sets of n points are drawn, and those that hold a point twice counted.
     *
     * @param atoms as in {@link #probability}
     * @param n how many points a set has, at least 1
     * @param sets how many sets, at least 1
     * @param seed of the draws
     * @return the share with its exact 95% interval
     * @throws IllegalArgumentException as {@link #probability}, or if there is no set
     */
    public static Interval simulated(double[] atoms, int n, int sets, long seed) {
        probability(atoms, n);
        double[] upTo = atoms.clone();
        Arrays.parallelPrefix(upTo, Double::sum);
        long twice = 0;
        for (int set = 0; set < sets; set++) {
            Set<Integer> drawn = new HashSet<>();
            boolean found = false;
            for (double u : Noise.uniform("side/duplication", seed, set, n)) {
                int atom = Arrays.binarySearch(upTo, u);
                atom = atom < 0 ? -atom - 1 : atom + 1;
                found |= atom < atoms.length && !drawn.add(atom);
            }
            twice += found ? 1 : 0;
        }
        return Interval.proportion(twice, sets);
    }

    private static double logSum(double a, double b) {
        double larger = Math.max(a, b);
        return larger == Double.NEGATIVE_INFINITY
                ? larger
                : larger + Math.log1p(Math.exp(Math.min(a, b) - larger));
    }

    /**
     * The share of pairs closer than a distance: the chance that two drawn points are near duplicates.
     *
     * @param points at least two, of one dimension
     * @param epsilon distances, each above 0
     * @return one share per distance
     * @throws IllegalArgumentException if there are fewer points or a distance is not above 0
     */
    public static double[] closePairs(Images points, double... epsilon) {
        int n = points.count();
        if (n < 2 || Arrays.stream(epsilon).anyMatch(e -> !(e > 0))) {
            throw new IllegalArgumentException(
                    "points, epsilon: "
                            + n
                            + " points, "
                            + Arrays.toString(epsilon)
                            + "; at least 2 points and distances above 0 are needed");
        }
        double[][] x = Mixture.rows(points);
        long[] close = new long[epsilon.length];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < i; j++) {
                double squared = Mixture.squared(x[i], x[j]);
                for (int e = 0; e < close.length; e++) {
                    close[e] += squared < epsilon[e] * epsilon[e] ? 1 : 0;
                }
            }
        }
        double pairs = n * (n - 1.0) / 2;
        return IntStream.range(0, close.length).mapToDouble(e -> close[e] / pairs).toArray();
    }
}
