package memoria.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import memoria.diffusion.Noise;
import org.junit.jupiter.api.Test;

class MatchesTest {

    private static final Band HIGH = new Band("high", -0.5, Double.POSITIVE_INFINITY);
    private static final Bootstrap BOOTSTRAP = Bootstrap.seed(1).resamples(200);

    /** Matches of a model that copies training image i with probability p_i, and else nothing. */
    private static Matches generated(double[] p, int n, long seed) {
        double[] u = Noise.uniform("test/matches", seed, 0, n);
        int[] index = new int[n];
        double[] similarity = new double[n];
        for (int k = 0; k < n; k++) {
            int i = 0;
            double left = u[k];
            while (i < p.length && left >= p[i]) {
                left -= p[i++];
            }
            index[k] = i;
            similarity[k] = i < p.length ? -0.1 : -1;
        }
        return Matches.of(index, similarity);
    }

    private static double[] decreasing(int count, double mass) {
        double total = IntStream.rangeClosed(1, count).mapToDouble(i -> 1.0 / i).sum();
        return IntStream.rangeClosed(1, count).mapToDouble(i -> mass / i / total).toArray();
    }

    @Test
    void scoresCountTheBestMatchInItsBandAlone() {
        Matches m = Matches.of(new int[] {7, 7, 3, 5, 9}, new double[] {-0.1, -0.2, -0.3, -0.6, 0});
        assertThat(m.ams(HIGH).estimate()).isEqualTo(4.0 / 5);
        assertThat(m.ums(HIGH, 5, BOOTSTRAP).estimate()).isEqualTo(3.0 / 5);
        Band mid = new Band("mid", -0.6, -0.5);
        assertThat(m.ams(mid).estimate()).isEqualTo(1.0 / 5);
        assertThat(m.hits(HIGH)).containsExactly(2, 1, 1);
        assertThat(m.rows(HIGH)).containsExactly(4, 0, 1, 2);
    }

    @Test
    void umsOfFewerImagesIsTheMeanOverAllChoices() {
        Matches m = Matches.of(new int[] {1, 1, 2, 3}, new double[] {0, 0, 0, -1});
        // The six pairs of the images 1a 1b 2 x hold 1, 2, 1, 2, 1, 1 different copies.
        assertThat(m.ums(HIGH, 2, BOOTSTRAP).estimate()).isCloseTo(8.0 / 6 / 2, within(1e-12));
        assertThat(m.ums(HIGH, 1, BOOTSTRAP).estimate()).isEqualTo(m.ams(HIGH).estimate());
    }

    @Test
    void umsIntervalsHoldTheTrueValue() {
        double[] p = decreasing(40, 0.3);
        int held = 0;
        for (int run = 0; run < 20; run++) {
            Interval ums = generated(p, 400, run).ums(HIGH, 200, BOOTSTRAP);
            held += ums.contains(Uniqueness.expected(p, 200) / 200) ? 1 : 0;
        }
        assertThat(held).isGreaterThanOrEqualTo(16);
    }

    @Test
    void differencesOfMethodsAreSignedAndHoldZeroForEqualOnes() {
        double[] p = decreasing(20, 0.2);
        Matches first = generated(p, 600, 1);
        Matches second = generated(p, 600, 2);
        Matches more = generated(decreasing(40, 0.6), 600, 3);
        assertThat(first.amsAbove(HIGH, second, BOOTSTRAP).contains(0)).isTrue();
        assertThat(first.umsAbove(HIGH, 100, second, BOOTSTRAP).contains(0)).isTrue();
        assertThat(more.amsAbove(HIGH, first, BOOTSTRAP).low()).isPositive();
        assertThat(more.umsAbove(HIGH, 100, first, BOOTSTRAP).low()).isPositive();
    }

    @Test
    void topIsThePercentileOfTable3() {
        double[] scores = IntStream.rangeClosed(1, 1000).mapToDouble(i -> i).toArray();
        Matches m = Matches.of(new int[1000], scores);
        assertThat(m.top(0.001, BOOTSTRAP).estimate()).isEqualTo(1000);
        assertThat(m.top(0.05, BOOTSTRAP).estimate()).isEqualTo(951);
        assertThat(m.top(1, BOOTSTRAP).estimate()).isEqualTo(1);
    }

    @Test
    void partsPutTogetherAreTheWhole() {
        Matches m = generated(decreasing(5, 0.5), 50, 4);
        Matches joined = m.slice(0, 20).and(m.slice(20, 50));
        assertThat(joined.index()).containsExactly(m.index());
        assertThat(joined.similarity()).containsExactly(m.similarity());
    }

    @Test
    void uniqueImagesFollowTheClosedForm() {
        double[] p = decreasing(30, 0.4);
        double mean =
                IntStream.range(0, 300)
                        .map(run -> generated(p, 150, run).hits(HIGH).length)
                        .average()
                        .orElseThrow();
        assertThat(mean).isCloseTo(Uniqueness.expected(p, 150), within(0.35));
        assertThat(Uniqueness.expected(new double[] {1, 0}, 3)).isEqualTo(1);
        assertThat(Uniqueness.expected(new double[] {1, 0.5}, 0)).isZero();
    }

    @Test
    void halfOfTheImagesPredictTheOtherHalf() {
        double[] p = decreasing(30, 0.4);
        int[] n = IntStream.rangeClosed(1, 5).map(k -> 100 * k).toArray();
        int held = 0;
        for (int run = 0; run < 10; run++) {
            Uniqueness fit = Uniqueness.fit(generated(p, 500, 2L * run), HIGH);
            double[] other = Uniqueness.fit(generated(p, 500, 2L * run + 1), HIGH).curve(n);
            for (int k = 0; k < n.length; k++) {
                held += fit.predict(n[k], run).contains(other[k]) ? 1 : 0;
            }
        }
        assertThat(held).isGreaterThanOrEqualTo(44);
    }

    @Test
    void bandsOfTheNullHoldTheirShareOfUnseenImages() {
        double[] unseen = Noise.gaussian("test/null", 1, 0, 4000);
        List<Band> bands = Band.ofNull(unseen);
        long[] counts =
                bands.stream()
                        .mapToLong(b -> Arrays.stream(unseen).filter(b::contains).count())
                        .toArray();
        assertThat(counts).containsExactly(360, 36, 4);
    }

    @Test
    void centredIntervalsLieAroundTheEstimate() {
        double[] different = IntStream.range(0, 100).mapToDouble(i -> i).toArray();
        Interval plain = BOOTSTRAP.of(different, a -> Arrays.stream(a).distinct().count());
        Interval centred =
                BOOTSTRAP.centred().of(different, a -> Arrays.stream(a).distinct().count());
        assertThat(plain.high()).isLessThan(80);
        assertThat(centred.contains(100)).isTrue();
        assertThat(centred.high() - centred.low())
                .isCloseTo(plain.high() - plain.low(), within(1e-9));
    }
}
