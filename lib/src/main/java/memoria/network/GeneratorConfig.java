package memoria.network;

import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import memoria.json.JsonRecord;

/**
 * The architecture of a {@link Generator} and of the {@link Discriminator} it is trained against.
 *
 * @param latent numbers an image is made from
 * @param channels of the image
 * @param width channels of the last features, a multiple of 8; doubled at every level below
 * @param levels how often the size is doubled, from 4x4
 */
public record GeneratorConfig(int latent, int channels, int width, int levels) {

    private static final int SMALLEST = 4;
    private static final int GROUPS = 8;

    /**
     * Checks every argument.
     *
     * @param latent as in the record
     * @param channels as in the record
     * @param width as in the record
     * @param levels as in the record
     * @throws IllegalArgumentException if one is not legal; it is named
     */
    public GeneratorConfig {
        require(latent >= 1, "latent", latent, "at least 1");
        require(channels >= 1, "channels", channels, "at least 1");
        require(width >= GROUPS && width % GROUPS == 0, "width", width, "a multiple of " + GROUPS);
        require(levels >= 0 && levels <= 8, "levels", levels, "0 to 8");
    }

    private static void require(boolean legal, String name, int value, String range) {
        if (!legal) {
            throw new IllegalArgumentException(name + ": " + value + " is not " + range);
        }
    }

    /**
     * Shape of one image.
     *
     * @return (channels, side, side)
     */
    public Shape item() {
        long side = (long) SMALLEST << levels;
        return new Shape(channels, side, side);
    }

    /** Side of the smallest features. */
    int smallest() {
        return SMALLEST;
    }

    /** Groups of every normalisation. */
    int groups() {
        return GROUPS;
    }

    /** Channels of the features after so many doublings of the size. */
    int width(int doublings) {
        return width << (levels - doublings);
    }

    /**
     * The configuration as JSON.
     *
     * @return what {@link #of} reads
     */
    public JsonObject toJson() {
        return JsonRecord.write(this);
    }

    /**
     * Reads a configuration.
     *
     * @param json what {@link #toJson} wrote
     * @return the configuration
     * @throws IllegalArgumentException if a value is missing or not legal
     */
    public static GeneratorConfig of(JsonObject json) {
        return JsonRecord.read(json, GeneratorConfig.class);
    }
}
