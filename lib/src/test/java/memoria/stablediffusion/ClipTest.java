package memoria.stablediffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import memoria.checkpoint.SafeTensors;
import memoria.data.Images;
import memoria.diffusion.Condition;
import memoria.diffusion.Noise;
import memoria.network.Params;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scalars;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
        openai.put("token_embedding.weight", hf.get(ClipNames.HUGGING_FACE.text().tokens()));
        openai.put("positional_embedding", hf.get(ClipNames.HUGGING_FACE.text().positions()));
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
    void picturesShrinkAsPythonsImageLibraryDoesItAndAreCutToTheMiddle() {
        float[] levels = new float[48];
        for (int i = 0; i < 6; i++) {
            for (int j = 0; j < 8; j++) {
                levels[8 * i + j] = (3 * i * i + 5 * j * j + 2 * i * j) % 11 / 5.5f - 1;
            }
        }
        NDArray grey = Tensors.of(manager, levels, new Shape(1, 1, 6, 8)).repeat(1, 3);
        Map<String, NDArray> all = new LinkedHashMap<>();
        vision(all);
        all.put("vision_model.embeddings.patch_embedding.weight", noise("small", 16, 3, 1, 1));
        ClipImage tower = new ClipImage(Params.of(manager, all), ClipNames.HUGGING_FACE, 2);
        // PIL's Image.resize((4, 3), BICUBIC) of these numbers; a square of 3 is left.
        float[] shrunk = {
            -0.111013f,
            0.147536f,
            -0.228839f,
            -0.003934f,
            0.000514f,
            0.079709f,
            -0.057548f,
            0.093385f,
            0.167439f
        };
        NDArray expected = Tensors.of(manager, shrunk, new Shape(1, 1, 3, 3)).repeat(1, 3);
        assertThat(values(tower.prepare(grey)))
                .containsExactly(values(ClipImage.normalize(expected)), within(1e-4f));
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
        ClipImage tower = new ClipImage(Params.of(manager, all), ClipNames.OPENAI, 2);
        assertThat(tower.side()).isEqualTo(12);
        NDArray images = noise("images", 2, 3, 12, 12);
        float[] both = values(tower.features(images));
        float[] second = values(tower.features(images.get("1:2")));
        assertThat(java.util.Arrays.copyOfRange(both, 7, 14))
                .containsExactly(second, within(1e-5f));
    }

    @Test
    void bothTowersAreReadFromHuggingFacesLayoutAndScoreByTheCosine(@TempDir Path folder)
            throws IOException {
        Tokenizer tokenizer = Tokenizer.of(List.of(), 6);
        Params params = Params.fresh(manager, 5);
        ClipTextConfig config = new ClipTextConfig(tokenizer.size(), 6, 16, 4, 2, 24, 10);
        ClipText texts = new ClipText(config, params, ClipNames.HUGGING_FACE);
        Map<String, NDArray> all = new LinkedHashMap<>(params.all());
        vision(all);
        all.put("logit_scale", manager.create(4.6f));
        all.put("text_model.embeddings.position_ids", manager.arange(0, 6).reshape(1, 6));
        all.put("vision_model.embeddings.position_ids", manager.arange(0, 10).reshape(1, 10));
        SafeTensors.write(folder.resolve("model.safetensors"), all, Map.of("format", "pt"));
        Files.writeString(
                folder.resolve("config.json"),
                """
                {"text_config": {"num_attention_heads": 4}, "vision_config": {"num_attention_heads": 2}}
                """);
        Images pictures = Images.from(Scalars.mul(noise("pictures", 3, 3, 20, 16).tanh(), 0.9));
        List<String> said = List.of("a", "bc", "a");
        try (Clip clip = Clip.read(folder, tokenizer)) {
            double[] scores = clip.scores(pictures, said);
            ClipImage image = new ClipImage(Params.of(manager, all), ClipNames.HUGGING_FACE, 2);
            for (int i = 0; i < 3; i++) {
                NDArray x = image.prepare(pictures.select(i).tensor(manager));
                NDArray shown = Ops.unitRows(image.features(x));
                NDArray ids = Prompts.ids(manager, tokenizer, said.subList(i, i + 1));
                NDArray text = Ops.unitRows(texts.features(ids));
                double cosine = shown.mul(text).sum().getFloat();
                assertThat(scores[i]).isCloseTo(100 * Math.max(0, cosine), within(1e-3));
            }
            assertThat(scores).hasSize(3);
            assertThatThrownBy(() -> clip.scores(pictures, List.of("a")))
                    .hasMessageContaining("texts: 1 for 3 images");
        }
        all.remove("vision_model.post_layernorm.bias");
        SafeTensors.write(folder.resolve("model.safetensors"), all, Map.of("format", "pt"));
        assertThatThrownBy(() -> Clip.read(folder, tokenizer))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("vision_model.post_layernorm.bias");
    }

    /** Three patches of four pixels a side, 16 channels. */
    private void vision(Map<String, NDArray> all) {
        tensor(all, "vision_model.embeddings.patch_embedding.weight", 16, 3, 4, 4);
        tensor(all, "vision_model.embeddings.class_embedding", 16);
        tensor(all, "vision_model.embeddings.position_embedding.weight", 10, 16);
        String layer = "vision_model.encoder.layers.0.";
        for (String norm : List.of("layer_norm1", "layer_norm2")) {
            tensor(all, layer + norm + ".weight", 16);
            tensor(all, layer + norm + ".bias", 16);
        }
        for (String norm : List.of("pre_layrnorm", "post_layernorm")) {
            tensor(all, "vision_model." + norm + ".weight", 16);
            tensor(all, "vision_model." + norm + ".bias", 16);
        }
        for (String part : List.of("q_proj", "k_proj", "v_proj", "out_proj")) {
            tensor(all, layer + "self_attn." + part + ".weight", 16, 16);
            tensor(all, layer + "self_attn." + part + ".bias", 16);
        }
        tensor(all, layer + "mlp.fc1.weight", 20, 16);
        tensor(all, layer + "mlp.fc1.bias", 20);
        tensor(all, layer + "mlp.fc2.weight", 16, 20);
        tensor(all, layer + "mlp.fc2.bias", 16);
        tensor(all, "visual_projection.weight", 10, 16);
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
