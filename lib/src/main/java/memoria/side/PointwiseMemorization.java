package memoria.side;

import java.util.Arrays;
import memoria.data.Images;
import memoria.metrics.Bootstrap;
import memoria.metrics.Interval;
import org.apache.commons.math3.stat.StatUtils;

/**
 * How much a generative model memorizes given training points (SIDE, Definition 1):
 *
 * <pre>{@code M(D; theta) = sum_i KL(p_theta || q_i),   q_i = N(x_i, epsilon^2 I) around training point x_i (Eq. 9)}</pre>
 *
 * Smaller is more memorized. The published text lost the formula; its words fix the rest: q is a small ball at a training point, a Dirac
 * delta in its place "would make Eq. (9) uncomputable as it is zero beyond the neighbourhood", so q is what is divided by, and the theorem
 * that follows depends on expectations and covariances alone, as the limit {@code epsilon -> 0} of this divergence does:
 *
 * <pre>{@code KL(p || q_i) = -H(p) + d/2 log(2 pi epsilon^2) + (tr Sigma + |x_i - mu|^2) / (2 epsilon^2)}</pre>
 */
public final class PointwiseMemorization {

    private final double[][] training;
    private final double epsilon;

    private PointwiseMemorization(double[][] training, double epsilon) {
        this.training = training;
        this.epsilon = epsilon;
    }

    /**
     * The measure for training points.
     *
     * @param training points x_i, at least one, of the models' dimension
     * @param epsilon radius of the balls, above 0
     * @return the measure
     * @throws IllegalArgumentException if there is no point or the radius is not above 0
     */
    public static PointwiseMemorization at(Images training, double epsilon) {
        if (training.count() == 0 || !(epsilon > 0 && Double.isFinite(epsilon))) {
            throw new IllegalArgumentException(
                    "training, epsilon: "
                            + training.count()
                            + " points and radius "
                            + epsilon
                            + "; at least one point and a radius above 0 are needed");
        }
        return new PointwiseMemorization(Mixture.rows(training), epsilon);
    }

    /**
     * M, measured on generated points.
     *
     * @param model what generates them: its density is needed
     * @param samples how many points are drawn from it
     * @param seed of the draw and of the bootstrap
     * @return M with its 95% interval
     */
    public Interval of(Mixture model, int samples, long seed) {
        return Bootstrap.seed(seed).mean(perSample(model, samples, seed));
    }

    /**
     * How M changes when a label is known: {@code M(D; p_y) / M(D; p)}, below 1 where the label makes the model memorize D more (Theorem 1,
     * with D the points of that label).
     *
     * @param labelled the model given the label
     * @param unlabelled the model without it
     * @param samples how many points are drawn from each
     * @param seed of the draws and of the bootstrap
     * @return the ratio with its 95% interval
     */
    public Interval ratio(Mixture labelled, Mixture unlabelled, int samples, long seed) {
        return Bootstrap.seed(seed)
                .of(
                        perSample(labelled, samples, seed),
                        perSample(unlabelled, samples, seed + 1),
                        (a, b) -> StatUtils.mean(a) / StatUtils.mean(b));
    }

    /** For every generated x, {@code sum_i log p(x) - log q_i(x)}: its mean is M. */
    private double[] perSample(Mixture model, int samples, long seed) {
        return Arrays.stream(Mixture.rows(model.sample(samples, seed)))
                .mapToDouble(
                        x -> {
                            double density = model.logDensity(x);
                            return Arrays.stream(training)
                                    .mapToDouble(xi -> density - Mixture.logNormal(x, xi, epsilon))
                                    .sum();
                        })
                .toArray();
    }
}
