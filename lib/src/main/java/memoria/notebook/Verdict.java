package memoria.notebook;

import java.util.Locale;

/** What became of a claim. */
public enum Verdict {
    /** It was measured and is so. */
    HOLDS,
    /** It was measured and is not so, at this scale. */
    DOES_NOT_HOLD,
    /** It was not measured, or with too few images to say. */
    NOT_RUN;

    /**
     * The verdict in words, as in files and tables.
     *
     * @return {@code holds}, {@code does not hold} or {@code not run}
     */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
