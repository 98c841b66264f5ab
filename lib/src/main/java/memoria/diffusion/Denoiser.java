package memoria.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;

/**
 * A model that predicts the noise in a noisy image: all that samplers, detectors and attacks know of a network. Its score is
 * {@code grad log p_t(x) = -epsilon / noiseStd(t)} (Song et al., 2021).
 *
 * <p>Rows are independent of each other, and every prediction is differentiable in x when it is computed with recording on.
 */
public interface Denoiser {

    /**
     * The noise predicted in each row of a batch.
     *
     * @param x noisy images (B, item), on the device of {@link #manager()}
     * @param t one time per row, indices on {@link #schedule()}, fractions allowed
     * @param condition one per row, or {@link Condition#none()}
     * @return the prediction, in x's memory scope
     * @throws IllegalArgumentException if shapes or counts differ, a time is out of range, or the model cannot take such a condition
     */
    Prediction predict(NDArray x, double[] t, Condition condition);

    /**
     * The schedule the model was trained on.
     *
     * @return the whole schedule, not a respaced one
     */
    NoiseSchedule schedule();

    /**
     * Shape of one image: (channels, height, width); points of R^d are (d, 1, 1).
     *
     * @return the shape of one row of x
     */
    Shape item();

    /**
     * The owner of the model's tensors: input tensors are made with it.
     *
     * @return the manager
     */
    NDManager manager();
}
