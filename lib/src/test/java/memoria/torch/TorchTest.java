package memoria.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TorchTest {

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

    @Test
    void aGpuThatIsNotThereIsAnErrorThatSaysWhatWasFoundAndWhatToDo() {
        assertThatThrownBy(() -> Torch.device("cuda:99"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("cuda:99")
                .hasMessageContaining("PYTORCH_FLAVOR")
                .hasMessageContaining("MEMORIA_DEVICE");
        assertThat(Torch.device("cpu")).isEqualTo(Device.cpu());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "tpu", "gpu:", "gpu:-1", "gpu:1000000", "cpu:0"})
    void aDeviceNameThatIsNotUnderstoodIsNamed(String name) {
        assertThatThrownBy(() -> Torch.device(name))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + name + "'");
    }

    @Test
    void fewerThanOneThreadIsRefused() {
        assertThatThrownBy(() -> Torch.threads(0)).hasMessageContaining("count: 0");
    }

    @Test
    void aTensorOwnsItsMemory() {
        NDArray view;
        try (NDArray x = Tensors.of(manager, 1f, 2f, 3f, 4f)) {
            view = x.reshape(2, 2);
        }
        System.gc();
        for (int k = 0; k < 1000; k++) {
            ByteBuffer.allocateDirect(16).putDouble(1e300);
        }
        assertThat(view.toFloatArray()).containsExactly(1, 2, 3, 4);
    }

    @Test
    void valuesAndShapeMustAgree() {
        assertThatThrownBy(() -> Tensors.of(manager, new float[3], new Shape(2, 2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("(2, 2)")
                .hasMessageContaining("3 values");
        assertThatThrownBy(
                        () ->
                                Tensors.of(
                                        manager,
                                        ByteBuffer.allocate(7),
                                        new Shape(2),
                                        DataType.FLOAT32))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("7");
    }

    @Test
    void aScopeFreesAllButItsResult() {
        NDArray[] inner = new NDArray[1];
        NDArray kept =
                Scope.keep(
                        () -> {
                            inner[0] = manager.ones(new Shape(4));
                            return inner[0].add(inner[0]);
                        });
        assertThat(kept.toFloatArray()).containsExactly(2, 2, 2, 2);
        assertThatThrownBy(() -> inner[0].toFloatArray()).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aResultIsHandedToTheEnclosingScope() {
        NDArray[] result = new NDArray[1];
        Scope.run(() -> result[0] = Scope.keep(() -> manager.ones(new Shape(2))));
        assertThatThrownBy(() -> result[0].toFloatArray())
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aThousandScopesLeaveNativeMemoryFlat() {
        NDArray w = manager.ones(new Shape(1000, 100));
        long growth = NativeMemory.growth(() -> Scope.run(() -> w.add(w).mul(w).sum()), 100, 1100);
        assertThat(growth).isLessThan(16L << 20);
    }

    @Test
    void textThatDoesNotCompileComesBackWithPyTorchsOwnWords() {
        assertThatThrownBy(() -> Script.compile(manager, "def f(x): return x"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("class Name(Module)");
        String bad =
                """
                class Bad(Module):
                  __parameters__ = []
                  __buffers__ = []
                  def f(self: __torch__.Bad, x: Tensor) -> Tensor:
                    return torch.no_such_operator(x)
                """;
        assertThatThrownBy(() -> Script.compile(manager, bad).run("f", manager.ones(new Shape(1))))
                .hasMessageContaining("no_such_operator");
    }

    @Test
    void operatorsAgreeWithTheirDefinitions() {
        Scope.run(
                () -> {
                    NDArray x =
                            Tensors.of(manager, new float[] {1, 2, 3, 4}, new Shape(1, 1, 2, 2));
                    assertThat(Ops.avgPool(x).toFloatArray()).containsExactly(2.5f);
                    assertThat(Ops.upsample(x).toFloatArray())
                            .containsExactly(1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4);
                    assertThat(Ops.cat(List.of(x, x), 0).getShape())
                            .isEqualTo(new Shape(2, 1, 2, 2));
                    assertThat(Ops.clamp(x, 2, 3).toFloatArray()).containsExactly(2, 2, 3, 3);
                    List<NDArray> top = Ops.topk(Tensors.of(manager, 5f, 1f, 4f), 2, true);
                    assertThat(top.get(0).toFloatArray()).containsExactly(5, 4);
                    assertThat(top.get(1).toLongArray()).containsExactly(0, 2);
                    NDArray diagonal =
                            Tensors.of(manager, new double[] {3, 0, 0, 2}, new Shape(2, 2));
                    assertThat(Ops.eigvalsh(diagonal).toDoubleArray())
                            .containsExactly(new double[] {2, 3}, within(1e-12));
                    assertThat(Ops.svdvals(diagonal).toDoubleArray())
                            .containsExactly(new double[] {3, 2}, within(1e-12));
                    NDArray one = manager.ones(new Shape(1));
                    NDArray two = Scalars.add(one, 1);
                    assertThat(Ops.axpby(two, x, one, x).toFloatArray())
                            .containsExactly(3, 6, 9, 12);
                });
    }
}
