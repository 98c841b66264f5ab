package memoria.lid;

import com.google.gson.JsonObject;
import memoria.diffusion.NoiseSchedule;

/**
 * The small time t0 at which an estimator asks a model, as an amount of noise: the same level means the same on every schedule.
 *
 * <p>The papers' t0 belongs to the VP-SDE with beta from 0.1 to 20 ({@link #vp}); there 0.05 is a noise of standard deviation 0.17.
 */
public final class NoiseLevel {

    private static final double BETA_MIN = 0.1;
    private static final double BETA_MAX = 20;

    private enum Kind {
        STD,
        INDEX
    }

    private final Kind kind;
    private final double value;

    private NoiseLevel(Kind kind, double value) {
        this.kind = kind;
        this.value = value;
    }

    /**
     * By the noise's standard deviation {@code sigma(t0) = sqrt(1 - alphaBar)}, beside images scaled by {@code psi(t0) = sqrt(alphaBar)}.
     *
     * @param noiseStd above 0 and below 1
     * @return the level
     * @throws IllegalArgumentException if it is out of range
     */
    public static NoiseLevel std(double noiseStd) {
        if (!(noiseStd > 0 && noiseStd < 1)) {
            throw new IllegalArgumentException(
                    "t0: noise of standard deviation "
                            + noiseStd
                            + "; above 0 and below 1 is legal");
        }
        return new NoiseLevel(Kind.STD, noiseStd);
    }

    /**
     * By the standard deviation of the noise beside unscaled images, {@code sigma / psi}: the delta of LIDL, and the sigma-tilde of DDIM's
     * coordinates (LID paper, Eq. 11).
     *
     * @param ratio above 0
     * @return the level
     * @throws IllegalArgumentException if it is out of range
     */
    public static NoiseLevel ratio(double ratio) {
        if (!(ratio > 0 && ratio < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "t0: noise of " + ratio + " times the image; above 0 is legal");
        }
        return std(ratio / Math.hypot(1, ratio));
    }

    /**
     * By the continuous time of the VP-SDE with beta from 0.1 to 20, the t0 of the LID paper:
     * {@code sigma^2 = 1 - exp(-0.1 t0 - 9.95 t0^2)}.
     *
     * @param t0 above 0, at most 1
     * @return the level
     * @throws IllegalArgumentException if it is out of range
     */
    public static NoiseLevel vp(double t0) {
        if (!(t0 > 0 && t0 <= 1)) {
            throw new IllegalArgumentException("t0: " + t0 + "; above 0 and at most 1 is legal");
        }
        return std(Math.sqrt(-Math.expm1(-BETA_MIN * t0 - (BETA_MAX - BETA_MIN) / 2 * t0 * t0)));
    }

    /**
     * By the index on the model's own schedule.
     *
     * @param t as {@link NoiseSchedule#noiseStd} takes it; checked when a schedule is given
     * @return the level
     */
    public static NoiseLevel index(double t) {
        return new NoiseLevel(Kind.INDEX, t);
    }

    /**
     * The time on a schedule.
     *
     * @param schedule of the model
     * @return t, with noise above 0
     * @throws IllegalArgumentException if the schedule has no such time, or no noise there
     */
    public double time(NoiseSchedule schedule) {
        try {
            double t = kind == Kind.STD ? schedule.timeAt(value) : schedule.requireTime(value);
            if (schedule.noiseStd(t) > 0) {
                return t;
            }
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("t0: " + e.getMessage(), e);
        }
        throw new IllegalArgumentException(
                "t0: at " + value + " the schedule has no noise; a time with noise is needed");
    }

    JsonObject spec() {
        JsonObject spec = new JsonObject();
        spec.addProperty(kind == Kind.STD ? "noiseStd" : "index", value);
        return spec;
    }

    @Override
    public String toString() {
        return (kind == Kind.STD ? "noise " : "index ") + value;
    }
}
