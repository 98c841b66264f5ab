package memoria.metrics;

import java.util.Arrays;
import java.util.function.ToDoubleBiFunction;
import java.util.function.ToDoubleFunction;
import memoria.progress.Progress;
import org.apache.commons.math3.stat.StatUtils;
import org.apache.commons.rng.UniformRandomProvider;
import org.apache.commons.rng.simple.RandomSource;

/**
 * Intervals by resampling (Efron, 1979): the statistic is computed on samples drawn with replacement, and the interval holds its middle
 * 95%. Draws come from the generator XoRoShiRo128++ seeded by the caller, so the same call gives the same interval.
 */
public final class Bootstrap {

    private static final double LEVEL = 0.95;
    private static final int RESAMPLES = 2000;

    private final long seed;
    private final int resamples;
    private final double level;
    private final boolean centred;

    private Bootstrap(long seed, int resamples, double level, boolean centred) {
        this.seed = seed;
        this.resamples = resamples;
        this.level = level;
        this.centred = centred;
    }

    /**
     * 2000 resamples at 95%.
     *
     * @param seed of the draws
     * @return the method
     */
    public static Bootstrap seed(long seed) {
        return new Bootstrap(seed, RESAMPLES, LEVEL, false);
    }

    /**
     * Another number of resamples.
     *
     * @param count at least 100
     * @return a changed copy
     * @throws IllegalArgumentException if there are fewer
     */
    public Bootstrap resamples(int count) {
        if (count < 100) {
            throw new IllegalArgumentException(
                    "count: " + count + " resamples; at least 100 are needed");
        }
        return new Bootstrap(seed, count, level, centred);
    }

    /**
     * Another level.
     *
     * @param level in (0, 1)
     * @return a changed copy
     * @throws IllegalArgumentException if it is out of range
     */
    public Bootstrap level(double level) {
        Interval.requireLevel(level);
        return new Bootstrap(seed, resamples, level, centred);
    }

    /**
     * Shifts every interval so that the mean of the resamples lies on the estimate. Needed where drawing with replacement itself changes
     * the statistic: a resample of n values holds about {@code (1 - 1/e) n} different ones, so counts of what is different come out low.
     *
     * @return a changed copy
     */
    public Bootstrap centred() {
        return new Bootstrap(seed, resamples, level, true);
    }

    /**
     * The mean.
     *
     * @param values at least one
     * @return mean and interval
     * @throws IllegalArgumentException if there is no value or one is not a number
     */
    public Interval mean(double[] values) {
        return of(values, StatUtils::mean);
    }

    /**
     * The median.
     *
     * @param values at least one
     * @return median and interval
     * @throws IllegalArgumentException if there is no value or one is not a number
     */
    public Interval median(double[] values) {
        return of(values, Bootstrap::middle);
    }

    private static double middle(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    /**
     * Any statistic of one sample.
     *
     * @param values at least one
     * @param statistic of a sample of as many values; it may not keep or change the array
     * @return statistic and interval
     * @throws IllegalArgumentException if there is no value or one is not a number
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public Interval of(double[] values, ToDoubleFunction<double[]> statistic) {
        return of(values, values, (a, b) -> statistic.applyAsDouble(a));
    }

    /**
     * Any statistic of two independent samples, such as a difference; each is resampled by itself.
     *
     * @param first at least one value
     * @param second at least one value
     * @param statistic of two samples of these sizes; it may not keep or change the arrays
     * @return statistic and interval
     * @throws IllegalArgumentException if a sample has no value or one is not a number
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public Interval of(
            double[] first, double[] second, ToDoubleBiFunction<double[], double[]> statistic) {
        requireNumbers("first", first);
        requireNumbers("second", second);
        UniformRandomProvider random = RandomSource.XO_RO_SHI_RO_128_PP.create(seed);
        double[] results = new double[resamples];
        double[] a = new double[first.length];
        double[] b = new double[second.length];
        for (int i = 0; i < resamples; i++) {
            Progress.checkpoint();
            draw(first, a, random);
            draw(second, b, random);
            results[i] = statistic.applyAsDouble(a, b);
        }
        Arrays.sort(results);
        double tail = (1 - level) / 2;
        double estimate = statistic.applyAsDouble(first.clone(), second.clone());
        double shift = centred ? estimate - StatUtils.mean(results) : 0;
        return new Interval(
                estimate,
                shift + quantile(results, tail),
                shift + quantile(results, 1 - tail),
                level);
    }

    static void requireNumbers(String argument, double[] values) {
        if (values.length == 0) {
            throw new IllegalArgumentException(argument + ": no values; at least one is needed");
        }
        for (int i = 0; i < values.length; i++) {
            if (Double.isNaN(values[i])) {
                throw new IllegalArgumentException(
                        argument + ": value " + i + " is not a number (NaN)");
            }
        }
    }

    private static void draw(double[] from, double[] into, UniformRandomProvider random) {
        for (int i = 0; i < into.length; i++) {
            into[i] = from[random.nextInt(from.length)];
        }
    }

    /** Linear between order statistics. */
    static double quantile(double[] sorted, double probability) {
        double at = probability * (sorted.length - 1);
        int below = (int) at;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }
}
