package memoria.side;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.List;
import memoria.artifact.Labels;
import memoria.artifact.ModelId;
import memoria.data.Images;
import memoria.diffusion.Analytic;
import memoria.diffusion.Ddim;
import memoria.diffusion.Noise;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Seeds;
import memoria.network.FeatureNetwork;
import memoria.network.Params;
import memoria.network.ResNet;
import memoria.network.ResNetConfig;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import memoria.training.ImplicitLabels;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class SurrogateTest {

    private static Surrogate surrogate(ResNetConfig.Time time, int classes) {
        return Surrogate.of(new ModelId("s", "ab".repeat(32)), network(time, classes));
    }

    private static FeatureNetwork network(ResNetConfig.Time time, int classes) {
        ResNetConfig config = ResNetConfig.small(1, 4, classes, 1, 1).optTime(time, 10);
        Params params = Params.fresh(Torch.manager(), 3);
        return new FeatureNetwork(new ResNet(config, params), new Shape(1, 4, 4), new JsonObject());
    }

    private static double logProbability(Surrogate s, float[] x, double t, int y) {
        return Scope.use(
                () -> {
                    try (NDManager manager = Torch.manager()) {
                        NDArray at = Tensors.of(manager, x, new Shape(1, 1, 4, 4));
                        return (double) s.logProbabilities(at, t).toFloatArray()[y];
                    }
                });
    }

    @BeforeAll
    static void oneThread() {
        Torch.threads(1);
    }

    @Test
    void theGradientIsThatOfTheLabelsLogProbability() {
        for (Surrogate s :
                List.of(
                        surrogate(ResNetConfig.Time.NONE, 3),
                        surrogate(ResNetConfig.Time.ONCE, 3),
                        surrogate(ResNetConfig.Time.ONCE, 7).merged(3, 1))) {
            double[] noise = Noise.gaussian("test/surrogate", 1, 0, 16);
            float[] x = new float[16];
            for (int i = 0; i < 16; i++) {
                x[i] = (float) noise[i];
            }
            float[] gradient =
                    Scope.use(
                            () -> {
                                try (NDManager manager = Torch.manager()) {
                                    NDArray at = Tensors.of(manager, x, new Shape(1, 1, 4, 4));
                                    return s.gradient(at, 40, new long[] {2}).toFloatArray();
                                }
                            });
            for (int i : new int[] {0, 5, 15}) {
                float h = 1e-2f;
                float[] up = x.clone();
                float[] down = x.clone();
                up[i] += h;
                down[i] -= h;
                double slope =
                        (logProbability(s, up, 40, 2) - logProbability(s, down, 40, 2)) / (2 * h);
                assertThat((double) gradient[i]).isCloseTo(slope, within(2e-3));
            }
            s.close();
        }
    }

    @Test
    void strengthIsAPowerPriorAndZeroLeavesTheSamplesAlone() {
        Images two = Images.of(new float[32], 2, 1, 4, 4);
        Seeds seeds = Seeds.range(0, 3);
        try (Analytic model = Analytic.finite(NoiseSchedule.linear(100), two)) {
            Surrogate s = surrogate(ResNetConfig.Time.ONCE, 3);
            Labels labels = Labels.seedModulo(3);
            Images plain = Ddim.steps(5).sample(model, seeds).images();
            Images zero =
                    Ddim.steps(5)
                            .guidedBy(ClassifierGuidance.by(s, labels, 0))
                            .sample(model, seeds)
                            .images();
            assertThat(zero).isEqualTo(plain);
            Images one =
                    Ddim.respaced("1")
                            .clip(false)
                            .guidedBy(ClassifierGuidance.by(s, labels, 1))
                            .sample(model, seeds)
                            .images();
            Images twice =
                    Ddim.respaced("1")
                            .clip(false)
                            .guidedBy(ClassifierGuidance.by(s, labels, 2))
                            .sample(model, seeds)
                            .images();
            Images none = Ddim.respaced("1").clip(false).sample(model, seeds).images();
            float[] a = none.all();
            float[] b = one.all();
            float[] c = twice.all();
            assertThat(one).isNotEqualTo(none);
            for (int i = 0; i < a.length; i++) {
                assertThat(c[i] - a[i]).isCloseTo(2 * (b[i] - a[i]), within(1e-4f));
            }
            s.close();
        }
    }

    @Test
    void pseudoLabelsSumToOneAndAccuracyCountsThem() {
        FeatureNetwork network = network(ResNetConfig.Time.NONE, 3);
        Surrogate s = Surrogate.of(new ModelId("s", "ab".repeat(32)), network);
        double[] u = Noise.uniform("test/surrogate", 2, 0, 20 * 16);
        float[] pixels = new float[u.length];
        for (int i = 0; i < u.length; i++) {
            pixels[i] = (float) (2 * u[i] - 1);
        }
        Images images = Images.of(pixels, 20, 1, 4, 4);
        float[][] p = network.probabilities(images);
        int[] best = new int[20];
        for (int i = 0; i < 20; i++) {
            assertThat(p[i][0] + p[i][1] + p[i][2]).isCloseTo(1, within(1e-5f));
            for (int c = 1; c < 3; c++) {
                best[i] = p[i][c] > p[i][best[i]] ? c : best[i];
            }
        }
        NoiseSchedule schedule = NoiseSchedule.linear(1000);
        var accuracy = s.accuracy(images, best, schedule, 0, 1);
        assertThat(accuracy.estimate()).isGreaterThan(0.7);
        var none = s.accuracyAbove(s, images, best, schedule, 0, 1);
        assertThat(none.low()).isZero();
        assertThat(none.high()).isZero();
        for (int i = 10; i < 20; i++) {
            best[i] = (best[i] + 1) % 3;
        }
        accuracy = s.accuracy(images, best, schedule, 0, 1);
        Surrogate blind = surrogate(ResNetConfig.Time.ONCE, 7).merged(3, 1);
        var above = s.accuracyAbove(blind, images, best, schedule, 0, 1);
        double difference =
                accuracy.estimate() - blind.accuracy(images, best, schedule, 0, 1).estimate();
        assertThat(above.estimate()).isCloseTo(difference, within(1e-12));
        assertThat(above.low()).isLessThan(above.high());
        assertThat(blind.accuracyAbove(s, images, best, schedule, 0, 1).estimate())
                .isCloseTo(-difference, within(1e-12));
        blind.close();
        s.close();
    }

    @Test
    void clustersAreLabelsLargestFirstAndRepeatable() {
        float[][] features = new float[60][2];
        for (int i = 0; i < 60; i++) {
            double[] noise = Noise.gaussian("test/clusters", i, 0, 2);
            int c = i < 35 ? 0 : i < 52 ? 1 : 2;
            features[i][0] = (float) (10 * c + 0.3 * noise[0]);
            features[i][1] = (float) (5 * c * c + 0.3 * noise[1]);
        }
        float[][] labels = ImplicitLabels.kMeans(features, 3, 1);
        assertThat(labels[0]).containsExactly(1, 0, 0);
        assertThat(labels[40]).containsExactly(0, 1, 0);
        assertThat(labels[59]).containsExactly(0, 0, 1);
        assertThat(Arrays.deepEquals(labels, ImplicitLabels.kMeans(features, 3, 1))).isTrue();
        float[][] random = ImplicitLabels.random(3000, 3, 1);
        double share = Arrays.stream(random).mapToDouble(r -> r[1]).average().orElseThrow();
        assertThat(share).isCloseTo(1 / 3.0, within(0.04));
    }
}
