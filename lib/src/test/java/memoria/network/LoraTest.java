package memoria.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.List;
import memoria.diffusion.Condition;
import memoria.diffusion.Noise;
import memoria.diffusion.NoiseSchedule;
import memoria.torch.Adam;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Adapters of a UNet that reads texts. */
class LoraTest {

    private static final double[] T = {10, 60};

    private NDManager manager;
    private NetworkDenoiser model;
    private Lora lora;
    private NDArray x;
    private Condition text;

    @BeforeEach
    void build() {
        Torch.threads(1);
        manager = Torch.manager();
        UNetConfig config =
                UNetConfig.of(2, 32, 2)
                        .optChannelMult(1)
                        .optNumResBlocks(1)
                        .optAttentionResolutions(1)
                        .optNumHeads(2, -1)
                        .optContext(6, 1);
        UNet network = config.build(Params.fresh(Torch.manager(), 1));
        // Fresh networks end in zeros; noise lets every layer count.
        network.params().all().forEach((name, w) -> Ops.assign(w, noise(name, 0.2, w.getShape())));
        model =
                new NetworkDenoiser(
                        network, NoiseSchedule.linear(100), new Shape(2, 4, 4), new JsonObject());
        lora = Lora.fresh(network, Lora.Config.attention(3), 5);
        x = noise("x", 1, new Shape(2, 2, 4, 4));
        text = Condition.embedding(noise("text", 1, new Shape(2, 5, 6)));
    }

    @AfterEach
    void close() {
        lora.close();
        model.close();
        manager.close();
    }

    private NDArray noise(String name, double scale, Shape shape) {
        double[] values = Noise.gaussian(name, 7, 0, (int) shape.size());
        float[] single = new float[values.length];
        for (int i = 0; i < single.length; i++) {
            single[i] = (float) (scale * values[i]);
        }
        return Tensors.of(manager, single, shape);
    }

    private void train() {
        lora.params().all().forEach((name, w) -> Ops.assign(w, noise(name, 0.3, w.getShape())));
    }

    private NDArray unmerged() {
        return model.network().config().build(lora.adapted()).forward(x, T, text, Dropout.NONE);
    }

    private float[] values(NDArray tensor) {
        return tensor.toFloatArray();
    }

    @Test
    void aFreshAdapterChangesNothing() {
        float[] plain = values(model.predict(x, T, text).epsilon());
        assertThat(values(Autograd.off(this::unmerged))).containsExactly(plain);
        assertThat(lora.layers()).hasSize(4 * 8).allMatch(name -> name.contains("attn"));
    }

    @Test
    void mergedAndUnmergedAgree() {
        train();
        float[] plain = values(model.predict(x, T, text).epsilon());
        float[] unmerged = values(Autograd.off(this::unmerged));
        try (NetworkDenoiser merged = lora.merge(model)) {
            float[] once = values(merged.predict(x, T, text).epsilon());
            assertThat(once).containsExactly(unmerged, within(1e-5f));
        }
        assertThat(values(model.predict(x, T, text).epsilon()))
                .as("the model itself stays as it is")
                .containsExactly(plain);
        double moved = 0;
        for (int i = 0; i < plain.length; i++) {
            moved = Math.max(moved, Math.abs(plain[i] - unmerged[i]));
        }
        assertThat(moved).isGreaterThan(1e-2);
    }

    @Test
    void aLayersOutputIsThatOfTheLowRankPath() {
        train();
        String name = lora.layers().get(0);
        String layer = name.replace(".weight", "");
        NDArray a = lora.params().all().get(layer + ".lora_A.weight");
        NDArray b = lora.params().all().get(layer + ".lora_B.weight");
        NDArray w = model.network().params().all().get(name);
        NDArray in = noise("in", 1, new Shape(4, w.getShape().get(1)));
        NDArray path = in.matMul(w.transpose()).add(in.matMul(a.transpose()).matMul(b.transpose()));
        NDArray once = in.matMul(lora.adapted().all().get(name).transpose());
        assertThat(values(once)).containsExactly(values(path), within(1e-5f));
    }

    /** Along the gradient itself, scaled to length 1, the loss must rise by the gradient's length. */
    @Test
    void gradientsAgreeWithFiniteDifferences() {
        train();
        lora.params().setRequiresGradient(true);
        List<NDArray> matrices = List.copyOf(lora.params().all().values());
        List<NDArray> gradients =
                Scope.keepAll(() -> Autograd.grads(Autograd.on(this::loss), matrices));
        double length = Adam.norm(gradients);
        double step = 1e-2;
        double rise =
                moved(matrices, gradients, step / length)
                        - moved(matrices, gradients, -step / length);
        assertThat(length).isGreaterThan(1e-2);
        assertThat(rise / (2 * step)).isCloseTo(length, within(0.01 * length));
    }

    private NDArray loss() {
        NDArray out = unmerged();
        return out.mul(noise("cotangent", 1, out.getShape())).sum();
    }

    /** The loss a little way along the gradients; the matrices are put back. */
    private double moved(List<NDArray> matrices, List<NDArray> gradients, double factor) {
        List<NDArray> before = matrices.stream().map(NDArray::duplicate).toList();
        for (int i = 0; i < matrices.size(); i++) {
            NDArray from = Ops.detach(before.get(i));
            Ops.assign(matrices.get(i), Ops.axpby(1, from, factor, gradients.get(i)));
        }
        double loss = Autograd.off(() -> Scope.use(() -> (double) loss().getFloat()));
        for (int i = 0; i < matrices.size(); i++) {
            Ops.assign(matrices.get(i), before.get(i));
        }
        return loss;
    }

    @Test
    void aSavedAdapterIsTheSameAdapter(@TempDir Path folder) {
        train();
        Path file = folder.resolve("adapter.safetensors");
        lora.save(file, new JsonObject());
        float[] saved = values(Autograd.off(this::unmerged));
        Lora trained = lora;
        lora = Lora.load(file, model.network());
        trained.close();
        assertThat(lora.config()).isEqualTo(Lora.Config.attention(3));
        assertThat(values(Autograd.off(this::unmerged))).containsExactly(saved);
    }

    @Test
    void anAdapterOfAnotherNetworkIsRefused(@TempDir Path folder) {
        Path file = folder.resolve("adapter.safetensors");
        lora.save(file, new JsonObject());
        UNetConfig wider = ((UNetConfig) model.network().config()).optContext(7, 1);
        UNet other = wider.build(Params.fresh(manager, 1));
        assertThatThrownBy(() -> Lora.load(file, other))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("adapter.safetensors")
                .hasMessageContaining("attn2.to_k.lora_A.weight");
        assertThatThrownBy(() -> Lora.fresh(other, new Lora.Config("nothing", 2, 2), 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("layers: 'nothing' matches none");
    }
}
