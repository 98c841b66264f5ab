package memoria.diffusion;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonObject;

/**
 * Ancestral sampling of denoising diffusion probabilistic models (Ho et al., 2020, Algorithm 2), with the fixed or learned variances and
 * the respacing of Nichol and Dhariwal (2021).
 *
 * <pre>{@code
 * Samples plain = Ddpm.steps(250).sample(model, Seeds.range(0, 64));
 * }</pre>
 */
public final class Ddpm extends Loop<Ddpm> {

    private final Variance variance;

    private Ddpm(Options options, Variance variance) {
        super("ddpm", options);
        this.variance = variance;
    }

    /**
     * A sampler that takes times spread evenly from the first to the last.
     *
     * @param steps how many, at most as many as the model has
     * @return the sampler: the model's own kind of variance, clipping, batches of 64
     * @throws IllegalArgumentException if steps is below 1
     */
    public static Ddpm steps(int steps) {
        return respaced(Integer.toString(positive(steps)));
    }

    /**
     * A sampler that takes the times of a {@link Respacing}.
     *
     * @param respacing for example {@code "250"} or {@code "10,20,30"}
     * @return the sampler: the model's own kind of variance, clipping, batches of 64
     */
    public static Ddpm respaced(String respacing) {
        return new Ddpm(Options.of(respacing), Variance.OF_MODEL);
    }

    /**
     * Which variance the steps have.
     *
     * @param kind by default {@link Variance#OF_MODEL}
     * @return a changed copy
     */
    public Ddpm variance(Variance kind) {
        return new Ddpm(options, kind);
    }

    @Override
    Ddpm with(Options changed) {
        return new Ddpm(changed, variance);
    }

    @Override
    Batch.Moved move(Batch batch, Step step, Batch.Bent bent) {
        int[] index = batch.indices(step);
        NDArray x0Hat = batch.x0Hat(step, bent.epsilon(step));
        NDArray v = step.prediction().variance();
        Gaussian p = batch.reverse.ddpm(step.xt(), x0Hat, index, variance, v);
        if (bent.gradient() != null) {
            p = p.pushed(bent.gradient());
        }
        return new Batch.Moved(batch.reverse.draw(p, index, batch.noise(step)), x0Hat);
    }

    @Override
    void describe(JsonObject spec) {
        spec.addProperty("variance", variance.name());
    }
}
