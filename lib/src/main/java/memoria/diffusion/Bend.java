package memoria.diffusion;

import ai.djl.ndarray.NDArray;

/** What a {@link Guidance} answers for one step. */
public sealed interface Bend {

    /** The step stays as it is. */
    record None() implements Bend {}

    /**
     * Something to add to the predicted noise.
     *
     * @param delta (B, item)
     */
    record Epsilon(NDArray delta) implements Bend {}

    /**
     * Something to add to the score: the gradient in x_t of a log-density, or of anything to increase. DDIM takes it into the noise,
     * {@code epsilon - noiseStd_t g}; DDPM shifts its mean by {@code Sigma_t g} (Dhariwal and Nichol, 2021, Algorithms 1 and 2).
     *
     * @param gradient g (B, item)
     */
    record Score(NDArray gradient) implements Bend {}

    /**
     * Both at once.
     *
     * @param delta added to the predicted noise (B, item)
     * @param gradient added to the score (B, item)
     */
    record Both(NDArray delta, NDArray gradient) implements Bend {}

    /**
     * The step stays as it is.
     *
     * @return an answer without effect
     */
    static Bend none() {
        return new None();
    }

    /**
     * An answer in terms of the noise.
     *
     * @param delta added to the predicted noise (B, item)
     * @return the answer
     */
    static Bend epsilon(NDArray delta) {
        return new Epsilon(delta);
    }

    /**
     * An answer in terms of the score.
     *
     * @param gradient added to the score (B, item)
     * @return the answer
     */
    static Bend score(NDArray gradient) {
        return new Score(gradient);
    }

    /**
     * An answer in terms of the noise, of the score, of both or of neither.
     *
     * @param delta added to the predicted noise (B, item), or null
     * @param gradient added to the score (B, item), or null
     * @return the answer
     */
    static Bend of(NDArray delta, NDArray gradient) {
        if (delta == null) {
            return gradient == null ? none() : score(gradient);
        }
        return gradient == null ? epsilon(delta) : new Both(delta, gradient);
    }
}
