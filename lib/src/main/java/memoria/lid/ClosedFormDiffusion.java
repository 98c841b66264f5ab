package memoria.lid;

import java.util.Arrays;
import memoria.data.DataSet;
import memoria.data.Images;
import memoria.progress.Progress;

/**
 * The dimension that the best denoiser of a finite set has by formula (Kamkari et al., 2024): a reference without a network. Noise of ratio
 * {@code r = sigma / psi} beside the images blurs the set into a mixture of Gaussians, and
 *
 * <pre>{@code
 * LID(x) = sum_i p_i |x - x_i|^2 / r^2,   p_i proportional to w_i exp(-|x - x_i|^2 / (2 r^2))
 * }</pre>
 *
 * <p>with w_i the multiplicity. As r falls every image becomes a point of dimension 0; where r spans many neighbours it sees theirs.
 */
public final class ClosedFormDiffusion {

    private final Images set;
    private final double[] weights;
    private final int nearest;
    private final double radius;

    private ClosedFormDiffusion(Images set, double[] weights, int nearest, double radius) {
        this.set = set;
        this.weights = weights;
        this.nearest = nearest;
        this.radius = radius;
    }

    /**
     * The reference for a set.
     *
     * @param set distinct images and their multiplicity, at least one
     * @return the reference
     * @throws IllegalArgumentException if the set is empty or has a pixel that is not finite
     */
    public static ClosedFormDiffusion of(DataSet set) {
        return of(set.distinct(), Arrays.stream(set.multiplicity()).asDoubleStream().toArray());
    }

    /**
     * The reference for images that count the same.
     *
     * @param set at least one
     * @return the reference
     * @throws IllegalArgumentException if the set is empty or has a pixel that is not finite
     */
    public static ClosedFormDiffusion of(Images set) {
        double[] once = new double[set.count()];
        Arrays.fill(once, 1);
        return of(set, once);
    }

    private static ClosedFormDiffusion of(Images set, double[] weights) {
        if (set.count() == 0) {
            throw new IllegalArgumentException("set: empty; at least one image is needed");
        }
        set.requireFinite("set");
        return new ClosedFormDiffusion(set, weights, set.count(), Double.POSITIVE_INFINITY);
    }

    /**
     * Sums over the nearest images only.
     *
     * @param k 1 to the size of the set
     * @return a changed copy
     * @throws IllegalArgumentException if k is out of range
     */
    public ClosedFormDiffusion nearest(int k) {
        if (k < 1 || k > set.count()) {
            throw new IllegalArgumentException(
                    "k: "
                            + k
                            + " nearest of "
                            + set.count()
                            + " images; 1 to "
                            + set.count()
                            + " are legal");
        }
        return new ClosedFormDiffusion(set, weights, k, radius);
    }

    /**
     * Sums over images within a distance only.
     *
     * @param distance above 0
     * @return a changed copy
     * @throws IllegalArgumentException if it is not above 0
     */
    public ClosedFormDiffusion within(double distance) {
        if (!(distance > 0)) {
            throw new IllegalArgumentException("distance: " + distance + "; above 0 is legal");
        }
        return new ClosedFormDiffusion(set, weights, nearest, distance);
    }

    /**
     * The dimension at points.
     *
     * @param points of the set's shape
     * @param ratio r above 0, noise beside unscaled images
     * @return one per point; not a number where no image is within reach
     * @throws IllegalArgumentException if shapes differ or the ratio is not above 0
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public double[] lid(Images points, double ratio) {
        set.requireSameItem("points", points);
        double[] lid = new double[points.count()];
        for (int i = 0; i < lid.length; i++) {
            Progress.checkpoint();
            double[] distances = new double[set.count()];
            for (int j = 0; j < distances.length; j++) {
                distances[j] = points.distance(i, set, j);
            }
            lid[i] = lid(distances, ratio);
        }
        return lid;
    }

    /**
     * The dimension at a point of known distances.
     *
     * @param distances Euclidean, to every image of the set in order
     * @param ratio r above 0
     * @return the dimension; not a number where no image is within reach
     * @throws IllegalArgumentException if the count differs or the ratio is not above 0
     */
    public double lid(double[] distances, double ratio) {
        if (distances.length != set.count()) {
            throw new IllegalArgumentException(
                    "distances: " + distances.length + " to " + set.count() + " images");
        }
        if (!(ratio > 0)) {
            throw new IllegalArgumentException("ratio: " + ratio + "; above 0 is legal");
        }
        double[] sorted = distances.clone();
        Arrays.sort(sorted);
        double reach = Math.min(sorted[nearest - 1], radius);
        double least = sorted[0];
        double mass = 0;
        double mean = 0;
        for (int i = 0; i < distances.length; i++) {
            if (distances[i] <= reach) {
                double exponent =
                        (least - distances[i]) * (least + distances[i]) / (2 * ratio * ratio);
                double p = weights[i] * Math.exp(exponent);
                mass += p;
                mean += p * Math.pow(distances[i] / ratio, 2);
            }
        }
        return mean / mass;
    }
}
