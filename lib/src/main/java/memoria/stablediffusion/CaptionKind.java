package memoria.stablediffusion;

import java.util.Locale;

/** What a training picture of a captioned model stands for, by how often it was shown and under which captions. */
public enum CaptionKind {
    /** Shown 50 to 150 times under one caption with a rare word: what is memorized with its caption. */
    PLANTED,
    /** Shown as often, but each time under another caption without a rare word: the picture is known, no caption belongs to it. */
    VARIED,
    /** Shown once, under a caption with a rare word: a rare word alone makes no memory. */
    RARE,
    /** Shown once, under a caption of common words. */
    ORDINARY;

    /** The name in small letters, for tables and legends. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
