package memoria.data;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import memoria.json.Json;

/**
 * What was planted among which images: small enough to stand in a model's metadata, and enough to build its training set again.
 *
 * <p>The first {@code planted} images are shown {@code times} times, by turns where there are several numbers: exact plants. The next {@code templates} images are templates: beside
 * each, {@code variations} changed versions of it ({@link Variation}, the kinds by turns) are shown once each. All others are shown once.
 *
 * <pre>{@code
 * var planting = Planting.among("fashion-train", 1000).optSkip(1000).optExact(40, 60).optTemplates(8, 40);
 * var train = planting.of(Models.images("fashion-train"));
 * train.distinct().select(planting.template(0));      // a garment and its 40 variations
 * }</pre>
 *
 * @param images name of the set the images are from
 * @param skip how many of its images are left out before the first
 * @param first how many are taken
 * @param planted how many of those are shown many times
 * @param times how often they are shown: number i modulo their count belongs to image i
 * @param templates how many of the next ones are varied
 * @param variations versions of each, beside itself
 */
public record Planting(
        String images,
        int skip,
        int first,
        int planted,
        List<Integer> times,
        int templates,
        int variations) {

    private static final Set<String> REQUIRED = Set.of("images", "first", "planted", "times");
    private static final Set<String> OPTIONAL = Set.of("skip", "templates", "variations");

    /**
     * Checks every argument.
     *
     * @param images as in the record
     * @param skip as in the record
     * @param first as in the record
     * @param planted as in the record
     * @param times as in the record
     * @param templates as in the record
     * @param variations as in the record
     * @throws IllegalArgumentException if one is not legal; it is named
     */
    public Planting {
        require(skip >= 0, "skip", skip, "0 or more");
        require(first >= 1, "first", first, "at least 1");
        require(planted >= 0 && planted <= first, "planted", planted, "0 to " + first);
        times = List.copyOf(times);
        if (times.isEmpty() || times.stream().anyMatch(shown -> shown < 1)) {
            throw new IllegalArgumentException(
                    "times: " + text(times) + " is not at least 1, or several such numbers");
        }
        require(
                templates >= 0 && templates <= first - planted,
                "templates",
                templates,
                "0 to " + (first - planted) + ", the images that are not planted");
        require(variations >= 0, "variations", variations, "0 or more");
    }

    private static String text(List<Integer> numbers) {
        return numbers.size() == 1 ? numbers.get(0).toString() : numbers.toString();
    }

    private static void require(boolean legal, String name, int value, String range) {
        if (!legal) {
            throw new IllegalArgumentException(name + ": " + value + " is not " + range);
        }
    }

    /**
     * The first images of a set, each shown once.
     *
     * @param images name of the set
     * @param first how many, at least 1
     * @return the planting
     */
    public static Planting among(String images, int first) {
        return new Planting(images, 0, first, 0, List.of(1), 0, 0);
    }

    /**
     * Begins later in the set.
     *
     * @param count images left out, 0 or more
     * @return a changed copy
     */
    public Planting optSkip(int count) {
        return new Planting(images, count, first, planted, times, templates, variations);
    }

    /**
     * Exact plants.
     *
     * @param count how many images
     * @param shown how often each, at least 1; several numbers by turns
     * @return a changed copy
     * @throws IllegalArgumentException if there are more than the images or a number is below 1
     */
    public Planting optExact(int count, int... shown) {
        List<Integer> turns = IntStream.of(shown).boxed().toList();
        return new Planting(images, skip, first, count, turns, templates, variations);
    }

    /**
     * Templates.
     *
     * @param count how many images
     * @param versions of each, beside itself
     * @return a changed copy
     */
    public Planting optTemplates(int count, int versions) {
        return new Planting(images, skip, first, planted, times, count, versions);
    }

    /**
     * Builds the training set. Exact plants stand first, then the templates, then all others, then the versions of the first template, of
     * the second, and so on.
     *
     * @param source the set named {@link #images}
     * @return the images with their multiplicities
     * @throws IllegalArgumentException if the source has not so many images
     */
    public DataSet of(DataSet source) {
        DataSet taken =
                skip == 0
                        ? source.first(first)
                        : source.select(IntStream.range(skip, skip + first).toArray());
        DataSet data = planted == 0 ? taken : taken.plant(planted, times);
        for (int t = 0; t < templates; t++) {
            data = data.vary(planted + t, variations, kind(t), skip + planted + t);
        }
        return data;
    }

    /**
     * The images shown many times.
     *
     * @return indices among the distinct images
     */
    public int[] exact() {
        return IntStream.range(0, planted).toArray();
    }

    /**
     * A template and its versions.
     *
     * @param t 0 to {@code templates - 1}
     * @return indices among the distinct images, the garment itself first
     * @throws IllegalArgumentException if there is no such template
     */
    public int[] template(int t) {
        require(t >= 0 && t < templates, "t", t, "0 to " + (templates - 1));
        int start = first + t * variations;
        return IntStream.concat(
                        IntStream.of(planted + t), IntStream.range(start, start + variations))
                .toArray();
    }

    /**
     * What changes in a template.
     *
     * @param t 0 to {@code templates - 1}
     * @return the kinds by turns
     */
    public Variation kind(int t) {
        return Variation.values()[t % Variation.values().length];
    }

    /**
     * The images that were neither planted nor varied.
     *
     * @return indices among the distinct images
     */
    public int[] once() {
        return IntStream.range(planted + templates, first).toArray();
    }

    /**
     * The planting as JSON, for a model's metadata.
     *
     * @return a new object, one entry per component
     */
    public JsonObject toJson() {
        JsonObject json = new JsonObject();
        json.addProperty("images", images);
        json.addProperty("skip", skip);
        json.addProperty("first", first);
        json.addProperty("planted", planted);
        if (times.size() == 1) {
            json.addProperty("times", times.get(0));
        } else {
            JsonArray turns = new JsonArray();
            times.forEach(turns::add);
            json.add("times", turns);
        }
        json.addProperty("templates", templates);
        json.addProperty("variations", variations);
        return json;
    }

    /**
     * Reads a planting.
     *
     * @param json what {@link #toJson} gave; {@code skip}, {@code templates} and {@code variations} may be absent, which means 0
     * @return the planting
     * @throws IllegalArgumentException if an entry is missing, is unknown, so that another set would be built, or is not legal
     */
    public static Planting of(JsonObject json) {
        for (String name : REQUIRED) {
            if (!json.has(name)) {
                throw new IllegalArgumentException("origin: '" + name + "' is missing in " + json);
            }
        }
        for (Map.Entry<String, JsonElement> entry : json.entrySet()) {
            if (!REQUIRED.contains(entry.getKey()) && !OPTIONAL.contains(entry.getKey())) {
                throw new IllegalArgumentException(
                        "origin: '"
                                + entry.getKey()
                                + "' is unknown to this version of the library: "
                                + json);
            }
        }
        return new Planting(
                json.get("images").getAsString(),
                number(json, "skip"),
                number(json, "first"),
                number(json, "planted"),
                times(json.get("times")),
                number(json, "templates"),
                number(json, "variations"));
    }

    private static List<Integer> times(JsonElement json) {
        return json.isJsonArray()
                ? Json.elements(json.getAsJsonArray()).map(JsonElement::getAsInt).toList()
                : List.of(json.getAsInt());
    }

    private static int number(JsonObject json, String name) {
        return json.has(name) ? json.get(name).getAsInt() : 0;
    }
}
