package memoria.lid;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import memoria.diffusion.Condition;
import memoria.diffusion.Denoiser;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.NoiseSource;
import memoria.diffusion.Seeds;
import memoria.progress.Progress;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scalars;
import memoria.torch.Scope;

/**
 * FLIPD (Kamkari et al., 2024), the LID paper's estimator of a diffusion model's dimension at x: how fast the density at x changes when
 * noise is added (LID paper, Eq. 6),
 *
 * <pre>{@code
 * FLIPD(x, t0) = d + sigma^2 (tr grad s(psi x, t0) + |s(psi x, t0)|^2)
 *              = d - sigma tr grad epsilon(psi x, t0) + |epsilon(psi x, t0)|^2
 * }</pre>
 *
 * <p>with {@code psi = sqrt(alphaBar)}, {@code sigma = sqrt(1 - alphaBar)} and {@code epsilon = -sigma s}. x is scaled and no noise is
 * added. In the coordinates of DDIM, {@code x~ = x_t / psi} with score {@code psi s(psi x~)} and noise {@code sigma / psi}, Eq. 14 is
 * the same number: the factors of psi cancel. {@link #differentiable} takes an x_t that is noisy already.
 *
 * <p>The trace is exact (d products) or Hutchinson's mean of {@code v^T (grad epsilon) v}: one forward and one vector-Jacobian product per
 * probe v, all of the same graph. Probe k of seed s is drawn from the noise stream {@code lid/probe}, seed s, step k; it is the same for all
 * images, so that their order depends on no luck of the draw. A Rademacher probe has the signs of the Gaussian one.
 *
 * <p>By default the trace is exact up to d = 64, and one Gaussian probe's beyond, as in the LID paper's large experiments.
 */
public final class Flipd implements Estimator<FlipdValues> {

    /** The noise stream of the probes. */
    public static final String PROBE = "lid/probe";

    private static final int EXACT = 64;

    private enum Trace {
        USUAL,
        EXACT,
        GAUSSIAN,
        RADEMACHER
    }

    private record Settings(Trace trace, int probes, long seed, int batch, NoiseSource noise) {}

    private final List<NoiseLevel> levels;
    private final Settings settings;

    private Flipd(List<NoiseLevel> levels, Settings settings) {
        this.levels = levels;
        this.settings = settings;
    }

    /**
     * The estimator at one noise level, or a sweep over several.
     *
     * @param t0 at least one
     * @return the estimator
     * @throws IllegalArgumentException if there is no level
     */
    public static Flipd at(NoiseLevel... t0) {
        if (t0.length == 0) {
            throw new IllegalArgumentException("t0: no noise level; at least one is needed");
        }
        return new Flipd(List.of(t0), new Settings(Trace.USUAL, 1, 0, 64, Estimators.DRAWN));
    }

    /**
     * The exact trace, whatever d.
     *
     * @return a changed copy
     */
    public Flipd exact() {
        return trace(Trace.EXACT, 1);
    }

    /**
     * Hutchinson's trace with probes from N(0, I).
     *
     * @param probes how many, at least 1
     * @return a changed copy
     * @throws IllegalArgumentException if probes is below 1
     */
    public Flipd gaussian(int probes) {
        return trace(Trace.GAUSSIAN, probes);
    }

    /**
     * Hutchinson's trace with probes of signs: without variance where the Jacobian is diagonal.
     *
     * @param probes how many, at least 1
     * @return a changed copy
     * @throws IllegalArgumentException if probes is below 1
     */
    public Flipd rademacher(int probes) {
        return trace(Trace.RADEMACHER, probes);
    }

    private Flipd trace(Trace trace, int probes) {
        if (probes < 1) {
            throw new IllegalArgumentException(
                    "probes: " + probes + "; at least 1 is needed for a trace");
        }
        Settings s = settings;
        return new Flipd(levels, new Settings(trace, probes, s.seed, s.batch, s.noise));
    }

    /**
     * Seed of the probes.
     *
     * @param seed any
     * @return a changed copy
     */
    public Flipd seed(long seed) {
        Settings s = settings;
        return new Flipd(levels, new Settings(s.trace, s.probes, seed, s.batch, s.noise));
    }

    /**
     * Images asked about at once: all products of a batch share one graph, which is kept in memory.
     *
     * @param size at least 1; 64 by default
     * @return a changed copy
     * @throws IllegalArgumentException if size is below 1
     */
    public Flipd batch(int size) {
        if (size < 1) {
            throw new IllegalArgumentException("size: " + size + "; a batch has at least 1 image");
        }
        Settings s = settings;
        return new Flipd(levels, new Settings(s.trace, s.probes, s.seed, size, s.noise));
    }

    /**
     * Probes from elsewhere: to repeat the numbers of another program. It is asked for stream {@link #PROBE} with the seed once per row and
     * the probe's number as step.
     *
     * @param source gives (B, item)
     * @return a changed copy
     */
    public Flipd noise(NoiseSource source) {
        Settings s = settings;
        return new Flipd(levels, new Settings(s.trace, s.probes, s.seed, s.batch, source));
    }

    @Override
    public String name() {
        return "FLIPD";
    }

    @Override
    public JsonObject spec() {
        Estimators.requireDescribed(settings.noise);
        JsonArray at = new JsonArray();
        levels.forEach(level -> at.add(level.spec()));
        JsonObject spec = new JsonObject();
        spec.addProperty("kind", name());
        spec.add("t0", at);
        spec.addProperty("trace", settings.trace.name());
        spec.addProperty("probes", settings.probes);
        spec.addProperty("seed", settings.seed);
        return spec;
    }

    @Override
    public int batch() {
        return settings.batch;
    }

    @Override
    public Map<String, double[][]> measure(Denoiser model, NDArray x, Condition condition) {
        NoiseSchedule schedule = model.schedule();
        double[] times = levels.stream().mapToDouble(level -> level.time(schedule)).toArray();
        double[][] norms = new double[Math.toIntExact(x.getShape().get(0))][0];
        double[][] traces = new double[norms.length][0];
        for (double t : times) {
            Progress.checkpoint();
            Scope.run(
                    () -> {
                        NDArray xt = Scalars.mul(x, Math.sqrt(schedule.alphaBar(t)));
                        Terms terms = terms(model, xt, t, condition);
                        append(norms, Estimators.rows("epsilon", terms.norm, t));
                        append(traces, Estimators.rows("Jacobian", terms.traces, t));
                    });
        }
        Map<String, double[][]> measured = new LinkedHashMap<>();
        measured.put("norm", norms);
        measured.put("trace", traces);
        FlipdValues.levels(schedule, times, norms.length).forEach(measured::put);
        return measured;
    }

    private static void append(double[][] rows, double[][] more) {
        for (int i = 0; i < rows.length; i++) {
            int before = rows[i].length;
            rows[i] = Arrays.copyOf(rows[i], before + more[i].length);
            System.arraycopy(more[i], 0, rows[i], before, more[i].length);
        }
    }

    @Override
    public FlipdValues result(Map<String, double[][]> measured, int d) {
        return FlipdValues.read(measured, d);
    }

    /** {@code |epsilon|^2} (B) and {@code v^T (grad epsilon) v} per probe, or the exact trace (B, probes); float64. */
    private record Terms(NDArray norm, NDArray traces) {}

    private Terms terms(Denoiser model, NDArray xt, double t, Condition condition) {
        int b = Math.toIntExact(xt.getShape().get(0));
        double[] times = new double[b];
        Arrays.fill(times, t);
        NDArray leaf = Autograd.leaf(xt);
        NDArray epsilon = Autograd.on(() -> model.predict(leaf, times, condition).epsilon());
        NDArray norm = Autograd.off(() -> Ops.rowDot(epsilon, epsilon));
        NDArray traces = Autograd.off(() -> traces(epsilon, leaf));
        return new Terms(norm, traces);
    }

    /** {@code tr grad epsilon} at x_t, exact. */
    static double[] trace(Denoiser model, NDArray xt, double t, Condition condition) {
        Flipd exact = Flipd.at(NoiseLevel.index(t)).exact();
        return Scope.use(() -> exact.terms(model, xt, t, condition).traces.toDoubleArray());
    }

    private NDArray traces(NDArray epsilon, NDArray leaf) {
        long d = leaf.size() / leaf.getShape().get(0);
        return isExact(d) ? exact(epsilon, leaf, (int) d) : hutchinson(epsilon, leaf);
    }

    private boolean isExact(long d) {
        return settings.trace == Trace.EXACT || (settings.trace == Trace.USUAL && d <= EXACT);
    }

    private NDArray hutchinson(NDArray epsilon, NDArray leaf) {
        List<NDArray> columns = new ArrayList<>();
        for (int k = 0; k < settings.probes; k++) {
            boolean more = k < settings.probes - 1;
            int step = k;
            columns.add(
                    Scope.keep(
                            () -> {
                                NDArray v = probe(leaf, step);
                                NDArray product = Autograd.vjp(epsilon, leaf, v, more);
                                return Ops.rowDot(product, v).expandDims(1);
                            }));
        }
        return Ops.cat(columns, 1);
    }

    private NDArray probe(NDArray leaf, int step) {
        Shape shape = leaf.getShape();
        long[] seeds = new long[Math.toIntExact(shape.get(0))];
        Arrays.fill(seeds, settings.seed);
        NDArray drawn =
                settings.noise.tensor(
                        leaf.getManager(), PROBE, Seeds.of(seeds), step, shape.slice(1));
        return settings.trace == Trace.RADEMACHER ? drawn.sign() : drawn;
    }

    /** The diagonal, one product with a unit vector per entry. */
    private static NDArray exact(NDArray epsilon, NDArray leaf, int d) {
        long b = leaf.getShape().get(0);
        NDArray eye = leaf.getManager().eye(d);
        NDArray sum = leaf.getManager().zeros(new Shape(b), DataType.FLOAT64);
        for (int j = 0; j < d; j++) {
            int at = j;
            Scope.run(
                    () -> {
                        NDArray unit =
                                Ops.narrow(eye, 0, at, 1)
                                        .broadcast(new Shape(b, d))
                                        .reshape(leaf.getShape());
                        NDArray product = Autograd.vjp(epsilon, leaf, unit, at < d - 1);
                        sum.addi(Ops.rowDot(product, unit));
                    });
        }
        return sum.expandDims(1);
    }

    /**
     * The estimate at an x_t that is noisy already, as a tensor that can be differentiated, with respect to the condition's embedding for
     * one: the integrand of A^FLIPD (LID paper, Eqs. 26 to 28). Probes are this estimator's; their mean is taken. The products of the trace
     * are differentiated once more, so call it inside {@link Autograd#secondOrder}.
     *
     * @param model the denoiser; CFG-adjusted by passing a {@link memoria.diffusion.Guided}
     * @param xt noisy images (B, item); they are not scaled
     * @param t their time on the model's schedule, with noise
     * @param condition one per row, or none
     * @return FLIPD of each row, (B), recording
     * @throws IllegalStateException outside {@link Autograd#secondOrder}
     * @throws IllegalArgumentException if there is no noise at t
     */
    public NDArray differentiable(Denoiser model, NDArray xt, double t, Condition condition) {
        if (!Autograd.isSecondOrder()) {
            throw new IllegalStateException(
                    "differentiable: call it inside Autograd.secondOrder, fused kernels have no second derivative");
        }
        double sigma = model.schedule().noiseStd(NoiseLevel.index(t).time(model.schedule()));
        int b = Math.toIntExact(xt.getShape().get(0));
        double[] times = new double[b];
        Arrays.fill(times, t);
        NDArray leaf = Autograd.leaf(xt);
        NDArray epsilon = model.predict(leaf, times, condition).epsilon();
        return estimate(epsilon, epsilon, leaf, sigma);
    }

    /**
     * {@code d - sigma tr grad moved + |epsilon|^2} (B), recording: FLIPD where moved is epsilon.
     *
     * @param moved what the trace is of, computed from the leaf
     */
    NDArray estimate(NDArray epsilon, NDArray moved, NDArray leaf, double sigma) {
        long b = leaf.getShape().get(0);
        long d = leaf.size() / b;
        int products = isExact(d) ? (int) d : settings.probes;
        double weight = -sigma / (isExact(d) ? 1 : products);
        NDArray eye = isExact(d) ? leaf.getManager().eye((int) d) : null;
        NDArray sum = Ops.rowDot(epsilon, epsilon);
        for (int k = 0; k < products; k++) {
            NDArray v =
                    eye == null
                            ? probe(leaf, k)
                            : Ops.narrow(eye, 0, k, 1)
                                    .broadcast(new Shape(b, d))
                                    .reshape(leaf.getShape());
            NDArray product =
                    Autograd.isTangent()
                            ? Autograd.tangent(moved, leaf, v)
                            : Autograd.vjpDifferentiable(moved, leaf, v);
            sum = Ops.axpby(1, sum, weight, Ops.rowDot(product, v));
        }
        return Scalars.add(sum, d);
    }
}
