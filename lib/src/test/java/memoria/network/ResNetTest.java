package memoria.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import memoria.diffusion.Noise;
import memoria.diffusion.Seeds;
import memoria.network.ResNetConfig.Time;
import memoria.torch.Adam;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ResNetTest {

    private static final ResNetConfig SMALL = ResNetConfig.small(1, 8, 5, 1, 1, 1);

    private final NDManager manager = Torch.manager();

    @BeforeAll
    static void oneThread() {
        Torch.threads(1);
    }

    @AfterEach
    void free() {
        manager.close();
    }

    private NDArray images(int rows, long seed) {
        return Noise.tensor(
                manager, "resnet test", Seeds.range(seed, seed + rows), 0, new Shape(1, 8, 8));
    }

    private ResNet fresh(ResNetConfig config) {
        return new ResNet(config, Params.fresh(manager, 3));
    }

    @Test
    void publicNamesAndCountsOfParametersAreTorchvisions() {
        ResNet net = fresh(ResNetConfig.ofDepth(18, 1000));
        long ours = net.params().trainable().values().stream().mapToLong(NDArray::size).sum();
        // torchvision's published count, running statistics not included.
        assertThat(ours).isEqualTo(11_689_512L);
        assertThat(fresh(ResNetConfig.ofDepth(50, 10).optWidth(4)).params().all())
                .containsKeys(
                        "conv1.weight",
                        "bn1.running_var",
                        "layer1.0.downsample.1.running_mean",
                        "layer4.2.conv3.weight",
                        "fc.bias");
    }

    @Test
    void aCheckpointsCountOfBatchesIsLeftOut() {
        Map<String, NDArray> state = new LinkedHashMap<>(fresh(SMALL).params().all());
        state.put("bn1.num_batches_tracked", Tensors.of(manager, 7L));
        ResNet loaded = new ResNet(SMALL, Params.of(manager, state));
        assertThat(loaded.params().all()).doesNotContainKey("bn1.num_batches_tracked");
    }

    @Test
    void anUnknownTensorIsNamed() {
        Map<String, NDArray> state = new LinkedHashMap<>(fresh(SMALL).params().all());
        state.put("layer9.weight", manager.zeros(new Shape(1)));
        assertThatThrownBy(() -> new ResNet(SMALL, Params.of(manager, state)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("layer9.weight");
    }

    @Test
    void inEvaluationARowDoesNotDependOnItsBatch() {
        ResNet net = fresh(SMALL);
        NDArray x = images(6, 0);
        NDArray alone = net.forward(Ops.rows(x, 4));
        assertThat(maxDifference(Ops.rows(net.forward(x), 4), alone)).isLessThan(1e-5);
    }

    @Test
    void inTrainingTheBatchIsNormalisedAndTheRunningStatisticsMoveATenth() {
        ResNet net = fresh(SMALL);
        NDArray x = images(64, 0);
        NDArray conv = Ops.call("conv_bn", x, stemAsIdentity(net), 0, 1, false);
        net.train(x, null);
        float[] mean = net.params().all().get("bn1.running_mean").toFloatArray();
        float[] variance = net.params().all().get("bn1.running_var").toFloatArray();
        NDArray flat = conv.transpose(1, 0, 2, 3).reshape(8, -1);
        float[] expectedMean = flat.mean(new int[] {1}).toFloatArray();
        NDArray centred = flat.sub(flat.mean(new int[] {1}, true));
        float[] expectedVariance = centred.mul(centred).sum(new int[] {1}).toFloatArray();
        long n = 64 * 64;
        for (int c = 0; c < 8; c++) {
            assertThat(mean[c]).isCloseTo(0.1f * expectedMean[c], within(1e-4f));
            assertThat(variance[c])
                    .isCloseTo(0.9f + 0.1f * expectedVariance[c] / (n - 1), within(1e-3f));
        }
    }

    /** The stem's convolution with a normalisation that changes nothing but by eps. */
    private List<NDArray> stemAsIdentity(ResNet net) {
        return List.of(
                net.params().all().get("conv1.weight"),
                manager.ones(new Shape(8)),
                manager.zeros(new Shape(8)),
                manager.zeros(new Shape(8)),
                manager.ones(new Shape(8)));
    }

    @Test
    void runningStatisticsAreBuffersAndReceiveNoGradient() {
        ResNet net = fresh(SMALL);
        assertThat(net.params().trainable().keySet()).noneMatch(n -> n.contains("running"));
        net.params().setRequiresGradient(true);
        assertThat(net.params().all().get("bn1.running_mean").hasGradient()).isFalse();
        assertThat(net.params().all().get("bn1.weight").hasGradient()).isTrue();
    }

    @Test
    void trainingSeparatesTwoKindsOfImages() {
        ResNet net = fresh(ResNetConfig.small(1, 8, 2, 1, 1));
        net.params().setRequiresGradient(true);
        NDArray x = images(16, 0);
        float[] signs = new float[16];
        for (int i = 0; i < 16; i++) {
            signs[i] = i % 2 == 0 ? 0.5f : -0.5f;
        }
        NDArray target = Tensors.of(manager, signs, new Shape(16, 1));
        NDArray shifted = x.add(target.reshape(16, 1, 1, 1));
        List<NDArray> weights = List.copyOf(net.params().trainable().values());
        Adam adam = new Adam(net.params().trainable(), 1e-2);
        double first = 0;
        double last = 0;
        for (int step = 0; step < 30; step++) {
            NDArray loss =
                    Autograd.on(
                            () -> {
                                NDArray out = net.train(shifted, null);
                                NDArray d = Ops.narrow(out, 1, 0, 1).sub(target);
                                return d.mul(d).mean();
                            });
            adam.step(Autograd.grads(loss, weights));
            last = loss.getFloat();
            first = step == 0 ? last : first;
        }
        adam.close();
        assertThat(last).isLessThan(first / 4);
    }

    @Test
    void aFreshTimeModuleChangesNothingAndATrainedOneDoes() {
        for (Time where : List.of(Time.ONCE, Time.EVERY_BLOCK)) {
            ResNet plain = fresh(SMALL);
            ResNet timed = fresh(SMALL.optTime(where, 1));
            NDArray x = images(3, 0);
            NDArray early = timed.forward(x, new double[] {0, 0, 0});
            assertThat(maxDifference(early, plain.forward(x))).isLessThan(1e-6);
            timed.params()
                    .all()
                    .forEach(
                            (name, w) -> {
                                if (name.endsWith("time.weight")) {
                                    Ops.assign(w, w.add(0.3f));
                                }
                            });
            NDArray a = timed.forward(x, new double[] {10, 10, 500});
            NDArray b = timed.forward(x, new double[] {10, 10, 10});
            assertThat(maxDifference(Ops.rows(a, 0, 1), Ops.rows(b, 0, 1))).isLessThan(1e-6);
            assertThat(maxDifference(Ops.rows(a, 2), Ops.rows(b, 2))).isGreaterThan(1e-3);
        }
    }

    @Test
    void timeIsDemandedWhereThereIsATimeModuleAndRefusedElsewhere() {
        NDArray x = images(2, 0);
        assertThatThrownBy(() -> fresh(SMALL).forward(x, new double[] {1, 1}))
                .hasMessageContaining("t: given");
        ResNet timed = fresh(SMALL.optTime(Time.ONCE, 1));
        assertThatThrownBy(() -> timed.forward(x)).hasMessageContaining("t: none");
        assertThatThrownBy(() -> timed.forward(x, new double[] {1}))
                .hasMessageContaining("1 times for 2 rows");
        assertThatThrownBy(() -> fresh(SMALL).train(Ops.rows(x, 0), null))
                .hasMessageContaining("at least 2 rows");
    }

    @Test
    void theGradientWithRespectToTheImageIsTheDifferenceQuotient() {
        ResNet net = fresh(SMALL.optGem(3).optNormalised(true));
        NDArray x = Autograd.leaf(images(1, 5));
        NDArray y = Autograd.on(() -> Ops.narrow(net.forward(x), 1, 0, 1).sum());
        float[] gradient = Autograd.grad(y, x, false).toFloatArray();
        float[] at = x.toFloatArray();
        double step = 1e-2;
        int pixel = 27;
        double[] values = new double[2];
        for (int side = 0; side < 2; side++) {
            float[] moved = at.clone();
            moved[pixel] += (float) ((side * 2 - 1) * step);
            NDArray there = Tensors.of(manager, moved, x.getShape());
            values[side] = Autograd.off(() -> net.forward(there)).toFloatArray()[0];
        }
        assertThat((double) gradient[pixel])
                .isCloseTo((values[1] - values[0]) / (2 * step), within(2e-3));
    }

    @Test
    void aNormalisedOutputHasLengthOne() {
        NDArray out = fresh(SMALL.optGem(3).optNormalised(true)).forward(images(4, 0));
        for (float length : out.square().sum(new int[] {1}).toFloatArray()) {
            assertThat(length).isCloseTo(1f, within(1e-5f));
        }
    }

    @Test
    void theConfigurationSurvivesJson() {
        ResNetConfig config = SMALL.optTime(Time.EVERY_BLOCK, 2).optGem(2.5).optNormalised(true);
        assertThat(ResNetConfig.of(config.toJson())).isEqualTo(config);
        assertThatThrownBy(() -> ResNetConfig.ofDepth(20, 10))
                .hasMessageContaining("18, 34, 50, 101, 152");
    }

    private static double maxDifference(NDArray a, NDArray b) {
        return a.sub(b).abs().max().getFloat();
    }
}
