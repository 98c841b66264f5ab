package memoria.amg;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonObject;
import memoria.diffusion.Prediction;
import memoria.diffusion.Step;
import memoria.torch.Tensors;

/**
 * Despecification guidance, AMG's answer to prompts that are too specific: where a prediction is alike to a training image, the prompt's
 * pull is weakened,
 *
 * <pre>G_spe = -s1 (epsilon(x_t, e_p) - epsilon(x_t)),   s1 = max(min(c1 sigma_t, s0 - 1), 0)</pre>
 *
 * with the classifier-free guidance scale s0 and the similarity sigma_t, so that the effective scale {@code s0 - s1} never falls below 1.
 * A similarity that is not positive, such as nL2, gives s1 = 0.
 *
 * @param c1 strength; the authors' code for Stable Diffusion has 13
 */
record Despecification(double c1) {

    double scale(double sigma, double s0) {
        return Math.max(Math.min(c1 * sigma, s0 - 1), 0);
    }

    /** For the whole batch that these rows belong to, zero in its other rows. */
    NDArray delta(Step step, double[] s1) {
        Prediction.Branches both = branches(step);
        return step.spread(away(s1, both.conditional(), both.unconditional()));
    }

    /** {@code -s (to - from)}, one s per row. */
    static NDArray away(double[] s, NDArray to, NDArray from) {
        int dimensions = to.getShape().dimension();
        return Tensors.column(to.getManager(), s, dimensions).mul(from.sub(to));
    }

    /** The two predictions of a guided model. */
    static Prediction.Branches branches(Step step) {
        Prediction.Branches both = step.prediction().branches();
        if (both == null) {
            throw new IllegalStateException(
                    "model: G_spe and G_dup weigh the predictions with and without a condition against each other;"
                            + " sample a Guided model, not one that predicts once");
        }
        return both;
    }

    JsonObject spec() {
        JsonObject spec = new JsonObject();
        spec.addProperty("c1", c1);
        return spec;
    }
}
