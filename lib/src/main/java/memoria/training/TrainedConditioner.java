package memoria.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.Map;
import memoria.diffusion.NoiseSchedule;
import memoria.network.NetworkConfig;
import memoria.network.Params;

/**
 * What embeds the conditions of a network's training data and is kept in its file, such as a text encoder over captions. Its parameters and
 * the network's lie in one set, under different prefixes; those it did not {@linkplain Params#freeze freeze} are trained along.
 */
public interface TrainedConditioner extends Conditioner {

    /** Makes a conditioner when a training begins. */
    @FunctionalInterface
    interface Builder {
        /**
         * Builds it.
         *
         * @param params the whole set, fresh
         * @return the conditioner
         */
        TrainedConditioner build(Params params);
    }

    /**
     * Where in the set the network's parameters are.
     *
     * @return the prefix without its last dot
     */
    String network();

    /**
     * Writes network and conditioner.
     *
     * @param file where
     * @param parameters the whole set, averaged
     * @param config of the network
     * @param schedule of the noise
     * @param item shape of what is denoised
     * @param made how it was made
     */
    void write(
            Path file,
            Map<String, NDArray> parameters,
            NetworkConfig config,
            NoiseSchedule schedule,
            Shape item,
            JsonObject made);
}
