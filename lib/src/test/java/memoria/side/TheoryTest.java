package memoria.side;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import memoria.data.Images;
import memoria.diffusion.Noise;
import memoria.metrics.Interval;
import org.junit.jupiter.api.Test;

class TheoryTest {

    private static final Mixture CLUSTERS =
            Mixture.of(
                    new double[] {1, 2, 1},
                    new double[][] {{3, 0}, {-2, 1}, {0, -3}},
                    new double[] {0.4, 0.7, 0.5});

    /** Component 0 is a crowd in the middle, 1 and 2 are far apart and together a wide label around it. */
    private static final Mixture CROWD =
            Mixture.of(
                    new double[] {8, 1, 1},
                    new double[][] {{0, 0}, {5, 0}, {-5, 0}},
                    new double[] {0.3, 0.3, 0.3});

    @Test
    void momentsAndDensityAreThoseOfTheSamples() {
        double[][] x = Mixture.rows(CLUSTERS.sample(50_000, 1));
        double[] mean = CLUSTERS.mean();
        for (int j = 0; j < 2; j++) {
            int axis = j;
            assertThat(Arrays.stream(x).mapToDouble(p -> p[axis]).average().orElseThrow())
                    .isCloseTo(mean[j], within(0.02));
        }
        assertThat(
                        Arrays.stream(x)
                                .mapToDouble(p -> Mixture.squared(p, mean))
                                .average()
                                .getAsDouble())
                .isCloseTo(CLUSTERS.spread(), within(0.03));
        double mass = 0;
        for (double a = -8; a < 8; a += 0.05) {
            for (double b = -8; b < 8; b += 0.05) {
                mass += 0.05 * 0.05 * Math.exp(CLUSTERS.logDensity(new double[] {a, b}));
            }
        }
        assertThat(mass).isCloseTo(1, within(1e-6));
    }

    @Test
    void memorizationOfOneGaussianIsItsDivergence() {
        Mixture p = Mixture.of(new double[] {1}, new double[][] {{1, 2, 0}}, new double[] {0.5});
        Images training = Images.of(new float[] {1, 1, 1, 0, 2, 0}, 2, 3, 1, 1);
        double eps = 0.1;
        double expected = 0;
        for (double[] xi : Mixture.rows(training)) {
            expected +=
                    3 * Math.log(eps / 0.5)
                            - 1.5
                            + (3 * 0.25 + Mixture.squared(xi, p.mean())) / (2 * eps * eps);
        }
        Interval measured = PointwiseMemorization.at(training, eps).of(p, 20_000, 3);
        assertThat(measured.estimate()).isCloseTo(expected, within(0.03 * expected));
        assertThat(measured.contains(expected)).isTrue();
    }

    @Test
    void aModelCloserToTheTrainingPointsMemorizesThemMore() {
        Images training = CLUSTERS.labelled(0).sample(20, 4);
        PointwiseMemorization m = PointwiseMemorization.at(training, 0.05);
        assertThat(m.of(CLUSTERS.labelled(0), 2000, 5).high())
                .isLessThan(m.of(CLUSTERS, 2000, 5).low());
    }

    @Test
    void measuredRatiosMeetTheClosedFormWhereTheConditionHoldsAndWhereItFails() {
        for (Theorem1 setting :
                List.of(
                        new Theorem1(CLUSTERS, CLUSTERS.labelled(0)),
                        new Theorem1(CLUSTERS, CLUSTERS.labelled(0, 1)),
                        new Theorem1(CLUSTERS, CLUSTERS),
                        new Theorem1(CROWD, CROWD.labelled(1, 2)))) {
            Images training = setting.labelled().sample(200, 7);
            double closed = setting.limit(training);
            Interval measured =
                    PointwiseMemorization.at(training, 1e-3)
                            .ratio(setting.labelled(), setting.all(), 3000, 8);
            assertThat(measured.estimate()).isCloseTo(closed, within(0.04 * closed));
            assertThat(closed).isCloseTo(setting.limit(), within(0.2 * closed));
            assertThat(setting.limit() > 1).isEqualTo(setting.margin() < 0);
        }
        assertThat(new Theorem1(CROWD, CROWD.labelled(1, 2)).limit()).isGreaterThan(1.3);
        assertThat(new Theorem1(CLUSTERS, CLUSTERS).limit()).isEqualTo(1);
    }

    @Test
    void generatedPointsAloneGiveTheSameRatio() {
        Theorem1 setting = new Theorem1(CLUSTERS, CLUSTERS.labelled(2));
        Images training = setting.labelled().sample(100, 1);
        double measured =
                Theorem1.measured(
                        training, setting.labelled().sample(5000, 2), CLUSTERS.sample(5000, 3));
        assertThat(measured).isCloseTo(setting.limit(training), within(0.02));
    }

    @Test
    void randomLabelsHelpTheMoreTheFewerPointsShareOne() {
        Images points = CLUSTERS.sample(60, 9);
        for (int n : new int[] {1, 2, 5, 20, 60}) {
            double with = 0;
            double without = 0;
            for (int run = 0; run < 20; run++) {
                int[] order = order(60, run);
                for (int from = 0; from < 60; from += n) {
                    Images label = points.select(Arrays.copyOfRange(order, from, from + n));
                    with += Theorem1.distance(label, label);
                    without += Theorem1.distance(label, points);
                }
            }
            assertThat(with / without).isCloseTo(Theorem1.randomLabels(n, 60), within(0.03));
        }
    }

    private static int[] order(int n, long seed) {
        double[] u = Noise.uniform("test/order", seed, 0, n);
        return IntStream.range(0, n)
                .boxed()
                .sorted((a, b) -> Double.compare(u[a], u[b]))
                .mapToInt(i -> i)
                .toArray();
    }

    @Test
    void duplicatesComeFromAtomsAlone() {
        assertThat(Duplication.probability(new double[0], 1_000_000)).isZero();
        assertThat(Duplication.probability(new double[] {0.3}, 1)).isCloseTo(0, within(1e-12));
        double once = Math.pow(0.99, 50) + 50 * 0.01 * Math.pow(0.99, 49);
        assertThat(Duplication.probability(new double[] {0.01}, 50))
                .isCloseTo(1 - once, within(1e-12));
        assertThat(Duplication.probability(new double[] {0.01}, 5000)).isCloseTo(1, within(1e-12));
        // Twenty-three birthdays.
        double[] days = new double[365];
        Arrays.fill(days, 1 / 365.0);
        assertThat(Duplication.probability(days, 23)).isCloseTo(0.5073, within(1e-4));
        assertThat(Duplication.probability(days, 366)).isCloseTo(1, within(1e-12));
    }

    @Test
    void theProbabilityOfDuplicatesIsTheirFrequency() {
        double[] atoms = {0.02, 0.01, 0.005};
        for (int n : new int[] {20, 60, 200}) {
            assertThat(Duplication.simulated(atoms, n, 1500, n).estimate())
                    .isCloseTo(Duplication.probability(atoms, n), within(0.05));
        }
        assertThat(Duplication.simulated(new double[0], 50, 20, 1).estimate()).isZero();
    }

    @Test
    void nearDuplicatesFallWithTheDimension() {
        for (int d : new int[] {1, 2, 3}) {
            double[] u = Noise.uniform("test/cube", d, 0, 1500 * d);
            float[] values = new float[u.length];
            IntStream.range(0, u.length).forEach(i -> values[i] = (float) u[i]);
            Images points = Images.of(values, 1500, d, 1, 1);
            double[] share = Duplication.closePairs(points, 0.05, 0.1);
            assertThat(Math.log(share[1] / share[0]) / Math.log(2)).isCloseTo(d, within(0.25));
        }
    }
}
