package memoria.metrics;

import java.util.function.ToDoubleBiFunction;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.correlation.KendallsCorrelation;
import org.apache.commons.math3.stat.correlation.SpearmansCorrelation;

/**
 * How far two numbers per item rise and fall together, by rank: a monotone change of scale, such as that between two estimators of the same
 * dimension, changes nothing. Intervals resample the items, both numbers of an item together.
 */
public final class Correlation {

    private Correlation() {}

    /**
     * Spearman's rho: the correlation of the ranks, ties sharing their mean rank.
     *
     * @param x one number per item, at least two different ones
     * @param y one number per item
     * @return -1 to 1
     * @throws IllegalArgumentException if the counts differ, there are fewer than two items, a value is not a number or one side is constant
     */
    public static double spearman(double[] x, double[] y) {
        requirePairs(x, y);
        return new SpearmansCorrelation().correlation(x, y);
    }

    /**
     * Spearman's rho with its interval.
     *
     * @param x one number per item
     * @param y one number per item
     * @param bootstrap how the items are resampled
     * @return rho and interval
     * @throws IllegalArgumentException as {@link #spearman(double[], double[])}
     */
    public static Interval spearman(double[] x, double[] y, Bootstrap bootstrap) {
        requirePairs(x, y);
        return paired(
                x,
                y,
                bootstrap,
                (a, b) -> zeroIfFlat(new SpearmansCorrelation().correlation(a, b)));
    }

    /**
     * Kendall's tau-b: of all pairs of items, by how much more are ordered alike than unlike, corrected for ties.
     *
     * @param x one number per item, at least two different ones
     * @param y one number per item
     * @return -1 to 1
     * @throws IllegalArgumentException if the counts differ, there are fewer than two items, a value is not a number or one side is constant
     */
    public static double kendall(double[] x, double[] y) {
        requirePairs(x, y);
        return new KendallsCorrelation().correlation(x, y);
    }

    /**
     * Kendall's tau-b with its interval.
     *
     * @param x one number per item
     * @param y one number per item
     * @param bootstrap how the items are resampled
     * @return tau and interval
     * @throws IllegalArgumentException as {@link #kendall(double[], double[])}
     */
    public static Interval kendall(double[] x, double[] y, Bootstrap bootstrap) {
        requirePairs(x, y);
        return paired(
                x, y, bootstrap, (a, b) -> zeroIfFlat(new KendallsCorrelation().correlation(a, b)));
    }

    /** Any statistic of pairs, its interval from resampled pairs. */
    static Interval paired(
            double[] x,
            double[] y,
            Bootstrap bootstrap,
            ToDoubleBiFunction<double[], double[]> statistic) {
        double[] items = IntStream.range(0, x.length).asDoubleStream().toArray();
        return bootstrap.of(
                items, drawn -> statistic.applyAsDouble(select(x, drawn), select(y, drawn)));
    }

    private static double[] select(double[] values, double[] items) {
        double[] selected = new double[items.length];
        for (int i = 0; i < items.length; i++) {
            selected[i] = values[(int) items[i]];
        }
        return selected;
    }

    /** A resample of equal items orders nothing. */
    private static double zeroIfFlat(double correlation) {
        return Double.isNaN(correlation) ? 0 : correlation;
    }

    static void requirePairs(double[] x, double[] y) {
        if (x.length != y.length || x.length < 2) {
            throw new IllegalArgumentException(
                    "x, y: "
                            + x.length
                            + " and "
                            + y.length
                            + " values; two or more pairs are needed");
        }
        requireVaries("x", x);
        requireVaries("y", y);
    }

    private static void requireVaries(String argument, double[] values) {
        Bootstrap.requireNumbers(argument, values);
        for (double value : values) {
            if (value != values[0]) {
                return;
            }
        }
        throw new IllegalArgumentException(
                argument
                        + ": all values are "
                        + values[0]
                        + "; at least two different ones are needed");
    }
}
