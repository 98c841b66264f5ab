package memoria.metrics;

import java.util.Arrays;
import java.util.stream.IntStream;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.IntColumn;
import tech.tablesaw.api.Table;

/**
 * Precision and recall of accepting what scores low: candidates whose variance lies at or under a threshold, say. Among the candidates
 * some are wanted; an accepted one is right where it is wanted and what came of it is what was wanted, and wrong otherwise.
 *
 * <pre>{@code
 * precision(threshold) = right accepted / accepted,    recall(threshold) = right accepted / wanted
 * }</pre>
 *
 * <p>Recall so counts what was extracted, not what was only noticed; with {@code right} equal to {@code wanted} it is that of a detector.
 */
public final class Retrieval {

    private final double[] score;
    private final boolean[] wanted;
    private final boolean[] right;

    private Retrieval(double[] score, boolean[] wanted, boolean[] right) {
        this.score = score;
        this.wanted = wanted;
        this.right = right;
    }

    /**
     * Candidates that are accepted for low scores.
     *
     * @param score one per candidate
     * @param wanted which of them are to be found, at least one
     * @param right which of the wanted give what was wanted
     * @return the curve
     * @throws IllegalArgumentException if the lengths differ, a score is not a number, nothing is wanted, or one is right that is not wanted
     */
    public static Retrieval ofLow(double[] score, boolean[] wanted, boolean[] right) {
        Bootstrap.requireNumbers("score", score);
        if (wanted.length != score.length || right.length != score.length) {
            throw new IllegalArgumentException(
                    "score, wanted, right: "
                            + score.length
                            + ", "
                            + wanted.length
                            + " and "
                            + right.length
                            + "; equally many are needed");
        }
        if (count(wanted) == 0) {
            throw new IllegalArgumentException("wanted: none of the candidates; at least one");
        }
        for (int i = 0; i < score.length; i++) {
            if (right[i] && !wanted[i]) {
                throw new IllegalArgumentException(
                        "right: candidate " + i + " is right, but it is not wanted");
            }
        }
        return new Retrieval(score.clone(), wanted.clone(), right.clone());
    }

    /**
     * A detector of the wanted.
     *
     * @param positives scores of the wanted, at least one
     * @param negatives scores of the others
     * @return the curve, on which every wanted candidate that is accepted is right
     * @throws IllegalArgumentException if there are no positives or a score is not a number
     */
    public static Retrieval ofLow(double[] positives, double[] negatives) {
        double[] all = Arrays.copyOf(positives, positives.length + negatives.length);
        System.arraycopy(negatives, 0, all, positives.length, negatives.length);
        boolean[] wanted = new boolean[all.length];
        Arrays.fill(wanted, 0, positives.length, true);
        return ofLow(all, wanted, wanted);
    }

    /**
     * Some of the candidates: to choose a threshold on some and report on others.
     *
     * @param rows their places
     * @return their curve
     * @throws IllegalArgumentException if none of them is wanted
     */
    public Retrieval select(int... rows) {
        double[] scores = new double[rows.length];
        boolean[] sought = new boolean[rows.length];
        boolean[] found = new boolean[rows.length];
        for (int i = 0; i < rows.length; i++) {
            scores[i] = score[rows[i]];
            sought[i] = wanted[rows[i]];
            found[i] = right[rows[i]];
        }
        return ofLow(scores, sought, found);
    }

    /**
     * What a threshold gives.
     *
     * @param threshold as asked
     * @param accepted candidates at or under it
     * @param right how many of these are right
     * @param wanted how many there are to be found, at any threshold
     */
    public record At(double threshold, int accepted, int right, int wanted) {

        /**
         * The share of the accepted that is right.
         *
         * @return share with its exact 95% interval; not a number, between 0 and 1, where nothing is accepted
         */
        public Interval precision() {
            return accepted == 0
                    ? new Interval(Double.NaN, 0, 1, 0.95)
                    : Interval.proportion(right, accepted);
        }

        /**
         * The share of the wanted that is accepted and right.
         *
         * @return share with its exact 95% interval
         */
        public Interval recall() {
            return Interval.proportion(right, wanted);
        }
    }

    /**
     * Precision and recall at a threshold.
     *
     * @param threshold any number
     * @return the counts and their shares
     */
    public At at(double threshold) {
        int accepted = 0;
        int hits = 0;
        for (int i = 0; i < score.length; i++) {
            if (score[i] <= threshold) {
                accepted++;
                hits += right[i] ? 1 : 0;
            }
        }
        return new At(threshold, accepted, hits, count(wanted));
    }

    /**
     * The threshold that finds most at a precision: it lies halfway between the largest score at or under which at least that share is right
     * and the next candidate's, so that it favours neither on other candidates.
     *
     * @param precision in (0, 1]
     * @return a threshold; minus infinity, which accepts nothing, where no threshold is so precise
     * @throws IllegalArgumentException if the precision is out of range
     */
    public double threshold(double precision) {
        if (!(precision > 0 && precision <= 1)) {
            throw new IllegalArgumentException(
                    "precision: " + precision + "; above 0 and at most 1 is legal");
        }
        int[] order = order();
        int hits = 0;
        double best = Double.NEGATIVE_INFINITY;
        for (int k = 0; k < order.length; k++) {
            hits += right[order[k]] ? 1 : 0;
            boolean last = k + 1 == order.length || score[order[k + 1]] > score[order[k]];
            // The product of decimal fractions may exceed the whole number that is meant.
            if (last && hits >= precision * (k + 1) * (1 - 1e-12)) {
                double here = score[order[k]];
                best = k + 1 == order.length ? here : (here + score[order[k + 1]]) / 2;
            }
        }
        return best;
    }

    /**
     * The recall at a precision, with the threshold chosen on the same candidates; wanted and other candidates are resampled separately, and
     * the threshold is chosen anew in each resample.
     *
     * @param precision in (0, 1]
     * @param bootstrap how
     * @return recall and interval
     * @throws IllegalArgumentException if the precision is out of range, or there are no candidates that are not wanted
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public Interval recall(double precision, Bootstrap bootstrap) {
        threshold(precision);
        return bootstrap.of(
                places(true),
                places(false),
                (sought, others) -> {
                    int[] rows =
                            IntStream.concat(
                                            Arrays.stream(sought).mapToInt(i -> (int) i),
                                            Arrays.stream(others).mapToInt(i -> (int) i))
                                    .toArray();
                    Retrieval some = select(rows);
                    At at = some.at(some.threshold(precision));
                    return at.right() / (double) at.wanted();
                });
    }

    private double[] places(boolean sought) {
        return IntStream.range(0, score.length)
                .filter(i -> wanted[i] == sought)
                .asDoubleStream()
                .toArray();
    }

    /**
     * The curve, strictest threshold first.
     *
     * @return columns {@code threshold}, {@code accepted}, {@code precision} and {@code recall}, one row per different score
     */
    public Table table() {
        DoubleColumn threshold = DoubleColumn.create("threshold");
        IntColumn accepted = IntColumn.create("accepted");
        DoubleColumn precision = DoubleColumn.create("precision");
        DoubleColumn recall = DoubleColumn.create("recall");
        for (double at : Arrays.stream(score).distinct().sorted().toArray()) {
            At found = at(at);
            threshold.append(at);
            accepted.append(found.accepted());
            precision.append(found.precision().estimate());
            recall.append(found.recall().estimate());
        }
        return Table.create("precision and recall", threshold, accepted, precision, recall);
    }

    private int[] order() {
        return IntStream.range(0, score.length)
                .boxed()
                .sorted((a, b) -> Double.compare(score[a], score[b]))
                .mapToInt(i -> i)
                .toArray();
    }

    private static int count(boolean[] which) {
        int count = 0;
        for (boolean one : which) {
            count += one ? 1 : 0;
        }
        return count;
    }
}
