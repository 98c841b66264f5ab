package memoria.stablediffusion;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import memoria.Mutations;
import memoria.checkpoint.SafeTensors;
import memoria.diffusion.NoiseSchedule;
import memoria.network.Params;
import memoria.network.UNetConfig;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Damaged tokenizers, models of text and configurations of Stable Diffusion; {@link Mutations} says what is held. */
class TextFuzzTest {

    private static final Tokenizer WORDS =
            Tokenizer.learn(List.of("a small red square, caf\u00e9"), 6, 10);

    @TempDir Path folder;

    private final NDManager manager = Torch.manager();

    @AfterEach
    void free() {
        manager.close();
    }

    private void write(Map<String, String> files) throws Exception {
        for (Map.Entry<String, String> file : files.entrySet()) {
            Path path = folder.resolve(file.getKey());
            Files.createDirectories(path.getParent());
            Files.writeString(path, file.getValue());
        }
    }

    private void hold(String name, Mutations.Reader reader) throws Exception {
        Path file = folder.resolve(name);
        Mutations.hold(Files.readAllBytes(file), file, reader);
    }

    @ParameterizedTest
    @ValueSource(strings = {"merges.txt", "vocab.json", "tokenizer_config.json"})
    void tokenizers(String name) throws Exception {
        JsonObject numbers = new JsonObject();
        WORDS.symbols().forEach(symbol -> numbers.addProperty(symbol, numbers.size()));
        write(
                Map.of(
                        "merges.txt",
                        "#version: 0.2\n" + String.join("\n", WORDS.merges()) + "\n",
                        "vocab.json",
                        numbers.toString(),
                        "tokenizer_config.json",
                        "{\"model_max_length\": 10, \"bos_token\": {\"content\": \"<|startoftext|>\"}}"));
        hold(
                name,
                file -> {
                    try {
                        TokenizerFolder.read(folder);
                    } catch (IllegalArgumentException documented) {
                        // Other merges number the vocabulary anew.
                        throw new IllegalArgumentException(
                                documented.getMessage().replace("vocab.json", name), documented);
                    }
                });
    }

    @Test
    void modelsOfText() throws Exception {
        ClipTextConfig text = new ClipTextConfig(WORDS.size(), 10, 16, 1, 1, 16, 0);
        UNetConfig network =
                UNetConfig.of(1, 32, 1)
                        .optChannelMult(1)
                        .optNumResBlocks(1)
                        .optAttentionResolutions(1)
                        .optContext(16, 1);
        Params params = Params.fresh(manager, 1);
        new ClipText(text, params.at(TextModelFile.TEXT), ClipNames.HUGGING_FACE);
        network.build(params.at(TextModelFile.DENOISER));
        Path good = folder.resolve("good");
        TextModelFile.write(
                good,
                params.all(),
                TextModelFile.describe(WORDS, text),
                network,
                NoiseSchedule.cosine(10),
                new Shape(1, 4, 4),
                new JsonObject());
        Mutations.holdHeader(
                Files.readAllBytes(good),
                folder.resolve("text.safetensors"),
                file -> {
                    TextModelFile.Model model = TextModelFile.read(file);
                    model.denoiser().close();
                });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"unet/config.json", "vae/config.json", "scheduler/scheduler_config.json"})
    void configurationsOfStableDiffusion(String name) throws Exception {
        Map<String, String> files = new HashMap<>();
        files.put(
                "unet/config.json",
                StableDiffusionTest.UNET_JSON.replace("{", "{\"sample_size\": 6, "));
        files.put("vae/config.json", StableDiffusionTest.KL_JSON);
        files.put(
                "scheduler/scheduler_config.json",
                "{\"_class_name\": \"PNDMScheduler\", \"beta_end\": 0.012, \"beta_schedule\": \"scaled_linear\", \"beta_start\": 0.00085,"
                        + " \"num_train_timesteps\": 1000, \"prediction_type\": \"epsilon\", \"trained_betas\": null}");
        write(files);
        for (String part : List.of("unet", "vae", "text_encoder")) {
            Path network = Files.createDirectories(folder.resolve(part));
            String tensors = part.equals("text_encoder") ? "model" : "diffusion_pytorch_model";
            SafeTensors.write(
                    network.resolve(tensors + ".safetensors"),
                    Map.of("a", manager.zeros(new Shape(1))),
                    Map.of());
        }
        hold(name, file -> Checkpoint.folder(folder));
    }

    @Test
    void singleFilesOfStableDiffusion() throws Exception {
        StableDiffusionTest test = new StableDiffusionTest();
        try {
            test.make();
            Path good = folder.resolve("good");
            SafeTensors.write(good, test.single(), Map.of());
            Mutations.holdHeader(
                    Files.readAllBytes(good),
                    folder.resolve("single.safetensors"),
                    Checkpoint::file);
        } finally {
            test.close();
        }
    }
}
