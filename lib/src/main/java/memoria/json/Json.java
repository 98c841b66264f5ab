package memoria.json;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonParseException;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Text to JSON and back. */
public final class Json {

    private static final Gson GSON = new Gson();
    private static final Gson PRETTY =
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

    private Json() {}

    /**
     * Reads one JSON value.
     *
     * @param text the value; blanks around it do not matter
     * @return the value; {@link JsonNull} for a text without one
     * @throws JsonParseException if the text is not JSON, or something follows the value
     */
    public static JsonElement parse(String text) {
        JsonElement value = GSON.fromJson(text, JsonElement.class);
        return value == null ? JsonNull.INSTANCE : value;
    }

    /**
     * Takes values out of JSON that may hold others than expected.
     *
     * @param reading takes them
     * @param <T> what it makes of them
     * @return what it made
     * @throws IllegalArgumentException as it says, and in place of what Gson and arithmetic throw where an entry is missing, of another kind,
     *     or a number that cannot be
     */
    public static <T> T expect(Supplier<T> reading) {
        try {
            return reading.get();
        } catch (JsonParseException
                | IllegalStateException
                | UnsupportedOperationException
                | ClassCastException
                | NullPointerException
                | IndexOutOfBoundsException
                | NegativeArraySizeException
                | ArithmeticException e) {
            throw new IllegalArgumentException(
                    "an entry is missing or of another kind: " + e.getMessage(), e);
        }
    }

    /**
     * The elements of an array.
     *
     * @param array any array
     * @return its elements in order
     */
    public static Stream<JsonElement> elements(JsonArray array) {
        return StreamSupport.stream(array.spliterator(), false);
    }

    /**
     * JSON for readers of files: indented, and no character escaped that need not be.
     *
     * @param value any value
     * @return its text, of several lines
     */
    public static String pretty(JsonElement value) {
        return PRETTY.toJson(value);
    }
}
