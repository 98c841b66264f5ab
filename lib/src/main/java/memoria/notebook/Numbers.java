package memoria.notebook;

import java.util.Arrays;
import java.util.Locale;
import java.util.function.DoubleFunction;

/** Numbers as people read them: four significant digits, one precision per column. */
final class Numbers {

    private static final int DIGITS = 4;

    private Numbers() {}

    /**
     * One number on its own.
     *
     * @param value any number
     * @return four significant digits, whole numbers in full; a dash if it is not a number
     */
    static String format(double value) {
        String text = formatter(new double[] {value}).apply(value);
        return text.contains(".") && !text.contains("e") ? text.replaceAll("\\.?0+$", "") : text;
    }

    /**
     * The format of a column: the same decimals in each row unless the values span more than the digits can show.
     *
     * @param column the values
     * @return the format
     */
    static DoubleFunction<String> formatter(double[] column) {
        return formatter(column, DIGITS);
    }

    /**
     * As {@link #formatter(double[])} with a chosen precision.
     *
     * @param column the values
     * @param digits significant digits of the largest value
     * @return the format
     */
    static DoubleFunction<String> formatter(double[] column, int digits) {
        double[] finite = Arrays.stream(column).filter(Double::isFinite).toArray();
        if (Arrays.stream(finite).allMatch(v -> v == Math.rint(v) && Math.abs(v) < 1e15)) {
            return v -> special(v, "%,.0f");
        }
        double[] sizes = Arrays.stream(finite).map(Math::abs).filter(v -> v > 0).toArray();
        int largest = exponent(Arrays.stream(sizes).max().orElse(1));
        int smallest = exponent(Arrays.stream(sizes).min().orElse(1));
        if (largest - smallest < digits && largest < 9 && smallest > -digits) {
            int decimals = Math.max(0, digits - 1 - largest);
            return v -> special(v, "%,." + decimals + "f");
        }
        return Numbers::significant;
    }

    private static String significant(double v) {
        int e = v == 0 || !Double.isFinite(v) ? 0 : exponent(Math.abs(v));
        boolean plain = e >= -DIGITS && e < 9;
        return special(v, plain ? "%,." + Math.max(0, DIGITS - 1 - e) + "f" : "%.3e");
    }

    private static int exponent(double size) {
        return (int) Math.floor(Math.log10(size));
    }

    private static String special(double v, String pattern) {
        if (Double.isNaN(v)) {
            return "-";
        }
        if (Double.isInfinite(v)) {
            return v > 0 ? "inf" : "-inf";
        }
        String text = String.format(Locale.ROOT, pattern, v);
        // "-0.000" is a zero that was rounded.
        return text.startsWith("-") && text.chars().noneMatch(c -> c >= '1' && c <= '9')
                ? text.substring(1)
                : text;
    }
}
