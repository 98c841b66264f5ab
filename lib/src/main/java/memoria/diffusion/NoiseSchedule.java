package memoria.diffusion;

import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * How much noise there is at each time of a variance-preserving diffusion, in double precision.
 *
 * <p>{@code q(x_t | x_0) = N(sqrt(alphaBar_t) x_0, (1 - alphaBar_t) I)} with {@code alphaBar_t = prod_{s <= t} (1 - beta_s)} (Ho et al.,
 * 2020, Eq. 4). Time is an index: 0 is the least noise, {@code steps() - 1} the most, and fractions lie between indices.
 *
 * <p>A schedule may be a {@linkplain #respaced respaced} part of another: it then counts its own steps 0, 1, ... and remembers by
 * {@link #original} which index of the trained schedule each is, which is the time a network must be given.
 */
public final class NoiseSchedule {

    private final JsonObject spec;
    private final int[] original;
    private final double[] beta;
    private final double[] logAlphaBar;
    private final double logAlphaBarEnd;
    private final Levels levels;

    private NoiseSchedule(JsonObject spec, int[] original, double[] beta, Levels exact) {
        this(spec, original, beta, exact, 0);
    }

    private NoiseSchedule(
            JsonObject spec, int[] original, double[] beta, Levels exact, double logAlphaBarEnd) {
        this.spec = spec;
        this.logAlphaBarEnd = logAlphaBarEnd;
        this.original = original;
        this.beta = beta;
        logAlphaBar = new double[beta.length];
        double sum = logAlphaBarEnd;
        for (int i = 0; i < beta.length; i++) {
            if (!(beta[i] > 0 && beta[i] < 1)) {
                throw new IllegalArgumentException(
                        "betas: beta["
                                + i
                                + "] = "
                                + beta[i]
                                + "; every beta lies strictly between 0 and 1");
            }
            sum += Math.log1p(-beta[i]);
            logAlphaBar[i] = sum;
        }
        levels = exact == null ? new Levels.Table(logAlphaBar) : exact;
    }

    /**
     * The linear schedule of Ho et al. (2020), stretched to any length as improved-diffusion does: betas from {@code 1e-4 * 1000 / T} to
     * {@code 0.02 * 1000 / T}.
     *
     * @param steps T, above 20
     * @return the schedule
     * @throws IllegalArgumentException if steps is 20 or less: the last beta would reach 1
     */
    public static NoiseSchedule linear(int steps) {
        double scale = 1000.0 / Betas.positive(steps);
        return linear(steps, scale * 0.0001, scale * 0.02);
    }

    /**
     * Betas on a line.
     *
     * @param steps T, at least 1
     * @param first beta of index 0, in (0, 1)
     * @param last beta of index T - 1, in (0, 1)
     * @return the schedule
     * @throws IllegalArgumentException if an argument is out of its range
     */
    public static NoiseSchedule linear(int steps, double first, double last) {
        return of(
                Spec.of("linear", "steps", steps, "first", first, "last", last),
                Betas.linear(steps, first, last));
    }

    /**
     * Squares of a line: the "linear" schedule of latent diffusion and Stable Diffusion, there with 1000 steps from 0.00085 to 0.012.
     *
     * @param steps T, at least 1
     * @param first beta of index 0, in (0, 1)
     * @param last beta of index T - 1, in (0, 1)
     * @return the schedule
     * @throws IllegalArgumentException if an argument is out of its range
     */
    public static NoiseSchedule scaledLinear(int steps, double first, double last) {
        return of(
                Spec.of("scaledLinear", "steps", steps, "first", first, "last", last),
                Betas.scaledLinear(steps, first, last));
    }

    /**
     * The cosine schedule (Nichol and Dhariwal, 2021, Eq. 17): {@code alphaBar_t = f(t) / f(0)},
     * {@code f(t) = cos^2((t/T + 0.008) / 1.008 * pi/2)}, betas at most 0.999.
     *
     * @param steps T, at least 1
     * @return the schedule
     * @throws IllegalArgumentException if steps is below 1
     */
    public static NoiseSchedule cosine(int steps) {
        return of(Spec.of("cosine", "steps", steps), Betas.cosine(steps));
    }

    /**
     * The variance-preserving SDE (Song et al., 2021, Eq. 11) with {@code beta(s) = betaMin + s (betaMax - betaMin)}, s in [0, 1]:
     * {@code alphaBar(s) = exp(-betaMin s - (betaMax - betaMin) s^2 / 2)}. Index t stands for {@code s = (t + 1) / T}; here alone the time
     * may also lie below 0, down to -1 which is s = 0, the clean image.
     *
     * @param betaMin above 0; Song et al. use 0.1
     * @param betaMax at least betaMin; Song et al. use 20
     * @param steps T, in how many steps a sampler may cut it, at least 1
     * @return the schedule
     * @throws IllegalArgumentException if an argument is out of its range
     */
    public static NoiseSchedule continuousVp(double betaMin, double betaMax, int steps) {
        if (!(betaMin > 0 && betaMax >= betaMin && betaMax < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "betaMin, betaMax: "
                            + betaMin
                            + ", "
                            + betaMax
                            + "; 0 < betaMin <= betaMax is needed");
        }
        Levels.Vp vp = new Levels.Vp(betaMin, betaMax, Betas.positive(steps));
        JsonObject spec =
                Spec.of("continuousVp", "steps", steps, "betaMin", betaMin, "betaMax", betaMax);
        return new NoiseSchedule(spec, all(steps), vp.betas(), vp);
    }

    /**
     * A schedule with betas of its own.
     *
     * @param betas beta_0 to beta_{T-1}, each in (0, 1); at least one
     * @return the schedule
     * @throws IllegalArgumentException if there is none or one is out of range
     */
    public static NoiseSchedule of(double... betas) {
        if (betas.length == 0) {
            throw new IllegalArgumentException("betas: none; at least one is needed");
        }
        return of(Spec.of("betas", "betas", Spec.list(betas)), betas.clone());
    }

    /**
     * The schedule a {@link #spec} describes.
     *
     * @param spec as {@link #spec} wrote it
     * @return an equal schedule
     * @throws IllegalArgumentException if the kind is unknown or an entry is missing or out of range
     */
    public static NoiseSchedule of(JsonObject spec) {
        return ScheduleSpec.read(spec);
    }

    private static NoiseSchedule of(JsonObject spec, double[] betas) {
        return new NoiseSchedule(spec, all(betas.length), betas, null);
    }

    private static int[] all(int steps) {
        return IntStream.range(0, steps).toArray();
    }

    /**
     * The part of this schedule that visits only some indices: same noise there, larger betas between (Nichol and Dhariwal, 2021, Eq. 19).
     *
     * @param indices of this schedule, strictly ascending, at least one
     * @return a schedule of {@code indices.length} steps
     * @throws IllegalArgumentException if there is none, one is out of range or they do not ascend
     */
    public NoiseSchedule respaced(int... indices) {
        if (indices.length == 0) {
            throw new IllegalArgumentException("indices: none; at least one is needed");
        }
        double[] betas = new double[indices.length];
        int[] kept = new int[indices.length];
        for (int i = 0; i < indices.length; i++) {
            if (indices[i] < 0
                    || indices[i] >= steps()
                    || (i > 0 && indices[i] <= indices[i - 1])) {
                throw new IllegalArgumentException(
                        "indices: "
                                + Arrays.toString(indices)
                                + "; strictly ascending indices in 0.."
                                + (steps() - 1)
                                + " are legal");
            }
            double before = i == 0 ? 0 : logAlphaBar[indices[i - 1]];
            betas[i] = -Math.expm1(logAlphaBar[indices[i]] - before);
            kept[i] = original[indices[i]];
        }
        JsonObject part = Spec.of("respaced", "indices", Spec.list(indices), "of", spec());
        return new NoiseSchedule(part, kept, betas, null);
    }

    /**
     * This schedule with another end: {@link #alphaBarPrev} of its first index is not 1, the clean image, but the level of a schedule's least
     * noise. Latent diffusion's samplers end there, and diffusers' with {@code set_alpha_to_one = false}.
     *
     * @param whole whose index 0 is the end; its noise there is less than this schedule's least
     * @return the same indices with that end
     * @throws IllegalArgumentException if this schedule has no more noise than that
     */
    public NoiseSchedule endingAtFirstOf(NoiseSchedule whole) {
        double end = whole.logAlphaBar[0];
        if (!(logAlphaBar[0] < end)) {
            throw new IllegalArgumentException(
                    "whole: this schedule begins at the end asked for, alphaBar "
                            + Math.exp(end)
                            + "; its first index must have more noise");
        }
        double[] betas = beta.clone();
        betas[0] = -Math.expm1(logAlphaBar[0] - end);
        JsonObject spec = Spec.of("endingAtFirst", "schedule", spec(), "of", whole.spec());
        return new NoiseSchedule(spec, original, betas, null, end);
    }

    /**
     * As {@link #respaced(int...)}, with the indices of a {@link Respacing}.
     *
     * @param respacing {@code "250"}, {@code "10,15,20"}, {@code "ddim50"}
     * @return the part
     * @throws IllegalArgumentException if the text is not understood or this schedule is too short for it
     */
    public NoiseSchedule respaced(String respacing) {
        return respaced(Respacing.indices(steps(), respacing));
    }

    /**
     * How many steps there are.
     *
     * @return T, at least 1
     */
    public int steps() {
        return beta.length;
    }

    /**
     * The time of a step on the trained schedule: what a network is given.
     *
     * @param index 0 to {@code steps() - 1}
     * @return the index itself, unless this schedule was respaced
     * @throws IllegalArgumentException if the index is out of range
     */
    public int original(int index) {
        return original[index(index)];
    }

    /**
     * {@code beta_t} of every index.
     *
     * @return a copy, (T)
     */
    public double[] betas() {
        return beta.clone();
    }

    /**
     * {@code alphaBar_t} of every index.
     *
     * @return a copy, (T), falling from nearly 1 to nearly 0
     */
    public double[] alphaBars() {
        return Arrays.stream(logAlphaBar).map(Math::exp).toArray();
    }

    /**
     * {@code alphaBar_t} at any time. Between indices {@code log alphaBar} is linear; on {@link #continuousVp} it is exact.
     *
     * @param t 0 to T - 1, fractions allowed (-1 to T - 1 on {@link #continuousVp})
     * @return {@code alphaBar_t}
     * @throws IllegalArgumentException if t is out of range or not a number
     */
    public double alphaBar(double t) {
        return Math.exp(levels.at(requireTime(t)));
    }

    /**
     * Standard deviation of the noise at any time: {@code sqrt(1 - alphaBar_t)}.
     *
     * @param t as {@link #alphaBar(double)}
     * @return in [0, 1)
     * @throws IllegalArgumentException if t is out of range or not a number
     */
    public double noiseStd(double t) {
        return Math.sqrt(-Math.expm1(levels.at(requireTime(t))));
    }

    /**
     * The time with a given noise: the inverse of {@link #noiseStd}, by which times of different schedules are matched.
     *
     * @param noiseStd from {@code noiseStd(0)} to {@code noiseStd(T - 1)}
     * @return t
     * @throws IllegalArgumentException if this schedule has no time with so much noise
     */
    public double timeAt(double noiseStd) {
        double least = noiseStd(levels.first());
        double most = noiseStd(steps() - 1);
        if (!(noiseStd >= least && noiseStd <= most)) {
            throw new IllegalArgumentException(
                    "noiseStd: "
                            + noiseStd
                            + " is outside this schedule's "
                            + least
                            + " to "
                            + most);
        }
        double t = levels.time(Math.log1p(-noiseStd * noiseStd));
        return Math.max(levels.first(), Math.min(steps() - 1, t));
    }

    /**
     * Checks that there is noise at a time.
     *
     * @param t as {@link #alphaBar(double)}
     * @return the same number
     * @throws IllegalArgumentException if t is out of range or not a number
     */
    public double requireTime(double t) {
        if (!(t >= levels.first() && t <= steps() - 1)) {
            throw new IllegalArgumentException(
                    "t: "
                            + t
                            + " is outside the schedule's "
                            + levels.first()
                            + ".."
                            + (steps() - 1));
        }
        return t;
    }

    /**
     * {@code alphaBar} one step closer to the image: {@code alphaBar_{t-1}}.
     *
     * @param index 0 to {@code steps() - 1}
     * @return 1 before the first index, unless this schedule {@linkplain #endingAtFirstOf ends elsewhere}
     * @throws IllegalArgumentException if the index is out of range
     */
    public double alphaBarPrev(int index) {
        return Math.exp(index(index) == 0 ? logAlphaBarEnd : logAlphaBar[index - 1]);
    }

    /**
     * {@code alphaBar} one step closer to the noise: {@code alphaBar_{t+1}}.
     *
     * @param index 0 to {@code steps() - 1}
     * @return 0 after the last index
     * @throws IllegalArgumentException if the index is out of range
     */
    public double alphaBarNext(int index) {
        return index(index) == steps() - 1 ? 0 : Math.exp(logAlphaBar[index + 1]);
    }

    double beta(int index) {
        return beta[index(index)];
    }

    /** {@code 1 - alphaBar_t}, exact also where it is tiny; that of the end before the first index. */
    double noiseVariance(int index) {
        return -Math.expm1(index < 0 ? logAlphaBarEnd : logAlphaBar[index(index)]);
    }

    private int index(int index) {
        if (index < 0 || index >= steps()) {
            throw new IllegalArgumentException(
                    "index: " + index + " is outside the schedule's 0.." + (steps() - 1));
        }
        return index;
    }

    /**
     * A description from which {@link #of(JsonObject)} rebuilds this schedule.
     *
     * @return a fresh object
     */
    public JsonObject spec() {
        return spec.deepCopy();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof NoiseSchedule schedule && spec.equals(schedule.spec);
    }

    @Override
    public int hashCode() {
        return spec.hashCode();
    }

    @Override
    public String toString() {
        return spec.toString();
    }
}
