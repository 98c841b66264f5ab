package memoria.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Where images come from and what was done to them: travels with every subset and is written into the file that ships it.
 *
 * @param title name of the source
 * @param licence short name, for example {@code MIT}
 * @param attribution who holds the copyright, as the licence wants it said
 * @param url where the source is published
 * @param sha256 checksum of the source's file, lower-case hex
 * @param steps what was done to it, first step first, in words
 * @param licenceText the licence itself
 */
public record Provenance(
        String title,
        String licence,
        String attribution,
        String url,
        String sha256,
        List<String> steps,
        String licenceText) {

    /**
     * Checks that nothing is missing.
     *
     * @param title name of the source
     * @param licence short name
     * @param attribution who holds the copyright
     * @param url where the source is published
     * @param sha256 checksum of the source's file, or empty
     * @param steps what was done to it
     * @param licenceText the licence itself, or empty
     * @throws IllegalArgumentException if a part is null
     */
    public Provenance {
        Object[] parts = {title, licence, attribution, url, sha256, steps, licenceText};
        for (Object part : parts) {
            if (Objects.isNull(part)) {
                throw new IllegalArgumentException(
                        "provenance: title, licence, attribution, url, sha256, steps and licence text must all be given, one is null");
            }
        }
        steps = List.copyOf(steps);
    }

    /**
     * Images that were made, not taken from anywhere.
     *
     * @param title what they are
     * @return a provenance with nothing to attribute
     */
    public static Provenance made(String title) {
        return new Provenance(title, "none", "none", "", "", List.of(), "");
    }

    /**
     * The same with one more step.
     *
     * @param step what was done, in words
     * @return a longer provenance
     */
    public Provenance then(String step) {
        List<String> longer = new ArrayList<>(steps);
        longer.add(step);
        return new Provenance(title, licence, attribution, url, sha256, longer, licenceText);
    }
}
