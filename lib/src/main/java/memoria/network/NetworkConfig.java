package memoria.network;

import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.util.Locale;
import memoria.diffusion.Condition;
import memoria.json.JsonRecord;

/** An architecture: what a checkpoint's metadata holds so that the network can be built again from the file alone. */
public sealed interface NetworkConfig permits UNetConfig, UNet2dConfig, MlpConfig {

    /**
     * Builds the network.
     *
     * @param params fresh, or a checkpoint's
     * @return the network
     * @throws IllegalArgumentException if a tensor is missing, unknown or of another shape; it is named
     */
    Network build(Params params);

    /**
     * Number of classes the network takes as a condition.
     *
     * @return 0 for an unconditional network
     */
    int numClasses();

    /**
     * Width of the text embeddings the network takes as a condition.
     *
     * @return 0 for a network that reads no text
     */
    default int contextDim() {
        return 0;
    }

    /**
     * Dropout while training.
     *
     * @return a probability
     */
    double dropout();

    /**
     * Channels of the output.
     *
     * @param item shape of one item
     * @return as many as the item has, or another number
     */
    long outChannels(Shape item);

    /**
     * Checks that items of a shape can be fed to the network.
     *
     * @param item shape of one item
     * @throws IllegalArgumentException if they cannot
     */
    void requireItem(Shape item);

    /**
     * Checks that the network can denoise items of a shape: it takes them, and answers with the noise or with noise and variance.
     *
     * @param item shape of one item
     * @throws IllegalArgumentException if it does not
     */
    default void requireDenoises(Shape item) {
        requireItem(item);
        long channels = item.get(0);
        long out = outChannels(item);
        if (out != channels && out != 2 * channels) {
            throw new IllegalArgumentException(
                    "outChannels: "
                            + out
                            + " for items of shape "
                            + item
                            + "; "
                            + channels
                            + " (the noise) and "
                            + 2 * channels
                            + " (noise and variance) are legal");
        }
    }

    /**
     * Checks that the network takes such conditions.
     *
     * @param condition none, a class per row, or an embedding per row (rows, L, contextDim)
     * @param rows of the batch
     * @throws IllegalArgumentException if it is of another kind than the network was built for, of other counts or sizes, or a class is none
     *     of the network's
     */
    default void requireCondition(Condition condition, long rows) {
        if (condition instanceof Condition.None && numClasses() == 0 && contextDim() == 0) {
            return;
        }
        if (condition.rows() != rows && condition.rows() > 0) {
            throw new IllegalArgumentException(
                    "condition: " + condition.rows() + " for " + rows + " rows");
        }
        if (condition instanceof Condition.Classes classes && numClasses() > 0) {
            long[] labels = classes.labels();
            for (int i = 0; i < labels.length; i++) {
                if (labels[i] >= numClasses()) {
                    throw new IllegalArgumentException(
                            "condition: class "
                                    + labels[i]
                                    + " at row "
                                    + i
                                    + " is not one of 0.."
                                    + (numClasses() - 1));
                }
            }
        } else if (condition instanceof Condition.Embedding text && contextDim() > 0) {
            Shape shape = text.tensor().getShape();
            if (shape.dimension() != 3 || shape.get(2) != contextDim()) {
                throw new IllegalArgumentException(
                        "condition: embeddings of shape "
                                + shape
                                + "; this network takes (rows, tokens, "
                                + contextDim()
                                + ")");
            }
        } else {
            throw new IllegalArgumentException(
                    "condition: "
                            + condition.getClass().getSimpleName().toLowerCase(Locale.ROOT)
                            + " given, but this network takes "
                            + (contextDim() > 0
                                    ? "embeddings of texts (rows, tokens, " + contextDim() + ")"
                                    : numClasses() > 0
                                            ? numClasses() + " classes"
                                            : "none: it is unconditional"));
        }
    }

    /**
     * The configuration as JSON: its fields, and {@code type}.
     *
     * @return the object {@link #of} reads
     */
    default JsonObject toJson() {
        JsonObject json = JsonRecord.write((Record) this);
        String type =
                this instanceof UNetConfig ? "unet" : this instanceof MlpConfig ? "mlp" : "unet2d";
        json.addProperty("type", type);
        return json;
    }

    /**
     * Reads a configuration.
     *
     * @param json what {@link #toJson} wrote
     * @return the configuration
     * @throws IllegalArgumentException if the type is unknown or a value is not legal
     */
    static NetworkConfig of(JsonObject json) {
        String type = json.has("type") ? json.get("type").getAsString() : "missing";
        return switch (type) {
            case "unet" -> UNetConfig.of(json);
            case "unet2d" -> JsonRecord.read(json, UNet2dConfig.class);
            case "mlp" -> JsonRecord.read(json, MlpConfig.class);
            default ->
                    throw new IllegalArgumentException(
                            "architecture: type '" + type + "' is not one of unet, unet2d, mlp");
        };
    }
}
