package memoria.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import memoria.checkpoint.NetworkPickle;
import memoria.json.Json;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;

/**
 * StyleGAN2-ADA's own checkpoints, {@code .pkl}: the generator is rebuilt from its attributes and tensors; the Python source in the file is not
 * looked at.
 */
public final class StyleGan2File {

    /** The generator with averaged weights, the one that makes the images of the papers. */
    private static final String AVERAGED = "G_ema";

    private StyleGan2File() {}

    /**
     * Reads the averaged generator of a file onto the current device.
     *
     * @param file such as {@code cifar10.pkl}
     * @return the generator; the caller closes it
     * @throws IllegalArgumentException naming the file and the reason if it is damaged, something else, names what is not loaded, or holds
     *     another kind of generator
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static StyleGan2 read(Path file) {
        NetworkPickle content = NetworkPickle.read(file);
        JsonObject attributes = content.attributes(AVERAGED);
        NDManager owner = Torch.manager();
        try {
            Map<String, NDArray> tensors = new LinkedHashMap<>(content.tensors(owner, AVERAGED));
            tensors.replaceAll(
                    (name, tensor) -> Scope.release(Tensors.as(DataType.FLOAT32, tensor)));
            JsonObject made = new JsonObject();
            made.addProperty("name", String.valueOf(file.getFileName()));
            return Json.expect(
                    () ->
                            new StyleGan2(
                                    config(attributes, tensors), Params.of(owner, tensors), made));
        } catch (IllegalArgumentException e) {
            owner.close();
            if (String.valueOf(e.getMessage()).startsWith("file:")) {
                throw e;
            }
            throw new IllegalArgumentException("file: " + file + ": " + e.getMessage(), e);
        }
    }

    private static StyleGan2Config config(JsonObject g, Map<String, NDArray> tensors) {
        String kind = text(g, "class_name");
        if (!kind.equals("Generator")) {
            throw new IllegalArgumentException(
                    "its network is a '" + kind + "', not a 'Generator' of StyleGAN2-ADA");
        }
        JsonObject mapping = part(g, "mapping");
        JsonObject synthesis = part(g, "synthesis");
        JsonObject first = part(mapping, "fc0");
        JsonObject block = part(synthesis, "b4");
        JsonObject layer = part(block, "conv1");
        JsonObject built = new JsonObject();
        copy(object(g, "_init_kwargs"), built);
        copy(object(built, "synthesis_kwargs"), built);
        copy(object(synthesis, "_init_kwargs"), built);
        int layers = whole(mapping, "num_layers");
        StyleGan2Config config =
                StyleGan2Config.of(
                                whole(g, "z_dim"),
                                whole(g, "c_dim"),
                                whole(g, "w_dim"),
                                whole(g, "img_resolution"),
                                whole(g, "img_channels"))
                        .with("mappingLayers", layers)
                        .with("architecture", text(block, "architecture").toUpperCase(Locale.ROOT))
                        .with("activation", text(layer, "activation").toUpperCase(Locale.ROOT))
                        .with("useNoise", need(layer, "use_noise").getAsBoolean())
                        .with("lrMultiplier", need(first, "bias_gain").getAsDouble())
                        .with("embedFeatures", rows(tensors, "mapping.embed.weight"))
                        .with(
                                "layerFeatures",
                                layers == 1 ? 0 : rows(tensors, "mapping.fc0.weight"));
        if (built.has("channel_base")) {
            config = config.with("channelBase", whole(built, "channel_base"));
        }
        if (built.has("channel_max")) {
            config = config.with("channelMax", whole(built, "channel_max"));
        }
        JsonElement limit = layer.get("conv_clamp");
        if (limit != null && !limit.isJsonNull()) {
            config = config.with("convClamp", limit.getAsDouble());
        }
        NDArray filter = tensors.get("synthesis.b4.resample_filter");
        long taps = filter == null ? 4 : filter.getShape().get(0);
        // Its values come from the file; only their number is part of the architecture.
        return taps == 4
                ? config
                : config.with("resampleFilter", Collections.nCopies((int) taps, 1.0));
    }

    /** Rows of a matrix; 0, for the default, where there is none. */
    private static int rows(Map<String, NDArray> tensors, String name) {
        NDArray weight = tensors.get(name);
        return weight == null ? 0 : Math.toIntExact(weight.getShape().get(0));
    }

    private static void copy(JsonObject from, JsonObject into) {
        from.entrySet().forEach(entry -> into.add(entry.getKey(), entry.getValue()));
    }

    private static JsonObject part(JsonObject module, String name) {
        JsonElement part = object(module, "_modules").get(name);
        if (part == null || !part.isJsonObject()) {
            throw new IllegalArgumentException("its generator has no part '" + name + "'");
        }
        return part.getAsJsonObject();
    }

    private static JsonObject object(JsonObject from, String key) {
        JsonElement value = from.get(key);
        return value != null && value.isJsonObject() ? value.getAsJsonObject() : new JsonObject();
    }

    private static JsonElement need(JsonObject from, String key) {
        JsonElement value = from.get(key);
        if (value == null || !value.isJsonPrimitive()) {
            throw new IllegalArgumentException("its generator does not state its '" + key + "'");
        }
        return value;
    }

    private static int whole(JsonObject from, String key) {
        return need(from, key).getAsInt();
    }

    private static String text(JsonObject from, String key) {
        return need(from, key).getAsString();
    }
}
