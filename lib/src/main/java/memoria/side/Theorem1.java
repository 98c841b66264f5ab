package memoria.side;

import java.util.Arrays;
import memoria.data.Images;

/**
 * SIDE, Theorem 1: what a label does to memorization, in closed form. With D_y the training points of label y, p their distribution without
 * and p_y with the label,
 *
 * <pre>{@code
 * lim_{epsilon -> 0} M(D_y; p_y) / M(D_y; p) = sum_i (tr Sigma_y + |x_i - mu_y|^2) / sum_i (tr Sigma + |x_i - mu|^2),   x_i in D_y
 *                                           -> 2 tr Sigma_y / (tr Sigma + tr Sigma_y + |mu - mu_y|^2)                 with many x_i
 * }</pre>
 *
 * (Eqs. 12 to 15), which is at most 1 exactly if {@code tr Sigma_y <= tr Sigma + |mu - mu_y|^2} (Eq. 11): if the label's points are spread
 * no wider around their own mean than all points are.
 *
 * @param all the distribution without a label
 * @param labelled the distribution of the label's points
 */
public record Theorem1(Mixture all, Mixture labelled) {

    /**
     * A setting.
     *
     * @param all the distribution without a label
     * @param labelled the distribution of the label's points
     * @throws IllegalArgumentException if the dimensions differ
     */
    public Theorem1 {
        if (all.dimension() != labelled.dimension()) {
            throw new IllegalArgumentException(
                    "labelled: dimension "
                            + labelled.dimension()
                            + ", the other distribution has "
                            + all.dimension());
        }
    }

    /**
     * How far Eq. 11 is from failing.
     *
     * @return {@code tr Sigma + |mu - mu_y|^2 - tr Sigma_y}: below 0 the label makes memorization weaker
     */
    public double margin() {
        return all.spread() + Mixture.squared(all.mean(), labelled.mean()) - labelled.spread();
    }

    /**
     * The limit of the ratio with many training points.
     *
     * @return above 1 exactly if {@link #margin} is below 0
     */
    public double limit() {
        double own = 2 * labelled.spread();
        return own / (own + margin());
    }

    /**
     * The limit of the ratio for given training points of the label.
     *
     * @param points x_i, at least one
     * @return the ratio
     */
    public double limit(Images points) {
        double[][] x = Mixture.rows(points);
        return around(labelled, x) / around(all, x);
    }

    private static double around(Mixture p, double[][] points) {
        double[] mean = p.mean();
        double spread = p.spread();
        return Arrays.stream(points).mapToDouble(x -> spread + Mixture.squared(x, mean)).sum();
    }

    /**
     * The same limit measured on generated points, of a model whose density nobody knows: mean squared distances from the label's training
     * points to what is generated with the label, over those to what is generated without.
     *
     * @param training points of the label
     * @param withLabel generated with the label
     * @param without generated without a label
     * @return the ratio
     * @throws IllegalArgumentException if one of the three has no points
     */
    public static double measured(Images training, Images withLabel, Images without) {
        if (training.count() == 0 || withLabel.count() == 0 || without.count() == 0) {
            throw new IllegalArgumentException(
                    "training, withLabel, without: "
                            + training.count()
                            + ", "
                            + withLabel.count()
                            + " and "
                            + without.count()
                            + " points; each needs at least one");
        }
        return distance(training, withLabel) / distance(training, without);
    }

    /** Sum over the training points of the mean squared distance to what was generated. */
    static double distance(Images training, Images generated) {
        double[][] points = Mixture.rows(generated);
        return Arrays.stream(Mixture.rows(training))
                .mapToDouble(
                        x ->
                                Arrays.stream(points)
                                        .mapToDouble(g -> Mixture.squared(x, g))
                                        .average()
                                        .orElseThrow())
                .sum();
    }

    /**
     * What random labels do to a model that has learned N training points by heart: of n points dealt to each label, the sum over all labels
     * of {@code M(D_y; p_y)} is expected to be this share of the sum without labels. A random label says nothing, but few points are spread
     * less than many.
     *
     * @param perLabel n, 1 to total
     * @param total N, at least 2
     * @return {@code (1 - 1/n) / (1 - 1/N)}: 0 where a label names one point, 1 where all have the same
     * @throws IllegalArgumentException if a count is out of range
     */
    public static double randomLabels(int perLabel, int total) {
        if (total < 2 || perLabel < 1 || perLabel > total) {
            throw new IllegalArgumentException(
                    "perLabel, total: "
                            + perLabel
                            + " of "
                            + total
                            + "; 1 to all of at least 2 points are legal");
        }
        return (1 - 1.0 / perLabel) / (1 - 1.0 / total);
    }
}
