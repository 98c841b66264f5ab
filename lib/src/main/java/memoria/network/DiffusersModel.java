package memoria.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import memoria.checkpoint.SafeTensors;
import memoria.checkpoint.ShardIndex;
import memoria.checkpoint.TorchFile;
import memoria.data.HuggingFaceCache;
import memoria.data.TextFile;
import memoria.diffusion.NoiseSchedule;
import memoria.json.Json;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;

/**
 * An unconditional model in a folder of the diffusers library, such as {@code google/ddpm-cifar10-32}: a {@code UNet2DModel} with its
 * {@code config.json}, its parameters as safetensors, one file or shards with an index, or, in older folders, as {@code .bin}, and a {@code scheduler_config.json}. All may lie side
 * by side, or in the subfolders {@code unet} and {@code scheduler}.
 */
public final class DiffusersModel {

    private static final String CONFIG = "config.json";
    private static final String SCHEDULER = "scheduler_config.json";
    private static final String TENSORS = "diffusion_pytorch_model.safetensors";
    private static final String INDEX = TENSORS + ".index.json";
    private static final String PICKLED = "diffusion_pytorch_model.bin";

    /** Layers of attention as diffusers called them before version 0.15. */
    private static final Map<String, String> OLD =
            Map.of("query", "to_q", "key", "to_k", "value", "to_v", "proj_attn", "to_out.0");

    private DiffusersModel() {}

    /**
     * Whether a folder looks like such a model.
     *
     * @param folder any
     * @return whether it, or its subfolder {@code unet}, has a {@code config.json}
     */
    public static boolean isOne(Path folder) {
        return Files.isRegularFile(part(home(folder), "unet").resolve(CONFIG));
    }

    /**
     * Reads a model onto the current device.
     *
     * @param folder as it was downloaded, or the repository's folder in Hugging Face's cache
     * @return the denoiser; the caller closes it
     * @throws IllegalArgumentException if a file is missing or damaged, or the network is of a kind that is not built here; the file and the
     *     reason are named
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static NetworkDenoiser read(Path folder) {
        return readFiles(HuggingFaceCache.snapshot(folder));
    }

    private static NetworkDenoiser readFiles(Path folder) {
        Path unet = part(folder, "unet");
        Path config = unet.resolve(CONFIG);
        JsonObject json = TextFile.json(config);
        Path scheduler = part(folder, "scheduler").resolve(SCHEDULER);
        UNet2dConfig architecture = named(config, () -> UNet2dConfig.diffusers(json));
        if (!Files.exists(scheduler)) {
            throw new IllegalArgumentException(
                    "folder: "
                            + folder
                            + " lacks "
                            + SCHEDULER
                            + ": the weights do not say which noise they were trained with; write it, such as"
                            + " {\"num_train_timesteps\": 1000, \"beta_schedule\": \"linear\", \"beta_start\": 0.0001, \"beta_end\": 0.02}");
        }
        NoiseSchedule schedule = named(scheduler, () -> schedule(TextFile.json(scheduler)));
        Shape item = named(config, () -> item(json, architecture));
        Path file = file(folder);
        NDManager owner = Torch.manager();
        try {
            return named(
                    file,
                    () ->
                            new NetworkDenoiser(
                                    architecture.build(params(file, owner)),
                                    schedule,
                                    item,
                                    made(folder)));
        } catch (RuntimeException e) {
            owner.close();
            throw e;
        }
    }

    /**
     * The files with a model's parameters.
     *
     * @param folder as it was downloaded
     * @return the safetensors, one file or the shards that its index names, else the {@code .bin}
     * @throws IllegalArgumentException if there is none of them, or the index is damaged
     */
    public static List<Path> weights(Path folder) {
        Path file = file(folder);
        return isIndex(file) ? ShardIndex.files(file) : List.of(file);
    }

    private static Path file(Path folder) {
        Path unet = part(home(folder), "unet");
        for (String name : List.of(TENSORS, INDEX, PICKLED)) {
            if (Files.exists(unet.resolve(name))) {
                return unet.resolve(name);
            }
        }
        throw new IllegalArgumentException(
                "folder: " + unet + " has none of " + List.of(TENSORS, INDEX, PICKLED));
    }

    private static boolean isIndex(Path file) {
        return file.toString().endsWith(ShardIndex.ENDING);
    }

    /** Where a cache that is not whole is concerned, the message comes when it is read. */
    private static Path home(Path folder) {
        try {
            return HuggingFaceCache.snapshot(folder);
        } catch (IllegalArgumentException e) {
            return folder;
        }
    }

    private static Path part(Path folder, String name) {
        return Files.isDirectory(folder.resolve(name)) ? folder.resolve(name) : folder;
    }

    private static JsonObject made(Path folder) {
        JsonObject made = new JsonObject();
        made.addProperty("name", String.valueOf(folder.getFileName()));
        return made;
    }

    private static Params params(Path file, NDManager owner) {
        Map<String, NDArray> stored = stored(file, owner);
        Map<String, NDArray> tensors = new LinkedHashMap<>();
        Map<String, String> called = new LinkedHashMap<>();
        stored.forEach(
                (theirs, tensor) -> {
                    String ours = today(theirs);
                    tensors.put(ours, Scope.release(Tensors.as(DataType.FLOAT32, tensor)));
                    called.put(ours, theirs);
                });
        return Params.of(owner, tensors, ours -> called.getOrDefault(ours, ours));
    }

    private static Map<String, NDArray> stored(Path file, NDManager owner) {
        if (file.getFileName().toString().equals(PICKLED)) {
            return TorchFile.read(file).tensors(owner);
        }
        if (!isIndex(file)) {
            return SafeTensors.read(file).tensors(owner);
        }
        Map<String, NDArray> all = new LinkedHashMap<>();
        ShardIndex.read(file).forEach((name, shard) -> all.put(name, shard.tensor(owner, name)));
        return all;
    }

    private static String today(String name) {
        String[] parts = name.split("\\.");
        int layer = parts.length - 2;
        if (layer > 0 && name.contains("attentions.")) {
            parts[layer] = OLD.getOrDefault(parts[layer], parts[layer]);
        }
        return String.join(".", parts);
    }

    private static Shape item(JsonObject json, UNet2dConfig config) {
        JsonElement size = json.get("sample_size");
        if (size == null || size.isJsonNull()) {
            throw new IllegalArgumentException("sample_size: it is missing");
        }
        List<Long> sides =
                size.isJsonArray()
                        ? Json.elements(size.getAsJsonArray()).map(JsonElement::getAsLong).toList()
                        : List.of(size.getAsLong(), size.getAsLong());
        return new Shape(config.inChannels(), sides.get(0), sides.get(sides.size() - 1));
    }

    /** What a scheduler's configuration leaves out has the defaults of diffusers' DDPM. */
    private static NoiseSchedule schedule(JsonObject json) {
        String predicts = text(json, "prediction_type", "epsilon");
        if (!predicts.equals("epsilon")) {
            throw new IllegalArgumentException(
                    "prediction_type: " + predicts + "; only epsilon is supported");
        }
        if (json.has("trained_betas") && json.get("trained_betas").isJsonArray()) {
            return NoiseSchedule.of(
                    Json.elements(json.getAsJsonArray("trained_betas"))
                            .mapToDouble(JsonElement::getAsDouble)
                            .toArray());
        }
        int steps = (int) Double.parseDouble(text(json, "num_train_timesteps", "1000"));
        double first = Double.parseDouble(text(json, "beta_start", "1e-4"));
        double last = Double.parseDouble(text(json, "beta_end", "0.02"));
        String kind = text(json, "beta_schedule", "linear");
        return switch (kind) {
            case "linear" -> NoiseSchedule.linear(steps, first, last);
            case "scaled_linear" -> NoiseSchedule.scaledLinear(steps, first, last);
            case "squaredcos_cap_v2" -> NoiseSchedule.cosine(steps);
            default ->
                    throw new IllegalArgumentException(
                            "beta_schedule: "
                                    + kind
                                    + " is none of linear, scaled_linear, squaredcos_cap_v2");
        };
    }

    private static String text(JsonObject json, String key, String absent) {
        JsonElement value = json.get(key);
        return value == null || value.isJsonNull() ? absent : value.getAsString();
    }

    /** Errors of a file's content name the file. */
    private static <T> T named(Path file, Supplier<T> read) {
        try {
            return Json.expect(read);
        } catch (IllegalArgumentException e) {
            if (String.valueOf(e.getMessage()).startsWith("file:")) {
                throw e;
            }
            throw new IllegalArgumentException("file: " + file + ": " + e.getMessage(), e);
        }
    }
}
