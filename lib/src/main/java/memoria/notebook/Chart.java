package memoria.notebook;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;

/**
 * A chart in the house style. Made by {@link Show}; refined by its verbs, of which the last is {@link #show()}.
 *
 * <pre>{@code
 * Show.kde("nL2", Series.of("unseen real", real), Series.of("heavy", heavy)).mark(limit, "0.1% null").show();
 * }</pre>
 */
public abstract class Chart extends Picture<Chart> {

    /** A labelled line across the plot. */
    record Mark(double at, String label, boolean vertical) {}

    private final String xLabel;
    private final String yLabel;
    private final List<Mark> marks = new ArrayList<>();
    private int width = Style.WIDTH;
    private int height = Style.HEIGHT;
    private double[] xRange;
    private double[] yRange;
    private boolean logX;
    private boolean logY;

    Chart(String xLabel, String yLabel) {
        this.xLabel = label("x", xLabel);
        this.yLabel = label("y", yLabel);
    }

    private static String label(String axis, String label) {
        if (label == null || label.isBlank()) {
            throw new IllegalArgumentException(
                    axis + ": an axis needs a label: the quantity and its unit");
        }
        return label;
    }

    /**
     * Marks a value of the horizontal axis by a vertical line: a threshold, a true value.
     *
     * @param at the value
     * @param label what it is, a few words
     * @return this
     * @throws IllegalArgumentException if the value is not finite
     */
    public final Chart mark(double at, String label) {
        return mark(at, label, true);
    }

    /**
     * Marks a value of the vertical axis by a horizontal line.
     *
     * @param at the value
     * @param label what it is, a few words
     * @return this
     * @throws IllegalArgumentException if the value is not finite
     */
    public final Chart markY(double at, String label) {
        return mark(at, label, false);
    }

    private Chart mark(double at, String label, boolean vertical) {
        if (!Double.isFinite(at)) {
            throw new IllegalArgumentException("at: " + at + " (" + label + ") is not finite");
        }
        marks.add(new Mark(at, label, vertical));
        return this;
    }

    /**
     * Sets the size.
     *
     * @param width in pixels, at least 200
     * @param height in pixels, at least 150
     * @return this
     * @throws IllegalArgumentException if it is too small for its labels
     */
    public final Chart size(int width, int height) {
        if (width < 200 || height < 150) {
            throw new IllegalArgumentException(
                    "size: " + width + "x" + height + " pixels; at least 200x150");
        }
        this.width = width;
        this.height = height;
        return this;
    }

    /**
     * Fixes the horizontal axis, so that charts can be compared.
     *
     * @param low left end
     * @param high right end
     * @return this
     * @throws IllegalArgumentException if low is not below high
     */
    public final Chart xRange(double low, double high) {
        xRange = range("xRange", low, high);
        return this;
    }

    /**
     * Fixes the vertical axis, so that charts can be compared.
     *
     * @param low lower end
     * @param high upper end
     * @return this
     * @throws IllegalArgumentException if low is not below high
     */
    public final Chart yRange(double low, double high) {
        yRange = range("yRange", low, high);
        return this;
    }

    private static double[] range(String name, double low, double high) {
        if (!(low < high) || Double.isInfinite(low) || Double.isInfinite(high)) {
            throw new IllegalArgumentException(name + ": [" + low + ", " + high + "] is no range");
        }
        return new double[] {low, high};
    }

    /**
     * A logarithmic horizontal axis.
     *
     * @return this
     */
    public final Chart logX() {
        logX = true;
        return this;
    }

    /**
     * A logarithmic vertical axis.
     *
     * @return this
     */
    public final Chart logY() {
        logY = true;
        return this;
    }

    @Override
    public final BufferedImage image() {
        return draw(width, height);
    }

    abstract BufferedImage draw(int width, int height);

    final String xLabel() {
        return xLabel;
    }

    final String yLabel() {
        return yLabel;
    }

    final List<Mark> marks() {
        return marks;
    }

    final double[] xRange() {
        return xRange;
    }

    final double[] yRange() {
        return yRange;
    }

    final boolean isLogX() {
        return logX;
    }

    final boolean isLogY() {
        return logY;
    }
}
