package memoria.metrics;

import java.util.List;
import java.util.Locale;
import memoria.similarity.NullThreshold;

/**
 * A range of similarity, the {@code [alpha, beta]} of SIDE, Eqs. 7 and 8: copies in the low, mid and high band are different kinds of
 * memorization, from a shared style to the same image. Larger similarities are more alike, so nL2 distances enter with a minus.
 *
 * @param name for example {@code high}
 * @param from smallest similarity that belongs to it
 * @param to smallest similarity that is above it; infinite for the highest band
 */
public record Band(String name, double from, double to) {

    /**
     * A band.
     *
     * @param name not blank
     * @param from lower end, included
     * @param to upper end, not included, above the lower
     * @throws IllegalArgumentException if the name is blank or the ends are the wrong way round or not numbers
     */
    public Band {
        if (name.isBlank() || !(from < to)) {
            throw new IllegalArgumentException(
                    "name, from, to: '"
                            + name
                            + "', "
                            + from
                            + ", "
                            + to
                            + "; a name and from < to are needed");
        }
    }

    private static List<Band> three(double low, double mid, double high) {
        return List.of(
                new Band("low", low, mid),
                new Band("mid", mid, high),
                new Band("high", high, Double.POSITIVE_INFINITY));
    }

    /**
     * The bands that unseen real images set: low is what 10% of them exceed but not 1%, mid 1% but not 0.1%, high what 1 in 1,000 exceeds. A
     * model that copies nothing has about 9%, 0.9% and 0.1% in them.
     *
     * @param unseen similarities of at least 1,000 real images that the model was not trained on
     * @return low, mid, high
     * @throws IllegalArgumentException if there are fewer, one is not a number, or so many are equal that a band is empty
     */
    public static List<Band> ofNull(double[] unseen) {
        double high = NullThreshold.exceeded(unseen, 0.001);
        // An image at a level does not exceed it.
        return three(
                Math.nextUp(NullThreshold.exceeded(unseen, 0.1)),
                Math.nextUp(NullThreshold.exceeded(unseen, 0.01)),
                Math.nextUp(high));
    }

    /**
     * SIDE's bands for nL2 on CIFAR-10 and CelebA: distances 1.5 to 1.4, 1.4 to 1.35, under 1.35. They belong to those data sets alone.
     *
     * @return low, mid, high, for similarities of {@link memoria.similarity.NormalizedL2}
     */
    public static List<Band> paperNl2() {
        return three(-1.5, -1.4, -1.35);
    }

    /**
     * SIDE's bands for SSCD: 0.5 to 0.6, 0.6 to 0.7, from 0.7 on. They belong to one preprocessing of one descriptor.
     *
     * @return low, mid, high
     */
    public static List<Band> paperSscd() {
        return three(0.5, 0.6, 0.7);
    }

    /**
     * Whether a similarity lies in the band.
     *
     * @param similarity larger is more alike
     * @return {@code from <= similarity < to}
     */
    public boolean contains(double similarity) {
        return from <= similarity && similarity < to;
    }

    @Override
    public String toString() {
        return to == Double.POSITIVE_INFINITY
                ? String.format(Locale.ROOT, "%s (from %.3f)", name, from)
                : String.format(Locale.ROOT, "%s (%.3f to %.3f)", name, from, to);
    }
}
