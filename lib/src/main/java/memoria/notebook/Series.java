package memoria.notebook;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import memoria.data.Images;
import memoria.diffusion.Samples;

/**
 * Named numbers for a chart: values alone (for a density, a histogram, a box) or points (x, y), with a band around them if there is one.
 *
 * <p>Its colour follows from its {@link Role}; without one the chart picks a colour that no other series has.
 */
public final class Series {

    private final String name;
    private final Role role;
    private final double[] x;
    private final double[] y;
    private final double[] low;
    private final double[] high;
    private final int[] starts;

    private Series(
            String name,
            Role role,
            double[] x,
            double[] y,
            double[] low,
            double[] high,
            int... starts) {
        this.name = name;
        this.role = role;
        this.x = x;
        this.y = y;
        this.low = low;
        this.high = high;
        this.starts = starts;
    }

    /**
     * Values of one quantity.
     *
     * @param name what they belong to, for the legend
     * @param values at least one, all finite
     * @return the series
     * @throws IllegalArgumentException if the name is blank, there is no value, or one is not finite
     */
    public static Series of(String name, double... values) {
        if (name == null || name.isBlank()) {
            throw new IllegalArgumentException("name: a series needs one for the legend");
        }
        checkFinite(name, "values", values);
        return new Series(name, Role.of(name).orElse(null), null, values.clone(), null, null);
    }

    /**
     * Points of a line or a cloud.
     *
     * @param name what they belong to, for the legend
     * @param x horizontal positions, all finite
     * @param y vertical positions, as many, all finite
     * @return the series
     * @throws IllegalArgumentException if the name is blank, the lengths differ or are 0, or a number is not finite
     */
    public static Series xy(String name, double[] x, double[] y) {
        Series values = of(name, y);
        checkFinite(name, "x", x);
        checkLength(name, "x", x, y);
        return new Series(name, values.role, x.clone(), values.y, null, null);
    }

    /**
     * Paths in the plane, such as samples on their way from noise to data.
     *
     * @param name what they belong to, for the legend
     * @param paths path, step, coordinate: of shape (paths, steps, 2), steps at least 1 and not the same for all; all finite
     * @return the series
     * @throws IllegalArgumentException if the name is blank, there is no step, a point has not two coordinates, or one is not finite
     */
    public static Series paths(String name, double[][][] paths) {
        int[] starts = new int[paths.length];
        List<double[]> points = new ArrayList<>();
        for (int p = 0; p < paths.length; p++) {
            starts[p] = points.size();
            points.addAll(List.of(paths[p]));
        }
        for (double[] point : points) {
            if (point.length != 2) {
                throw new IllegalArgumentException(
                        "paths: a point of '"
                                + name
                                + "' has "
                                + point.length
                                + " coordinates, not 2");
            }
        }
        Series all =
                xy(
                        name,
                        points.stream().mapToDouble(p -> p[0]).toArray(),
                        points.stream().mapToDouble(p -> p[1]).toArray());
        return new Series(name, all.role, all.x, all.y, null, null, starts);
    }

    /**
     * Points of the plane.
     *
     * @param name what they belong to, for the legend
     * @param points at least one, of two numbers each, all finite
     * @return the series
     * @throws IllegalArgumentException if the name is blank, there is no point, they are not of the plane, or a number is not finite
     */
    public static Series points(String name, Images points) {
        double[][] all = coordinates(points, points.count());
        return xy(
                name,
                Arrays.stream(all).mapToDouble(p -> p[0]).toArray(),
                Arrays.stream(all).mapToDouble(p -> p[1]).toArray());
    }

    /**
     * The paths of samples of the plane, from noise to the sample.
     *
     * @param name what they belong to, for the legend
     * @param samples of a sampler that recorded
     * @param count how many, from the first on; all if there are fewer
     * @return the series
     * @throws IllegalArgumentException if the name is blank, the samples have no trajectory or are not points of the plane, or a number is
     *     not finite
     */
    public static Series paths(String name, Samples samples, int count) {
        int rows = Math.min(count, samples.images().count());
        if (samples.trajectory().isEmpty() || rows < 1) {
            throw new IllegalArgumentException(
                    "samples, count: "
                            + rows
                            + " paths of "
                            + samples.trajectory().size()
                            + " steps; sample with recording(true) and ask for at least one");
        }
        int steps = samples.trajectory().size();
        double[][][] paths = new double[rows][steps + 1][];
        for (int k = 0; k <= steps; k++) {
            Images at = k < steps ? samples.trajectory().get(k).xt() : samples.images();
            double[][] points = coordinates(at, rows);
            for (int i = 0; i < rows; i++) {
                paths[i][k] = points[i];
            }
        }
        return paths(name, paths);
    }

    private static double[][] coordinates(Images points, int rows) {
        if (points.itemSize() != 2) {
            throw new IllegalArgumentException(
                    "points: items of " + points.item() + "; points of the plane have two numbers");
        }
        float[] values = points.first(rows).all();
        double[][] all = new double[rows][];
        Arrays.setAll(all, i -> new double[] {values[2 * i], values[2 * i + 1]});
        return all;
    }

    /**
     * The same with a band around it, such as an interval at each point.
     *
     * @param low the band's lower edge, as many as there are points
     * @param high the band's upper edge, as many as there are points
     * @return a new series
     * @throws IllegalArgumentException if the lengths differ or a number is not finite
     */
    public Series band(double[] low, double[] high) {
        checkFinite(name, "low", low);
        checkFinite(name, "high", high);
        checkLength(name, "low", low, y);
        checkLength(name, "high", high, y);
        return new Series(name, role, x, y, low.clone(), high.clone(), starts);
    }

    /**
     * The same under another role, hence in another colour.
     *
     * @param role the role
     * @return a new series
     */
    public Series as(Role role) {
        return new Series(name, role, x, y, low, high, starts);
    }

    private static void checkFinite(String name, String what, double[] numbers) {
        if (numbers.length == 0) {
            throw new IllegalArgumentException(what + ": series '" + name + "' is empty");
        }
        for (int i = 0; i < numbers.length; i++) {
            if (!Double.isFinite(numbers[i])) {
                throw new IllegalArgumentException(
                        what + "[" + i + "]: " + numbers[i] + " in series '" + name + "'");
            }
        }
    }

    private static void checkLength(String name, String what, double[] a, double[] y) {
        if (a.length != y.length) {
            throw new IllegalArgumentException(
                    what
                            + ": "
                            + a.length
                            + " numbers for "
                            + y.length
                            + " points of '"
                            + name
                            + "'");
        }
    }

    String name() {
        return name;
    }

    Role role() {
        return role;
    }

    /** Horizontal positions; 0, 1, 2, ... where none were given. */
    double[] x() {
        if (x != null) {
            return x;
        }
        double[] index = new double[y.length];
        Arrays.setAll(index, i -> i);
        return index;
    }

    boolean hasX() {
        return x != null;
    }

    /** Values, or vertical positions. */
    double[] values() {
        return y;
    }

    double[] low() {
        return low;
    }

    double[] high() {
        return high;
    }

    /** Where each path begins; empty if the series is no bundle of paths. */
    int[] starts() {
        return starts;
    }
}
