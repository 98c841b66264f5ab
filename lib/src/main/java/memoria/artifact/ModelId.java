package memoria.artifact;

import com.google.gson.JsonObject;
import java.nio.file.Path;
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
