package memoria.notebook;

import java.util.Arrays;
import java.util.Locale;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** How much a notebook computes. */
public enum Profile {
    /** Small models on a laptop, minutes: whether the papers' effects hold. The default. */
    QUICK,
    /** The papers' models and counts on a GPU: whether their numbers hold. */
    PAPER,
    /** The smallest counts with which every cell still runs: a test of the cells, of no claim. */
    SMOKE;

    /**
     * The profile this process runs in: the system property {@code memoria.profile}, else the environment variable {@code MEMORIA_PROFILE},
     * else {@link #QUICK}.
     *
     * @return the profile
     * @throws IllegalArgumentException if it is set to a word that is no profile
     */
    public static Profile current() {
        return current(System::getProperty, System::getenv);
    }

    static Profile current(UnaryOperator<String> properties, UnaryOperator<String> environment) {
        String property = properties.apply("memoria.profile");
        String word = property != null ? property : environment.apply("MEMORIA_PROFILE");
        if (word == null || word.isBlank()) {
            return QUICK;
        }
        return Arrays.stream(values())
                .filter(p -> p.toString().equalsIgnoreCase(word.strip()))
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        (property != null ? "memoria.profile" : "MEMORIA_PROFILE")
                                                + ": '"
                                                + word
                                                + "' is not one of "
                                                + Arrays.stream(values())
                                                        .map(Profile::toString)
                                                        .collect(Collectors.joining(", "))));
    }

    /**
     * The profile's name as it is written in {@code MEMORIA_PROFILE}.
     *
     * @return {@code quick}, {@code paper} or {@code smoke}
     */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
