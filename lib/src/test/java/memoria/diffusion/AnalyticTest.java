package memoria.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import memoria.data.Images;
import memoria.torch.Autograd;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import org.junit.jupiter.api.Test;

class AnalyticTest {

    private static final Shape POINT = new Shape(3, 1, 1);
    private final NoiseSchedule schedule = NoiseSchedule.cosine(100);

    private float[] predict(Analytic model, double t, float... x) {
        return Scope.use(
                () -> {
                    NDArray tensor =
                            Tensors.of(model.manager(), x, new Shape(x.length / 3, 3, 1, 1));
                    double[] times = new double[x.length / 3];
                    java.util.Arrays.fill(times, t);
                    return model.predict(tensor, times, Condition.none()).epsilon().toFloatArray();
                });
    }

    @Test
    void theScoreOfAGaussianIsThatOfItsNoisyCovariance() {
        double[][] directions = {{0.6, 0.8, 0}, {0, 0, 1}};
        double[] mean = {1, 2, 3};
        try (Analytic model =
                Analytic.gaussian(schedule, POINT, mean, directions, new double[] {4, 0.25})) {
            double t = 30.5;
            double a = schedule.alphaBar(t);
            float[] epsilon = predict(model, t, 0.5f, -1, 2);
            double[] r = {0.5 - Math.sqrt(a), -1 - 2 * Math.sqrt(a), 2 - 3 * Math.sqrt(a)};
            double along = 0.6 * r[0] + 0.8 * r[1];
            double across = -0.8 * r[0] + 0.6 * r[1];
            double sd = Math.sqrt(1 - a);
            double p = along / (4 * a + 1 - a) * sd;
            double q = across / (1 - a) * sd;
            assertThat(epsilon[0]).isCloseTo((float) (0.6 * p - 0.8 * q), within(1e-5f));
            assertThat(epsilon[1]).isCloseTo((float) (0.8 * p + 0.6 * q), within(1e-5f));
            assertThat(epsilon[2])
                    .isCloseTo((float) (r[2] / (0.25 * a + 1 - a) * sd), within(1e-5f));
        }
    }

    @Test
    void withoutDirectionsAllDataIsTheMean() {
        try (Analytic model =
                Analytic.gaussian(
                        schedule, POINT, new double[] {1, 2, 3}, new double[0][], new double[0])) {
            double t = 50;
            float s = (float) Math.sqrt(schedule.alphaBar(t));
            assertThat(predict(model, t, s, 2 * s, 3 * s))
                    .containsExactly(new float[3], within(1e-6f));
        }
    }

    @Test
    void aFiniteSetPullsTowardsItsImagesByDistanceAndWeight() {
        Images two = Images.of(new float[] {1, 0, 0, -1, 0, 0}, 2, 3, 1, 1);
        try (Analytic model = Analytic.finite(schedule, two, 3, 1)) {
            double t = 60;
            double a = schedule.alphaBar(t);
            double x = 0.2;
            double odds = 3 * Math.exp(2 * x * Math.sqrt(a) / (1 - a));
            double x0Hat = (odds - 1) / (odds + 1);
            float expected = (float) ((x - Math.sqrt(a) * x0Hat) / Math.sqrt(1 - a));
            float[] epsilon = predict(model, t, 0.2f, 0.3f, 0);
            assertThat(epsilon[0]).isCloseTo(expected, within(1e-5f));
            assertThat(epsilon[1]).isCloseTo((float) (0.3 / Math.sqrt(1 - a)), within(1e-5f));
        }
    }

    @Test
    void predictionsAreDifferentiable() {
        Images two = Images.of(new float[] {1, 0, 0, -1, 0, 0}, 2, 3, 1, 1);
        try (Analytic model = Analytic.finite(schedule, two)) {
            double[] t = {40};
            float[] slope =
                    Scope.use(
                            () ->
                                    Autograd.on(
                                            () -> {
                                                NDArray x =
                                                        Autograd.leaf(
                                                                model.manager()
                                                                        .zeros(
                                                                                new Shape(
                                                                                        1, 3, 1,
                                                                                        1)));
                                                NDArray y =
                                                        model.predict(x, t, Condition.none())
                                                                .epsilon();
                                                return Autograd.grad(y.sum(), x, false)
                                                        .toFloatArray();
                                            }));
            float h = 1e-3f;
            float difference =
                    (predict(model, 40, h, 0, 0)[0] - predict(model, 40, -h, 0, 0)[0]) / (2 * h);
            assertThat(slope[0]).isCloseTo(difference, within(2e-3f));
        }
    }

    private Analytic gaussian() {
        return Analytic.gaussian(
                schedule,
                POINT,
                new double[] {0.2, 0, -0.1},
                new double[][] {{1, 0, 0}},
                new double[] {0.3});
    }

    private Analytic finite() {
        Images two = Images.of(new float[] {1, 0.5f, 0, -1, 0, 0.3f}, 2, 3, 1, 1);
        return Analytic.finite(schedule, two, 3, 1);
    }

    @Test
    void predictionsAreTheScoreOfTheDensity() {
        for (Analytic model :
                List.of(
                        gaussian(),
                        finite(),
                        Analytic.mixture(new double[] {1, 3}, gaussian(), finite()))) {
            for (double t : new double[] {3, 40, 90}) {
                float[] score = scoreOf(model, t, 0.3f, -0.2f, 0.1f);
                float[] epsilon = predict(model, t, 0.3f, -0.2f, 0.1f);
                for (int j = 0; j < 3; j++) {
                    double expected = -epsilon[j] / schedule.noiseStd(t);
                    assertThat((double) score[j])
                            .isCloseTo(expected, within(1e-4 * (1 + Math.abs(expected))));
                }
            }
            model.close();
        }
    }

    private static float[] scoreOf(Analytic model, double t, float... x) {
        return Scope.use(
                () ->
                        Autograd.on(
                                () -> {
                                    NDArray at =
                                            Tensors.of(model.manager(), x, new Shape(1, 3, 1, 1));
                                    NDArray leaf = Autograd.leaf(at);
                                    NDArray log = model.logDensity(leaf, new double[] {t});
                                    return Autograd.grad(log.sum(), leaf, false).toFloatArray();
                                }));
    }

    @Test
    void aModelOutlivesTheScopeItWasMadeIn() {
        Analytic model =
                Scope.use(() -> Analytic.mixture(new double[] {1, 3}, gaussian(), finite()));
        assertThat(predict(model, 40, 0.3f, -0.2f, 0.1f)).hasSize(3);
        model.close();
    }

    @Test
    void aMixturesDensityIsTheWeightedSumOfItsParts() {
        double[] t = {30};
        try (Analytic one = gaussian();
                Analytic other = finite();
                Analytic both = Analytic.mixture(new double[] {1, 3}, gaussian(), finite())) {
            NDArray x =
                    Tensors.of(both.manager(), new float[] {0.4f, 0.1f, 0}, new Shape(1, 3, 1, 1));
            double expected =
                    0.25 * Math.exp(one.logDensity(x, t).getDouble())
                            + 0.75 * Math.exp(other.logDensity(x, t).getDouble());
            assertThat(Math.exp(both.logDensity(x, t).getDouble()))
                    .isCloseTo(expected, within(1e-6 * expected));
        }
    }

    @Test
    void malformedDataIsRefused() {
        Images one = Images.of(new float[3], 1, 3, 1, 1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Analytic.finite(schedule, one.first(0)));
        assertThatIllegalArgumentException().isThrownBy(() -> Analytic.finite(schedule, one, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> Analytic.finite(schedule, one, 1, 1));
        double[][] skewed = {{1, 0, 0}, {1, 1, 0}};
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () ->
                                Analytic.gaussian(
                                        schedule, POINT, new double[3], skewed, new double[2]))
                .withMessageStartingWith("directions: ");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Analytic.mixture(new double[0]))
                .withMessageStartingWith("weights, parts: [] for 0 parts");
        try (Analytic model = Analytic.finite(schedule, one)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Analytic.mixture(new double[] {-1}, model))
                    .withMessageStartingWith("weights, parts: [-1.0] for 1 parts");
            assertThatIllegalArgumentException()
                    .isThrownBy(
                            () ->
                                    model.predict(
                                            model.manager().zeros(new Shape(1, 2, 1, 1)),
                                            new double[1],
                                            Condition.none()))
                    .withMessageStartingWith("x: shape (1, 2, 1, 1)");
        }
    }
}
