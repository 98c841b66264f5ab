package memoria.similarity;

import java.util.Arrays;
import java.util.Locale;

/** What a person says who sees a generated image beside the training image nearest to it (LID paper, Sec. 4 and Appendix F). */
public enum CopyKind {
    /** The same picture. */
    EXACT,
    /** The same garment with one thing changed, such as its print or the light (Somepalli et al. 2023). */
    RECONSTRUCTIVE,
    /** Another picture, however similar. */
    NOT_MEMORIZED;

    /**
     * The kind in words, as files and charts spell it.
     *
     * @return lower case
     */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    /** The kind a file spells. */
    static CopyKind of(String text) {
        return Arrays.stream(values())
                .filter(kind -> kind.toString().equals(text))
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "kind: '"
                                                + text
                                                + "' is not one of "
                                                + Arrays.toString(values())));
    }
}
