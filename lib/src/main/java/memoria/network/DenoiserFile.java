package memoria.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.Map;
import memoria.diffusion.NoiseSchedule;
import memoria.torch.Torch;

/**
 * A denoiser as one safetensors file that rebuilds itself: the parameters under their names, and in the metadata the architecture, the
 * schedule, the item's shape and how it was made, each as JSON.
 */
public final class DenoiserFile {

    private static final String KIND = "denoiser";
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
        ModelFile.write(
                file,
                KIND,
                parameters,
                Map.of(
                        ARCHITECTURE,
                        config.toJson(),
                        SCHEDULE,
                        schedule.spec(),
                        ITEM,
                        ModelFile.json(item),
                        MADE,
                        made));
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
        return ModelFile.read(
                file,
                KIND,
                (params, parts) ->
                        new NetworkDenoiser(
                                NetworkConfig.of(parts.object(ARCHITECTURE)).build(params),
                                NoiseSchedule.of(parts.object(SCHEDULE)),
                                parts.shape(ITEM),
                                parts.object(MADE)));
    }
}
