package memoria.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.stream.DoubleStream;
import memoria.torch.Ops;

/**
 * Classifier-free guidance (Ho and Salimans, 2022) as a model: {@code epsilon = eps(x) + w (eps(x | c) - eps(x))}, from one forward of
 * twice the batch. Both branches stay visible in {@link Prediction#branches}.
 */
public final class Guided implements Denoiser {

    private final Denoiser model;
    private final Condition condition;
    private final Condition empty;
    private final double scale;

    /**
     * A guided model whose conditions come with each call.
     *
     * @param model takes both kinds of condition
     * @param empty stands for "no condition", one row: the empty prompt's embedding, or the class kept for it
     * @param scale w; 0 ignores the condition, 1 is the conditional model, above 1 exaggerates it
     * @throws IllegalArgumentException if empty has not one row or the scale is not finite
     */
    public Guided(Denoiser model, Condition empty, double scale) {
        this(model, Condition.none(), empty, scale);
    }

    /**
     * A guided model with a condition of its own, for callers that know of none.
     *
     * @param model takes both kinds of condition
     * @param condition used where a call brings {@link Condition#none()}; one row, or one per row of every batch
     * @param empty stands for "no condition", one row
     * @param scale w, as above
     * @throws IllegalArgumentException if empty has not one row or the scale is not finite
     */
    public Guided(Denoiser model, Condition condition, Condition empty, double scale) {
        if (empty.rows() != 1) {
            throw new IllegalArgumentException(
                    "empty: "
                            + empty.rows()
                            + " rows; one row that stands for no condition is needed");
        }
        if (!Double.isFinite(scale)) {
            throw new IllegalArgumentException("scale: " + scale + " is not finite");
        }
        this.model = model;
        this.condition = condition;
        this.empty = empty;
        this.scale = scale;
    }

    @Override
    public Prediction predict(NDArray x, double[] t, Condition given) {
        Condition wanted = given.rows() == 0 ? condition : given;
        if (wanted.rows() == 0) {
            throw new IllegalArgumentException(
                    "condition: none was given, and this guided model has none of its own");
        }
        int batch = t.length;
        double[] twice = DoubleStream.concat(DoubleStream.of(t), DoubleStream.of(t)).toArray();
        Prediction both =
                model.predict(
                        Ops.cat(List.of(x, x), 0),
                        twice,
                        Condition.concat(wanted.fit(batch), empty.fit(batch)));
        NDArray conditional = Ops.narrow(both.epsilon(), 0, 0, batch);
        NDArray unconditional = Ops.narrow(both.epsilon(), 0, batch, batch);
        NDArray epsilon = Ops.axpby(scale, conditional, 1 - scale, unconditional);
        NDArray variance =
                both.variance() == null ? null : Ops.narrow(both.variance(), 0, 0, batch);
        return new Prediction(
                epsilon, variance, new Prediction.Branches(conditional, unconditional, scale));
    }

    /**
     * The guidance scale.
     *
     * @return w
     */
    public double scale() {
        return scale;
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
