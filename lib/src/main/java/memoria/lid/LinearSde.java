package memoria.lid;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import memoria.diffusion.Condition;
import memoria.diffusion.Denoiser;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Prediction;

/**
 * A denoiser taken for one of a VP-SDE with a linear beta, whatever its schedule is: the variant behind the LID paper's published numbers of
 * Stable Diffusion, whose code sets beta to rise linearly from 0.85 to 12 over the continuous time s, although the model was trained with a
 * root of beta that rises linearly, and asks the network at time {@code T s}.
 *
 * <pre>{@code
 * alphaBar(s) = exp(-betaMin s - (betaMax - betaMin) s^2 / 2),   epsilon(x, s) = epsilonTheta(x, T s)
 * }</pre>
 *
 * <p>At s = 0.5 the noise is then 0.915, while the network was trained for 0.850 there. To measure, pass the model itself: an estimator asks
 * it at a {@link NoiseLevel} of its own schedule. This is for comparing with those numbers.
 *
 * <pre>{@code
 * Flipd.at(LinearSde.at(0.1)).of(LinearSde.of(model), latents, model.prompts().empty());
 * }</pre>
 */
public final class LinearSde implements Denoiser {

    private static final double BETA_MIN = 0.85;
    private static final double BETA_MAX = 12;

    /** In how many indices the continuous time is cut; any number gives the same answers. */
    private static final int STEPS = 1000;

    private final Denoiser model;
    private final NoiseSchedule schedule;
    private final double factor;

    private LinearSde(Denoiser model, NoiseSchedule schedule, double factor) {
        this.model = model;
        this.schedule = schedule;
        this.factor = factor;
    }

    /**
     * The variant with the code's own numbers: beta from 0.85 to 12, T as many as the model's schedule has steps.
     *
     * @param model trained on a discrete schedule
     * @return the same network on another schedule
     */
    public static LinearSde of(Denoiser model) {
        return of(model, BETA_MIN, BETA_MAX, model.schedule().steps());
    }

    /**
     * The variant with other numbers.
     *
     * @param model trained on a discrete schedule
     * @param betaMin at s = 0, above 0
     * @param betaMax at s = 1, at least betaMin
     * @param factor T, what the continuous time is multiplied with for the network, above 0
     * @return the same network on another schedule
     * @throws IllegalArgumentException if an argument is out of range
     */
    public static LinearSde of(Denoiser model, double betaMin, double betaMax, double factor) {
        if (!(factor > 0 && factor < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("factor: " + factor + " is not above 0");
        }
        return new LinearSde(model, NoiseSchedule.continuousVp(betaMin, betaMax, STEPS), factor);
    }

    /**
     * A continuous time as a noise level of this schedule.
     *
     * @param s in (0, 1]
     * @return the level
     * @throws IllegalArgumentException if it is out of range
     */
    public static NoiseLevel at(double s) {
        if (!(s > 0 && s <= 1)) {
            throw new IllegalArgumentException("s: " + s + "; above 0 and at most 1 is legal");
        }
        return NoiseLevel.index(s * STEPS - 1);
    }

    @Override
    public Prediction predict(NDArray x, double[] t, Condition condition) {
        double[] asked = Arrays.stream(t).map(i -> (i + 1) / STEPS * factor).toArray();
        return model.predict(x, asked, condition);
    }

    @Override
    public NoiseSchedule schedule() {
        return schedule;
    }

    @Override
    public Shape item() {
        return model.item();
    }

    @Override
    public NDManager manager() {
        return model.manager();
    }
}
