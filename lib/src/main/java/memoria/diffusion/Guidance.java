package memoria.diffusion;

import com.google.gson.JsonObject;

/**
 * Bends the steps of a sampler: towards a class, away from the training images. A rule without memory is a lambda:
 *
 * <pre>{@code
 * Guidance brighter = step -> Bend.score(step.gradX(x0 -> x0.reshape(x0.size(0), -1).mean(new int[] {1}), EPSILON_CONSTANT));
 * }</pre>
 *
 * <p>Several guidances of one run see the same step; their answers are added.
 */
@FunctionalInterface
public interface Guidance {

    /**
     * The answer for one step of one batch.
     *
     * @param step the batch as it stands, the same object for all guidances
     * @return what to change
     */
    Bend bend(Step step);

    /**
     * The guidance for one batch, asked before its first step. Whoever keeps something per image (since when it is guided, say) answers
     * with a fresh object that holds it.
     *
     * @param seeds of the batch's images
     * @return the guidance to ask at the batch's steps; this one, if it keeps nothing
     */
    default Guidance begin(Seeds seeds) {
        return this;
    }

    /**
     * A description that names the guidance and its numbers, part of the key of a saved result.
     *
     * @return a fresh object
     * @throws IllegalStateException if there is none, as for a lambda: its results cannot be saved by description
     */
    default JsonObject spec() {
        throw new IllegalStateException(
                "guidance: "
                        + getClass().getName()
                        + " has no spec(), so a sampler with it cannot be described or its result cached");
    }
}
