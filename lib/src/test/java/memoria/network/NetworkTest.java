package memoria.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import memoria.diffusion.Condition;
import memoria.torch.Autograd;
import memoria.torch.NativeMemory;
import memoria.torch.Scope;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class NetworkTest {

    private static final UNetConfig SMALL =
            UNetConfig.of(1, 32, 1).optNumResBlocks(1).optChannelMult(1, 2).optNumHeads(2, -1);

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

    static Stream<Arguments> configurations() {
        return Stream.of(
                Arguments.of(SMALL.optConvResample(false), Condition.none()),
                Arguments.of(
                        SMALL.optUseScaleShiftNorm(true).optAttentionResolutions(1, 2),
                        Condition.none()),
                Arguments.of(SMALL.optNumHeads(4, 1).optNumResBlocks(2), Condition.none()),
                Arguments.of(SMALL.optNumClasses(3), Condition.classes(0, 2)));
    }

    @ParameterizedTest
    @MethodSource("configurations")
    void everyOptionBuildsANetworkThatRebuildsFromItsJson(UNetConfig config, Condition condition) {
        Params params = Params.fresh(manager, 1);
        UNet net = config.build(params);
        NDArray x = manager.ones(new Shape(2, 1, 8, 8));
        NDArray out = net.forward(x, new double[] {3, 500.5}, condition, Dropout.NONE);
        assertThat(out.getShape()).isEqualTo(new Shape(2, 1, 8, 8));
        NetworkConfig again = NetworkConfig.of(config.toJson());
        assertThat(again).isEqualTo(config);
        NDArray same =
                again.build(Params.of(manager, params.all()))
                        .forward(x, new double[] {3, 500.5}, condition, Dropout.NONE);
        assertThat(same.toFloatArray()).containsExactly(out.toFloatArray());
    }

    @Test
    void aFreshNetworkPredictsZeroAndDependsOnItsSeedAlone() {
        Params one = Params.fresh(manager, 7);
        Params two = Params.fresh(manager, 7);
        Params other = Params.fresh(manager, 8);
        UNet net = SMALL.build(one);
        SMALL.build(two);
        SMALL.build(other);
        String name = "input_blocks.0.0.weight";
        assertThat(one.all().get(name).toFloatArray())
                .containsExactly(two.all().get(name).toFloatArray());
        assertThat(one.all().get(name).toFloatArray())
                .isNotEqualTo(other.all().get(name).toFloatArray());
        NDArray out =
                net.forward(
                        manager.ones(new Shape(1, 1, 8, 8)),
                        new double[] {1},
                        Condition.none(),
                        Dropout.NONE);
        assertThat(out.abs().max().getFloat()).isZero();
    }

    @Test
    void missingUnknownAndMisshapenTensorsAreNamed() {
        Params fresh = Params.fresh(manager, 1);
        SMALL.build(fresh);
        Map<String, NDArray> tensors = new HashMap<>(fresh.all());
        NDArray bias = tensors.remove("out.2.bias");
        assertThatThrownBy(() -> SMALL.build(Params.of(manager, tensors)))
                .hasMessageContaining("'out.2.bias'");
        tensors.put("out.2.bias", manager.ones(new Shape(5)));
        assertThatThrownBy(() -> SMALL.build(Params.of(manager, tensors)))
                .hasMessageContaining("'out.2.bias'")
                .hasMessageContaining("(5)")
                .hasMessageContaining("(1)");
        tensors.put("out.2.bias", bias);
        tensors.put("surplus.weight", bias);
        assertThatThrownBy(() -> SMALL.build(Params.of(manager, tensors)))
                .hasMessageContaining("surplus.weight");
    }

    static Stream<Arguments> badInput() {
        double[] t = {1, 2};
        return Stream.of(
                Arguments.of(new Shape(2, 3, 8, 8), t, Condition.none(), "(1, H, W)"),
                Arguments.of(new Shape(2, 64), t, Condition.none(), "(1, H, W)"),
                Arguments.of(new Shape(2, 1, 7, 8), t, Condition.none(), "multiples of 2"),
                Arguments.of(
                        new Shape(2, 1, 8, 8),
                        new double[] {1},
                        Condition.none(),
                        "1 times for 2 rows"),
                Arguments.of(new Shape(2, 1, 8, 8), t, Condition.classes(0, 1), "unconditional"));
    }

    @ParameterizedTest
    @MethodSource("badInput")
    void badInputIsRefusedByName(Shape shape, double[] t, Condition condition, String message) {
        UNet net = SMALL.build(Params.fresh(manager, 1));
        NDArray x = manager.ones(shape);
        assertThatThrownBy(() -> net.forward(x, t, condition, Dropout.NONE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void labelsMustBeClassesOfTheNetwork() {
        UNet net = SMALL.optNumClasses(3).build(Params.fresh(manager, 1));
        NDArray x = manager.ones(new Shape(1, 1, 8, 8));
        assertThatThrownBy(
                        () -> net.forward(x, new double[] {1}, Condition.classes(3), Dropout.NONE))
                .hasMessageContaining("condition: class 3 at row 0")
                .hasMessageContaining("0..2");
        assertThatThrownBy(() -> net.forward(x, new double[] {1}, Condition.none(), Dropout.NONE))
                .hasMessageContaining("3 classes");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 31, 40})
    void aWidthThatTheNormalisationsCannotDivideIsRefused(int width) {
        assertThatThrownBy(() -> UNetConfig.of(1, width, 1))
                .hasMessageContaining("modelChannels: " + width);
    }

    @Test
    void dropoutMasksDependOnSeedAndStepAlone() {
        NDArray x = manager.ones(new Shape(2, 4, 8, 8));
        NDArray one = new Dropout(0.3, 1, 5).mask("block", x, 4).get(0);
        assertThat(one.toFloatArray())
                .containsExactly(new Dropout(0.3, 1, 5).mask("block", x, 4).get(0).toFloatArray());
        assertThat(one.toFloatArray())
                .isNotEqualTo(new Dropout(0.3, 1, 6).mask("block", x, 4).get(0).toFloatArray());
        assertThat(one.mean().getFloat()).isBetween(0.8f, 1.2f);
        assertThat(Dropout.NONE.mask("block", x, 4)).isEmpty();
        assertThatThrownBy(() -> new Dropout(1, 0, 0)).hasMessageContaining("probability: 1.0");
    }

    @Test
    void theMlpTakesPointsAndRefusesOtherDimensions() {
        MlpConfig config = MlpConfig.of(2, 32, 16);
        Mlp net = (Mlp) config.build(Params.fresh(manager, 3));
        assertThat(NetworkConfig.of(config.toJson())).isEqualTo(config);
        NDArray out =
                net.forward(
                        manager.ones(new Shape(5, 2, 1, 1)),
                        new double[5],
                        Condition.none(),
                        Dropout.NONE);
        assertThat(out.getShape()).isEqualTo(new Shape(5, 2, 1, 1));
        assertThat(out.abs().max().getFloat()).isPositive();
        assertThatThrownBy(
                        () ->
                                net.forward(
                                        manager.ones(new Shape(5, 3)),
                                        new double[5],
                                        Condition.none(),
                                        Dropout.NONE))
                .hasMessageContaining("dimension 2");
        assertThatThrownBy(() -> MlpConfig.of(2)).hasMessageContaining("hidden");
    }

    @Test
    void inputGradientsOfTheNetworkAgreeWithFiniteDifferencesInBothModes() {
        Params params = Params.fresh(manager, 1);
        UNet net = SMALL.optAttentionResolutions(1, 2).build(params);
        params.all()
                .values()
                .forEach(p -> Autograd.off(() -> p.addi(manager.full(p.getShape(), 0.02f))));
        NDArray x = manager.arange(0f, 64f, 1f).reshape(1, 1, 8, 8).sin();
        NDArray probe = manager.arange(0f, 64f, 1f).reshape(1, 1, 8, 8).cos();
        double[] t = {10};
        for (boolean second : List.of(false, true)) {
            double exact =
                    Scope.use(
                            () -> {
                                NDArray leaf = Autograd.leaf(x);
                                NDArray y =
                                        second
                                                ? Autograd.secondOrder(
                                                        () ->
                                                                net.forward(
                                                                        leaf,
                                                                        t,
                                                                        Condition.none(),
                                                                        Dropout.NONE))
                                                : Autograd.on(
                                                        () ->
                                                                net.forward(
                                                                        leaf,
                                                                        t,
                                                                        Condition.none(),
                                                                        Dropout.NONE));
                                return (double)
                                        Autograd.vjp(y, leaf, probe, false)
                                                .mul(probe)
                                                .sum()
                                                .getFloat();
                            });
            float h = 0.01f;
            double numeric =
                    Scope.use(
                            () -> {
                                NDArray step = memoria.torch.Scalars.mul(probe, h);
                                NDArray up =
                                        net.forward(x.add(step), t, Condition.none(), Dropout.NONE);
                                NDArray down =
                                        net.forward(x.sub(step), t, Condition.none(), Dropout.NONE);
                                return up.sub(down).mul(probe).sum().getFloat() / (2.0 * h);
                            });
            assertThat(exact)
                    .isCloseTo(numeric, org.assertj.core.api.Assertions.withinPercentage(2));
        }
    }

    @Test
    void aThousandForwardPassesLeaveNativeMemoryFlat() {
        UNet net = SMALL.build(Params.fresh(manager, 1));
        NDArray x = manager.ones(new Shape(4, 1, 8, 8));
        Runnable once =
                () ->
                        Scope.run(
                                () ->
                                        Autograd.off(
                                                () ->
                                                        net.forward(
                                                                x,
                                                                new double[4],
                                                                Condition.none(),
                                                                Dropout.NONE)));
        assertThat(NativeMemory.growth(once, 100, 1000)).isLessThan(24L << 20);
    }
}
