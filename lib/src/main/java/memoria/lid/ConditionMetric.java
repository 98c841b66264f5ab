package memoria.lid;

import ai.djl.ndarray.NDArray;
import java.util.Arrays;
import memoria.diffusion.Condition;
import memoria.diffusion.Denoiser;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Prediction;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scalars;
import memoria.torch.Scope;

/**
 * How strongly a condition c makes a guided model memorize, as a function that can be differentiated in c (LID paper, D.2). With
 * {@code eps_c}, {@code eps_0} the noise predicted with and without the condition, {@code eps = eps_0 + w (eps_c - eps_0)} and
 * {@code eps = -sigma s}, at an x_t on the way from noise to image:
 *
 * <pre>{@code
 * A^CFG(c)   = E |eps_c - eps_0|^2                      (Eq. 24, the constant w left out)    t in (0, 1]
 * A^s(c)     = E |eps|^2                                (Eq. 25)                             t in (0, 1]
 * A^FLIPD(c) = E [d - sigma tr grad eps + |eps|^2]      (Eqs. 26 to 28)                      t in (0, 0.2]
 * }</pre>
 *
 * <p>t is uniform; sigma~ s~ of DDIM's coordinates is sigma s, so no factor of psi appears. The first two are large where a prompt is
 * memorized, the third is small.
 *
 * <p>The published code (Wen et al. and its fork) differs; where its numbers are needed there are {@link #norm}, {@link #swapped},
 * {@link #traceOfGuidance}, {@link #perVariance} and {@link #heldNorms}.
 */
public final class ConditionMetric {

    private enum Kind {
        CFG("A^CFG", 1),
        SCORE("A^s", 1),
        FLIPD("A^FLIPD", 0.2);

        private final String symbol;
        private final double until;

        Kind(String symbol, double until) {
            this.symbol = symbol;
            this.until = until;
        }
    }

    private record Options(
            boolean norm,
            boolean swapped,
            boolean traceOfGuidance,
            boolean perVariance,
            boolean heldNorms) {}

    /**
     * A metric and its gradient.
     *
     * @param value of each row; one value for all where it is a {@link #norm}
     * @param gradient shaped as the condition's tensor, in the caller's scope
     */
    public record Gradient(double[] value, NDArray gradient) {}

    private final Kind kind;
    private final Flipd flipd;
    private final Options options;

    private ConditionMetric(Kind kind, Flipd flipd, Options options) {
        this.kind = kind;
        this.flipd = flipd;
        this.options = options;
    }

    private static ConditionMetric of(Kind kind, Flipd flipd) {
        return new ConditionMetric(kind, flipd, new Options(false, false, false, false, false));
    }

    /**
     * A^CFG: how far the condition moves the prediction.
     *
     * @return the metric
     */
    public static ConditionMetric cfg() {
        return of(Kind.CFG, null);
    }

    /**
     * A^s: how long the guided score is.
     *
     * @return the metric
     */
    public static ConditionMetric score() {
        return of(Kind.SCORE, null);
    }

    /**
     * A^FLIPD: the guided model's dimension, with the trace of one Gaussian probe as in the LID paper.
     *
     * @return the metric
     */
    public static ConditionMetric flipd() {
        return flipd(Flipd.at(NoiseLevel.index(0)).gaussian(1));
    }

    /**
     * A^FLIPD with another trace.
     *
     * @param trace says how the trace is taken; its noise level plays no role
     * @return the metric
     */
    public static ConditionMetric flipd(Flipd trace) {
        return of(Kind.FLIPD, trace);
    }

    /**
     * The code's form: the square root of the sum over the whole batch instead of squares per row. FLIPD has no root; there the sum is taken.
     *
     * @return a changed copy
     */
    public ConditionMetric norm() {
        Options o = options;
        return with(new Options(true, o.swapped, o.traceOfGuidance, o.perVariance, o.heldNorms));
    }

    /**
     * The branches exchanged, {@code eps = eps_c + w (eps_0 - eps_c)}, as in the code that attributes tokens.
     *
     * @return a changed copy
     */
    public ConditionMetric swapped() {
        Options o = options;
        return with(new Options(o.norm, true, o.traceOfGuidance, o.perVariance, o.heldNorms));
    }

    /**
     * FLIPD's trace of {@code w (eps_c - eps_0)} alone, without that of {@code eps_0}, as in the code.
     *
     * @return a changed copy
     */
    public ConditionMetric traceOfGuidance() {
        Options o = options;
        return with(new Options(o.norm, o.swapped, true, o.perVariance, o.heldNorms));
    }

    /**
     * The score's norm divided by {@code 1 - alphaBar}, as in the code that optimizes prompts; a true score norm has the root of it.
     *
     * @return a changed copy
     */
    public ConditionMetric perVariance() {
        Options o = options;
        return with(new Options(o.norm, o.swapped, o.traceOfGuidance, true, o.heldNorms));
    }

    /**
     * FLIPD's gradient as in the code, which lets PyTorch differentiate a Jacobian-vector product: the mean and deviation of layer norms are
     * held constant ({@link Autograd#secondOrderOfTangents}). The value is the same; the gradient is not that of the value, by some per cent.
     *
     * @return a changed copy
     */
    public ConditionMetric heldNorms() {
        Options o = options;
        return with(new Options(o.norm, o.swapped, o.traceOfGuidance, o.perVariance, true));
    }

    private ConditionMetric with(Options changed) {
        return new ConditionMetric(kind, flipd, changed);
    }

    /**
     * The paper's symbol.
     *
     * @return for example {@code A^CFG}
     */
    public String symbol() {
        return kind.symbol;
    }

    /**
     * The end of the times it is averaged over.
     *
     * @return as a fraction of the trained schedule: 1, or 0.2 for A^FLIPD
     */
    public double until() {
        return kind.until;
    }

    /**
     * Whether a small value means memorized.
     *
     * @return true for A^FLIPD
     */
    public boolean lowIsMemorized() {
        return kind == Kind.FLIPD;
    }

    /**
     * The integrand at x_t.
     *
     * @param model with visible branches: a {@link memoria.diffusion.Guided}
     * @param xt noisy images (B, item); they are not scaled
     * @param t their time on the model's schedule
     * @param condition one per row, or one for all
     * @return (B), or with {@link #norm} without dimensions; float64, differentiable in the condition where recording is on
     * @throws IllegalArgumentException if the model shows no branches or there is no noise at t
     * @throws IllegalStateException for A^FLIPD outside {@link Autograd#secondOrder}
     */
    public NDArray of(Denoiser model, NDArray xt, double t, Condition condition) {
        NoiseSchedule schedule = model.schedule();
        double sigma = schedule.noiseStd(NoiseLevel.index(t).time(schedule));
        if (kind == Kind.FLIPD && !Autograd.isSecondOrder()) {
            throw new IllegalStateException(
                    "of: A^FLIPD differentiates twice; call it inside Autograd.secondOrder");
        }
        double[] times = new double[Math.toIntExact(xt.getShape().get(0))];
        Arrays.fill(times, t);
        NDArray leaf = kind == Kind.FLIPD ? Autograd.leaf(xt) : xt;
        Prediction.Branches said = model.predict(leaf, times, condition).branches();
        if (said == null) {
            throw new IllegalArgumentException(
                    "model: it shows no branches; a Guided model is needed to compare a condition with none");
        }
        NDArray with = options.swapped ? said.unconditional() : said.conditional();
        NDArray without = options.swapped ? said.conditional() : said.unconditional();
        NDArray cfg = with.sub(without);
        NDArray guidance = Scalars.mul(cfg, said.scale());
        NDArray epsilon = without.add(guidance);
        NDArray rows =
                switch (kind) {
                    case CFG -> Ops.rowDot(cfg, cfg);
                    case SCORE -> Ops.rowDot(epsilon, epsilon);
                    case FLIPD -> {
                        NDArray moved = options.traceOfGuidance ? guidance : epsilon;
                        yield flipd.estimate(epsilon, moved, leaf, sigma);
                    }
                };
        return summed(rows, sigma);
    }

    private NDArray summed(NDArray rows, double sigma) {
        NDArray value = rows;
        if (options.norm) {
            value = kind == Kind.FLIPD ? rows.sum() : rows.sum().sqrt();
        }
        return options.perVariance ? Scalars.div(value, sigma * sigma) : value;
    }

    /**
     * The integrand and its gradient in the condition. Rows do not mix: each row of the condition gets the gradient of its own images.
     *
     * @param model with visible branches
     * @param xt noisy images (B, item); x_t itself is held constant
     * @param t their time
     * @param condition one row per image, or one for all
     * @return values and a gradient shaped as the condition
     * @throws IllegalArgumentException as {@link #of}
     */
    public Gradient gradient(Denoiser model, NDArray xt, double t, Condition.Embedding condition) {
        double[][] value = new double[1][];
        NDArray gradient =
                Scope.keep(
                        () -> {
                            NDArray c = Autograd.leaf(condition.tensor());
                            NDArray rows = recorded(model, xt, t, Condition.embedding(c));
                            value[0] = rows.toDoubleArray();
                            return Autograd.grad(Autograd.on(() -> rows.sum()), c, false);
                        });
        return new Gradient(value[0], gradient);
    }

    private NDArray recorded(Denoiser model, NDArray xt, double t, Condition condition) {
        if (kind != Kind.FLIPD) {
            return Autograd.on(() -> of(model, xt, t, condition));
        }
        return options.heldNorms
                ? Autograd.secondOrderOfTangents(() -> of(model, xt, t, condition))
                : Autograd.secondOrder(() -> of(model, xt, t, condition));
    }
}
