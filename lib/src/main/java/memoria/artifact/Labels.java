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
     * The rule a {@link #spec} describes.
     *
     * @param spec as {@link #spec} wrote it
     * @return an equal rule
     * @throws IllegalArgumentException if the object is not such a description
     */
    public static Labels of(JsonObject spec) {
        String rule = spec.has("rule") ? spec.get("rule").getAsString() : "missing";
        return switch (rule) {
            case "none" -> none();
            case "all" -> all(spec.get("number").getAsLong());
            case "seed_modulo" -> seedModulo(spec.get("number").getAsLong());
            default ->
                    throw new IllegalArgumentException(
                            "spec: rule '" + rule + "' is not one of none, all, seed_modulo");
        };
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

    /**
     * A description from which {@link #of(JsonObject)} rebuilds the rule.
     *
     * @return a fresh object
     */
    public JsonObject spec() {
        JsonObject spec = new JsonObject();
        spec.addProperty("rule", rule.name().toLowerCase(java.util.Locale.ROOT));
        if (rule != Rule.NONE) {
            spec.addProperty("number", number);
        }
        return spec;
    }
}
