package memoria.network;

import com.google.gson.JsonObject;

/** An architecture: what a checkpoint's metadata holds so that the network can be built again from the file alone. */
public sealed interface NetworkConfig permits UNetConfig, MlpConfig {

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
     * Dropout while training.
     *
     * @return a probability
     */
    double dropout();

    /**
     * The configuration as JSON: its fields, and {@code type}.
     *
     * @return the object {@link #of} reads
     */
    default JsonObject toJson() {
        JsonObject json = JsonRecord.write((Record) this);
        json.addProperty("type", this instanceof UNetConfig ? "unet" : "mlp");
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
            case "unet" -> JsonRecord.read(json, UNetConfig.class);
            case "mlp" -> JsonRecord.read(json, MlpConfig.class);
            default ->
                    throw new IllegalArgumentException(
                            "architecture: type '" + type + "' is not one of unet, mlp");
        };
    }
}
