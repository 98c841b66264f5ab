package memoria.diffusion;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.function.Function;
import java.util.stream.Stream;
import memoria.json.Json;

/** Writes and reads the JSON objects that describe schedules, seeds and samplers. */
final class Spec {

    private Spec() {}

    static JsonObject of(String kind, Object... namesAndValues) {
        JsonObject spec = new JsonObject();
        spec.addProperty("kind", kind);
        for (int i = 0; i < namesAndValues.length; i += 2) {
            String name = (String) namesAndValues[i];
            Object value = namesAndValues[i + 1];
            if (value instanceof JsonElement element) {
                spec.add(name, element);
            } else if (value instanceof Number number) {
                spec.addProperty(name, number);
            } else if (value instanceof Boolean flag) {
                spec.addProperty(name, flag);
            } else {
                spec.addProperty(name, (String) value);
            }
        }
        return spec;
    }

    static JsonArray list(double... values) {
        JsonArray list = new JsonArray(values.length);
        Arrays.stream(values).forEach(list::add);
        return list;
    }

    static JsonArray list(int... values) {
        JsonArray list = new JsonArray(values.length);
        Arrays.stream(values).forEach(list::add);
        return list;
    }

    static JsonArray list(long... values) {
        JsonArray list = new JsonArray(values.length);
        Arrays.stream(values).forEach(list::add);
        return list;
    }

    static String text(JsonObject spec, String name) {
        return read(spec, name, JsonElement::getAsString);
    }

    static double number(JsonObject spec, String name) {
        return read(spec, name, JsonElement::getAsDouble);
    }

    static int integer(JsonObject spec, String name) {
        return read(spec, name, JsonElement::getAsInt);
    }

    static long longInteger(JsonObject spec, String name) {
        return read(spec, name, JsonElement::getAsLong);
    }

    static JsonObject object(JsonObject spec, String name) {
        return read(spec, name, JsonElement::getAsJsonObject);
    }

    static double[] numbers(JsonObject spec, String name) {
        return read(spec, name, e -> each(e).mapToDouble(JsonElement::getAsDouble).toArray());
    }

    static int[] integers(JsonObject spec, String name) {
        return read(spec, name, e -> each(e).mapToInt(JsonElement::getAsInt).toArray());
    }

    static long[] longIntegers(JsonObject spec, String name) {
        return read(spec, name, e -> each(e).mapToLong(JsonElement::getAsLong).toArray());
    }

    private static Stream<JsonElement> each(JsonElement list) {
        return Json.elements(list.getAsJsonArray());
    }

    private static <T> T read(JsonObject spec, String name, Function<JsonElement, T> as) {
        JsonElement value = spec.get(name);
        if (value == null) {
            throw new IllegalArgumentException("spec: '" + name + "' is missing in " + spec);
        }
        try {
            return as.apply(value);
        } catch (IllegalStateException | UnsupportedOperationException | NumberFormatException e) {
            throw new IllegalArgumentException(
                    "spec: '" + name + "' of " + spec + " cannot be read: " + e.getMessage(), e);
        }
    }
}
