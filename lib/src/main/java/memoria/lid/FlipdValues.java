package memoria.lid;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import memoria.diffusion.NoiseSchedule;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.IntColumn;
import tech.tablesaw.api.Table;

/**
 * What {@link Flipd} measured of each image: {@code |epsilon|^2} and every probe's share of the trace, at every noise level. Fewer probes or
 * another level need no new forward.
 */
public final class FlipdValues {

    private final int d;
    private final double[] t;
    private final double[] fraction;
    private final double[] noiseStd;
    private final double[] beta;
    private final double[][] norm;
    private final double[][] trace;

    private FlipdValues(Map<String, double[][]> measured, int d) {
        this.d = d;
        this.t = measured.get("t")[0];
        this.fraction = measured.get("fraction")[0];
        this.noiseStd = measured.get("noiseStd")[0];
        this.beta = measured.get("beta")[0];
        this.norm = measured.get("norm");
        this.trace = measured.get("trace");
    }

    static FlipdValues read(Map<String, double[][]> measured, int d) {
        return new FlipdValues(measured, d);
    }

    /** The noise levels as tables of one row per image, as an estimator measures everything. */
    static Map<String, double[][]> levels(NoiseSchedule schedule, double[] times, int images) {
        Map<String, double[][]> levels = new LinkedHashMap<>();
        levels.put("t", repeat(times, images));
        levels.put(
                "fraction",
                repeat(
                        Arrays.stream(times).map(s -> (s + 1) / schedule.steps()).toArray(),
                        images));
        levels.put(
                "noiseStd", repeat(Arrays.stream(times).map(schedule::noiseStd).toArray(), images));
        levels.put(
                "beta",
                repeat(
                        Arrays.stream(times).map(s -> ProbabilityFlow.beta(schedule, s)).toArray(),
                        images));
        return levels;
    }

    private static double[][] repeat(double[] row, int times) {
        double[][] rows = new double[times][];
        Arrays.fill(rows, row);
        return rows;
    }

    /**
     * How many images there are.
     *
     * @return the count
     */
    public int count() {
        return norm.length;
    }

    /**
     * Values per image.
     *
     * @return d
     */
    public int ambient() {
        return d;
    }

    /**
     * How many noise levels were measured.
     *
     * @return the count
     */
    public int levels() {
        return t.length;
    }

    /**
     * The noise levels as times of the model's schedule.
     *
     * @return indices, in the order asked for
     */
    public double[] times() {
        return t.clone();
    }

    /**
     * The noise levels as continuous times, {@code (index + 1) / T}.
     *
     * @return in (0, 1]
     */
    public double[] fractions() {
        return fraction.clone();
    }

    /**
     * The noise levels as standard deviations.
     *
     * @return sigma(t0)
     */
    public double[] noiseStds() {
        return noiseStd.clone();
    }

    /** {@code -d log alphaBar / dt} at each level, per index. */
    double[] betas() {
        return beta.clone();
    }

    /**
     * How many probes there are; 1 for an exact trace.
     *
     * @return the count
     */
    public int probes() {
        return trace[0].length / t.length;
    }

    /**
     * FLIPD of every image at the first noise level.
     *
     * @return about LID, one per image; it can be below 0
     */
    public double[] lid() {
        return lid(0);
    }

    /**
     * FLIPD of every image.
     *
     * @param level 0 to {@code levels() - 1}
     * @return about LID, one per image
     * @throws IllegalArgumentException if there is no such level
     */
    public double[] lid(int level) {
        return lid(level, probes());
    }

    /**
     * FLIPD of every image by the first probes only.
     *
     * @param level 0 to {@code levels() - 1}
     * @param probes 1 to {@code probes()}
     * @return about LID, one per image
     * @throws IllegalArgumentException if there is no such level or there are not so many probes
     */
    public double[] lid(int level, int probes) {
        requireLevel(level);
        if (probes < 1 || probes > probes()) {
            throw new IllegalArgumentException(
                    "probes: " + probes + "; 1 to " + probes() + " were measured");
        }
        double[] lid = new double[count()];
        for (int i = 0; i < lid.length; i++) {
            double mean = Arrays.stream(share(i, level), 0, probes).average().orElseThrow();
            lid[i] = d - noiseStd[level] * mean + norm[i][level];
        }
        return lid;
    }

    private double[] share(int image, int level) {
        return Arrays.copyOfRange(trace[image], level * probes(), (level + 1) * probes());
    }

    /**
     * How uncertain the probes leave the estimate: their standard deviation over the root of their number.
     *
     * @param level 0 to {@code levels() - 1}
     * @return one per image; not a number with fewer than two probes
     * @throws IllegalArgumentException if there is no such level
     */
    public double[] standardError(int level) {
        requireLevel(level);
        double[] error = new double[count()];
        for (int i = 0; i < error.length; i++) {
            double[] values = share(i, level);
            double mean = Arrays.stream(values).average().orElseThrow();
            double squares = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum();
            error[i] = noiseStd[level] * Math.sqrt(squares / (values.length - 1) / values.length);
        }
        return error;
    }

    /**
     * The squared norm of the noise predicted.
     *
     * @param level 0 to {@code levels() - 1}
     * @return {@code |epsilon|^2 = sigma^2 |s|^2}, one per image
     * @throws IllegalArgumentException if there is no such level
     */
    public double[] norms(int level) {
        requireLevel(level);
        return Arrays.stream(norm).mapToDouble(row -> row[level]).toArray();
    }

    /**
     * One image's FLIPD against the noise.
     *
     * @param image 0 to {@code count() - 1}
     * @return one per level
     */
    public double[] curve(int image) {
        double[] curve = new double[t.length];
        for (int level = 0; level < curve.length; level++) {
            curve[level] = lid(level)[image];
        }
        return curve;
    }

    /**
     * Everything in rows.
     *
     * @return columns {@code image}, {@code t}, {@code noise} and {@code FLIPD}
     */
    public Table table() {
        IntColumn image = IntColumn.create("image");
        DoubleColumn time = DoubleColumn.create("t");
        DoubleColumn noise = DoubleColumn.create("noise");
        DoubleColumn value = DoubleColumn.create("FLIPD");
        for (int level = 0; level < t.length; level++) {
            double[] lid = lid(level);
            for (int i = 0; i < lid.length; i++) {
                image.append(i);
                time.append(t[level]);
                noise.append(noiseStd[level]);
                value.append(lid[i]);
            }
        }
        return Table.create("FLIPD", image, time, noise, value);
    }

    private void requireLevel(int level) {
        if (level < 0 || level >= t.length) {
            throw new IllegalArgumentException(
                    "level: " + level + "; 0 to " + (t.length - 1) + " were measured");
        }
    }
}
