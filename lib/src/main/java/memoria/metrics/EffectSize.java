package memoria.metrics;

import org.apache.commons.math3.stat.StatUtils;

/** How far apart two groups lie, where the area under the curve says only that they do not overlap. */
public final class EffectSize {

    private EffectSize() {}

    /**
     * Cohen's d: the difference of the means in units of the groups' common spread,
     *
     * <pre>{@code
     * d = (mean(a) - mean(b)) / sqrt((var(a) + var(b)) / 2)
     * }</pre>
     *
     * @param a at least two numbers
     * @param b at least two numbers
     * @return positive if a lies higher; infinite where neither group spreads
     * @throws IllegalArgumentException if a group is too small or a number is not finite
     */
    public static double cohen(double[] a, double[] b) {
        requireGroup("a", a);
        requireGroup("b", b);
        double spread = Math.sqrt((StatUtils.variance(a) + StatUtils.variance(b)) / 2);
        double difference = StatUtils.mean(a) - StatUtils.mean(b);
        return difference == 0 ? 0 : difference / spread;
    }

    private static void requireGroup(String name, double[] values) {
        if (values.length < 2) {
            throw new IllegalArgumentException(
                    name + ": " + values.length + " numbers; a spread needs at least 2");
        }
        for (double value : values) {
            if (!Double.isFinite(value)) {
                throw new IllegalArgumentException(
                        name + ": " + value + " is among them; only finite numbers are legal");
            }
        }
    }
}
