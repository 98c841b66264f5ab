package memoria.stablediffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import memoria.diffusion.Condition;
import memoria.diffusion.Noise;
import memoria.network.Params;
import memoria.torch.Autograd;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** CLIP's towers beyond the golden numbers: what a token may see, second derivatives, the same network under both namings. */
class ClipTest {

    private static final ClipTextConfig TINY = new ClipTextConfig(20, 6, 16, 2, 2, 24, 10);

    private NDManager manager;
    private ClipText text;

    @BeforeEach
    void build() {
        Torch.threads(1);
        manager = Torch.manager();
        text = new ClipText(TINY, Params.fresh(manager, 3), ClipNames.HUGGING_FACE);
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private NDArray ids(long... ids) {
        return Tensors.of(manager, ids).reshape(new Shape(1, ids.length));
    }

    private static float[] values(NDArray tensor) {
        return tensor.toFloatArray();
    }

    @Test
    void aTokenSeesEarlierOnesOnly() {
        float[] short3 = values(text.embed(ids(1, 2, 3)));
        float[] long6 = values(text.embed(ids(1, 2, 3, 9, 8, 7)));
        float[] first = java.util.Arrays.copyOf(long6, 3 * TINY.width());
        assertThat(first).containsExactly(short3, within(1e-5f));
    }

    @Test
    void aBatchEmbedsItsRowsAsIfAlone() {
        NDArray both = Tensors.of(manager, 1, 2, 3, 4, 5, 6).reshape(new Shape(2, 3));
        float[] second = values(text.embed(both).get(1));
        assertThat(second).containsExactly(values(text.embed(ids(4, 5, 6)).get(0)), within(1e-5f));
    }

    @Test
    void theFormForSecondDerivativesIsTheSameFunction() {
        float[] fused = values(text.embed(ids(1, 2, 3, 4)));
        float[] composed = Autograd.secondOrder(() -> values(text.embed(ids(1, 2, 3, 4))));
        assertThat(composed).containsExactly(fused, within(1e-5f));
    }

    @Test
    void theFirstEndTokenIsPooled() {
        int end = TINY.vocabulary() - 1;
        float[] padded = values(text.features(ids(1, 2, end, end, end)));
        float[] alone = values(text.features(ids(1, 2, end)));
        assertThat(padded).hasSize(TINY.features()).containsExactly(alone, within(1e-5f));
    }

    @Test
    void theSameNetworkUnderOpenaisNamesGivesTheSameNumbers() {
        Map<String, NDArray> hf = text.params().all();
        Map<String, NDArray> openai = new LinkedHashMap<>();
        openai.put("token_embedding.weight", hf.get(ClipNames.HUGGING_FACE.tokens()));
        openai.put("positional_embedding", hf.get(ClipNames.HUGGING_FACE.positions()));
        openai.put("text_projection", hf.get("text_projection.weight").transpose());
        for (String kind : List.of("weight", "bias")) {
            openai.put("ln_final." + kind, hf.get("text_model.final_layer_norm." + kind));
            for (int i = 0; i < TINY.layers(); i++) {
                String from = "text_model.encoder.layers." + i + ".";
                String to = "transformer.resblocks." + i + ".";
                openai.put(to + "ln_1." + kind, hf.get(from + "layer_norm1." + kind));
                openai.put(to + "ln_2." + kind, hf.get(from + "layer_norm2." + kind));
                openai.put(to + "mlp.c_fc." + kind, hf.get(from + "mlp.fc1." + kind));
                openai.put(to + "mlp.c_proj." + kind, hf.get(from + "mlp.fc2." + kind));
                openai.put(
                        to + "attn.out_proj." + kind, hf.get(from + "self_attn.out_proj." + kind));
                NDArray q = hf.get(from + "self_attn.q_proj." + kind);
                NDArray k = hf.get(from + "self_attn.k_proj." + kind);
                NDArray v = hf.get(from + "self_attn.v_proj." + kind);
                openai.put(to + "attn.in_proj_" + kind, q.concat(k).concat(v));
            }
        }
        ClipTextConfig read = ClipTextConfig.of(openai, ClipNames.OPENAI, TINY.heads());
        assertThat(read).isEqualTo(TINY);
        ClipText other = new ClipText(read, Params.of(manager, openai), ClipNames.OPENAI);
        NDArray ids = ids(1, 5, 19);
        assertThat(values(other.features(ids)))
                .containsExactly(values(text.features(ids)), within(1e-5f));
    }

    @Test
    void promptsBecomeOneRowEachAndLeaveNothingBehind() {
        Tokenizer tokenizer = Tokenizer.of(List.of(), 6);
        ClipTextConfig config = new ClipTextConfig(tokenizer.size(), 6, 16, 2, 1, 24, 0);
        Prompts prompts =
                new Prompts(
                        tokenizer,
                        new ClipText(config, Params.fresh(manager, 1), ClipNames.HUGGING_FACE));
        Scope.run(
                () -> {
                    Condition.Embedding two = (Condition.Embedding) prompts.of("ab", "");
                    Condition.Embedding none = (Condition.Embedding) prompts.empty();
                    assertThat(two.tensor().getShape()).isEqualTo(new Shape(2, 6, 16));
                    assertThat(values(two.tensor().get(1)))
                            .containsExactly(values(none.tensor().get(0)), within(1e-5f));
                });
    }

    @Test
    void anImagesPixelsAreMovedToClipsMean() {
        NDArray grey = manager.zeros(new Shape(1, 3, 2, 2));
        float[] red = values(ClipImage.normalize(grey).get(0).get(0));
        assertThat(red[0]).isCloseTo((float) ((0.5 - 0.48145466) / 0.26862954), within(1e-6f));
    }

    @Test
    void anImageTowerIsReadOffItsTensors() {
        Map<String, NDArray> all = new LinkedHashMap<>();
        tensor(all, "conv1.weight", 16, 3, 4, 4);
        tensor(all, "class_embedding", 16);
        tensor(all, "positional_embedding", 10, 16);
        for (String norm :
                List.of(
                        "ln_pre",
                        "ln_post",
                        "transformer.resblocks.0.ln_1",
                        "transformer.resblocks.0.ln_2")) {
            tensor(all, norm + ".weight", 16);
            tensor(all, norm + ".bias", 16);
        }
        tensor(all, "transformer.resblocks.0.attn.in_proj_weight", 48, 16);
        tensor(all, "transformer.resblocks.0.attn.in_proj_bias", 48);
        tensor(all, "transformer.resblocks.0.attn.out_proj.weight", 16, 16);
        tensor(all, "transformer.resblocks.0.attn.out_proj.bias", 16);
        tensor(all, "transformer.resblocks.0.mlp.c_fc.weight", 20, 16);
        tensor(all, "transformer.resblocks.0.mlp.c_fc.bias", 20);
        tensor(all, "transformer.resblocks.0.mlp.c_proj.weight", 16, 20);
        tensor(all, "transformer.resblocks.0.mlp.c_proj.bias", 16);
        tensor(all, "proj", 16, 7);
        ClipImage tower = new ClipImage(Params.of(manager, all), 2);
        assertThat(tower.side()).isEqualTo(12);
        NDArray images = noise("images", 2, 3, 12, 12);
        float[] both = values(tower.features(images));
        float[] second = values(tower.features(images.get("1:2")));
        assertThat(java.util.Arrays.copyOfRange(both, 7, 14))
                .containsExactly(second, within(1e-5f));
    }

    private void tensor(Map<String, NDArray> all, String name, long... shape) {
        all.put(name, noise(name, shape));
    }

    private NDArray noise(String name, long... shape) {
        Shape s = new Shape(shape);
        double[] values = Noise.gaussian(name, 0, 0, (int) s.size());
        float[] single = new float[values.length];
        for (int i = 0; i < single.length; i++) {
            single[i] = (float) values[i];
        }
        return Tensors.of(manager, single, s);
    }
}
