package memoria.metrics;

import java.util.Arrays;
import java.util.Locale;
import org.apache.commons.math3.distribution.BetaDistribution;

/**
 * A number with the range it may have by chance.
 *
 * @param estimate what was measured
 * @param low lower end
 * @param high upper end
 * @param level share of experiments whose interval holds the true value, for example 0.95
 */
public record Interval(double estimate, double low, double high, double level) {

    private static final double USUAL = 0.95;

    /**
     * An interval.
     *
     * @param estimate what was measured
     * @param low lower end
     * @param high upper end, not below the lower
     * @param level in (0, 1)
     * @throws IllegalArgumentException if the ends are the wrong way round or not numbers, or the level is out of range
     */
    public Interval {
        if (!(low <= high)) {
            throw new IllegalArgumentException("low, high: " + low + ", " + high);
        }
        requireLevel(level);
    }

    static void requireLevel(double level) {
        if (!(level > 0 && level < 1)) {
            throw new IllegalArgumentException("level: " + level + "; above 0 and below 1");
        }
    }

    /**
     * The share of successes, at 95%.
     *
     * @param successes 0 to trials
     * @param trials at least 1
     * @return as {@link #proportion(long, long, double)}
     * @throws IllegalArgumentException if a count is out of range
     */
    public static Interval proportion(long successes, long trials) {
        return proportion(successes, trials, USUAL);
    }

    /**
     * The share of successes with its exact interval (Clopper and Pearson, 1934). Where nothing or everything was a success the interval
     * has one open end only and all of the error is spent there: of 0 in n, the upper end is {@code 1 - (1 - level)^(1/n)}, so that 0 of
     * 1,000 is at most 0.3%.
     *
     * @param successes 0 to trials
     * @param trials at least 1
     * @param level in (0, 1)
     * @return the interval within [0, 1]
     * @throws IllegalArgumentException if a count or the level is out of range
     */
    public static Interval proportion(long successes, long trials, double level) {
        requireLevel(level);
        if (trials < 1 || successes < 0 || successes > trials) {
            throw new IllegalArgumentException(
                    "successes, trials: "
                            + successes
                            + " of "
                            + trials
                            + "; at least one trial and 0 to that many successes are legal");
        }
        double error = 1 - level;
        if (successes == 0) {
            return new Interval(0, 0, -Math.expm1(Math.log(error) / trials), level);
        }
        if (successes == trials) {
            return new Interval(1, Math.exp(Math.log(error) / trials), 1, level);
        }
        double low = beta(successes, trials - successes + 1, error / 2);
        double high = beta(successes + 1, trials - successes, 1 - error / 2);
        return new Interval((double) successes / trials, low, high, level);
    }

    private static double beta(double a, double b, double probability) {
        return new BetaDistribution(null, a, b, 1e-12).inverseCumulativeProbability(probability);
    }

    /**
     * The share of values above a limit.
     *
     * @param values at least one
     * @param limit what they are compared with
     * @return the share with its 95% interval
     * @throws IllegalArgumentException if there are no values
     */
    public static Interval above(double[] values, double limit) {
        return proportion(Arrays.stream(values).filter(v -> v > limit).count(), values.length);
    }

    /**
     * Whether a value lies in the interval, ends included.
     *
     * @param value any number
     * @return true if it does
     */
    public boolean contains(double value) {
        return low <= value && value <= high;
    }

    /**
     * The interval of a share in words.
     *
     * @return {@code at most 0.3%}, {@code at least 97%} or {@code 2.3% (1.5% to 3.4%)}
     */
    public String percent() {
        if (estimate == 0 && low == 0) {
            return "at most " + percent(high);
        }
        if (estimate == 1 && high == 1) {
            return "at least " + percent(low);
        }
        return percent(estimate) + " (" + percent(low) + " to " + percent(high) + ")";
    }

    /** Two significant digits, and all digits before the point. */
    private static String percent(double share) {
        double value = 100 * share;
        if (value == 0) {
            return "0%";
        }
        double size = Math.abs(value);
        // Near the ends of the scale the distance to the end is what counts.
        double digits = size > 50 && size < 100 ? 100 - size : size;
        int decimals = (int) Math.max(0, 1 - Math.floor(Math.log10(digits) + 1e-9));
        return String.format(Locale.ROOT, "%." + Math.min(decimals, 6) + "f%%", value);
    }

    /**
     * The numbers.
     *
     * @return for example {@code 0.914 [0.902, 0.926]}
     */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%.4g [%.4g, %.4g]", estimate, low, high);
    }
}
