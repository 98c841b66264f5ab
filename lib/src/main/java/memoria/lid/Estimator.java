package memoria.lid;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonObject;
import java.util.Map;
import java.util.function.Supplier;
import memoria.artifact.ModelId;
import memoria.data.Images;
import memoria.diffusion.Condition;
import memoria.diffusion.Denoiser;

/**
 * Asks a denoiser about images, one by one as far as the result is concerned: what it measures of an image depends on neither the batch
 * nor the image's place in it. A conditional model is asked under a condition, a CFG-adjusted one by passing a
 * {@link memoria.diffusion.Guided}.
 *
 * @param <R> what can be read from the measurements
 */
public interface Estimator<R> {

    /**
     * What it is called.
     *
     * @return for progress bars
     */
    String name();

    /**
     * What is measured, without model and images.
     *
     * @return a fresh object
     * @throws IllegalStateException if its noise comes from elsewhere, which has no description
     */
    JsonObject spec();

    /**
     * How many images are asked about at once.
     *
     * @return at least 1
     */
    int batch();

    /**
     * Measures a batch.
     *
     * @param model the denoiser
     * @param x clean images (B, item) on its device
     * @param condition one per row, or none
     * @return named tables with one row of numbers per image
     * @throws IllegalArgumentException if the noise level or the condition does not fit the model
     * @throws IllegalStateException if the model's answer is not finite
     */
    Map<String, double[][]> measure(Denoiser model, NDArray x, Condition condition);

    /**
     * Reads the measurements.
     *
     * @param measured what {@link #measure} gave, for all images
     * @param d values per image
     * @return the result
     */
    R result(Map<String, double[][]> measured, int d);

    /**
     * Measures images under a model that needs no condition.
     *
     * @param model the denoiser
     * @param images clean images of its shape, at least one
     * @return the result
     * @throws IllegalArgumentException as {@link #of(Denoiser, Images, Condition)}
     */
    default R of(Denoiser model, Images images) {
        return of(model, images, Condition.none());
    }

    /**
     * Measures images.
     *
     * @param model the denoiser
     * @param images clean images of its shape, at least one
     * @param condition one for all, one per image, or none
     * @return the result
     * @throws IllegalArgumentException if there is no image, shapes or counts differ, a pixel is not finite, or the noise level does not fit
     * @throws IllegalStateException if the model's answer is not finite
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    default R of(Denoiser model, Images images, Condition condition) {
        return result(
                Estimators.measure(this, model, images, condition),
                Math.toIntExact(model.item().size()));
    }

    /**
     * The same as work that is saved and resumed.
     *
     * @param id which model
     * @param model gives it, asked once; the caller closes it
     * @param images clean images of its shape, at least one
     * @return the job
     * @throws IllegalArgumentException if there is no image
     * @throws IllegalStateException if the estimator has no {@link #spec}
     */
    default LidJob<R> job(ModelId id, Supplier<? extends Denoiser> model, Images images) {
        return new LidJob<>(this, id, model, images);
    }
}
