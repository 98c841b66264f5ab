package memoria.diffusion;

import com.google.gson.JsonObject;

/** Turns seeds into images. Samplers are immutable; their options return changed copies. */
public interface Sampler {

    /** Name of the {@link Noise} stream that x_T is drawn from. */
    String START = "sampler/start";

    /** Name of the {@link Noise} stream that the noise of single steps is drawn from. */
    String STEP = "sampler/step";

    /**
     * Images without a condition.
     *
     * @param model predicts the noise
     * @param seeds one per image, at least one
     * @return the images; if the thread was interrupted, those of the batches finished until then, and the interrupt flag is still set
     * @throws IllegalArgumentException if there are no seeds, or the model's schedule is too short for the sampler's steps
     * @throws memoria.progress.Interrupted if the thread was interrupted before the first batch was finished
     */
    default Samples sample(Denoiser model, Seeds seeds) {
        return sample(model, seeds, Condition.none());
    }

    /**
     * Images under conditions.
     *
     * @param model predicts the noise
     * @param seeds one per image, at least one
     * @param condition one per image, or one for all
     * @return the images; if the thread was interrupted, those of the batches finished until then, and the interrupt flag is still set
     * @throws IllegalArgumentException if there are no seeds, the conditions do not fit them, or the model's schedule is too short for the
     *     sampler's steps
     * @throws memoria.progress.Interrupted if the thread was interrupted before the first batch was finished
     */
    Samples sample(Denoiser model, Seeds seeds, Condition condition);

    /**
     * A description of everything that decides an image beside model, seed and condition; the batch size is part of it only where
     * guidances may make it matter.
     *
     * @return a fresh object
     * @throws IllegalStateException if a guidance or noise source has no description
     */
    JsonObject spec();
}
