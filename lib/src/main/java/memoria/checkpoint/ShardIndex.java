package memoria.checkpoint;

import com.google.gson.JsonElement;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import memoria.data.TextFile;

/**
 * Tensors in several safetensors files beside an index, {@code *.safetensors.index.json}, as Hugging Face's libraries write large models: its
 * {@code weight_map} says in which file each tensor is.
 */
public final class ShardIndex {

    /** What an index's name ends in. */
    public static final String ENDING = ".safetensors.index.json";

    private static final String MAP = "weight_map";
    private static final Pattern SHARD = Pattern.compile("[\\w-][\\w.-]*\\.safetensors");

    private ShardIndex() {}

    /**
     * Opens the shards; no tensor is read yet.
     *
     * @param index the index
     * @return the file of every tensor it names
     * @throws IllegalArgumentException naming the index or the shard if it is damaged, names a file outside its folder, or a tensor that its
     *     file does not have
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static Map<String, SafeTensors> read(Path index) {
        Map<String, SafeTensors> files = new LinkedHashMap<>();
        Map<String, SafeTensors> opened = new LinkedHashMap<>();
        places(index)
                .forEach(
                        (tensor, file) -> {
                            files.put(tensor, shard(index, tensor, file, opened));
                        });
        return files;
    }

    private static SafeTensors shard(
            Path index, String tensor, String file, Map<String, SafeTensors> opened) {
        if (!Files.isRegularFile(index.resolveSibling(file))) {
            throw new IllegalArgumentException(
                    "file: "
                            + index
                            + ": '"
                            + tensor
                            + "' is in "
                            + file
                            + ", which is missing; download all shards");
        }
        try {
            SafeTensors shard =
                    opened.computeIfAbsent(file, f -> SafeTensors.read(index.resolveSibling(f)));
            shard.type(tensor);
            return shard;
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("file: " + index + ": " + e.getMessage(), e);
        }
    }

    /**
     * The shards' files.
     *
     * @param index the index
     * @return each once, by name
     * @throws IllegalArgumentException naming the index if it is damaged or names a file outside its folder
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static List<Path> files(Path index) {
        return new TreeSet<>(places(index).values()).stream().map(index::resolveSibling).toList();
    }

    private static Map<String, String> places(Path index) {
        JsonElement map = TextFile.json(index).get(MAP);
        if (map == null || !map.isJsonObject()) {
            throw new IllegalArgumentException("file: " + index + " has no '" + MAP + "'");
        }
        Map<String, String> places = new LinkedHashMap<>();
        for (Map.Entry<String, JsonElement> entry : map.getAsJsonObject().entrySet()) {
            String file = entry.getValue().isJsonPrimitive() ? entry.getValue().getAsString() : "";
            if (!SHARD.matcher(file).matches()) {
                throw new IllegalArgumentException(
                        "file: "
                                + index
                                + ": '"
                                + entry.getKey()
                                + "' is in '"
                                + file
                                + "', which is no file of this folder");
            }
            places.put(entry.getKey(), file);
        }
        return places;
    }
}
