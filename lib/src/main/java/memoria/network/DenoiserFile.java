package memoria.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import memoria.checkpoint.SafeTensors;
import memoria.diffusion.NoiseSchedule;
import memoria.json.Json;
import memoria.torch.Torch;

/**
 * A denoiser as one safetensors file that rebuilds itself: the parameters under their names, and in the metadata the architecture, the
 * schedule, the item's shape and how it was made, each as JSON.
 */
public final class DenoiserFile {

    private static final String ARCHITECTURE = "architecture";
    private static final String SCHEDULE = "schedule";
    private static final String ITEM = "item";
    private static final String MADE = "made";

    private DenoiserFile() {}

    /**
     * Writes a denoiser; the file appears under its name only when it is whole.
     *
     * @param file where
     * @param parameters by name, such as {@code network.params().all()} or averages of them
     * @param config the architecture they belong to
     * @param schedule the training schedule
     * @param item shape of one item
     * @param made how it was made
     */
    public static void write(
            Path file,
            Map<String, NDArray> parameters,
            NetworkConfig config,
            NoiseSchedule schedule,
            Shape item,
            JsonObject made) {
        JsonArray shape = new JsonArray();
        for (long size : item.getShape()) {
            shape.add(size);
        }
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put("format", "memoria-denoiser-1");
        metadata.put(ARCHITECTURE, config.toJson().toString());
        metadata.put(SCHEDULE, schedule.spec().toString());
        metadata.put(ITEM, shape.toString());
        metadata.put(MADE, made.toString());
        SafeTensors.write(file, parameters, metadata);
    }

    /**
     * Reads a denoiser onto {@link Torch#device()}.
     *
     * @param file what {@link #write} wrote
     * @return the denoiser; the caller closes it
     * @throws IllegalArgumentException if the file is damaged, foreign, or its tensors do not fit its architecture; the file and the reason
     *     are named
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static NetworkDenoiser read(Path file) {
        SafeTensors content = SafeTensors.read(file);
        Map<String, String> metadata = content.metadata();
        content.shapes().keySet().forEach(name -> requireSingle(file, name, content.type(name)));
        NDManager owner = Torch.manager();
        try {
            NetworkConfig config = NetworkConfig.of(json(metadata, ARCHITECTURE).getAsJsonObject());
            NoiseSchedule schedule = NoiseSchedule.of(json(metadata, SCHEDULE).getAsJsonObject());
            JsonArray sizes = json(metadata, ITEM).getAsJsonArray();
            Shape item =
                    new Shape(Json.elements(sizes).mapToLong(JsonElement::getAsLong).toArray());
            Network network = config.build(Params.of(owner, content.tensors(owner)));
            return new NetworkDenoiser(
                    network, schedule, item, json(metadata, MADE).getAsJsonObject());
        } catch (IllegalArgumentException
                | IllegalStateException
                | UnsupportedOperationException e) {
            owner.close();
            throw new IllegalArgumentException("file: " + file + ": " + e.getMessage(), e);
        }
    }

    private static void requireSingle(Path file, String name, DataType type) {
        if (type != DataType.FLOAT32) {
            throw new IllegalArgumentException(
                    "file: "
                            + file
                            + ": tensor '"
                            + name
                            + "' is of type "
                            + type
                            + "; the parameters of a denoiser are FLOAT32");
        }
    }

    private static JsonElement json(Map<String, String> metadata, String key) {
        String text = metadata.get(key);
        if (text == null) {
            throw new IllegalArgumentException(
                    "its metadata has no '"
                            + key
                            + "'; it is not a denoiser written by this library");
        }
        try {
            return Json.parse(text);
        } catch (JsonParseException e) {
            throw new IllegalArgumentException("its metadata '" + key + "' is not JSON", e);
        }
    }
}
