package memoria.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scalars;

/**
 * One step of a sampler for one batch, as a {@link Guidance} sees it: everything is computed when it is first asked for, and once. Tensors
 * live until the step ends.
 */
public final class Step {

    /** What a gradient in x_t takes into account. */
    public enum Gradient {
        /** The prediction changes with x_t: differentiates the network, about twice the cost of a prediction. */
        THROUGH_NETWORK,
        /** The prediction is held constant, so that {@code d x0-hat / d x_t = 1 / sqrt(alphaBar_t)}: no network is differentiated. */
        EPSILON_CONSTANT
    }

    private final Denoiser model;
    private final NoiseSchedule schedule;
    private final int index;
    private final NDArray xt;
    private final Seeds seeds;
    private final Condition condition;
    private final Step whole;
    private final int[] rows;
    private final boolean recording;
    private final Map<IntBuffer, Step> parts = new HashMap<>();

    private Prediction prediction;
    private NDArray x0Hat;
    private NDArray x0HatClipped;
    private NDArray leaf;
    private NDArray x0HatOfLeaf;

    private Step(
            Denoiser model,
            NoiseSchedule schedule,
            int index,
            NDArray xt,
            Seeds seeds,
            Condition condition,
            Step whole,
            int[] rows,
            boolean recording) {
        this.model = model;
        this.schedule = schedule;
        this.index = index;
        this.xt = xt;
        this.seeds = seeds;
        this.condition = condition;
        this.whole = whole;
        this.rows = rows;
        this.recording = recording;
    }

    /**
     * A step by itself, to try a guidance outside a sampler.
     *
     * @param model predicts the noise
     * @param schedule the sampler's: that of the model, or a respaced part of it
     * @param index where on it the batch is
     * @param xt noisy images (B, item)
     * @param seeds one per row
     * @param condition one per row, one for all, or {@link Condition#none()}
     * @return the step
     * @throws IllegalArgumentException if the index is out of range, the shape is not the model's or the counts differ
     */
    public static Step of(
            Denoiser model,
            NoiseSchedule schedule,
            int index,
            NDArray xt,
            Seeds seeds,
            Condition condition) {
        Shape expected = new Shape(seeds.count()).addAll(model.item());
        if (!xt.getShape().equals(expected)) {
            throw new IllegalArgumentException(
                    "xt: shape "
                            + xt.getShape()
                            + "; "
                            + expected
                            + " is needed for these seeds and this model");
        }
        schedule.original(index);
        return of(model, schedule, index, xt, seeds, condition.fit(seeds.count()), false);
    }

    static Step of(
            Denoiser model,
            NoiseSchedule schedule,
            int index,
            NDArray xt,
            Seeds seeds,
            Condition condition,
            boolean recording) {
        return new Step(model, schedule, index, xt, seeds, condition, null, null, recording);
    }

    /**
     * Some rows of this step: predictions are shared, gradients are computed for these rows alone.
     *
     * @param some rows of this step, ascending
     * @return a step of these rows
     * @throws IllegalArgumentException if there is none, one does not exist or they do not ascend
     */
    public Step rows(int... some) {
        for (int i = 0; i < some.length; i++) {
            if (some[i] < 0 || some[i] >= seeds.count() || (i > 0 && some[i] <= some[i - 1])) {
                throw new IllegalArgumentException(
                        "some: "
                                + Arrays.toString(some)
                                + "; ascending rows in 0.."
                                + (seeds.count() - 1)
                                + " are legal");
            }
        }
        if (some.length == 0) {
            throw new IllegalArgumentException("some: no rows; at least one is needed");
        }
        if (some.length == seeds.count()) {
            return this;
        }
        Step root = whole == null ? this : whole;
        int[] ofRoot = Arrays.stream(some).map(i -> whole == null ? i : rows[i]).toArray();
        return root.parts.computeIfAbsent(
                IntBuffer.wrap(ofRoot),
                key ->
                        new Step(
                                model,
                                schedule,
                                index,
                                Ops.rows(root.xt, ofRoot),
                                seeds.select(some),
                                condition.select(some),
                                root,
                                ofRoot,
                                false));
    }

    /**
     * Puts a tensor of this step's rows back into the whole batch.
     *
     * @param x (rows of this step, ...)
     * @return (rows of the sampler's batch, ...), zero in the other rows
     */
    public NDArray spread(NDArray x) {
        return whole == null ? x : Ops.spread(x, whole.seeds.count(), rows);
    }

    /**
     * The seeds of the rows.
     *
     * @return one per row
     */
    public Seeds seeds() {
        return seeds;
    }

    /**
     * The conditions of the rows.
     *
     * @return one per row, or {@link Condition#none()}
     */
    public Condition condition() {
        return condition;
    }

    /**
     * Where the batch is on the sampler's schedule.
     *
     * @return from {@code steps() - 1}, the noisiest, down to 0
     */
    public int index() {
        return index;
    }

    /**
     * How many steps the whole run has.
     *
     * @return the count
     */
    public int steps() {
        return schedule.steps();
    }

    /**
     * How many steps follow this one.
     *
     * @return {@code steps() - 1} at the first, 0 at the last
     */
    public int remaining() {
        return index;
    }

    /**
     * The time of the step.
     *
     * @return an index of the model's own schedule
     */
    public double t() {
        return schedule.original(index);
    }

    /**
     * Share of the image in x_t.
     *
     * @return {@code alphaBar_t}
     */
    public double alphaBar() {
        return schedule.alphaBar(index);
    }

    /**
     * Standard deviation of the noise in x_t.
     *
     * @return {@code sqrt(1 - alphaBar_t)}
     */
    public double noiseStd() {
        return schedule.noiseStd(index);
    }

    /**
     * The noisy images.
     *
     * @return (B, item)
     */
    public NDArray xt() {
        return xt;
    }

    /**
     * The model's prediction for x_t, before any guidance.
     *
     * @return tensors outside any graph
     */
    public Prediction prediction() {
        if (prediction == null) {
            if (leaf == null && whole != null) {
                prediction = select(whole.prediction(), rows);
            } else if (leaf == null && !recording) {
                prediction = Autograd.off(() -> model.predict(xt, times(), condition));
            } else {
                graph();
            }
        }
        return prediction;
    }

    /**
     * What the model would predict for x_t under other conditions: a forward of these rows.
     *
     * @param other one per row
     * @return tensors outside any graph
     * @throws IllegalArgumentException if the model does not take such conditions or their count is not that of the rows
     */
    public Prediction predict(Condition other) {
        Condition each = other.fit(seeds.count());
        return Autograd.off(() -> model.predict(xt, times(), each));
    }

    /**
     * The image the prediction amounts to.
     *
     * @return {@code (x_t - noiseStd_t epsilon) / sqrt(alphaBar_t)} (B, item), not limited to [-1, 1]
     */
    public NDArray x0Hat() {
        if (x0Hat == null) {
            Prediction p = prediction();
            x0Hat = Autograd.off(() -> x0Hat(xt, p.epsilon()));
        }
        return x0Hat;
    }

    /**
     * {@link #x0Hat} limited to the range of images.
     *
     * @return (B, item), in [-1, 1]
     */
    public NDArray x0HatClipped() {
        if (x0HatClipped == null) {
            NDArray raw = x0Hat();
            x0HatClipped = Autograd.off(() -> Reverse.clip(raw));
        }
        return x0HatClipped;
    }

    /**
     * The gradient in x_t of a function of x0-hat. All guidances of a step share one graph of the network, built at the first call.
     *
     * @param f maps x0-hat (B, item), unclipped, to one value per row (B); its rows may not mix. Scaling belongs to
     *     {@link memoria.torch.Scalars}
     * @param mode what is differentiated
     * @return {@code d f(x0-hat_i) / d x_t,i} in every row i (B, item)
     * @throws IllegalArgumentException if f returns another shape than (B)
     */
    public NDArray gradX(UnaryOperator<NDArray> f, Gradient mode) {
        if (mode == Gradient.EPSILON_CONSTANT) {
            NDArray x0 = Autograd.leaf(x0Hat());
            return Scalars.mul(pull(f, x0, x0), 1 / Math.sqrt(alphaBar()));
        }
        graph();
        return pull(f, x0HatOfLeaf, leaf);
    }

    /** Whether the network was differentiated for the whole batch: the next step will probably be too, and can record at once. */
    boolean differentiated() {
        return leaf != null;
    }

    private NDArray pull(UnaryOperator<NDArray> f, NDArray x0, NDArray at) {
        return Autograd.on(
                () -> {
                    NDArray y = f.apply(x0);
                    Shape expected = new Shape(seeds.count());
                    if (!y.getShape().equals(expected)) {
                        throw new IllegalArgumentException(
                                "f: returned shape "
                                        + y.getShape()
                                        + "; one value per row, "
                                        + expected
                                        + ", is needed");
                    }
                    NDArray ones = y.getManager().ones(expected, y.getDataType());
                    return Ops.detach(Autograd.vjp(y, at, ones, true));
                });
    }

    private void graph() {
        if (leaf != null) {
            return;
        }
        leaf = Autograd.leaf(xt);
        Prediction recorded = Autograd.on(() -> model.predict(leaf, times(), condition));
        x0HatOfLeaf = Autograd.on(() -> x0Hat(leaf, recorded.epsilon()));
        if (prediction == null) {
            prediction = detach(recorded);
        }
    }

    private NDArray x0Hat(NDArray x, NDArray epsilon) {
        double scale = 1 / Math.sqrt(alphaBar());
        return Ops.axpby(scale, x, -scale * noiseStd(), epsilon);
    }

    private double[] times() {
        return IntStream.range(0, seeds.count()).mapToDouble(i -> t()).toArray();
    }

    private static Prediction detach(Prediction p) {
        return map(p, Ops::detach);
    }

    private static Prediction select(Prediction p, int[] rows) {
        return map(p, x -> Ops.rows(x, rows));
    }

    private static Prediction map(Prediction p, UnaryOperator<NDArray> f) {
        Prediction.Branches both = p.branches();
        return new Prediction(
                f.apply(p.epsilon()),
                p.variance() == null ? null : f.apply(p.variance()),
                both == null
                        ? null
                        : new Prediction.Branches(
                                f.apply(both.conditional()),
                                f.apply(both.unconditional()),
                                both.scale()));
    }
}
