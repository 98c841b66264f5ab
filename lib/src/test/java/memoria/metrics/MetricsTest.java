package memoria.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.apache.commons.math3.distribution.BinomialDistribution;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class MetricsTest {

    @ParameterizedTest
    @CsvSource({
        "0, 1000, at most 0.30%",
        "0, 64, at most 4.6%",
        "64, 64, at least 95.4%",
        "23, 1000, 2.3% (1.5% to 3.4%)",
        "1, 1000, 0.10% (0.0025% to 0.56%)",
        "50, 100, 50% (40% to 60%)"
    })
    void sharesReadAsPeopleSayThem(long successes, long trials, String words) {
        assertThat(Interval.proportion(successes, trials).percent()).isEqualTo(words);
    }

    @ParameterizedTest
    @CsvSource({"1, 10", "3, 10", "9, 10", "20, 50", "999, 1000", "7, 100000"})
    void theExactIntervalEndsWhereTheTailsHoldTheError(int k, int n) {
        Interval interval = Interval.proportion(k, n, 0.9);
        double upper =
                new BinomialDistribution(null, n, interval.low()).cumulativeProbability(k - 1);
        double lower = new BinomialDistribution(null, n, interval.high()).cumulativeProbability(k);
        assertThat(1 - upper).isCloseTo(0.05, within(1e-6));
        assertThat(lower).isCloseTo(0.05, within(1e-6));
        assertThat(interval.contains((double) k / n)).isTrue();
        assertThat(interval.contains(interval.high() + 1e-9)).isFalse();
    }

    @Test
    void nothingOfManyHasAllItsErrorAtTheUpperEnd() {
        Interval none = Interval.proportion(0, 1000);
        assertThat(none.low()).isZero();
        assertThat(Math.pow(1 - none.high(), 1000)).isCloseTo(0.05, within(1e-12));
        Interval all = Interval.proportion(1000, 1000);
        assertThat(1 - all.low()).isCloseTo(none.high(), within(1e-12));
    }

    @Test
    void bootstrapIntervalsHoldTheTruthAsOftenAsTheySay() {
        SplittableRandom random = new SplittableRandom(3);
        int mean = 0;
        int median = 0;
        for (int trial = 0; trial < 200; trial++) {
            double[] sample = random.doubles(60).toArray();
            Bootstrap bootstrap = Bootstrap.seed(trial).resamples(300);
            mean += bootstrap.mean(sample).contains(0.5) ? 1 : 0;
            median += bootstrap.median(sample).contains(0.5) ? 1 : 0;
        }
        assertThat(mean).isBetween(180, 199);
        assertThat(median).isBetween(178, 199);
    }

    @Test
    void theSameSeedGivesTheSameInterval() {
        double[] values = new SplittableRandom(1).doubles(40).toArray();
        double[] before = values.clone();
        assertThat(Bootstrap.seed(5).mean(values)).isEqualTo(Bootstrap.seed(5).mean(values));
        assertThat(Bootstrap.seed(5).mean(values)).isNotEqualTo(Bootstrap.seed(6).mean(values));
        assertThat(values).isEqualTo(before);
        Interval wide = Bootstrap.seed(5).level(0.99).mean(values);
        Interval narrow = Bootstrap.seed(5).level(0.5).mean(values);
        assertThat(narrow.low()).isGreaterThan(wide.low());
        assertThat(narrow.high()).isLessThan(wide.high());
        assertThat(wide.estimate())
                .isCloseTo(Arrays.stream(values).average().orElseThrow(), within(1e-12));
        assertThat(Bootstrap.seed(1).median(new double[] {4, 1, 2, 3}).estimate()).isEqualTo(2.5);
    }

    @Test
    void aDifferenceOfTwoSamplesHasAnInterval() {
        SplittableRandom random = new SplittableRandom(7);
        double[] a = random.doubles(200, 1, 2).toArray();
        double[] b = random.doubles(100, 0, 1).toArray();
        Interval difference =
                Bootstrap.seed(1)
                        .of(
                                a,
                                b,
                                (x, y) ->
                                        Arrays.stream(x).average().orElseThrow()
                                                - Arrays.stream(y).average().orElseThrow());
        assertThat(difference.contains(1)).isTrue();
        assertThat(difference.low()).isGreaterThan(0.8);
    }

    @Test
    void theAreaUnderTheCurveCountsPairsAndHalfTheTies() {
        double[] positives = {3, 2, 2, 5};
        double[] negatives = {1, 2, 4};
        double wins = 0;
        for (double p : positives) {
            for (double n : negatives) {
                wins += p > n ? 1 : p == n ? 0.5 : 0;
            }
        }
        Roc roc = Roc.of(positives, negatives);
        assertThat(roc.auc()).isEqualTo(wins / 12);
        assertThat(Roc.of(negatives, positives).auc()).isCloseTo(1 - wins / 12, within(1e-12));
        assertThat(Roc.of(new double[] {1, 1}, new double[] {1}).auc()).isEqualTo(0.5);
        double infinite = Double.POSITIVE_INFINITY;
        assertThat(Roc.of(new double[] {infinite}, new double[] {infinite, 0}).auc())
                .isEqualTo(0.75);
        Interval interval = roc.auc(Bootstrap.seed(1));
        assertThat(interval.estimate()).isEqualTo(roc.auc());
        assertThat(interval.low()).isLessThan(roc.auc());
        assertThat(interval.high()).isGreaterThan(roc.auc());
    }

    @Test
    void theCurveRunsFromNothingToEverythingAndEnclosesTheArea() {
        SplittableRandom random = new SplittableRandom(2);
        double[] positives = random.doubles(50, 0.3, 1.3).map(x -> Math.round(x * 20)).toArray();
        double[] negatives = random.doubles(80, 0, 1).map(x -> Math.round(x * 20)).toArray();
        Roc roc = Roc.of(positives, negatives);
        var table = roc.table();
        double area = 0;
        for (int i = 1; i < table.rowCount(); i++) {
            double x = table.doubleColumn(1).getDouble(i) - table.doubleColumn(1).getDouble(i - 1);
            double y = table.doubleColumn(2).getDouble(i) + table.doubleColumn(2).getDouble(i - 1);
            assertThat(x).isNotNegative();
            area += x * y / 2;
        }
        int last = table.rowCount() - 1;
        assertThat(table.doubleColumn(1).getDouble(last)).isEqualTo(1);
        assertThat(table.doubleColumn(2).getDouble(last)).isEqualTo(1);
        assertThat(area).isCloseTo(roc.auc(), within(1e-12));
    }

    @Test
    void thePositivesFoundAtARateOfFalseAlarms() {
        double[] negatives = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
        Roc roc = Roc.of(new double[] {9.5, 10, 10.5, 11}, negatives);
        assertThat(roc.truePositiveRate(0)).isEqualTo(0.5);
        assertThat(roc.truePositiveRate(0.1)).isEqualTo(1);
    }

    static Stream<Arguments> bad() {
        double[] none = {};
        double[] one = {1};
        double[] nan = {1, Double.NaN};
        Bootstrap bootstrap = Bootstrap.seed(1);
        return Stream.of(
                bad("5 of 4", () -> Interval.proportion(5, 4)),
                bad("-1 of 4", () -> Interval.proportion(-1, 4)),
                bad("0 of 0", () -> Interval.proportion(0, 0)),
                bad("level: 1.0", () -> Interval.proportion(0, 1, 1)),
                bad("level: NaN", () -> bootstrap.level(Double.NaN)),
                bad("low, high: 2.0, 1.0", () -> new Interval(1, 2, 1, 0.5)),
                bad("count: 99", () -> bootstrap.resamples(99)),
                bad("first: no values", () -> bootstrap.mean(none)),
                bad("first: value 1 is not a number", () -> bootstrap.median(nan)),
                bad("second: no values", () -> bootstrap.of(one, none, (a, b) -> 0)),
                bad("positives: no values", () -> Roc.of(none, one)),
                bad("negatives: value 1", () -> Roc.of(one, nan)),
                bad("falsePositiveRate: 1.0", () -> Roc.of(one, one).truePositiveRate(1)));
    }

    private static Arguments bad(String message, ThrowingCallable call) {
        return arguments(message, call);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("bad")
    void badInputIsNamed(String message, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void scoresThatAreLowForPositivesGiveTheMirroredCurve() {
        double[] low = {1, 2, 5};
        double[] high = {4, 6, 7};
        assertThat(Roc.ofLow(low, high).auc()).isEqualTo(8.0 / 9);
        assertThat(Roc.of(low, high).auc()).isEqualTo(1.0 / 9);
    }
}
