package memoria.diffusion;

import ai.djl.ndarray.NDArray;

/**
 * What a {@link Denoiser} says about a batch.
 *
 * @param epsilon predicted noise (B, item)
 * @param variance the extra channels v of a network that learned its variance (Nichol and Dhariwal, 2021, Eq. 15), shaped as epsilon;
 *     null if it has none
 * @param branches the two predictions that classifier-free guidance combined; null if there was only one
 */
public record Prediction(NDArray epsilon, NDArray variance, Branches branches) {

    /**
     * The predictions with and without the condition, which a {@link Guided} model combines.
     *
     * @param conditional epsilon under the condition (B, item)
     * @param unconditional epsilon without it (B, item)
     * @param scale w, by which they were combined
     */
    public record Branches(NDArray conditional, NDArray unconditional, double scale) {}

    /**
     * A prediction of one branch.
     *
     * @param epsilon predicted noise (B, item)
     * @param variance variance channels shaped as epsilon, or null
     */
    public Prediction(NDArray epsilon, NDArray variance) {
        this(epsilon, variance, null);
    }

    /**
     * A prediction of the noise alone.
     *
     * @param epsilon predicted noise (B, item)
     */
    public Prediction(NDArray epsilon) {
        this(epsilon, null, null);
    }
}
