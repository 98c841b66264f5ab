package memoria.json;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import java.lang.reflect.RecordComponent;

/** Records as JSON, component by component, with errors that name the component: what files and specs are read through. */
public final class JsonRecord {

    /** Lets NaN through to the records' own checks, which name the component. */
    private static final Gson GSON =
            new GsonBuilder()
                    .registerTypeAdapterFactory(RecordAdapter.FACTORY)
                    .serializeSpecialFloatingPointValues()
                    .create();

    private JsonRecord() {}

    /**
     * A record as JSON.
     *
     * @param value the record
     * @return a new object with one entry per component; none for a component that is null
     */
    public static JsonObject write(Record value) {
        return GSON.toJsonTree(value).getAsJsonObject();
    }

    /**
     * A record from JSON.
     *
     * @param json what {@link #write} gave; further entries are ignored
     * @param type the record's class
     * @param <T> the record
     * @return the record
     * @throws IllegalArgumentException if a component is missing or not legal
     */
    public static <T extends Record> T read(JsonObject json, Class<T> type) {
        for (RecordComponent component : type.getRecordComponents()) {
            if (!json.has(component.getName())) {
                throw new IllegalArgumentException(
                        type.getSimpleName()
                                + ": '"
                                + component.getName()
                                + "' is missing; there are "
                                + json.keySet());
            }
        }
        try {
            return GSON.fromJson(json, type);
        } catch (IllegalArgumentException refused) {
            throw refused;
        } catch (RuntimeException e) {
            throw new IllegalArgumentException(type.getSimpleName() + ": " + e.getMessage(), e);
        }
    }

    /**
     * A copy of a record with one component changed.
     *
     * @param value the record
     * @param component its name
     * @param changed its new value
     * @param <T> the record
     * @return the copy
     * @throws IllegalArgumentException if the new value is not legal
     */
    public static <T extends Record> T with(T value, String component, Object changed) {
        JsonObject json = write(value);
        json.add(component, GSON.toJsonTree(changed));
        @SuppressWarnings("unchecked")
        Class<T> type = (Class<T>) value.getClass();
        return read(json, type);
    }
}
