package memoria.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import tech.tablesaw.api.Table;

class RegressionTest {

    /** Anscombe's first set (1973). */
    private static final double[] X = {10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5};

    private static final double[] Y = {
        8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68
    };

    /** 97.5% quantile of Student's t with 9 degrees of freedom. */
    private static final double T = 2.262157;

    @Test
    void theLineOfAnscombesFirstSetIsTheOneInTheBooks() {
        Regression line = Regression.of(X, Y);
        assertThat(line.slope().estimate()).isCloseTo(0.5000909, within(1e-6));
        assertThat(line.slope().high()).isCloseTo(0.5000909 + T * 0.1179055, within(1e-5));
        assertThat(line.intercept().estimate()).isCloseTo(3.0000909, within(1e-6));
        assertThat(line.intercept().low()).isCloseTo(3.0000909 - T * 1.1247468, within(1e-5));
        assertThat(line.rSquared()).isCloseTo(0.6665425, within(1e-6));
        assertThat(line.correlation()).isCloseTo(0.8164205, within(1e-6));
        assertThat(line.significance()).isCloseTo(0.00217, within(1e-5));
    }

    @Test
    void theBandIsNarrowestAtTheMeanAndAPredictionIsWider() {
        Regression line = Regression.of(X, Y);
        double s = 1.236603;
        assertThat(line.line(9).high()).isCloseTo(7.500909 + T * s / Math.sqrt(11), within(1e-4));
        assertThat(line.prediction(9).high())
                .isCloseTo(7.500909 + T * s * Math.sqrt(1 + 1.0 / 11), within(1e-4));
        assertThat(width(line.line(14))).isGreaterThan(width(line.line(9)));
        assertThat(width(line.level(0.5).line(9))).isLessThan(width(line.line(9)));
        Table band = line.band(4, 14, 11);
        assertThat(band.doubleColumn("line").getDouble(5)).isCloseTo(7.500909, within(1e-5));
        assertThat(band.doubleColumn("high").getDouble(10)).isEqualTo(line.line(14).high());
    }

    private static double width(Interval interval) {
        return interval.high() - interval.low();
    }

    @Test
    void theBandHoldsTheTrueLineAsOftenAsItSays() {
        SplittableRandom random = new SplittableRandom(1);
        int held = 0;
        for (int run = 0; run < 1000; run++) {
            double[] y = Arrays.stream(X).map(x -> 2 - x + random.nextGaussian()).toArray();
            held += Regression.of(X, y).line(5).contains(-3) ? 1 : 0;
        }
        assertThat(held).isBetween(925, 973);
    }

    @Test
    void rankCorrelationsFollowOrderNotScale() {
        double[] x = {1, 2, 3, 4, 5};
        double[] y = {5, 6, 7, 8, 7};
        double[] cubed = Arrays.stream(x).map(v -> v * v * v).toArray();
        assertThat(Correlation.spearman(x, y)).isCloseTo(0.8207827, within(1e-6));
        assertThat(Correlation.spearman(cubed, y)).isEqualTo(Correlation.spearman(x, y));
        assertThat(Correlation.kendall(x, y)).isCloseTo(7 / Math.sqrt(90), within(1e-12));
        assertThat(Correlation.kendall(x, cubed)).isEqualTo(1);
    }

    @Test
    void aCorrelationsIntervalKeepsThePairsTogether() {
        Interval rho = Correlation.spearman(X, Y, Bootstrap.seed(1));
        assertThat(rho.estimate()).isEqualTo(Correlation.spearman(X, Y));
        assertThat(rho.low()).isBetween(0.2, 0.7);
        assertThat(rho.high()).isBetween(0.9, 1.0);
        double[] same = X.clone();
        assertThat(Correlation.kendall(X, same, Bootstrap.seed(1).resamples(100)).low())
                .isEqualTo(1);
    }

    @Test
    void anAreaOfSeparatedGroupsHasAnIntervalThatShrinksWithTheirSize() {
        Roc few = Roc.of(new double[] {2, 3, 4}, new double[] {0, 1});
        double[] high = new SplittableRandom(2).doubles(200, 2, 3).toArray();
        double[] low = new SplittableRandom(3).doubles(200, 0, 1).toArray();
        Interval wide = few.auc(0.95);
        Interval narrow = Roc.of(high, low).auc(0.95);
        assertThat(wide.high()).isEqualTo(1);
        assertThat(wide.low()).isBetween(0.3, 0.8);
        assertThat(narrow.low()).isBetween(0.97, 0.999);
        assertThat(Roc.of(low, high).auc(0.95).high()).isCloseTo(1 - narrow.low(), within(1e-9));
        assertThat(Roc.of(X, X).auc(0.95).contains(0.5)).isTrue();
    }

    @Test
    void theRateAtOnePercentFalseAlarmsHasAnInterval() {
        double[] negatives = new SplittableRandom(4).doubles(500).toArray();
        double[] positives = new SplittableRandom(5).doubles(100, 0.5, 1.5).toArray();
        Roc roc = Roc.of(positives, negatives);
        Interval rate = roc.truePositiveRate(0.01, Bootstrap.seed(6).resamples(500));
        assertThat(rate.estimate()).isEqualTo(roc.truePositiveRate(0.01));
        assertThat(rate.low()).isLessThan(rate.estimate());
        assertThat(rate.contains(0.5)).isTrue();
    }

    @Test
    void badInputIsNamed() {
        double[] two = {1, 2};
        double[] flat = {3, 3, 3};
        assertThatThrownBy(() -> Regression.of(two, two))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("x, y: 2 and 2", "three or more");
        assertThatThrownBy(() -> Regression.of(flat, new double[] {1, 2, 3}))
                .hasMessageContainingAll("x: all values are 3.0", "two different");
        assertThatThrownBy(() -> Regression.of(X, Y).band(3, 3, 5))
                .hasMessageContaining("3.0, 3.0");
        assertThatThrownBy(() -> Correlation.spearman(two, flat)).hasMessageContaining("2 and 3");
        assertThatThrownBy(() -> Correlation.kendall(flat, new double[] {1, 2, 3}))
                .hasMessageContaining("x: all values are 3.0");
        assertThatThrownBy(() -> Correlation.spearman(two, new double[] {1, Double.NaN}))
                .hasMessageContaining("y: value 1 is not a number");
        assertThatThrownBy(() -> Roc.of(two, two).auc(1.0)).hasMessageContaining("level: 1.0");
    }
}
