package memoria.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.function.Supplier;
import java.util.stream.Stream;
import memoria.diffusion.Condition;
import memoria.diffusion.Noise;
import memoria.diffusion.Seeds;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The forms of the layers that run where only the gradient in x is wanted, against those that training and second derivatives use. */
class PulledPassTest {

    private static final UNetConfig BASE =
            UNetConfig.of(1, 32, 1)
                    .optNumResBlocks(1)
                    .optChannelMult(1, 2)
                    .optAttentionResolutions(1, 2)
                    .optNumHeads(2, -1);

    private NDManager manager;

    @BeforeEach
    void open() {
        Torch.threads(1);
        manager = Torch.manager();
    }

    @AfterEach
    void close() {
        manager.close();
    }

    static Stream<Arguments> networks() {
        return Stream.of(
                Arguments.of(BASE.optUseScaleShiftNorm(true), 8, Condition.none()),
                Arguments.of(BASE.optUseScaleShiftNorm(false), 8, Condition.none()),
                Arguments.of(
                        BASE.optUseScaleShiftNorm(true).optNumClasses(3),
                        16,
                        Condition.classes(0, 2, 1)),
                Arguments.of(
                        UNetConfig.of(3, 32, 3)
                                .optNumResBlocks(1)
                                .optChannelMult(1, 2)
                                .optUseScaleShiftNorm(true),
                        8,
                        Condition.none()));
    }

    @ParameterizedTest
    @MethodSource("networks")
    void valueAndProductAreThoseOfTheOtherForms(UNetConfig config, int side, Condition condition) {
        UNet net = disturbed(config);
        net.params().setRequiresGradient(false);
        Shape item = new Shape(config.inChannels(), side, side);
        NDArray x = Noise.tensor(manager, "test/x", Seeds.range(0, 3), 0, item);
        NDArray v = Noise.tensor(manager, "test/v", Seeds.range(0, 3), 0, item);
        double[] t = {0, 400.5, 999};
        NDArray plain = Autograd.off(() -> net.forward(x, t, condition, Dropout.NONE));

        NDArray leaf = Autograd.leaf(x);
        NDArray y = Autograd.on(() -> net.forward(leaf, t, condition, Dropout.NONE));
        NDArray other = Autograd.leaf(x);
        NDArray z = Autograd.secondOrder(() -> net.forward(other, t, condition, Dropout.NONE));
        assertThat(apart(y, plain)).isLessThan(2e-6);
        assertThat(apart(z, plain)).isLessThan(2e-6);
        NDArray product = Autograd.vjp(y, leaf, v, false);
        NDArray expected = Autograd.vjp(z, other, v, false);
        assertThat(apart(product, expected)).isLessThan(5e-6);
        // Not equal in every digit: another form did run.
        assertThat(product.toFloatArray()).isNotEqualTo(expected.toFloatArray());
    }

    @Test
    void trainingRunsTheFormsOfAPlainForwardPass() {
        UNet net = disturbed(BASE.optUseScaleShiftNorm(true));
        NDArray x = Noise.tensor(manager, "test/x", Seeds.range(0, 2), 0, new Shape(1, 8, 8));
        double[] t = {10, 20};
        Supplier<NDArray> forward = () -> net.forward(x, t, Condition.none(), Dropout.NONE);
        float[] plain = Autograd.off(forward).toFloatArray();
        net.params().setRequiresGradient(true);
        assertThat(Autograd.on(forward).toFloatArray()).containsExactly(plain);
        // An adapter's training: the network is frozen and its input is data.
        net.params().setRequiresGradient(false);
        assertThat(Autograd.on(forward).toFloatArray()).containsExactly(plain);
    }

    /** One direction of the Jacobian by differences: neither form is its own witness. */
    @Test
    void theProductIsTheDifferenceQuotient() {
        UNet net = disturbed(BASE.optUseScaleShiftNorm(true));
        net.params().setRequiresGradient(false);
        Shape item = new Shape(1, 8, 8);
        NDArray x = Noise.tensor(manager, "test/x", Seeds.range(0, 1), 0, item);
        NDArray v = Noise.tensor(manager, "test/v", Seeds.range(0, 1), 0, item);
        NDArray u = Noise.tensor(manager, "test/u", Seeds.range(0, 1), 0, item);
        double[] t = {300};
        NDArray leaf = Autograd.leaf(x);
        NDArray y = Autograd.on(() -> net.forward(leaf, t, Condition.none(), Dropout.NONE));
        double product = dot(Autograd.vjp(y, leaf, v, false), u);
        double h = 0.02;
        NDArray up = net.forward(Ops.axpby(1, x, h, u), t, Condition.none(), Dropout.NONE);
        NDArray down = net.forward(Ops.axpby(1, x, -h, u), t, Condition.none(), Dropout.NONE);
        double quotient = (dot(up, v) - dot(down, v)) / (2 * h);
        assertThat(product).isCloseTo(quotient, within(2e-3 * Math.abs(quotient)));
    }

    private UNet disturbed(UNetConfig config) {
        UNet net = new UNet(config, Params.fresh(manager, 1));
        // Fresh networks answer 0: their last layers start there.
        Scope.run(() -> net.params().all().forEach(this::disturb));
        return net;
    }

    private void disturb(String name, NDArray tensor) {
        int count = Math.toIntExact(tensor.size());
        double[] noise = Noise.gaussian("test/" + name, 1, 0, count);
        float[] values = tensor.toFloatArray();
        for (int i = 0; i < count; i++) {
            values[i] += (float) (0.05 * noise[i]);
        }
        Ops.assign(tensor, Tensors.of(manager, values, tensor.getShape()));
    }

    private static double dot(NDArray a, NDArray b) {
        return Autograd.off(() -> Ops.rowDot(a, b).getDouble(0));
    }

    /** The largest difference in terms of the largest value. */
    private static double apart(NDArray a, NDArray b) {
        return Autograd.off(
                () -> (double) a.sub(b).abs().max().getFloat() / b.abs().max().getFloat());
    }
}
