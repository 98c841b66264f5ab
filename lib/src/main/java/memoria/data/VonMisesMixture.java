package memoria.data;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.commons.rng.UniformRandomProvider;
import org.apache.commons.rng.simple.RandomSource;

/**
 * Points of the plane whose local dimension is known: a von Mises distribution on the unit circle (dimension 1) mixed with a point mass at
 * its centre (dimension 0), as in the LID paper, Section 3 and Figure 4. The angle has the density
 *
 * <pre>{@code
 * p(theta) = exp(kappa cos(theta - direction)) / (2 pi I_0(kappa))
 * }</pre>
 *
 * <p>Angles are drawn by rejection from a wrapped Cauchy distribution (Best and Fisher, "Efficient simulation of the von Mises
 * distribution", 1979), with the generator xoshiro256++ seeded by the caller.
 *
 * @param kappa concentration of the angle, 0 (uniform) to 10,000
 * @param direction the most frequent angle, in radians
 * @param centre probability of the centre, in [0, 1]
 */
public record VonMisesMixture(double kappa, double direction, double centre) {

    /** Where the formula for the envelope cancels, its series takes over. */
    private static final double SMALL = 1e-5;

    private static final double LARGEST = 1e4;

    /**
     * A distribution.
     *
     * @param kappa as in the record
     * @param direction as in the record
     * @param centre as in the record
     * @throws IllegalArgumentException if one is out of range; it is named
     */
    public VonMisesMixture {
        require(kappa >= 0 && kappa <= LARGEST, "kappa", kappa, "in [0, 10000]");
        require(Double.isFinite(direction), "direction", direction, "finite");
        require(centre >= 0 && centre <= 1, "centre", centre, "in [0, 1]");
    }

    private static void require(boolean legal, String name, double value, String range) {
        if (!legal) {
            throw new IllegalArgumentException(name + ": " + value + " is not " + range);
        }
    }

    /**
     * Independent points, in the order they were drawn.
     *
     * @param count 0 or more
     * @param seed of the draws
     * @return points (x, y)
     * @throws IllegalArgumentException if count is negative
     */
    public Images draw(int count, long seed) {
        require(count >= 0, "count", count, "at least 0");
        UniformRandomProvider random = RandomSource.XO_SHI_RO_256_PP.create(seed);
        float[] points = new float[2 * count];
        for (int i = 0; i < count; i++) {
            if (random.nextDouble() >= centre) {
                double theta = direction + angle(random);
                points[2 * i] = (float) Math.cos(theta);
                points[2 * i + 1] = (float) Math.sin(theta);
            }
        }
        return Images.of(points, count, 2, 1, 1);
    }

    /**
     * The same points as a set to train on: those of the circle, each once, then the centre with as many repetitions as it was drawn. The
     * class of a point is its local dimension.
     *
     * @param count how many are drawn, at least 1
     * @param seed of the draws
     * @return a set of {@code size()} count
     * @throws IllegalArgumentException if count is below 1
     */
    public DataSet sample(int count, long seed) {
        require(count >= 1, "count", count, "at least 1");
        float[] drawn = draw(count, seed).all();
        float[] distinct = new float[drawn.length + 2];
        int circle = 0;
        for (int i = 0; i < count; i++) {
            if (drawn[2 * i] != 0 || drawn[2 * i + 1] != 0) {
                distinct[2 * circle] = drawn[2 * i];
                distinct[2 * circle + 1] = drawn[2 * i + 1];
                circle++;
            }
        }
        int n = circle == count ? count : circle + 1;
        int[] labels = new int[n];
        int[] multiplicity = new int[n];
        Arrays.fill(labels, 0, circle, 1);
        Arrays.fill(multiplicity, 0, circle, 1);
        if (circle < count) {
            multiplicity[circle] = count - circle;
        }
        return new DataSet(
                Images.of(Arrays.copyOf(distinct, 2 * n), n, 2, 1, 1),
                labels,
                List.of("centre, dimension 0", "circle, dimension 1"),
                new Multiplicity(multiplicity),
                Provenance.made("von Mises mixture")
                        .then(count + " points drawn from " + this + " with seed " + seed),
                List.of());
    }

    /**
     * The loneliest point of the circle: the one whose nearer neighbour along the circle is farthest away.
     *
     * @param points (x, y), at least two of them off the centre
     * @return its place among the points
     * @throws IllegalArgumentException if there are fewer than two points off the centre
     */
    public static int isolated(Images points) {
        double[] gaps = gaps(points);
        int most = 0;
        for (int i = 1; i < gaps.length; i++) {
            most = gaps[i] > gaps[most] ? i : most;
        }
        return most;
    }

    /**
     * How far along the circle the nearer neighbour of each point is.
     *
     * @param points (x, y), at least two of them off the centre
     * @return radians, 0 to pi; 0 for points at the centre
     * @throws IllegalArgumentException if there are fewer than two points off the centre
     */
    public static double[] gaps(Images points) {
        int n = points.count();
        int[] circle = IntStream.range(0, n).filter(i -> !isCentre(points.pixels(i))).toArray();
        require(circle.length > 1, "points", circle.length, "two or more off the centre");
        double[] gaps = new double[n];
        for (int i : circle) {
            gaps[i] = Math.PI;
            for (int j : circle) {
                float[] a = points.pixels(i);
                float[] b = points.pixels(j);
                double angle =
                        Math.abs(Math.atan2(a[0] * b[1] - a[1] * b[0], a[0] * b[0] + a[1] * b[1]));
                gaps[i] = i == j ? gaps[i] : Math.min(gaps[i], angle);
            }
        }
        return gaps;
    }

    private static boolean isCentre(float[] point) {
        return point[0] == 0 && point[1] == 0;
    }

    private double angle(UniformRandomProvider random) {
        if (kappa == 0) {
            return Math.PI * (2 * random.nextDouble() - 1);
        }
        double r = envelope();
        while (true) {
            double z = Math.cos(Math.PI * random.nextDouble());
            double cos = (1 + r * z) / (r + z);
            double c = kappa * (r - cos);
            double u = 1 - random.nextDouble();
            if (c * (2 - c) > u || Math.log(c / u) + 1 >= c) {
                double angle = Math.acos(Math.max(-1, Math.min(1, cos)));
                return random.nextBoolean() ? angle : -angle;
            }
        }
    }

    /** The wrapped Cauchy distribution's parameter that accepts most often. */
    private double envelope() {
        if (kappa < SMALL) {
            return 1 / kappa + kappa;
        }
        double tau = 1 + Math.sqrt(1 + 4 * kappa * kappa);
        double rho = (tau - Math.sqrt(2 * tau)) / (2 * kappa);
        return (1 + rho * rho) / (2 * rho);
    }
}
