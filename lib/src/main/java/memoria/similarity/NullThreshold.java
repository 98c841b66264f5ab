package memoria.similarity;

import java.util.Arrays;

/**
 * The level that scores of unseen real images exceed at a stated rate. A score above it is what chance alone shows that rarely, so it is
 * the one honest meaning of "memorized"; constants from papers belong to their own data.
 */
public final class NullThreshold {

    private NullThreshold() {}

    /**
     * The level exceeded at a rate: with n unseen scores, {@code floor(n rate)} of them lie above it.
     *
     * @param unseen scores of images the model was not trained on; larger means more suspicious
     * @param rate in (0, 1), for example 0.01 or 0.001
     * @return the {@code floor(n rate) + 1}-th largest score
     * @throws IllegalArgumentException if the rate is out of range, a score is not a number, or there are fewer than {@code 1 / rate}
     *     scores: then not one may exceed the level and it says nothing about the rate
     */
    public static double exceeded(double[] unseen, double rate) {
        int allowed = allowed(unseen.length, rate);
        if (Arrays.stream(unseen).anyMatch(Double::isNaN)) {
            throw new IllegalArgumentException("unseen: a score is not a number");
        }
        double[] sorted = unseen.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length - 1 - allowed];
    }

    /** How many of n unseen scores lie above the level; refuses what {@link #exceeded} refuses, before scores are computed. */
    static int allowed(int n, double rate) {
        if (!(rate > 0 && rate < 1)) {
            throw new IllegalArgumentException("rate: " + rate + "; above 0 and below 1 is legal");
        }
        // The product of decimal fractions may fall short of the whole number that is meant.
        int allowed = (int) Math.floor(n * rate * (1 + 1e-12));
        if (allowed < 1) {
            throw new IllegalArgumentException(
                    "unseen: "
                            + n
                            + " images cannot show what happens at a rate of "
                            + rate
                            + "; at least "
                            + (long) Math.ceil(1 / rate * (1 - 1e-12))
                            + " are needed");
        }
        return allowed;
    }
}
