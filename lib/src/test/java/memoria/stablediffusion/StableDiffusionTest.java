package memoria.stablediffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import memoria.checkpoint.SafeTensors;
import memoria.checkpoint.TorchArchive;
import memoria.data.Images;
import memoria.diffusion.Condition;
import memoria.diffusion.Ddim;
import memoria.diffusion.Noise;
import memoria.diffusion.Seeds;
import memoria.diffusion.Velocity;
import memoria.network.AutoencoderConfig;
import memoria.network.AutoencoderKl;
import memoria.network.Params;
import memoria.network.UNetConfig;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scalars;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints of a small Stable Diffusion in both public layouts. */
class StableDiffusionTest {

    private static final UNetConfig UNET =
            UNetConfig.of(4, 32, 4)
                    .optNumResBlocks(1)
                    .optChannelMult(1, 2)
                    .optAttentionResolutions(1)
                    .optNumHeads(8, -1)
                    .optContext(64, 1);
    private static final AutoencoderConfig KL =
            AutoencoderConfig.of(3, 4, 32).optChannelMult(1, 1).optNumResBlocks(1);
    private static final Tokenizer WORDS = Tokenizer.learn(List.of("a small red square"), 4, 8);
    static final String UNET_JSON =
            "{\"in_channels\": 4, \"out_channels\": 4, \"block_out_channels\": [32, 64],"
                    + " \"layers_per_block\": 1, \"cross_attention_dim\": 64, \"attention_head_dim\": 8,"
                    + " \"down_block_types\": [\"CrossAttnDownBlock2D\", \"DownBlock2D\"]}";
    static final String KL_JSON =
            "{\"in_channels\": 3, \"out_channels\": 3, \"latent_channels\": 4,"
                    + " \"block_out_channels\": [32, 32], \"layers_per_block\": 1,"
                    + " \"down_block_types\": [\"DownEncoderBlock2D\", \"DownEncoderBlock2D\"],"
                    + " \"up_block_types\": [\"UpDecoderBlock2D\", \"UpDecoderBlock2D\"]}";

    private final NDManager manager = Torch.manager();
    private final Map<String, NDArray> unet = new TreeMap<>();
    private final Map<String, NDArray> autoencoder = new TreeMap<>();
    private final Map<String, NDArray> text = new TreeMap<>();

    @TempDir Path folder;

    @BeforeEach
    void make() {
        Params p = Params.fresh(manager, 1);
        UNET.build(p);
        unet.putAll(p.all());
        Params q = Params.fresh(manager, 2);
        new AutoencoderKl(KL, q);
        autoencoder.putAll(q.all());
        Params r = Params.fresh(manager, 3);
        new ClipText(
                new ClipTextConfig(WORDS.size(), 8, 64, 1, 1, 128, 0), r, ClipNames.HUGGING_FACE);
        text.putAll(r.all());
        // Fresh networks end in layers of zeros.
        unet.replaceAll((name, w) -> stirred(name, w));
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private NDArray stirred(String name, NDArray w) {
        NDArray noise =
                Noise.tensor(manager, name, Seeds.of(4), 0, w.getShape()).reshape(w.getShape());
        return Autograd.off(() -> w.add(Scalars.mul(noise, 0.05)));
    }

    Map<String, NDArray> single() {
        Map<String, NDArray> all = new LinkedHashMap<>();
        unet.forEach((name, w) -> all.put("model.diffusion_model." + name, w));
        autoencoder.forEach((name, w) -> all.put("first_stage_model." + name, w));
        text.forEach((name, w) -> all.put("cond_stage_model.transformer." + name, w));
        all.put("betas", manager.ones(new Shape(1000)));
        all.put("model_ema.decay", manager.ones(new Shape()));
        all.put(
                "cond_stage_model.transformer.text_model.embeddings.position_ids",
                manager.zeros(new Shape(1, 8), DataType.INT64));
        return all;
    }

    private Path file(Map<String, NDArray> tensors) {
        Path file = folder.resolve("small.safetensors");
        SafeTensors.write(file, tensors, Map.of());
        return file;
    }

    /** The file a training leaves, as version 1.4 was published: PyTorch's format, a trainer's notes beside the tensors. */
    private Path trained() throws IOException {
        Map<String, NDArray> tensors = single();
        tensors.remove("cond_stage_model.transformer.text_model.embeddings.position_ids");
        Path file = folder.resolve("small.ckpt");
        TorchArchive.writeTrained(file, tensors);
        return file;
    }

    /** A diffusers folder: the autoencoder's attention under old or new names, the UNet in two shards. */
    private Path diffusers(boolean old, String scheduler) throws IOException {
        Path root = Files.createDirectories(folder.resolve("diffusers"));
        for (String part : List.of("unet", "vae", "text_encoder", "scheduler")) {
            Files.createDirectories(root.resolve(part));
        }
        Files.writeString(root.resolve("unet/config.json"), UNET_JSON);
        Files.writeString(root.resolve("vae/config.json"), KL_JSON);
        Files.writeString(root.resolve("scheduler/scheduler_config.json"), scheduler);
        SafeTensors.write(root.resolve("text_encoder/model.safetensors"), text, Map.of());
        Map<String, NDArray> kl = new TreeMap<>();
        autoencoder.forEach((name, w) -> kl.put(theirs(name, old), linear(name, w)));
        SafeTensors.write(
                root.resolve("vae/diffusion_pytorch_model.fp16.safetensors"), kl, Map.of());
        NameMap names = NameMap.diffusers(UNET);
        List<Map<String, NDArray>> shards = List.of(new TreeMap<>(), new TreeMap<>());
        StringBuilder index = new StringBuilder("{\"weight_map\": {\"");
        unet.forEach(
                (name, w) -> {
                    String called = names.theirs(name);
                    int shard = Math.floorMod(name.hashCode(), 2);
                    shards.get(shard).put(called, w);
                    index.append(index.length() > 17 ? ", \"" : "")
                            .append(called)
                            .append("\": \"part" + shard + ".safetensors\"");
                });
        for (int i = 0; i < 2; i++) {
            SafeTensors.write(
                    root.resolve("unet/part" + i + ".safetensors"), shards.get(i), Map.of());
        }
        Files.writeString(
                root.resolve("unet/diffusion_pytorch_model.safetensors.index.json"),
                index.append("}}"));
        return root;
    }

    private static String theirs(String ours, boolean old) {
        String name = NameMap.diffusers(KL).theirs(ours);
        return old
                ? name.replace("to_q", "query")
                        .replace("to_k", "key")
                        .replace("to_v", "value")
                        .replace("to_out.0", "proj_attn")
                : name;
    }

    private static NDArray linear(String name, NDArray w) {
        boolean attention = name.contains("attn_1") && w.getShape().dimension() == 4;
        return attention ? w.reshape(w.getShape().get(0), w.getShape().get(1)) : w;
    }

    private static StableDiffusion small(Path checkpoint) {
        return StableDiffusion.read(checkpoint, WORDS, DataType.FLOAT32).sized(16, 16);
    }

    @Test
    void aFileAndAFolderOfTheSameModelPaintTheSamePictures() throws IOException {
        Seeds seeds = Seeds.range(0, 2);
        Ddim sampler = Ddim.respaced("leading2+1").clip(false).batch(1);
        String[] prompts = {"a red square", ""};
        Images one;
        try (StableDiffusion sd = small(file(single()))) {
            one = sd.images(7.5, sampler, seeds, prompts);
            assertThat(one.item()).isEqualTo(new Shape(3, 16, 16));
            assertThat(sd.images(7.5, sampler.batch(2), seeds, prompts).largestDifference(one))
                    .as("a batch of prompts")
                    .isLessThan(1e-4);
            assertThat(sd.decode(sd.encode(one)).item()).isEqualTo(one.item());
            sd.unet().optAttentionSlice(3);
            assertThat(sd.images(7.5, sampler, seeds, prompts).largestDifference(one))
                    .isLessThan(1e-4);
        }
        try (StableDiffusion sd = small(trained())) {
            assertThat(sd.images(7.5, sampler, seeds, prompts).largestDifference(one)).isZero();
        }
        for (boolean old : new boolean[] {true, false}) {
            try (StableDiffusion sd = small(diffusers(old, "{}"))) {
                assertThat(sd.images(7.5, sampler, seeds, prompts).largestDifference(one))
                        .isLessThan(1e-4);
            }
        }
    }

    @Test
    void aVelocityModelIsRecognised() throws IOException {
        Path root = diffusers(false, "{\"prediction_type\": \"v_prediction\"}");
        try (StableDiffusion sd = small(root)) {
            assertThat(sd.denoiser()).isInstanceOf(Velocity.class);
        }
        assertThatThrownBy(() -> small(diffusers(false, "{\"prediction_type\": \"sample\"}")))
                .hasMessageContaining("scheduler_config.json")
                .hasMessageContaining("prediction_type: \"sample\"");
    }

    @Test
    void halfPrecisionPredictsNearlyTheSameAndRefusesGradients() {
        Path file = file(single());
        try (StableDiffusion single = small(file);
                StableDiffusion half =
                        StableDiffusion.read(file, WORDS, DataType.FLOAT16).sized(16, 16)) {
            NDArray x = Noise.tensor(manager, "x", Seeds.of(5), 0, single.denoiser().item());
            Condition prompt = single.prompts().of("a square");
            double[] t = {400};
            NDArray exact = Autograd.off(() -> single.denoiser().predict(x, t, prompt).epsilon());
            NDArray rough = Autograd.off(() -> half.denoiser().predict(x, t, prompt).epsilon());
            assertThat(rough.getDataType()).isEqualTo(DataType.FLOAT32);
            double error = exact.sub(rough).abs().max().getFloat();
            assertThat(error).isBetween(1e-7, 0.02 * exact.abs().max().getFloat());
            assertThatThrownBy(() -> Autograd.on(() -> half.denoiser().predict(x, t, prompt)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("float16")
                    .hasMessageContaining("FLOAT32");
        }
    }

    @Test
    void missingSurplusAndMisshapenTensorsAreNamedAsTheFileNamesThem() throws IOException {
        Map<String, NDArray> all = single();
        String bias = "model.diffusion_model.out.2.bias";
        NDArray kept = all.remove(bias);
        assertThatThrownBy(() -> small(file(all)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("small.safetensors")
                .hasMessageContaining("no tensor '" + bias + "'");
        all.put(bias, manager.ones(new Shape(5)));
        assertThatThrownBy(() -> small(file(all)))
                .hasMessageContaining("'" + bias + "' has shape (5)")
                .hasMessageContaining("(4)");
        all.put(bias, kept);
        all.put("first_stage_model.decoder.surplus.weight", kept);
        assertThatThrownBy(() -> small(file(all))).hasMessageContaining("decoder.surplus.weight");
        unet.remove("middle_block.0.in_layers.2.weight");
        Path root = diffusers(false, "{}");
        assertThatThrownBy(() -> small(root))
                .hasMessageContaining("diffusers")
                .hasMessageContaining("mid_block.resnets.0.conv1.weight");
        unet.put("surplus.weight", kept);
        assertThatThrownBy(() -> small(diffusers(false, "{}")))
                .hasMessageContaining("surplus.weight");
    }

    @Test
    void otherVersionsAndOtherFilesAreCalledByName() throws IOException {
        Map<String, NDArray> two = single();
        two.put("cond_stage_model.model.ln_final.weight", manager.ones(new Shape(1)));
        assertThatThrownBy(() -> small(file(two)))
                .hasMessageContaining("Stable Diffusion 2")
                .hasMessageContaining("1.4 and 1.5");
        Map<String, NDArray> large = single();
        large.put("conditioner.embedders.0.weight", manager.ones(new Shape(1)));
        assertThatThrownBy(() -> small(file(large))).hasMessageContaining("Stable Diffusion XL");
        assertThatThrownBy(() -> small(file(Map.of("weight", manager.ones(new Shape(1))))))
                .hasMessageContaining("no checkpoint of latent diffusion");
        Path root = diffusers(false, "{}");
        Files.writeString(
                root.resolve("unet/config.json"),
                UNET_JSON.replace("\"cross_attention_dim\": 64", "\"cross_attention_dim\": 1024"));
        assertThatThrownBy(() -> small(root)).hasMessageContaining("Stable Diffusion 2");
        Files.writeString(
                root.resolve("unet/config.json"),
                UNET_JSON.replace("{", "{\"use_linear_projection\": true, "));
        assertThatThrownBy(() -> small(root)).hasMessageContaining("use_linear_projection: true");
        assertThatThrownBy(() -> small(folder)).hasMessageContaining("unet/config.json");
        Path good = file(single());
        assertThatThrownBy(() -> StableDiffusion.read(good, WORDS, DataType.INT32))
                .hasMessageContaining("type: int32");
    }

    @Test
    void aFolderBringsItsTokenizerAndItsSize() throws IOException {
        Path root = diffusers(false, "{}");
        Files.writeString(
                root.resolve("unet/config.json"), UNET_JSON.replace("{", "{\"sample_size\": 6, "));
        Path own = Files.createDirectories(root.resolve("tokenizer"));
        Files.writeString(
                own.resolve("merges.txt"),
                "#version: 0.2\n" + String.join("\n", WORDS.merges()) + "\n");
        Files.writeString(own.resolve("tokenizer_config.json"), "{\"model_max_length\": 8}");
        try (StableDiffusion sd = StableDiffusion.read(root)) {
            assertThat(sd.prompts().tokenizer().merges()).isEqualTo(WORDS.merges());
            assertThat(sd.prompts().tokenizer().length()).isEqualTo(8);
            assertThat(sd.denoiser().item()).isEqualTo(new Shape(4, 6, 6));
            assertThat(sd.side()).isEqualTo(12);
            assertThat(sd.sized(16, 20).side()).isEqualTo(16);
        }
        for (String wrong : List.of("0", "-8", "[6,6]", "\"6\"")) {
            Files.writeString(
                    root.resolve("unet/config.json"),
                    UNET_JSON.replace("{", "{\"sample_size\": " + wrong + ", "));
            assertThatThrownBy(() -> StableDiffusion.read(root))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("unet")
                    .hasMessageContaining("sample_size: " + wrong);
        }
    }

    @Test
    void sizesMustBeMultiplesOfTheFactor() {
        try (StableDiffusion sd = small(file(single()))) {
            assertThatThrownBy(() -> sd.sized(15, 16))
                    .hasMessageContaining("15x16")
                    .hasMessageContaining("multiples of 2");
            NDArray x = Ops.cast(manager.ones(new Shape(1, 4, 8, 8)), DataType.FLOAT32);
            assertThat(sd.picture(x).getShape()).isEqualTo(new Shape(1, 3, 16, 16));
        }
    }
}
