package memoria.metrics;

import java.util.Arrays;
import memoria.data.Images;
import org.apache.commons.rng.UniformRandomProvider;
import org.apache.commons.rng.sampling.distribution.ZigguratSampler;
import org.apache.commons.rng.simple.RandomSource;

/**
 * How far a sample lies from a distribution: the sliced Wasserstein distance (Rabin, Peyré, Delon and Bernot, 2011; Bonneel, Rabin, Peyré
 * and Pfister, 2015). Both are projected onto directions w, where the Wasserstein distance of order 1 is the area between two quantile
 * functions:
 *
 * <pre>{@code
 * SW(a, b) = mean_w  integral_0^1 |F_{w.a}^-1(q) - F_{w.b}^-1(q)| dq
 * }</pre>
 *
 * <p>The unit is that of the values. A finite sample of the reference itself has a distance above 0, so compare samples of equal size.
 */
public final class SlicedWasserstein {

    private static final int DIRECTIONS = 128;

    private final Images reference;
    private final double[][] directions;
    private final double[][] projected;

    private SlicedWasserstein(Images reference, double[][] directions) {
        this.reference = reference;
        this.directions = directions;
        this.projected =
                Arrays.stream(directions).map(w -> project(reference, w)).toArray(double[][]::new);
    }

    /**
     * The distance to a sample, over 128 directions.
     *
     * @param reference the sample to measure from, at least one item, all values finite
     * @return the distance
     * @throws IllegalArgumentException if the reference is empty or holds a value that is not finite
     */
    public static SlicedWasserstein to(Images reference) {
        return to(reference, DIRECTIONS, 0);
    }

    /**
     * The distance to a sample over directions drawn uniformly from the sphere.
     *
     * @param reference the sample to measure from, at least one item, all values finite
     * @param directions how many, at least 1
     * @param seed of the directions, drawn with xoshiro256++
     * @return the distance
     * @throws IllegalArgumentException if the reference is empty or holds a value that is not finite, or there is no direction
     */
    public static SlicedWasserstein to(Images reference, int directions, long seed) {
        require("reference", reference);
        if (directions < 1) {
            throw new IllegalArgumentException(
                    "directions: " + directions + "; at least 1 is needed");
        }
        UniformRandomProvider random = RandomSource.XO_SHI_RO_256_PP.create(seed);
        var normal = ZigguratSampler.NormalizedGaussian.of(random);
        double[][] all = new double[directions][reference.itemSize()];
        for (double[] w : all) {
            double square = 0;
            for (int i = 0; i < w.length; i++) {
                w[i] = normal.sample();
                square += w[i] * w[i];
            }
            double norm = Math.sqrt(square);
            Arrays.setAll(w, i -> w[i] / norm);
        }
        return new SlicedWasserstein(reference, all);
    }

    private static void require(String argument, Images items) {
        if (items.count() == 0) {
            throw new IllegalArgumentException(argument + ": empty; at least 1 item is needed");
        }
        items.requireFinite(argument);
    }

    /**
     * The distance of a sample from the reference.
     *
     * @param sample at least one item of the reference's shape, all values finite
     * @return 0 or more, in the unit of the values
     * @throws IllegalArgumentException if the sample is empty, of another shape, or holds a value that is not finite
     */
    public double of(Images sample) {
        require("sample", sample);
        if (!sample.item().equals(reference.item())) {
            throw new IllegalArgumentException(
                    "sample: items of "
                            + sample.item()
                            + ", the reference has "
                            + reference.item());
        }
        double sum = 0;
        for (int k = 0; k < directions.length; k++) {
            sum += wasserstein(project(sample, directions[k]), projected[k]);
        }
        return sum / directions.length;
    }

    private static double[] project(Images items, double[] w) {
        float[] values = items.all();
        double[] products = new double[items.count()];
        for (int i = 0; i < products.length; i++) {
            for (int j = 0; j < w.length; j++) {
                products[i] += w[j] * values[i * w.length + j];
            }
        }
        Arrays.sort(products);
        return products;
    }

    /** Between sorted numbers: both quantile functions are steps, walked through from one step's end to the next. */
    private static double wasserstein(double[] a, double[] b) {
        double area = 0;
        double q = 0;
        int i = 0;
        int j = 0;
        while (i < a.length && j < b.length) {
            double endA = (i + 1.0) / a.length;
            double endB = (j + 1.0) / b.length;
            double next = Math.min(endA, endB);
            area += (next - q) * Math.abs(a[i] - b[j]);
            q = next;
            if (endA <= next) {
                i++;
            }
            if (endB <= next) {
                j++;
            }
        }
        return area;
    }
}
