package memoria.metrics;

import java.util.Arrays;
import org.apache.commons.math3.distribution.NormalDistribution;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.Table;

/**
 * How well a score tells two groups apart, over all thresholds: the receiver operating characteristic. Larger scores speak for the
 * positive group, say memorized images.
 */
public final class Roc {

    private final double[] positives;
    private final double[] negatives;

    private Roc(double[] positives, double[] negatives) {
        this.positives = positives;
        this.negatives = negatives;
    }

    /**
     * The curve of two groups.
     *
     * @param positives scores of the group that should score high, at least one
     * @param negatives scores of the other group, at least one
     * @return the curve
     * @throws IllegalArgumentException if a group is empty or a score is not a number
     */
    public static Roc of(double[] positives, double[] negatives) {
        Bootstrap.requireNumbers("positives", positives);
        Bootstrap.requireNumbers("negatives", negatives);
        return new Roc(positives.clone(), negatives.clone());
    }

    /**
     * A curve of scores that are low for positives, such as the dimension of a memorized image.
     *
     * @param positives at least one
     * @param negatives at least one
     * @return the curve of the negated scores
     * @throws IllegalArgumentException as {@link #of}
     */
    public static Roc ofLow(double[] positives, double[] negatives) {
        return of(negated(positives), negated(negatives));
    }

    private static double[] negated(double[] scores) {
        return Arrays.stream(scores).map(score -> -score).toArray();
    }

    /**
     * The area under the curve: the probability that a positive scores above a negative, ties counted half (Mann and Whitney, 1947).
     *
     * @return 0.5 for no separation, 1 for a perfect one
     */
    public double auc() {
        return auc(positives, negatives);
    }

    /**
     * The area with its interval; the groups are resampled separately.
     *
     * @param bootstrap how
     * @return area and interval
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public Interval auc(Bootstrap bootstrap) {
        return bootstrap.of(positives, negatives, Roc::auc);
    }

    /**
     * The area with an interval that stays honest where the groups do not overlap: there every resample separates them too, and the
     * bootstrap's interval is [1, 1] however few there are. All areas {@code A} are kept that the measured one does not contradict (Newcombe,
     * "Confidence intervals for an effect size measure based on the Mann-Whitney statistic", 2006, method 5):
     *
     * <pre>{@code
     * (A' - A)^2 <= z^2 A (1 - A) (1 + n* (1 - A) / (2 - A) + n* A / (1 + A)) / (m n),   n* = (m + n) / 2 - 1
     * }</pre>
     *
     * @param level in (0, 1)
     * @return area and interval within [0, 1]
     * @throws IllegalArgumentException if the level is out of range
     */
    public Interval auc(double level) {
        Interval.requireLevel(level);
        double z = new NormalDistribution(null, 0, 1).inverseCumulativeProbability((1 + level) / 2);
        double measured = auc();
        return new Interval(measured, end(measured, 0, z), end(measured, 1, z), level);
    }

    /** The area farthest towards an end of the scale that the measured one does not contradict. */
    private double end(double measured, double limit, double z) {
        double kept = measured;
        double refused = limit;
        for (int i = 0; i < 60; i++) {
            double area = (kept + refused) / 2;
            boolean agrees = Math.pow(measured - area, 2) <= z * z * variance(area);
            kept = agrees ? area : kept;
            refused = agrees ? refused : area;
        }
        return kept;
    }

    private double variance(double area) {
        double m = positives.length;
        double n = negatives.length;
        double pairs = (m + n) / 2 - 1;
        return area
                * (1 - area)
                * (1 + pairs * (1 - area) / (2 - area) + pairs * area / (1 + area))
                / (m * n);
    }

    private static double auc(double[] positives, double[] negatives) {
        double[] sorted = negatives.clone();
        Arrays.sort(sorted);
        double wins = 0;
        for (double score : positives) {
            wins += (below(sorted, score) + upTo(sorted, score)) / 2.0;
        }
        return wins / positives.length / negatives.length;
    }

    /** How many are smaller. */
    private static int below(double[] sorted, double score) {
        int low = 0;
        for (int high = sorted.length; low < high; ) {
            int middle = (low + high) >>> 1;
            if (sorted[middle] < score) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** How many are smaller or equal. */
    private static int upTo(double[] sorted, double score) {
        return score == Double.POSITIVE_INFINITY
                ? sorted.length
                : below(sorted, Math.nextUp(score));
    }

    /**
     * The share of positives found at a threshold that at most a given share of negatives exceeds.
     *
     * @param falsePositiveRate in [0, 1)
     * @return the true positive rate in [0, 1]
     * @throws IllegalArgumentException if the rate is out of range
     */
    public double truePositiveRate(double falsePositiveRate) {
        if (!(falsePositiveRate >= 0 && falsePositiveRate < 1)) {
            throw new IllegalArgumentException(
                    "falsePositiveRate: " + falsePositiveRate + "; 0 or above and below 1");
        }
        double[] sorted = negatives.clone();
        Arrays.sort(sorted);
        int allowed = (int) Math.floor(sorted.length * falsePositiveRate * (1 + 1e-12));
        double threshold = sorted[sorted.length - 1 - allowed];
        return Arrays.stream(positives).filter(score -> score > threshold).count()
                / (double) positives.length;
    }

    /**
     * The same with its interval; the groups are resampled separately, so the threshold moves too.
     *
     * @param falsePositiveRate in [0, 1), 0.01 for the usual report
     * @param bootstrap how
     * @return the true positive rate and its interval
     * @throws IllegalArgumentException if the rate is out of range
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public Interval truePositiveRate(double falsePositiveRate, Bootstrap bootstrap) {
        return bootstrap.of(
                positives, negatives, (p, n) -> new Roc(p, n).truePositiveRate(falsePositiveRate));
    }

    /**
     * The curve's corners, strictest threshold first.
     *
     * @return columns {@code threshold} (a score at or above it counts as positive), {@code false positive rate} and
     *     {@code true positive rate}
     */
    public Table table() {
        double[] p = positives.clone();
        double[] n = negatives.clone();
        Arrays.sort(p);
        Arrays.sort(n);
        double[] thresholds = Arrays.stream(concat(p, n)).distinct().sorted().toArray();
        DoubleColumn threshold = DoubleColumn.create("threshold");
        DoubleColumn falsePositives = DoubleColumn.create("false positive rate");
        DoubleColumn truePositives = DoubleColumn.create("true positive rate");
        threshold.append(Double.POSITIVE_INFINITY);
        falsePositives.append(0.0);
        truePositives.append(0.0);
        for (int i = thresholds.length - 1; i >= 0; i--) {
            threshold.append(thresholds[i]);
            falsePositives.append(1 - below(n, thresholds[i]) / (double) n.length);
            truePositives.append(1 - below(p, thresholds[i]) / (double) p.length);
        }
        return Table.create("ROC", threshold, falsePositives, truePositives);
    }

    private static double[] concat(double[] a, double[] b) {
        double[] all = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, all, a.length, b.length);
        return all;
    }
}
