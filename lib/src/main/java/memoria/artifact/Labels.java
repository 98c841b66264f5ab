package memoria.artifact;

import com.google.gson.JsonObject;
import java.util.Arrays;
import memoria.diffusion.Condition;
import memoria.diffusion.Seeds;

/** Which condition a seed's image has: a rule, not a list, so that it fits into a spec and holds for seeds to come. */
public final class Labels {

    private enum Rule {
        NONE,
        ALL,
        SEED_MODULO
    }

    private final Rule rule;
    private final long number;

    private Labels(Rule rule, long number) {
        this.rule = rule;
        this.number = number;
    }

    /**
     * No condition.
     *
     * @return the rule
     */
    public static Labels none() {
        return new Labels(Rule.NONE, 0);
    }

    /**
     * One class for all images.
     *
     * @param label at least 0
     * @return the rule
     * @throws IllegalArgumentException if the label is negative
     */
    public static Labels all(long label) {
        if (label < 0) {
            throw new IllegalArgumentException("label: " + label + "; at least 0");
        }
        return new Labels(Rule.ALL, label);
    }

    /**
     * Classes in turn: class {@code seed mod classes}.
     *
     * @param classes at least 1
     * @return the rule
     * @throws IllegalArgumentException if there is no class
     */
    public static Labels seedModulo(long classes) {
        if (classes < 1) {
            throw new IllegalArgumentException("classes: " + classes + "; at least 1");
        }
        return new Labels(Rule.SEED_MODULO, classes);
    }

    /**
     * The rule applied.
     *
     * @param seeds of a batch
     * @return one condition per seed
     */
    public Condition of(Seeds seeds) {
        long[] values = seeds.values();
        return switch (rule) {
            case NONE -> Condition.none();
            case ALL -> Condition.classes(Arrays.stream(values).map(s -> number).toArray());
            case SEED_MODULO ->
                    Condition.classes(
                            Arrays.stream(values).map(s -> Math.floorMod(s, number)).toArray());
        };
    }

    JsonObject spec() {
        JsonObject spec = new JsonObject();
        spec.addProperty("rule", rule.name().toLowerCase(java.util.Locale.ROOT));
        if (rule != Rule.NONE) {
            spec.addProperty("number", number);
        }
        return spec;
    }
}
