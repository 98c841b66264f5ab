package memoria.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;

/**
 * A model that was trained to predict the velocity (Salimans and Ho, "Progressive Distillation for Fast Sampling of Diffusion Models", 2022,
 * Appendix D), as one that predicts the noise: {@code v = sqrt(alphaBar) epsilon - noiseStd x0}, so
 * {@code epsilon = sqrt(alphaBar) v + noiseStd x_t}.
 */
public final class Velocity implements Denoiser {

    private final Denoiser model;

    /**
     * A denoiser of a velocity model.
     *
     * @param model whose {@link Prediction#epsilon} is v
     */
    public Velocity(Denoiser model) {
        this.model = model;
    }

    @Override
    public Prediction predict(NDArray x, double[] t, Condition condition) {
        Prediction v = model.predict(x, t, condition);
        NoiseSchedule schedule = schedule();
        double[] ofV = Rows.of(t, time -> Math.sqrt(schedule.alphaBar(time)));
        return new Prediction(
                Rows.combine(ofV, v.epsilon(), Rows.of(t, schedule::noiseStd), x), v.variance());
    }

    @Override
    public NoiseSchedule schedule() {
        return model.schedule();
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
