package memoria.artifact;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonPrimitive;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.TreeSet;
import memoria.data.Checksum;
import memoria.json.Json;

/**
 * What an artifact is, as canonical JSON: names sorted, no blanks, numbers in one spelling ({@code 1}, {@code 1.0} and {@code 1e0} are the
 * same). Two descriptions are equal exactly if their {@link #key}s are. A spec says how to make data and holds none.
 */
public final class Spec {

    /** Long enough for a schedule's respacing or a list of seeds, too short for pixels. */
    private static final int LONGEST_ARRAY = 4096;

    private final String json;
    private final String key;

    private Spec(String json) {
        this.json = json;
        this.key = Checksum.sha256(json.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * The canonical form of a description.
     *
     * @param description numbers, strings, booleans, objects and short arrays
     * @return the spec
     * @throws IllegalArgumentException if it holds null, a number that is not finite, or an array of more than 4096 elements
     */
    public static Spec of(JsonObject description) {
        return new Spec(canonical(description, "spec").toString());
    }

    /**
     * The spec in a text.
     *
     * @param json a JSON object in any spelling
     * @return the spec
     * @throws IllegalArgumentException if the text is not one JSON object, or as for {@link #of(JsonObject)}
     */
    public static Spec parse(String json) {
        try {
            return of(Json.parse(json).getAsJsonObject());
        } catch (JsonParseException | IllegalStateException e) {
            throw new IllegalArgumentException("json: not a JSON object: " + e.getMessage(), e);
        }
    }

    private static JsonElement canonical(JsonElement element, String path) {
        if (element instanceof JsonObject object) {
            JsonObject sorted = new JsonObject();
            for (String name : new TreeSet<>(object.keySet())) {
                sorted.add(name, canonical(object.get(name), path + "." + name));
            }
            return sorted;
        }
        if (element instanceof JsonArray array) {
            if (array.size() > LONGEST_ARRAY) {
                throw new IllegalArgumentException(
                        path
                                + ": an array of "
                                + array.size()
                                + " elements; a spec says how to make data and holds none, at most "
                                + LONGEST_ARRAY
                                + " are legal");
            }
            JsonArray same = new JsonArray(array.size());
            for (int i = 0; i < array.size(); i++) {
                same.add(canonical(array.get(i), path + "[" + i + "]"));
            }
            return same;
        }
        if (element instanceof JsonNull) {
            throw new IllegalArgumentException(path + ": null says nothing; leave the name out");
        }
        JsonPrimitive primitive = element.getAsJsonPrimitive();
        return primitive.isNumber() ? number(primitive, path) : primitive;
    }

    private static JsonPrimitive number(JsonPrimitive number, String path) {
        try {
            BigDecimal value = new BigDecimal(number.getAsString()).stripTrailingZeros();
            boolean small = value.scale() <= 0 && value.precision() - value.scale() <= 19;
            return new JsonPrimitive(small ? new BigDecimal(value.toBigInteger()) : value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    path + ": " + number.getAsString() + " is not a finite number", e);
        }
    }

    /**
     * The canonical text.
     *
     * @return one line of JSON
     */
    public String json() {
        return json;
    }

    /**
     * The description.
     *
     * @return a fresh object
     */
    public JsonObject object() {
        return Json.parse(json).getAsJsonObject();
    }

    /**
     * What the artifact is filed under.
     *
     * @return SHA-256 of {@link #json} in UTF-8, 64 lower-case hex digits
     */
    public String key() {
        return key;
    }

    /**
     * Whether another spec describes the same artifact.
     *
     * @param other anything
     * @return true for a spec of the same text
     */
    @Override
    public boolean equals(Object other) {
        return other instanceof Spec spec && json.equals(spec.json);
    }

    /**
     * A hash of the text.
     *
     * @return equal for equal specs
     */
    @Override
    public int hashCode() {
        return json.hashCode();
    }

    /**
     * The canonical text.
     *
     * @return {@link #json}
     */
    @Override
    public String toString() {
        return json;
    }
}
