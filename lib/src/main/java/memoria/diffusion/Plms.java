package memoria.diffusion;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonObject;
import java.util.List;
import memoria.torch.Ops;
import memoria.torch.Scalars;

/**
 * Pseudo linear multi-step sampling (Liu et al., "Pseudo Numerical Methods for Diffusion Models on Manifolds", 2022, Eqs. 9, 12): DDIM's
 * step with a noise extrapolated from the steps before. It is Stable Diffusion's usual sampler, diffusers' {@code PNDMScheduler} with
 * {@code skip_prk_steps}.
 *
 * <pre>{@code
 * first:   e' = (e_t + e(x_{t-1} by e_t)) / 2         one more prediction
 * second:  e' = (3 e_t - e_1) / 2
 * third:   e' = (23 e_t - 16 e_1 + 5 e_2) / 12
 * then:    e' = (55 e_t - 59 e_1 + 37 e_2 - 9 e_3) / 24
 * }</pre>
 *
 * <p>e_k is what the model, and the guidances, said k steps before. Guidances are asked once more in the first step.
 */
public final class Plms extends Loop<Plms> {

    private static final double[][] WEIGHTS = {
        {1.5, -0.5},
        {23 / 12.0, -16 / 12.0, 5 / 12.0},
        {55 / 24.0, -59 / 24.0, 37 / 24.0, -9 / 24.0}
    };

    private final boolean endsAtFirst;

    private Plms(Options options, boolean endsAtFirst) {
        super("plms", options);
        this.endsAtFirst = endsAtFirst;
    }

    /**
     * Stable Diffusion's times: every k-th from index 1 on, {@code k = T / steps} rounded down, ending at the least noise of the schedule.
     *
     * @param steps how many
     * @return the sampler: clipping, batches of 64
     * @throws IllegalArgumentException if steps is below 1
     */
    public static Plms steps(int steps) {
        return respaced("leading" + positive(steps) + "+1").endingAtFirst(true);
    }

    /**
     * A sampler that takes the times of a {@link Respacing}.
     *
     * @param respacing for example {@code "leading50+1"} or {@code "ddim50"}
     * @return the sampler: clipping, batches of 64, ending at clean images
     */
    public static Plms respaced(String respacing) {
        return new Plms(Options.of(respacing), false);
    }

    /**
     * Whether the last step leads to the least noise of the trained schedule instead of to a clean image, as {@link Ddim#endingAtFirst}.
     *
     * @param on true to end there
     * @return a changed copy
     */
    public Plms endingAtFirst(boolean on) {
        return new Plms(options, on);
    }

    @Override
    Plms with(Options changed) {
        return new Plms(changed, endsAtFirst);
    }

    @Override
    NoiseSchedule schedule(NoiseSchedule whole) {
        NoiseSchedule part = super.schedule(whole);
        return endsAtFirst ? part.endingAtFirstOf(whole) : part;
    }

    @Override
    Batch.Moved move(Batch batch, Step step, Batch.Bent bent) {
        NDArray now = bent.directed(step);
        List<NDArray> before = batch.history();
        NDArray extrapolated = now;
        if (!before.isEmpty()) {
            double[] weights = WEIGHTS[before.size() - 1];
            extrapolated = Scalars.mul(now, weights[0]);
            for (int i = 0; i < before.size(); i++) {
                extrapolated = Ops.axpby(1, extrapolated, weights[i + 1], before.get(i));
            }
        } else if (step.remaining() > 0) {
            NDArray next = towards(batch, step, now).next();
            extrapolated = Ops.axpby(0.5, now, 0.5, batch.ahead(step, next));
        }
        batch.remember(now, WEIGHTS.length);
        return towards(batch, step, extrapolated);
    }

    /** DDIM's step without noise. */
    private Batch.Moved towards(Batch batch, Step step, NDArray noise) {
        int[] index = batch.indices(step);
        NDArray x0Hat = batch.x0Hat(step, noise);
        NDArray epsilon = noise;
        if (options.clip()) {
            epsilon = batch.reverse.epsilon(step.xt(), x0Hat, Rows.of(index, i -> i));
        }
        return new Batch.Moved(batch.reverse.ddim(x0Hat, epsilon, index, 0, null), x0Hat);
    }

    @Override
    void describe(JsonObject spec) {
        spec.addProperty("endsAtFirst", endsAtFirst);
    }
}
