package memoria.lid;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The knee of a falling curve of FLIPD against t0, where it stops falling steeply: a dimension without a choice of t0 (Kamkari et al., 2024).
 * It is Kneedle's (Satopaa et al., 2011): both axes are scaled to [0, 1], the curve is turned upside down, and the knee is the first maximum
 * of its distance to the diagonal that is followed by a fall of more than S mean steps.
 */
public final class Knee {

    private final double sensitivity;
    private final double from;
    private final double to;

    private Knee(double sensitivity, double from, double to) {
        this.sensitivity = sensitivity;
        this.from = from;
        this.to = to;
    }

    /**
     * A point of a curve.
     *
     * @param t its time
     * @param lid the curve there
     */
    public record Point(double t, double lid) {}

    /**
     * The authors' settings: S = 1, times strictly between 0.05 and 0.5.
     *
     * @return the method
     */
    public static Knee usual() {
        return new Knee(1, 0.05, 0.5);
    }

    /**
     * How much fall it takes.
     *
     * @param s 0 or more; larger finds fewer knees
     * @return a changed copy
     * @throws IllegalArgumentException if it is negative
     */
    public Knee sensitivity(double s) {
        if (!(s >= 0)) {
            throw new IllegalArgumentException("s: " + s + "; 0 or more is legal");
        }
        return new Knee(s, from, to);
    }

    /**
     * The times looked at.
     *
     * @param after excluded lower end
     * @param before excluded upper end, above the lower
     * @return a changed copy
     * @throws IllegalArgumentException if the window is empty
     */
    public Knee window(double after, double before) {
        if (!(after < before)) {
            throw new IllegalArgumentException(
                    "after, before: " + after + ", " + before + "; a window is needed");
        }
        return new Knee(sensitivity, after, before);
    }

    /**
     * The knee of a curve.
     *
     * @param t ascending times
     * @param lid the curve, as many values
     * @return the point, empty if there is no knee; the authors then take d
     * @throws IllegalArgumentException if counts differ, times do not ascend, a value is not finite or the window holds fewer than three points
     */
    public Optional<Point> of(double[] t, double[] lid) {
        requireCurve(t, lid);
        int[] inside =
                java.util.stream.IntStream.range(0, t.length)
                        .filter(i -> t[i] > from && t[i] < to)
                        .toArray();
        if (inside.length < 3) {
            throw new IllegalArgumentException(
                    "t: "
                            + inside.length
                            + " times between "
                            + from
                            + " and "
                            + to
                            + "; at least 3 are needed");
        }
        double[] x = Arrays.stream(inside).mapToDouble(i -> t[i]).toArray();
        double[] y = Arrays.stream(inside).mapToDouble(i -> lid[i]).toArray();
        int at = knee(x, y);
        return at < 0 ? Optional.empty() : Optional.of(new Point(x[at], y[at]));
    }

    private int knee(double[] x, double[] y) {
        int n = x.length;
        double low = Arrays.stream(y).min().orElseThrow();
        double high = Arrays.stream(y).max().orElseThrow();
        if (high == low) {
            return -1;
        }
        double[] distance = new double[n];
        for (int i = 0; i < n; i++) {
            double across = (x[i] - x[0]) / (x[n - 1] - x[0]);
            distance[i] = 1 - (y[i] - low) / (high - low) - across;
        }
        double step = sensitivity / (n - 1);
        double threshold = Double.NEGATIVE_INFINITY;
        int candidate = -1;
        for (int i = 0; i < n - 1; i++) {
            double before = distance[Math.max(0, i - 1)];
            double after = distance[i + 1];
            if (distance[i] >= before && distance[i] >= after) {
                candidate = i;
                threshold = distance[i] - step;
            }
            if (distance[i] <= before && distance[i] <= after) {
                threshold = 0;
            }
            if (candidate >= 0 && distance[i + 1] < threshold) {
                return candidate;
            }
        }
        return -1;
    }

    /**
     * The lower convex hull of a curve, at its own times: without the bumps that estimates have.
     *
     * @param t ascending times
     * @param lid the curve, as many values
     * @return the hull at each time, nowhere above the curve
     * @throws IllegalArgumentException if counts differ, times do not ascend or a value is not finite
     */
    public static double[] hull(double[] t, double[] lid) {
        requireCurve(t, lid);
        List<Integer> corners = new ArrayList<>();
        for (int i = 0; i < t.length; i++) {
            while (corners.size() > 1
                    && !turnsUp(
                            t,
                            lid,
                            corners.get(corners.size() - 2),
                            corners.get(corners.size() - 1),
                            i)) {
                corners.remove(corners.size() - 1);
            }
            corners.add(i);
        }
        double[] hull = lid.clone();
        for (int c = 1; c < corners.size(); c++) {
            int a = corners.get(c - 1);
            int b = corners.get(c);
            for (int i = a + 1; i < b; i++) {
                hull[i] = lid[a] + (lid[b] - lid[a]) * (t[i] - t[a]) / (t[b] - t[a]);
            }
        }
        return hull;
    }

    private static boolean turnsUp(double[] t, double[] y, int a, int b, int c) {
        return (t[b] - t[a]) * (y[c] - y[a]) - (y[b] - y[a]) * (t[c] - t[a]) > 0;
    }

    private static void requireCurve(double[] t, double[] lid) {
        if (t.length != lid.length) {
            throw new IllegalArgumentException(
                    "t, lid: " + t.length + " times for " + lid.length + " values");
        }
        for (int i = 0; i < t.length; i++) {
            if (!Double.isFinite(lid[i]) || (i > 0 && !(t[i] > t[i - 1]))) {
                throw new IllegalArgumentException(
                        "t, lid: ("
                                + t[i]
                                + ", "
                                + lid[i]
                                + ") at place "
                                + i
                                + "; ascending times and finite values are legal");
            }
        }
    }
}
