package memoria.json;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonParseException;
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
