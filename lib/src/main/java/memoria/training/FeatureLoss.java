package memoria.training;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonObject;
import memoria.data.DataSet;
import memoria.network.ResNet;
import memoria.network.ResNetConfig;

/** What a {@link FeatureTraining} minimises: a function of batch, seed and step alone, so that a resumed training repeats it. */
public interface FeatureLoss {

    /**
     * The loss of one batch, recorded.
     *
     * @param network called by {@link ResNet#train}
     * @param data the training set
     * @param rows the batch, as indices among the distinct images
     * @param seed of the recipe
     * @param step counted from 0
     * @return a scalar
     */
    NDArray of(ResNet network, DataSet data, int[] rows, long seed, long step);

    /**
     * Refuses data or an architecture that the loss cannot work with, before anything is computed.
     *
     * @param data the training set
     * @param config the architecture
     * @throws IllegalArgumentException if they do not fit
     */
    default void requireFits(DataSet data, ResNetConfig config) {}

    /**
     * What tells this loss from another: part of the training's identity and of the model's metadata.
     *
     * @return a new object
     */
    JsonObject spec();
}
