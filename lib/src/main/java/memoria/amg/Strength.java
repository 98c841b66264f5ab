package memoria.amg;

import com.google.gson.JsonObject;

/** How strongly dissimilarity guidance bends a step: the c3 of AMG's Eq. 1, once for all or depending on time and similarity. */
public interface Strength {

    /** The 1000 / 170 of the authors' code, whose time runs from 1000 down to 0. */
    double CODE_RATE = 1000.0 / 170;

    /**
     * The factor of {@code sqrt(1 - alphaBar_t) grad sigma_t}.
     *
     * @param tau share of the steps that are left, 0 at the last step to nearly 1 at the first
     * @param sigma the similarity to the nearest training image
     * @return at least 0
     */
    double at(double tau, double sigma);

    /**
     * A description, part of the key of a saved result.
     *
     * @return a fresh object
     */
    JsonObject spec();

    /**
     * The paper's: one number. What it moves x0-hat by, {@code c3 (1 - alphaBar_t) / alphaBar_t grad sigma_t} where the gradient is that in
     * x0-hat, fades as the noise does, so that a prediction which becomes alike late is hardly moved.
     *
     * @param c3 at least 0
     * @return the strength
     * @throws IllegalArgumentException if c3 is negative or not finite
     */
    static Strength constant(double c3) {
        return new Constant(c3);
    }

    /**
     * This strength and another one together, {@code at(tau, sigma) + other.at(tau, sigma)}. Not in the paper.
     *
     * @param other what is added
     * @return the sum
     */
    default Strength plus(Strength other) {
        return new Sum(this, other);
    }

    /**
     * That of the authors' code for Stable Diffusion, {@code c3 max(sigma_t - from, 0) e^(1000/170 (1 - tau))} with c3 = 100 and from = 0.3
     * there; the paper does not mention it. It grows as the noise fades, so that what x0-hat is moved by stays about the same, and with the
     * similarity, so that a prediction just above the threshold is moved less than a copy.
     *
     * @param c3 at least 0
     * @param from the similarity at which it is 0
     * @return the strength
     * @throws IllegalArgumentException if c3 is negative or a number is not finite
     */
    static Strength rising(double c3, double from) {
        return new Rising(c3, from);
    }

    /**
     * The same at all times.
     *
     * @param c3 at least 0
     */
    record Constant(double c3) implements Strength {

        /**
         * The strength.
         *
         * @param c3 at least 0
         * @throws IllegalArgumentException if it is negative or not finite
         */
        public Constant {
            notNegative("c", c3);
        }

        @Override
        public double at(double tau, double sigma) {
            return c3;
        }

        @Override
        public JsonObject spec() {
            JsonObject spec = new JsonObject();
            spec.addProperty("kind", "constant");
            spec.addProperty("c3", c3);
            return spec;
        }
    }

    /**
     * {@code c3 max(sigma - from, 0) e^(1000/170 (1 - tau))}.
     *
     * @param c3 at least 0
     * @param from the similarity at which it is 0
     */
    record Rising(double c3, double from) implements Strength {

        /**
         * The strength.
         *
         * @param c3 at least 0
         * @param from the similarity at which it is 0
         * @throws IllegalArgumentException if c3 is negative or a number is not finite
         */
        public Rising {
            notNegative("c3", c3);
            if (!Double.isFinite(from)) {
                throw new IllegalArgumentException("from: " + from + " is not finite");
            }
        }

        @Override
        public double at(double tau, double sigma) {
            return c3 * Math.max(sigma - from, 0) * Math.exp(CODE_RATE * (1 - tau));
        }

        @Override
        public JsonObject spec() {
            JsonObject spec = new JsonObject();
            spec.addProperty("kind", "rising");
            spec.addProperty("c3", c3);
            spec.addProperty("from", from);
            spec.addProperty("rate", CODE_RATE);
            return spec;
        }
    }

    /**
     * Two strengths added.
     *
     * @param one the first
     * @param other the second
     */
    record Sum(Strength one, Strength other) implements Strength {

        @Override
        public double at(double tau, double sigma) {
            return one.at(tau, sigma) + other.at(tau, sigma);
        }

        @Override
        public JsonObject spec() {
            JsonObject spec = new JsonObject();
            spec.addProperty("kind", "sum");
            spec.add("one", one.spec());
            spec.add("other", other.spec());
            return spec;
        }
    }

    private static void notNegative(String name, double value) {
        if (!(value >= 0 && Double.isFinite(value))) {
            throw new IllegalArgumentException(name + ": " + value + "; at least 0 is legal");
        }
    }
}
