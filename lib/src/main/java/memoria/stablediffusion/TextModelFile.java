package memoria.stablediffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import memoria.diffusion.NoiseSchedule;
import memoria.json.Json;
import memoria.json.JsonRecord;
import memoria.network.ModelFile;
import memoria.network.NetworkConfig;
import memoria.network.NetworkDenoiser;
import memoria.network.Params;

/**
 * Text encoder and denoiser in one safetensors file that rebuilds itself: their parameters where a Stable Diffusion checkpoint has them,
 * and in the metadata the architectures, the schedule, the tokenizer's merges and how the model was made.
 */
final class TextModelFile {

    /** Where a Stable Diffusion checkpoint keeps the text encoder. */
    static final String TEXT = "cond_stage_model.transformer";

    /** Where it keeps the denoiser. */
    static final String DENOISER = "model.diffusion_model";

    private static final String KIND = "text-to-image model";
    private static final String ARCHITECTURE = "architecture";
    private static final String SCHEDULE = "schedule";
    private static final String ITEM = "item";
    private static final String MADE = "made";
    private static final String PROMPTS = "prompts";

    private TextModelFile() {}

    /**
     * Prompts that are read by a denoiser.
     *
     * @param prompts tokenizer and text encoder
     * @param denoiser of latents
     */
    record Model(Prompts prompts, NetworkDenoiser denoiser) {}

    /** Everything about prompts that is no tensor. */
    static JsonObject describe(Tokenizer tokenizer, ClipTextConfig config) {
        JsonArray merges = new JsonArray();
        tokenizer.merges().forEach(merges::add);
        JsonObject json = new JsonObject();
        json.add("text", JsonRecord.write(config));
        json.addProperty("length", tokenizer.length());
        json.add("merges", merges);
        return json;
    }

    static void write(
            Path file,
            Map<String, NDArray> parameters,
            JsonObject prompts,
            NetworkConfig config,
            NoiseSchedule schedule,
            Shape item,
            JsonObject made) {
        ModelFile.write(
                file,
                KIND,
                parameters,
                Map.of(
                        PROMPTS, prompts,
                        ARCHITECTURE, config.toJson(),
                        SCHEDULE, schedule.spec(),
                        ITEM, ModelFile.json(item),
                        MADE, made));
    }

    static Model read(Path file) {
        return ModelFile.read(
                file,
                KIND,
                (params, parts) -> {
                    // The text encoder first: the network asks whether all tensors are known.
                    Prompts prompts = prompts(params, parts.object(PROMPTS));
                    NetworkConfig config = NetworkConfig.of(parts.object(ARCHITECTURE));
                    return new Model(
                            prompts,
                            new NetworkDenoiser(
                                    config.build(params.at(DENOISER)),
                                    NoiseSchedule.of(parts.object(SCHEDULE)),
                                    parts.shape(ITEM),
                                    parts.object(MADE)));
                });
    }

    private static Prompts prompts(Params params, JsonObject json) {
        List<String> merges =
                Json.elements(json.getAsJsonArray("merges")).map(JsonElement::getAsString).toList();
        Tokenizer tokenizer = Tokenizer.of(merges, json.get("length").getAsInt());
        ClipTextConfig config = JsonRecord.read(json.getAsJsonObject("text"), ClipTextConfig.class);
        return new Prompts(
                tokenizer, new ClipText(config, params.at(TEXT), ClipNames.HUGGING_FACE));
    }
}
