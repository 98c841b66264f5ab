package memoria.notebook;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import memoria.models.Models;
import memoria.models.Subject;

/**
 * The parameters cell of a notebook: each parameter with its value in each {@link Profile}, overridden from outside by one setting each.
 *
 * <pre>{@code
 * var p = Parameters.of("00-quickstart");
 * int images = p.count("images", 512, 10_000, 8);      // quick, paper, smoke
 * double eta = p.number("eta", 0);                     // the same in all
 * p.show();
 * }</pre>
 *
 * <p>{@code trainSteps} is overridden by the system property {@code memoria.trainSteps}, else by the environment variable
 * {@code MEMORIA_TRAIN_STEPS}.
 */
public final class Parameters implements Displayable {

    private record Entry(String name, String value, String source, String quick, String paper) {}

    private static final Set<String> MODELS =
            Set.of("checkpoint", "generator", "fidNetwork", "sscd", "lpips");
    private static final Set<String> SETS = Set.of("trainingSet", "unseenSet");

    private final String notebook;
    private final Overrides overrides;
    private final Profile profile;
    private final List<Entry> entries = new ArrayList<>();

    Parameters(String notebook, Overrides overrides) {
        this.notebook = notebook;
        this.overrides = overrides;
        this.profile = overrides.profile();
    }

    /**
     * The parameters of a notebook in the current profile.
     *
     * @param notebook its file name without extension, for example {@code 00-quickstart}
     * @return no parameters yet
     * @throws IllegalArgumentException if the profile that is set does not exist
     */
    public static Parameters of(String notebook) {
        return new Parameters(notebook, Overrides.ofProcess());
    }

    /**
     * The profile these parameters are for.
     *
     * @return the profile
     */
    public Profile profile() {
        return profile;
    }

    /**
     * A whole number: images, steps, seeds.
     *
     * @param name a Java name, for example {@code trainSteps}
     * @param quick value in the quick profile
     * @param paper value in the paper profile
     * @param smoke value in the smoke profile
     * @return the value to use
     * @throws IllegalArgumentException if the name is taken or not a Java name, or the override is not a whole number of at least 0
     */
    public int count(String name, int quick, int paper, int smoke) {
        return value(name, quick, paper, smoke, "a whole number of at least 0", Parameters::whole);
    }

    /**
     * A whole number that is the same in all profiles.
     *
     * @param name a Java name
     * @param value the value
     * @return the value to use
     * @throws IllegalArgumentException as {@link #count(String, int, int, int)}
     */
    public int count(String name, int value) {
        return count(name, value, value, value);
    }

    /**
     * A real number: a scale, a rate, a threshold.
     *
     * @param name a Java name
     * @param quick value in the quick profile
     * @param paper value in the paper profile
     * @param smoke value in the smoke profile
     * @return the value to use
     * @throws IllegalArgumentException if the name is taken or not a Java name, or the override is not a finite number
     */
    public double number(String name, double quick, double paper, double smoke) {
        return value(name, quick, paper, smoke, "a finite number", Parameters::finite);
    }

    /**
     * A real number that is the same in all profiles.
     *
     * @param name a Java name
     * @param value the value
     * @return the value to use
     * @throws IllegalArgumentException as {@link #number(String, double, double, double)}
     */
    public double number(String name, double value) {
        return number(name, value, value, value);
    }

    /**
     * A word: the name of a model or of a data set.
     *
     * @param name a Java name
     * @param quick value in the quick profile
     * @param paper value in the paper profile
     * @param smoke value in the smoke profile
     * @return the value to use
     * @throws IllegalArgumentException if the name is taken or not a Java name, or the override is blank
     */
    public String text(String name, String quick, String paper, String smoke) {
        return value(
                name,
                quick,
                paper,
                smoke,
                "a word",
                text -> {
                    if (text.isBlank()) {
                        throw new IllegalArgumentException();
                    }
                    return text.strip();
                });
    }

    /**
     * A word that is the same in all profiles.
     *
     * @param name a Java name
     * @param value the value
     * @return the value to use
     * @throws IllegalArgumentException as {@link #text(String, String, String, String)}
     */
    public String text(String name, String value) {
        return text(name, value, value, value);
    }

    /**
     * One of a fixed set.
     *
     * @param name a Java name
     * @param quick value in the quick profile
     * @param paper value in the paper profile
     * @param smoke value in the smoke profile
     * @param <E> the set
     * @return the value to use
     * @throws IllegalArgumentException if the name is taken or not a Java name, or the override is not in the set; letter case does not
     *     matter
     */
    public <E extends Enum<E>> E choice(String name, E quick, E paper, E smoke) {
        E[] all = quick.getDeclaringClass().getEnumConstants();
        return value(
                name,
                quick,
                paper,
                smoke,
                "one of " + Arrays.toString(all),
                text ->
                        Arrays.stream(all)
                                .filter(e -> e.name().equalsIgnoreCase(text.strip()))
                                .findFirst()
                                .orElseThrow(IllegalArgumentException::new));
    }

    /**
     * Shows every parameter so far, its value and where the value comes from; names each override that sets none of them, mistyped or not.
     * Parameters that name a model, a checkpoint or a data set ({@code checkpoint}, {@code generator}, {@code fidNetwork}, {@code sscd},
     * {@code lpips}, {@code trainingSet}, {@code unseenSet}) are looked up now, because notebooks open them late.
     *
     * @throws IllegalArgumentException if one of these names nothing; the message lists what there is. Nothing is opened or fetched
     */
    public void show() {
        Show.show(this);
        entries.stream().filter(e -> !e.value.isEmpty()).forEach(Parameters::requireNamed);
    }

    private static void requireNamed(Entry e) {
        if (MODELS.contains(e.name)) {
            Models.requireNamed(e.name, e.value);
        } else if (SETS.contains(e.name)) {
            Subject.requireSet(e.name, e.value);
        }
    }

    @Override
    public Map<String, Object> bundle() {
        TableView view =
                new TableView(
                        notebook + ", profile " + profile,
                        List.of("parameter", "value", "set by", "quick", "paper"),
                        List.of(false, true, false, true, true));
        for (Entry e : entries) {
            view.row(List.of(e.name, e.value, e.source, e.quick, e.paper));
        }
        view.note(
                "Another profile: MEMORIA_PROFILE=paper. Another value: MEMORIA_ and the name, as in "
                        + (entries.isEmpty()
                                ? "MEMORIA_IMAGES=64."
                                : Overrides.variable(entries.get(0).name)
                                        + "="
                                        + entries.get(0).value
                                        + "."));
        overrides.strays(entries.stream().map(Entry::name).toList()).forEach(view::note);
        return view.displayable().bundle();
    }

    private <T> T value(
            String name, T quick, T paper, T smoke, String legal, Function<String, T> parse) {
        if (!name.matches("[a-z][A-Za-z0-9]*") || Overrides.RESERVED.contains(name)) {
            throw new IllegalArgumentException(
                    "name: '"
                            + name
                            + "' must be a Java name that starts with a small letter, and none of "
                            + Overrides.RESERVED);
        }
        if (entries.stream().anyMatch(e -> e.name.equals(name))) {
            throw new IllegalArgumentException("name: '" + name + "' is there already");
        }
        T value =
                switch (profile) {
                    case QUICK -> quick;
                    case PAPER -> paper;
                    case SMOKE -> smoke;
                };
        String source = "profile";
        Overrides.Setting override = overrides.of(name).orElse(null);
        if (override != null) {
            source = override.source();
            try {
                value = parse.apply(override.text());
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        source + ": '" + override.text() + "' is not " + legal, e);
            }
        }
        entries.add(new Entry(name, "" + value, source, "" + quick, "" + paper));
        return value;
    }

    private static int whole(String text) {
        int value = Integer.parseInt(text.strip().replace("_", ""));
        if (value < 0) {
            throw new IllegalArgumentException();
        }
        return value;
    }

    private static double finite(String text) {
        double value = Double.parseDouble(text.strip());
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException();
        }
        return value;
    }
}
