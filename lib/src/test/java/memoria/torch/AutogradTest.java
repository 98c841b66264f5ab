package memoria.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AutogradTest {

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

    /** Gradient at 2 of the sum over f, with freed Java memory overwritten between forward and backward. */
    private float gradientAfterCollection(UnaryOperator<NDArray> f) {
        return Scope.use(
                () -> {
                    NDArray x = Autograd.leaf(Tensors.of(manager, 2f, 2f, 2f));
                    NDArray y = Autograd.on(() -> f.apply(x).sum());
                    for (int i = 0; i < 3; i++) {
                        System.gc();
                        for (int k = 0; k < 500; k++) {
                            ByteBuffer.allocateDirect(8).putDouble(1e300);
                        }
                    }
                    return Autograd.grad(y, x, false).getFloat(1);
                });
    }

    @Test
    void gradientsSurviveGarbageCollectionBetweenForwardAndBackward() {
        for (int round = 0; round < 5; round++) {
            assertThat(gradientAfterCollection(x -> Scalars.mul(x, 3))).isEqualTo(3f);
            assertThat(gradientAfterCollection(x -> Scalars.div(x, 4))).isEqualTo(0.25f);
            assertThat(gradientAfterCollection(x -> Scalars.pow(x, 3)))
                    .isCloseTo(12f, within(1e-4f));
            assertThat(gradientAfterCollection(x -> x.mul(Tensors.of(manager, 5f, 5f, 5f))))
                    .isEqualTo(5f);
            assertThat(gradientAfterCollection(x -> x.mul(Autograd.scalar(manager, 7))))
                    .isEqualTo(7f);
            assertThat(gradientAfterCollection(Ops::silu)).isCloseTo(1.0908f, within(1e-4f));
        }
    }

    @Test
    void vjpAgreesWithTheAnalyticJacobian() {
        Scope.run(
                () -> {
                    NDArray a =
                            Tensors.of(manager, new float[] {1, 2, 3, 4, 5, 6}, new Shape(2, 3));
                    NDArray x = Autograd.leaf(Tensors.of(manager, 1f, -1f, 2f));
                    NDArray y = Autograd.on(() -> a.matMul(x));
                    NDArray first = Autograd.vjp(y, x, Tensors.of(manager, 1f, 0f), true);
                    NDArray second = Autograd.vjp(y, x, Tensors.of(manager, 0f, 2f), false);
                    assertThat(first.toFloatArray()).containsExactly(1, 2, 3);
                    assertThat(second.toFloatArray()).containsExactly(8, 10, 12);
                });
    }

    @Test
    void secondOrderModeDifferentiatesAGradient() {
        Scope.run(
                () -> {
                    NDArray x = Autograd.leaf(Tensors.of(manager, 2f));
                    NDArray second =
                            Autograd.secondOrder(
                                    () -> {
                                        NDArray y = Scalars.pow(x, 4);
                                        NDArray one = manager.ones(new Shape(1));
                                        NDArray slope = Autograd.vjpDifferentiable(y, x, one);
                                        return Autograd.vjp(slope, x, one, false);
                                    });
                    assertThat(second.getFloat()).isCloseTo(48f, within(1e-3f));
                });
    }

    @Test
    void attentionHasASecondDerivativeInSecondOrderMode() {
        Scope.run(
                () -> {
                    NDArray q =
                            Autograd.leaf(
                                    Tensors.of(
                                            manager,
                                            new float[] {1, 2, 3, 4},
                                            new Shape(1, 1, 2, 2)));
                    NDArray fused = Autograd.on(() -> Ops.attention(q, q, q, 0.5));
                    NDArray composed = Autograd.secondOrder(() -> Ops.attention(q, q, q, 0.5));
                    assertThat(fused.sub(composed).abs().max().getFloat()).isLessThan(1e-5f);
                    NDArray one = manager.ones(new Shape());
                    NDArray bend =
                            Autograd.secondOrder(
                                    () -> {
                                        NDArray y = Ops.attention(q, q, q, 0.5).mul(q).sum();
                                        NDArray slope = Autograd.vjpDifferentiable(y, q, one);
                                        return Autograd.vjp(slope.sum(), q, one, false);
                                    });
                    float step = 0.01f;
                    NDArray nudge =
                            Tensors.of(manager, new float[] {step, 0, 0, 0}, new Shape(1, 1, 2, 2));
                    float numeric = (slopeSum(q.add(nudge)) - slopeSum(q.sub(nudge))) / (2 * step);
                    assertThat(bend.toFloatArray()[0]).isCloseTo(numeric, within(0.02f));
                });
    }

    private float slopeSum(NDArray at) {
        NDArray q = Autograd.leaf(at);
        NDArray y = Autograd.on(() -> Ops.attention(q, q, q, 0.5).mul(q).sum());
        return Autograd.grad(y, q, false).sum().getFloat();
    }

    @Test
    void recordingIsRestoredAfterEveryBlockAlsoInNewThreads() throws InterruptedException {
        Throwable[] failure = new Throwable[1];
        Thread cell = new Thread(this::modesOfANewThread);
        cell.setUncaughtExceptionHandler((thread, thrown) -> failure[0] = thrown);
        cell.start();
        cell.join();
        assertThat(failure[0]).isNull();
    }

    private void modesOfANewThread() {
        NDArray x = Autograd.leaf(Tensors.of(manager, 1f));
        NDArray silent = Autograd.off(() -> Scalars.mul(x, 2));
        NDArray recorded = Autograd.on(() -> Autograd.off(() -> 1) == 1 ? Scalars.mul(x, 2) : x);
        assertThatThrownBy(() -> Autograd.grad(silent, x, false)).isInstanceOf(Exception.class);
        assertThat(Autograd.grad(recorded, x, false).getFloat()).isEqualTo(2f);
    }

    @Test
    void aGradientOfManyElementsIsRefused() {
        NDArray x = Autograd.leaf(Tensors.of(manager, 1f, 2f));
        assertThatThrownBy(() -> Autograd.grad(x, x, false))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("y:");
    }

    @Test
    void aThousandGradientsLeaveNativeMemoryFlat() {
        NDArray w = manager.ones(new Shape(256, 256));
        Runnable once =
                () ->
                        Scope.run(
                                () -> {
                                    NDArray x = Autograd.leaf(manager.ones(new Shape(64, 256)));
                                    NDArray y = Autograd.on(() -> Ops.silu(x.matMul(w)));
                                    Autograd.vjp(y, x, manager.ones(y.getShape()), false);
                                });
        assertThat(NativeMemory.growth(once, 100, 1000)).isLessThan(24L << 20);
    }

    @Test
    void adamFollowsItsFormula() {
        NDArray w = Tensors.of(manager, 1f, -2f);
        var adam = new Adam(java.util.Map.of("w", w), 0.1).optWeightDecay(0.01).optClipNorm(1);
        double[] mine = {1, -2};
        double[] m = new double[2];
        double[] v = new double[2];
        for (int k = 1; k <= 5; k++) {
            double[] g = {3.0 * k, -4.0};
            double clip = Math.min(1, 1 / Math.hypot(g[0], g[1]));
            for (int i = 0; i < 2; i++) {
                m[i] = 0.9 * m[i] + 0.1 * g[i] * clip;
                v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i] * clip * clip;
                double mHat = m[i] / (1 - Math.pow(0.9, k));
                double vHat = v[i] / (1 - Math.pow(0.999, k));
                mine[i] = mine[i] * (1 - 0.1 * 0.01) - 0.1 * mHat / (Math.sqrt(vHat) + 1e-8);
            }
            try (NDArray grad = Tensors.of(manager, (float) g[0], (float) g[1])) {
                adam.step(List.of(grad));
            }
        }
        assertThat(w.getFloat(0)).isCloseTo((float) mine[0], within(1e-5f));
        assertThat(w.getFloat(1)).isCloseTo((float) mine[1], within(1e-5f));
        adam.close();
    }
}
