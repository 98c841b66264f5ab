package memoria.artifact;

import com.google.gson.JsonObject;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import memoria.data.Checksum;

/**
 * Which model, exactly: a name for people and the checksum of its weights, which decides.
 *
 * @param name for example {@code fashion-heavy}
 * @param sha256 checksum of its file, 64 lower-case hex digits
 */
public record ModelId(String name, String sha256) {

    /**
     * A model's identity.
     *
     * @param name for people, not empty
     * @param sha256 checksum of its file, 64 lower-case hex digits
     * @throws IllegalArgumentException if the name is empty or the checksum is not one
     */
    public ModelId {
        if (name.isBlank() || !sha256.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException(
                    "name, sha256: '"
                            + name
                            + "', '"
                            + sha256
                            + "'; a name and 64 lower-case hex digits are needed");
        }
    }

    /**
     * The identity of a checkpoint.
     *
     * @param name for people
     * @param file the checkpoint
     * @return name and checksum
     * @throws java.io.UncheckedIOException if the file cannot be read
     */
    public static ModelId of(String name, Path file) {
        return new ModelId(name, Checksum.sha256(file));
    }

    /**
     * The identity of a checkpoint of one or several files.
     *
     * @param name for people
     * @param files the checkpoint, in an order that is always the same
     * @return name and checksum: the file's, or of several the checksum of theirs
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static ModelId of(String name, List<Path> files) {
        if (files.size() == 1) {
            return of(name, files.get(0));
        }
        String all = files.stream().map(Checksum::sha256).collect(Collectors.joining());
        return new ModelId(name, Checksum.sha256(all.getBytes(StandardCharsets.US_ASCII)));
    }

    /**
     * A description, part of the key of what the model makes.
     *
     * @return a fresh object
     */
    public JsonObject spec() {
        JsonObject spec = new JsonObject();
        spec.addProperty("name", name);
        spec.addProperty("sha256", sha256);
        return spec;
    }
}
