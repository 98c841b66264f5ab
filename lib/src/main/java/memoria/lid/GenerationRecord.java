package memoria.lid;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import memoria.diffusion.Bend;
import memoria.diffusion.Denoiser;
import memoria.diffusion.Guidance;
import memoria.diffusion.Prediction;
import memoria.diffusion.Seeds;
import memoria.diffusion.Step;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scalars;
import memoria.torch.Scope;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.IntColumn;
import tech.tablesaw.api.LongColumn;
import tech.tablesaw.api.Table;

/**
 * What tells a memorized prompt while its image is being made (Wen et al., 2024; LID paper, D.2): the norms of the CFG vector and of the
 * CFG-adjusted prediction at every step, in units of noise, and at the last steps FLIPD of the CFG-adjusted model at x_t. It changes nothing.
 *
 * <pre>{@code
 * cfg_t   = |epsilon(x_t; c) - epsilon(x_t; none)| = sigma |s(x_t; c) - s(x_t; none)|      (the summand of Eq. 22, not squared)
 * score_t = |epsilon^CFG(x_t; c)|                                                           (Eq. 25)
 * FLIPD_t = d - sigma tr grad epsilon^CFG(x_t; c) + |epsilon^CFG(x_t; c)|^2                  (Eq. 26)
 *
 * var record = new GenerationRecord();
 * model.generate(Ddim.steps(50).clip(false).guidedBy(record), seeds, 7.5, prompts);
 * double[] suspicious = record.cfg(seeds, 10);
 * }</pre>
 */
public final class GenerationRecord implements Guidance {

    private static final double LAST = 0.2;

    private record Entry(int step, double t, double cfg, double score, double flipd) {}

    private final Map<Long, List<Entry>> entries = new HashMap<>();
    private final Denoiser guided;
    private final int probes;

    /** A record of the norms. */
    public GenerationRecord() {
        this(null, 0);
    }

    private GenerationRecord(Denoiser guided, int probes) {
        this.guided = guided;
        this.probes = probes;
    }

    /**
     * A record of the norms and, at the steps of the last fifth of the times, of FLIPD: the paper's range of times for A^FLIPD (D.2).
     *
     * @param guided the CFG-adjusted model that is sampled
     * @param probes of Hutchinson's trace, at least 1
     * @return a record without entries
     * @throws IllegalArgumentException if probes is below 1
     */
    public static GenerationRecord withFlipd(Denoiser guided, int probes) {
        if (probes < 1) {
            throw new IllegalArgumentException("probes: " + probes + "; at least 1 is needed");
        }
        return new GenerationRecord(guided, probes);
    }

    @Override
    public Bend bend(Step step) {
        Prediction said = step.prediction();
        if (said.branches() == null) {
            throw new IllegalArgumentException(
                    "model: it has no branches; sample a Guided one, at a scale other than 1");
        }
        NDArray c = said.branches().conditional();
        NDArray empty = said.branches().unconditional();
        double[] cfg = norms(() -> c.sub(empty));
        double[] score = norms(said::epsilon);
        double[] lid = new double[cfg.length];
        Arrays.fill(lid, Double.NaN);
        double t = step.t();
        if (guided != null && (t + 1) / guided.schedule().steps() <= LAST) {
            lid = flipd(step, t);
        }
        add(step, cfg, score, lid);
        return Bend.none();
    }

    private static double[] norms(Supplier<NDArray> vectors) {
        return Autograd.off(
                () ->
                        Scope.use(
                                () -> {
                                    NDArray rows = vectors.get();
                                    double[] squares = Ops.rowDot(rows, rows).toDoubleArray();
                                    return Arrays.stream(squares).map(Math::sqrt).toArray();
                                }));
    }

    /** FLIPD scales its images by psi; x_t has been scaled already. */
    private double[] flipd(Step step, double t) {
        double psi = Math.sqrt(guided.schedule().alphaBar(t));
        return Scope.use(
                () -> {
                    NDArray x = Autograd.off(() -> Scalars.mul(step.xt(), 1 / psi));
                    Flipd at = Flipd.at(NoiseLevel.index(t)).gaussian(probes);
                    int d = Math.toIntExact(guided.item().size());
                    return at.result(at.measure(guided, x, step.condition()), d).lid();
                });
    }

    private synchronized void add(Step step, double[] cfg, double[] score, double[] lid) {
        long[] seeds = step.seeds().values();
        int done = step.steps() - 1 - step.index();
        for (int i = 0; i < seeds.length; i++) {
            entries.computeIfAbsent(seeds[i], seed -> new ArrayList<>())
                    .add(new Entry(done, step.t(), cfg[i], score[i], lid[i]));
        }
    }

    /**
     * The mean norm of the CFG vector over the first steps.
     *
     * @param seeds of images that were made
     * @param steps how many, at least 1; all if there were fewer
     * @return one per seed; long ones belong to memorized prompts
     * @throws IllegalArgumentException if nothing was recorded of a seed or steps is below 1
     */
    public double[] cfg(Seeds seeds, int steps) {
        return means(seeds, steps, Entry::cfg);
    }

    /**
     * The mean norm of the CFG-adjusted prediction over the first steps.
     *
     * @param seeds of images that were made
     * @param steps how many, at least 1; all if there were fewer
     * @return one per seed
     * @throws IllegalArgumentException if nothing was recorded of a seed or steps is below 1
     */
    public double[] score(Seeds seeds, int steps) {
        return means(seeds, steps, Entry::score);
    }

    /**
     * The mean FLIPD over the steps at which it was measured.
     *
     * @param seeds of images that were made
     * @return one per seed; small ones belong to memorized prompts; not a number where it was not measured
     * @throws IllegalArgumentException if nothing was recorded of a seed
     */
    public double[] flipd(Seeds seeds) {
        return means(seeds, Integer.MAX_VALUE, Entry::flipd);
    }

    /**
     * The norm of the CFG vector at every step.
     *
     * @param seeds of images that were made
     * @return a row per seed, its steps in the order they were made
     * @throws IllegalArgumentException if nothing was recorded of a seed
     */
    public synchronized double[][] curves(Seeds seeds) {
        return Arrays.stream(seeds.values())
                .mapToObj(seed -> of(seed).stream().mapToDouble(Entry::cfg).toArray())
                .toArray(double[][]::new);
    }

    private interface Value {
        double of(Entry entry);
    }

    private synchronized double[] means(Seeds seeds, int steps, Value value) {
        if (steps < 1) {
            throw new IllegalArgumentException("steps: " + steps + "; at least 1 is needed");
        }
        return Arrays.stream(seeds.values())
                .mapToDouble(
                        seed ->
                                of(seed).stream()
                                        .limit(steps)
                                        .mapToDouble(value::of)
                                        .filter(v -> !Double.isNaN(v))
                                        .average()
                                        .orElse(Double.NaN))
                .toArray();
    }

    private List<Entry> of(long seed) {
        List<Entry> own = entries.get(seed);
        if (own == null) {
            throw new IllegalArgumentException("seeds: nothing was recorded of seed " + seed);
        }
        return own;
    }

    /**
     * Everything recorded.
     *
     * @return columns {@code seed}, {@code step} from 0, {@code t}, {@code CFG norm}, {@code score norm} and {@code FLIPD}, missing where it
     *     was not measured; by seed
     */
    public synchronized Table table() {
        LongColumn seed = LongColumn.create("seed");
        IntColumn step = IntColumn.create("step");
        DoubleColumn t = DoubleColumn.create("t");
        DoubleColumn cfg = DoubleColumn.create("CFG norm");
        DoubleColumn score = DoubleColumn.create("score norm");
        DoubleColumn lid = DoubleColumn.create("FLIPD");
        new TreeMap<>(entries)
                .forEach(
                        (s, own) ->
                                own.forEach(
                                        e -> {
                                            seed.append(s);
                                            step.append(e.step);
                                            t.append(e.t);
                                            cfg.append(e.cfg);
                                            score.append(e.score);
                                            if (Double.isNaN(e.flipd)) {
                                                lid.appendMissing();
                                            } else {
                                                lid.append(e.flipd);
                                            }
                                        }));
        return Table.create("generation", seed, step, t, cfg, score, lid);
    }
}
