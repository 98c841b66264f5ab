package memoria.amg;

import com.google.gson.JsonObject;

/**
 * The similarity above which guidance acts, over the course of a run: AMG's lambda_t. Time is relative, the share of the sampler's steps
 * that are left, so that 50 steps of DDIM and 250 of DDPM mean the same.
 */
public interface Threshold {

    /** The paper's c = 0.025 a step, times its 250 steps. */
    double PAPER_RATE = 6.25;

    /**
     * The threshold at a time.
     *
     * @param tau share of the steps that are left, 0 at the last step to nearly 1 at the first
     * @return a similarity
     */
    double at(double tau);

    /**
     * A description, part of the key of a saved result.
     *
     * @return a fresh object
     */
    JsonObject spec();

    /**
     * The parabolic schedule (AMG supplement, Eq. 2) {@code lambda(tau) = a + (b - a) e^(-6.25 tau)}: predictions from much noise are
     * blurred and resemble nothing, so a similarity that would be harmless at the end counts as early evidence there. The equation is
     * printed with c = -0.025, under which it would grow without bound; this is the sign that its description and the authors' code have.
     *
     * @param a approached at the start of a run
     * @param b reached at its end
     * @return the schedule
     * @throws IllegalArgumentException if a number is not finite
     */
    static Parabola parabola(double a, double b) {
        return new Parabola(a, b, PAPER_RATE);
    }

    /**
     * One threshold for all steps, which the paper shows to act too late.
     *
     * @param lambda a similarity
     * @return the schedule
     * @throws IllegalArgumentException if the number is not finite
     */
    static Threshold constant(double lambda) {
        return new Constant(lambda);
    }

    /**
     * {@code lambda(tau) = a + (b - a) e^(-rate tau)}.
     *
     * @param a approached at the start of a run
     * @param b reached at its end
     * @param rate above 0
     */
    record Parabola(double a, double b, double rate) implements Threshold {

        /**
         * The schedule.
         *
         * @param a approached at the start of a run
         * @param b reached at its end
         * @param rate above 0
         * @throws IllegalArgumentException if a or b is not finite or the rate is not above 0
         */
        public Parabola {
            finite("a", a);
            finite("b", b);
            if (!(rate > 0 && Double.isFinite(rate))) {
                throw new IllegalArgumentException("rate: " + rate + "; above 0 is legal");
            }
        }

        @Override
        public double at(double tau) {
            return a + (b - a) * Math.exp(-rate * tau);
        }

        @Override
        public JsonObject spec() {
            JsonObject spec = new JsonObject();
            spec.addProperty("kind", "parabola");
            spec.addProperty("a", a);
            spec.addProperty("b", b);
            spec.addProperty("rate", rate);
            return spec;
        }
    }

    /**
     * The same at all times.
     *
     * @param lambda the threshold
     */
    record Constant(double lambda) implements Threshold {

        /**
         * The schedule.
         *
         * @param lambda the threshold
         * @throws IllegalArgumentException if it is not finite
         */
        public Constant {
            finite("lambda", lambda);
        }

        @Override
        public double at(double tau) {
            return lambda;
        }

        @Override
        public JsonObject spec() {
            JsonObject spec = new JsonObject();
            spec.addProperty("kind", "constant");
            spec.addProperty("lambda", lambda);
            return spec;
        }
    }

    private static void finite(String name, double value) {
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException(name + ": " + value + " is not finite");
        }
    }
}
