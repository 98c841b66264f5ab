package memoria.side;

import java.util.Arrays;
import java.util.stream.IntStream;
import memoria.data.Images;
import memoria.diffusion.Noise;
import org.apache.commons.rng.UniformRandomProvider;
import org.apache.commons.rng.sampling.distribution.ZigguratSampler;

/**
 * A mixture of round Gaussians, {@code p(x) = sum_k w_k N(x; m_k, s_k^2 I)}: a distribution of data, or of what a perfect model generates,
 * of which density, mean and spread are known. A label is a choice of components.
 */
public final class Mixture {

    private final double[] weights;
    private final double[][] means;
    private final double[] deviations;

    private Mixture(double[] weights, double[][] means, double[] deviations) {
        this.weights = weights;
        this.means = means;
        this.deviations = deviations;
    }

    /**
     * A mixture.
     *
     * @param weights of the components, above 0, in any unit
     * @param means one point per component, all of one dimension
     * @param deviations one per component, above 0: the standard deviation along every axis
     * @return the mixture
     * @throws IllegalArgumentException if the counts or dimensions differ, there is no component, or a number is out of range
     */
    public static Mixture of(double[] weights, double[][] means, double[] deviations) {
        int k = weights.length;
        if (k == 0 || means.length != k || deviations.length != k) {
            throw new IllegalArgumentException(
                    "weights, means, deviations: "
                            + k
                            + ", "
                            + means.length
                            + " and "
                            + deviations.length
                            + "; one of each per component, and at least one component");
        }
        for (int i = 0; i < k; i++) {
            boolean finite = Arrays.stream(means[i]).allMatch(Double::isFinite);
            if (!(weights[i] > 0)
                    || !(deviations[i] > 0)
                    || !finite
                    || means[i].length == 0
                    || means[i].length != means[0].length) {
                throw new IllegalArgumentException(
                        "weights, means, deviations: component "
                                + i
                                + " has "
                                + weights[i]
                                + ", "
                                + Arrays.toString(means[i])
                                + ", "
                                + deviations[i]
                                + "; a weight and a deviation above 0 and a point of dimension "
                                + means[0].length
                                + " are needed");
            }
        }
        double total = Arrays.stream(weights).sum();
        return new Mixture(
                Arrays.stream(weights).map(w -> w / total).toArray(),
                Arrays.stream(means).map(double[]::clone).toArray(double[][]::new),
                deviations.clone());
    }

    /**
     * The distribution of one label: some of the components, in their proportions.
     *
     * @param components which, at least one, each once
     * @return their mixture
     * @throws IllegalArgumentException if a component does not exist or there is none
     */
    public Mixture labelled(int... components) {
        if (Arrays.stream(components).anyMatch(c -> c < 0 || c >= weights.length)) {
            throw new IllegalArgumentException(
                    "components: "
                            + Arrays.toString(components)
                            + "; 0 to "
                            + (weights.length - 1)
                            + " are legal");
        }
        return of(
                Arrays.stream(components).mapToDouble(c -> weights[c]).toArray(),
                Arrays.stream(components).mapToObj(c -> means[c]).toArray(double[][]::new),
                Arrays.stream(components).mapToDouble(c -> deviations[c]).toArray());
    }

    /**
     * Numbers of a point.
     *
     * @return the dimension d
     */
    public int dimension() {
        return means[0].length;
    }

    /**
     * The expectation mu.
     *
     * @return d numbers
     */
    public double[] mean() {
        double[] mean = new double[dimension()];
        for (int k = 0; k < weights.length; k++) {
            for (int j = 0; j < mean.length; j++) {
                mean[j] += weights[k] * means[k][j];
            }
        }
        return mean;
    }

    /**
     * The trace of the covariance: the mean squared distance of a point from the expectation.
     *
     * @return {@code tr Sigma = sum_k w_k (d s_k^2 + |m_k - mu|^2)}
     */
    public double spread() {
        double[] mean = mean();
        return IntStream.range(0, weights.length)
                .mapToDouble(
                        k ->
                                weights[k]
                                        * (dimension() * deviations[k] * deviations[k]
                                                + squared(means[k], mean)))
                .sum();
    }

    /**
     * The density.
     *
     * @param x d numbers
     * @return {@code log p(x)}
     */
    public double logDensity(double[] x) {
        double[] terms = new double[weights.length];
        for (int k = 0; k < terms.length; k++) {
            terms[k] = Math.log(weights[k]) + logNormal(x, means[k], deviations[k]);
        }
        double largest = Arrays.stream(terms).max().orElseThrow();
        return largest + Math.log(Arrays.stream(terms).map(t -> Math.exp(t - largest)).sum());
    }

    /** {@code log N(x; mean, deviation^2 I)}. */
    static double logNormal(double[] x, double[] mean, double deviation) {
        double variance = deviation * deviation;
        return -0.5 * (x.length * Math.log(2 * Math.PI * variance) + squared(x, mean) / variance);
    }

    static double squared(double[] a, double[] b) {
        double sum = 0;
        for (int j = 0; j < a.length; j++) {
            sum += (a[j] - b[j]) * (a[j] - b[j]);
        }
        return sum;
    }

    /**
     * Independent points.
     *
     * @param count how many
     * @param seed of the draw
     * @return points of d numbers
     */
    public Images sample(int count, long seed) {
        UniformRandomProvider random = Noise.generator("side/mixture", seed, 0);
        var normal = ZigguratSampler.NormalizedGaussian.of(random);
        int d = dimension();
        float[] points = new float[count * d];
        for (int i = 0; i < count; i++) {
            int k = component(random.nextDouble());
            for (int j = 0; j < d; j++) {
                points[i * d + j] = (float) (means[k][j] + deviations[k] * normal.sample());
            }
        }
        return Images.of(points, count, d, 1, 1);
    }

    private int component(double u) {
        int k = 0;
        for (double left = u - weights[0]; left >= 0 && k < weights.length - 1; ) {
            left -= weights[++k];
        }
        return k;
    }

    /** Points as rows in double precision. */
    static double[][] rows(Images points) {
        return IntStream.range(0, points.count())
                .mapToObj(
                        i -> {
                            float[] pixels = points.pixels(i);
                            return IntStream.range(0, pixels.length)
                                    .mapToDouble(j -> pixels[j])
                                    .toArray();
                        })
                .toArray(double[][]::new);
    }
}
