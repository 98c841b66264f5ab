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
import java.util.function.BiFunction;
import memoria.checkpoint.SafeTensors;
import memoria.json.Json;
import memoria.torch.Scope;
import memoria.torch.Torch;

/**
 * A network as one safetensors file that rebuilds itself: the parameters under their names, and in the metadata, as JSON, whatever the kind
 * of network needs to be built again.
 */
public final class ModelFile {

    private ModelFile() {}

    /**
     * What a file's metadata says, entry by entry; an entry that is missing or no JSON is named.
     *
     * @param kind of the file, in words
     * @param metadata its entries
     */
    public record Parts(String kind, Map<String, String> metadata) {

        /**
         * An entry.
         *
         * @param key its name
         * @return the object
         * @throws IllegalArgumentException if it is missing or no JSON
         */
        public JsonObject object(String key) {
            return element(key).getAsJsonObject();
        }

        /**
         * An entry that is a shape.
         *
         * @param key its name
         * @return the shape
         * @throws IllegalArgumentException if it is missing or no JSON
         */
        public Shape shape(String key) {
            JsonArray sizes = element(key).getAsJsonArray();
            return new Shape(Json.elements(sizes).mapToLong(JsonElement::getAsLong).toArray());
        }

        private JsonElement element(String key) {
            String text = metadata.get(key);
            if (text == null) {
                throw new IllegalArgumentException(
                        "its metadata has no '"
                                + key
                                + "'; it is not a "
                                + kind
                                + " written by this library");
            }
            try {
                return Json.parse(text);
            } catch (JsonParseException e) {
                throw new IllegalArgumentException("its metadata '" + key + "' is not JSON", e);
            }
        }
    }

    /**
     * A shape as an entry.
     *
     * @param shape any
     * @return what {@link Parts#shape} reads
     */
    public static JsonArray json(Shape shape) {
        JsonArray sizes = new JsonArray();
        for (long size : shape.getShape()) {
            sizes.add(size);
        }
        return sizes;
    }

    /**
     * Writes a file; it appears under its name only when it is whole.
     *
     * @param file where
     * @param kind in words
     * @param parameters by name
     * @param parts entries of the metadata
     */
    public static void write(
            Path file,
            String kind,
            Map<String, NDArray> parameters,
            Map<String, ? extends JsonElement> parts) {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put("format", "memoria-" + kind + "-1");
        parts.forEach((key, value) -> metadata.put(key, value.toString()));
        SafeTensors.write(file, parameters, metadata);
    }

    /**
     * Reads a file onto {@link Torch#device()}.
     *
     * @param file what {@link #write} wrote
     * @param kind in words, as at {@link #write}
     * @param build makes the network, which owns the parameters from then on
     * @param <T> what is built
     * @return what was built
     * @throws IllegalArgumentException if the file is damaged, foreign, or its tensors do not fit; the file and the reason are named
     */
    public static <T> T read(Path file, String kind, BiFunction<Params, Parts, T> build) {
        SafeTensors content = SafeTensors.read(file);
        content.shapes().keySet().forEach(n -> requireSingle(file, kind, n, content.type(n)));
        NDManager owner = Torch.manager();
        try {
            Map<String, NDArray> tensors = content.tensors(owner);
            // A model that a job loads within one of its steps is there for the steps after it.
            tensors.values().forEach(Scope::release);
            return Json.expect(
                    () ->
                            build.apply(
                                    Params.of(owner, tensors),
                                    new Parts(kind, content.metadata())));
        } catch (IllegalArgumentException e) {
            owner.close();
            throw new IllegalArgumentException("file: " + file + ": " + e.getMessage(), e);
        }
    }

    private static void requireSingle(Path file, String kind, String name, DataType type) {
        if (type != DataType.FLOAT32) {
            throw new IllegalArgumentException(
                    "file: "
                            + file
                            + ": tensor '"
                            + name
                            + "' is of type "
                            + type
                            + "; the parameters of a "
                            + kind
                            + " are FLOAT32");
        }
    }
}
