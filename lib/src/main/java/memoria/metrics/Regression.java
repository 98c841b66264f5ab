package memoria.metrics;

import org.apache.commons.math3.distribution.TDistribution;
import org.apache.commons.math3.stat.regression.SimpleRegression;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.Table;

/**
 * A straight line through pairs by least squares, {@code y = intercept + slope x}, with the ranges that Student's t gives slope, line and
 * new values when the scatter about the line is normal with one variance.
 */
public final class Regression {

    private static final double LEVEL = 0.95;

    private final SimpleRegression fit;
    private final double meanX;
    private final double level;

    private Regression(SimpleRegression fit, double meanX, double level) {
        this.fit = fit;
        this.meanX = meanX;
        this.level = level;
    }

    /**
     * The line through pairs, its ranges at 95%.
     *
     * @param x at least three values, not all equal
     * @param y as many values
     * @return the line
     * @throws IllegalArgumentException if the counts differ, there are fewer than three pairs, a value is not a number or all x are equal
     */
    public static Regression of(double[] x, double[] y) {
        if (x.length != y.length || x.length < 3) {
            throw new IllegalArgumentException(
                    "x, y: "
                            + x.length
                            + " and "
                            + y.length
                            + " values; three or more pairs are needed");
        }
        Bootstrap.requireNumbers("x", x);
        Bootstrap.requireNumbers("y", y);
        SimpleRegression fit = new SimpleRegression();
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            fit.addData(x[i], y[i]);
            sum += x[i];
        }
        if (!(fit.getXSumSquares() > 0)) {
            throw new IllegalArgumentException(
                    "x: all values are " + x[0] + "; at least two different ones are needed");
        }
        return new Regression(fit, sum / x.length, LEVEL);
    }

    /**
     * The same line with ranges at another level.
     *
     * @param newLevel in (0, 1)
     * @return a changed copy
     * @throws IllegalArgumentException if it is out of range
     */
    public Regression level(double newLevel) {
        Interval.requireLevel(newLevel);
        return new Regression(fit, meanX, newLevel);
    }

    /**
     * The slope with its confidence interval.
     *
     * @return y's units per x's
     */
    public Interval slope() {
        return around(fit.getSlope(), fit.getSlopeStdErr());
    }

    /**
     * The value at x = 0 with its confidence interval.
     *
     * @return y's units
     */
    public Interval intercept() {
        return around(fit.getIntercept(), fit.getInterceptStdErr());
    }

    /**
     * The share of y's variance that the line explains.
     *
     * @return R squared, 0 to 1; not a number if y is constant
     */
    public double rSquared() {
        return fit.getRSquare();
    }

    /**
     * Pearson's correlation.
     *
     * @return r, -1 to 1
     */
    public double correlation() {
        return fit.getR();
    }

    /**
     * The probability of a slope at least this far from 0 if there were none (two-sided).
     *
     * @return 0 to 1
     */
    public double significance() {
        return fit.getSignificance();
    }

    /**
     * The line at x with its confidence band, where the mean of y lies: {@code +- t s sqrt(1/n + (x - meanX)^2 / Sxx)}.
     *
     * @param x where
     * @return estimate and band
     */
    public Interval line(double x) {
        return around(fit.predict(x), Math.sqrt(fit.getMeanSquareError() * leverage(x)));
    }

    /**
     * The line at x with its prediction band, where a new y lies: {@code +- t s sqrt(1 + 1/n + (x - meanX)^2 / Sxx)}.
     *
     * @param x where
     * @return estimate and band
     */
    public Interval prediction(double x) {
        return around(fit.predict(x), Math.sqrt(fit.getMeanSquareError() * (1 + leverage(x))));
    }

    private double leverage(double x) {
        return 1.0 / fit.getN() + Math.pow(x - meanX, 2) / fit.getXSumSquares();
    }

    private Interval around(double estimate, double standardError) {
        double t =
                new TDistribution(fit.getN() - 2.0).inverseCumulativeProbability((1 + level) / 2);
        return new Interval(
                estimate, estimate - t * standardError, estimate + t * standardError, level);
    }

    /**
     * Line and band at evenly spaced places, to be drawn.
     *
     * @param from first x
     * @param to last x, above from
     * @param points at least 2
     * @return columns {@code x}, {@code line}, {@code low}, {@code high}: the confidence band
     * @throws IllegalArgumentException if the range is empty or there are fewer than two points
     */
    public Table band(double from, double to, int points) {
        if (!(from < to) || points < 2) {
            throw new IllegalArgumentException(
                    "from, to, points: "
                            + from
                            + ", "
                            + to
                            + ", "
                            + points
                            + "; from below to and at least 2 points are legal");
        }
        DoubleColumn at = DoubleColumn.create("x");
        DoubleColumn line = DoubleColumn.create("line");
        DoubleColumn low = DoubleColumn.create("low");
        DoubleColumn high = DoubleColumn.create("high");
        for (int i = 0; i < points; i++) {
            double x = from + (to - from) * i / (points - 1);
            Interval here = line(x);
            at.append(x);
            line.append(here.estimate());
            low.append(here.low());
            high.append(here.high());
        }
        return Table.create("regression", at, line, low, high);
    }
}
