package memoria.diffusion;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonObject;

/**
 * Denoising diffusion implicit models (Song, Meng and Ermon, 2021): few steps, deterministic unless eta is above 0.
 *
 * <pre>{@code
 * Samples plain = Ddim.steps(50).sample(model, Seeds.range(0, 64));
 * }</pre>
 */
public final class Ddim extends Loop<Ddim> {

    private final double eta;
    private final boolean endsAtFirst;
    private final boolean keepsEpsilon;

    private Ddim(Options options, double eta, boolean endsAtFirst, boolean keepsEpsilon) {
        super("ddim", options);
        this.eta = eta;
        this.endsAtFirst = endsAtFirst;
        this.keepsEpsilon = keepsEpsilon;
    }

    /**
     * A sampler that takes every k-th time of the model, from 0 on.
     *
     * @param steps how many, such that some whole k gives exactly that many; {@link #respaced} has no such limit
     * @return the sampler: eta 0, clipping, batches of 64
     * @throws IllegalArgumentException if steps is below 1
     */
    public static Ddim steps(int steps) {
        return respaced("ddim" + positive(steps));
    }

    /**
     * A sampler that takes the times of a {@link Respacing}.
     *
     * @param respacing for example {@code "60"} or {@code "10,20,30"}
     * @return the sampler: eta 0, clipping, batches of 64
     */
    public static Ddim respaced(String respacing) {
        return new Ddim(Options.of(respacing), 0, false, false);
    }

    /**
     * How much fresh noise the steps add.
     *
     * @param value 0 for none (the default) to 1 for as much as DDPM adds
     * @return a changed copy
     * @throws IllegalArgumentException if the value is not in [0, 1]
     */
    public Ddim eta(double value) {
        if (!(value >= 0 && value <= 1)) {
            throw new IllegalArgumentException("eta: " + value + " is not in [0, 1]");
        }
        return new Ddim(options, value, endsAtFirst, keepsEpsilon);
    }

    /**
     * Whether the last step leads to the least noise of the trained schedule, and with eta above 0 adds noise, instead of to a clean image:
     * latent diffusion's samplers, and diffusers' with {@code set_alpha_to_one = false}. Off by default.
     *
     * @param on true to end there
     * @return a changed copy
     */
    public Ddim endingAtFirst(boolean on) {
        return new Ddim(options, eta, on, keepsEpsilon);
    }

    /**
     * Whether the predicted noise stays what it was when x0-hat is clipped, as in diffusers, instead of being derived from the clipped image
     * again, as in improved-diffusion. Off by default; without clipping there is no difference.
     *
     * @param on true to keep it
     * @return a changed copy
     */
    public Ddim keepingEpsilon(boolean on) {
        return new Ddim(options, eta, endsAtFirst, on);
    }

    @Override
    Ddim with(Options changed) {
        return new Ddim(changed, eta, endsAtFirst, keepsEpsilon);
    }

    @Override
    NoiseSchedule schedule(NoiseSchedule whole) {
        NoiseSchedule part = super.schedule(whole);
        return endsAtFirst ? part.endingAtFirstOf(whole) : part;
    }

    @Override
    Batch.Moved move(Batch batch, Step step, Batch.Bent bent) {
        NDArray epsilon = bent.directed(step);
        int[] index = batch.indices(step);
        NDArray x0Hat = batch.x0Hat(step, epsilon);
        if (options.clip() && !keepsEpsilon) {
            epsilon = batch.reverse.epsilon(step.xt(), x0Hat, Rows.of(index, i -> i));
        }
        NDArray noise = eta == 0 ? null : batch.noise(step);
        return new Batch.Moved(batch.reverse.ddim(x0Hat, epsilon, index, eta, noise), x0Hat);
    }

    @Override
    void describe(JsonObject spec) {
        spec.addProperty("eta", eta);
        if (endsAtFirst) {
            spec.addProperty("endsAtFirst", true);
        }
        if (keepsEpsilon) {
            spec.addProperty("keepsEpsilon", true);
        }
    }
}
