package memoria.diffusion;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonObject;
import memoria.torch.Ops;

/**
 * Denoising diffusion implicit models (Song, Meng and Ermon, 2021): few steps, deterministic unless eta is above 0.
 *
 * <pre>{@code
 * Samples plain = Ddim.steps(50).sample(model, Seeds.range(0, 64));
 * }</pre>
 */
public final class Ddim extends Loop<Ddim> {

    private final double eta;

    private Ddim(Options options, double eta) {
        super("ddim", options);
        this.eta = eta;
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
        return new Ddim(Options.of(respacing), 0);
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
        return new Ddim(options, value);
    }

    @Override
    Ddim with(Options changed) {
        return new Ddim(changed, eta);
    }

    @Override
    Batch.Moved move(Batch batch, Step step, Batch.Bent bent) {
        NDArray epsilon = bent.epsilon(step);
        if (bent.gradient() != null) {
            epsilon = Ops.axpby(1, epsilon, -step.noiseStd(), bent.gradient());
        }
        int[] index = batch.indices(step);
        NDArray x0Hat = batch.x0Hat(step, epsilon);
        if (options.clip()) {
            epsilon = batch.reverse.epsilon(step.xt(), x0Hat, Rows.of(index, i -> i));
        }
        NDArray noise = eta == 0 ? null : batch.noise(step);
        return new Batch.Moved(batch.reverse.ddim(x0Hat, epsilon, index, eta, noise), x0Hat);
    }

    @Override
    void describe(JsonObject spec) {
        spec.addProperty("eta", eta);
    }
}
