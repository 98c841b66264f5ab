package memoria.notebook;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What was set from outside: system properties {@code memoria.trainSteps} and environment variables {@code MEMORIA_TRAIN_STEPS}, of which a
 * property wins.
 */
final class Overrides {

    /** Settings of the library and of its scripts, which a parameter's override would change too. */
    static final Set<String> RESERVED =
            Set.of(
                    "profile",
                    "root",
                    "quiet",
                    "device",
                    "cache",
                    "checkpoints",
                    "data",
                    "manifests",
                    "lock",
                    "offline",
                    "sources",
                    "kernel",
                    "heap",
                    "python",
                    "paraphraseUrl",
                    "paraphraseKey",
                    "paraphraseModel");

    private static final String PROPERTY = "memoria.";
    private static final String VARIABLE = "MEMORIA_";

    /** Letters that a mistyped name may differ by. */
    private static final int NEAR = 2;

    /**
     * A value and where it was set.
     *
     * @param source name of the property or variable
     * @param text the value as it was written
     */
    record Setting(String source, String text) {}

    private final Map<String, String> properties;
    private final Map<String, String> variables;

    Overrides(Map<String, String> properties, Map<String, String> variables) {
        this.properties = properties;
        this.variables = variables;
    }

    /** Those of this process, now. */
    static Overrides ofProcess() {
        Properties all = System.getProperties();
        Map<String, String> properties = new TreeMap<>();
        all.stringPropertyNames().forEach(name -> properties.put(name, all.getProperty(name)));
        return new Overrides(properties, System.getenv());
    }

    Profile profile() {
        return Profile.current(properties::get, variables::get);
    }

    Optional<Setting> of(String parameter) {
        return Stream.of(
                        setting(properties, PROPERTY + parameter),
                        setting(variables, variable(parameter)))
                .flatMap(Optional::stream)
                .findFirst();
    }

    private static Optional<Setting> setting(Map<String, String> settings, String name) {
        return Optional.ofNullable(settings.get(name)).map(text -> new Setting(name, text));
    }

    /** {@code MEMORIA_TRAIN_STEPS} for {@code trainSteps}. */
    static String variable(String parameter) {
        return VARIABLE + parameter.replaceAll("([A-Z])", "_$1").toUpperCase(Locale.ROOT);
    }

    /**
     * What was set and sets nothing, a line each: a mistyped name, or one of another notebook.
     *
     * @param parameters the names that a notebook has
     * @return the lines, sorted; each names what may have been meant
     */
    List<String> strays(List<String> parameters) {
        List<String> known =
                Stream.concat(parameters.stream(), RESERVED.stream()).sorted().toList();
        return Stream.concat(
                        strays(properties, PROPERTY, known.stream().map(PROPERTY::concat).toList()),
                        strays(
                                variables,
                                VARIABLE,
                                known.stream().map(Overrides::variable).toList()))
                .toList();
    }

    private static Stream<String> strays(
            Map<String, String> settings, String prefix, List<String> legal) {
        return settings.keySet().stream()
                .filter(name -> name.startsWith(prefix) && !legal.contains(name))
                .sorted()
                .map(
                        name ->
                                name
                                        + "="
                                        + settings.get(name)
                                        + " sets nothing in this notebook"
                                        + near(name, legal)
                                                .map(meant -> "; did you mean " + meant + "?")
                                                .orElse("."));
    }

    private static Optional<String> near(String name, List<String> legal) {
        return legal.stream()
                .filter(meant -> distance(name, meant) <= NEAR)
                .min(Comparator.comparingInt(meant -> distance(name, meant)));
    }

    /** Letters to insert, remove or replace (Levenshtein), where capitals and underscores do not count. */
    private static int distance(String a, String b) {
        String s = plain(a);
        String t = plain(b);
        int[] row = new int[t.length() + 1];
        for (int j = 0; j < row.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= s.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j < row.length; j++) {
                int replaced = diagonal + (s.charAt(i - 1) == t.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[t.length()];
    }

    private static String plain(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "");
    }
}
