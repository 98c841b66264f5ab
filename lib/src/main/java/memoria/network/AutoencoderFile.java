package memoria.network;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.Map;

/** An autoencoder as one safetensors file that rebuilds itself. */
public final class AutoencoderFile {

    private static final String KIND = "autoencoder";
    private static final String ARCHITECTURE = "architecture";
    private static final String MADE = "made";

    private AutoencoderFile() {}

    /**
     * Writes an autoencoder; the file appears under its name only when it is whole.
     *
     * @param file where
     * @param parameters by name
     * @param config the architecture they belong to
     * @param made how it was made
     */
    public static void write(
            Path file, Map<String, NDArray> parameters, AutoencoderConfig config, JsonObject made) {
        ModelFile.write(file, KIND, parameters, Map.of(ARCHITECTURE, config.toJson(), MADE, made));
    }

    /**
     * Reads an autoencoder onto the current device.
     *
     * @param file what {@link #write} wrote
     * @return the autoencoder; the caller closes its parameters' manager
     * @throws IllegalArgumentException if the file is damaged, foreign, or its tensors do not fit its architecture; the file and the reason
     *     are named
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static AutoencoderKl read(Path file) {
        return ModelFile.read(
                file,
                KIND,
                (params, parts) ->
                        new AutoencoderKl(
                                AutoencoderConfig.of(parts.object(ARCHITECTURE)), params));
    }
}
