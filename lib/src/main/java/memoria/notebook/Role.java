package memoria.notebook;

import java.awt.Color;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/**
 * What a curve or a cloud of points stands for. A role has the same colour in every chart of every notebook; the colours are those of Okabe
 * and Ito (2008), which people of all kinds of colour vision tell apart.
 *
 * <p>A series takes the role whose name its own name starts with: "heavy", "heavy, 50 steps" and "heavy (DDPM)" are all {@link #HEAVY}.
 */
public enum Role {
    /** Real images that no model was trained on: the null. */
    UNSEEN("unseen", 0x7F7F7F),
    /** Training images. */
    TRAINING("training", 0x000000),
    /** What an exact formula says. */
    THEORY("theory", 0x000000),
    /** The model that memorized nothing. */
    CLEAN("clean", 0x009E73),
    /** The model that memorized a little. */
    MILD("mild", 0xE69F00),
    /** The model that memorized a lot. */
    HEAVY("heavy", 0xD55E00),
    /** Samples under guidance against memorization. */
    GUIDED("guided", 0x0072B2),
    /** Samples without such guidance, of the model at hand. */
    UNGUIDED("unguided", 0x56B4E9),
    /** Images planted many times into a training set. */
    PLANTED("planted", 0xCC79A7);

    private final String prefix;
    private final Color color;

    Role(String prefix, int rgb) {
        this.prefix = prefix;
        this.color = new Color(rgb);
    }

    /**
     * The colour of this role everywhere.
     *
     * @return an opaque colour that is visible on white
     */
    public Color color() {
        return color;
    }

    /**
     * The role that a name stands for.
     *
     * @param name a series' name
     * @return the role whose name it starts with as a whole word, if any
     */
    public static Optional<Role> of(String name) {
        String lower = name.strip().toLowerCase(Locale.ROOT);
        return Arrays.stream(values())
                .filter(r -> lower.startsWith(r.prefix))
                .filter(
                        r ->
                                lower.length() == r.prefix.length()
                                        || !Character.isLetterOrDigit(
                                                lower.charAt(r.prefix.length())))
                .max(Comparator.comparingInt(r -> r.prefix.length()));
    }
}
