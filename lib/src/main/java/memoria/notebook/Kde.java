package memoria.notebook;

import java.util.Arrays;
import org.apache.commons.math3.stat.descriptive.moment.StandardDeviation;
import org.apache.commons.math3.stat.descriptive.rank.Percentile;

/**
 * A kernel density estimate of one quantity, in double precision:
 *
 * <p>f(x) = 1/(n h) sum_i phi((x - x_i) / h), phi the standard normal density,
 *
 * <p>with Silverman's bandwidth h = 0.9 min(s, IQR / 1.34) n^(-1/5) (B. W. Silverman, Density Estimation, 1986, Eq. 3.31). Where the
 * interquartile range is 0 the standard deviation s is used alone; where all values are equal h is a thousandth of their size.
 */
final class Kde {

    /** Beyond so many bandwidths a kernel adds less than 1e-14 of its peak. */
    private static final double REACH = 8;

    private final double[] sorted;
    private final double bandwidth;

    private Kde(double[] sorted, double bandwidth) {
        this.sorted = sorted;
        this.bandwidth = bandwidth;
    }

    /**
     * The estimate from a sample.
     *
     * @param values at least one, all finite
     * @return the estimate
     */
    static Kde of(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        double s = sorted.length < 2 ? 0 : new StandardDeviation().evaluate(sorted);
        Percentile percentile = new Percentile();
        percentile.setData(sorted);
        double iqr = percentile.evaluate(75) - percentile.evaluate(25);
        double spread = iqr > 0 ? Math.min(s, iqr / 1.34) : s;
        double h = 0.9 * spread * Math.pow(sorted.length, -0.2);
        double size = Math.max(Math.abs(sorted[0]), Math.abs(sorted[sorted.length - 1]));
        return new Kde(sorted, h > 1e-12 * size ? h : 1e-3 * (size > 0 ? size : 1));
    }

    double bandwidth() {
        return bandwidth;
    }

    /**
     * The density.
     *
     * @param x where
     * @return f(x), per unit of x
     */
    double at(double x) {
        int from = lowerBound(x - REACH * bandwidth);
        double sum = 0;
        for (int i = from; i < sorted.length && sorted[i] <= x + REACH * bandwidth; i++) {
            double z = (x - sorted[i]) / bandwidth;
            sum += Math.exp(-0.5 * z * z);
        }
        return sum / (sorted.length * bandwidth * Math.sqrt(2 * Math.PI));
    }

    private int lowerBound(double x) {
        int at = Arrays.binarySearch(sorted, x);
        if (at < 0) {
            return -at - 1;
        }
        while (at > 0 && sorted[at - 1] >= x) {
            at--;
        }
        return at;
    }
}
