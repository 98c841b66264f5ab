package memoria.json;

import com.google.gson.Gson;
import com.google.gson.TypeAdapter;
import com.google.gson.TypeAdapterFactory;
import com.google.gson.reflect.TypeToken;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** A record as an object with one entry per component; Gson learned that in 2.10, and only by setting final fields before. */
final class RecordAdapter<T> extends TypeAdapter<T> {

    /** Makes the adapters of all records, also of those inside records, lists and maps. */
    static final TypeAdapterFactory FACTORY =
            new TypeAdapterFactory() {
                @Override
                public <T> TypeAdapter<T> create(Gson gson, TypeToken<T> token) {
                    @SuppressWarnings("unchecked")
                    Class<T> type = (Class<T>) token.getRawType();
                    return type.isRecord() ? new RecordAdapter<>(gson, type) : null;
                }
            };

    private final Class<T> type;
    private final RecordComponent[] components;
    private final Map<String, TypeAdapter<?>> adapters = new LinkedHashMap<>();

    private RecordAdapter(Gson gson, Class<T> type) {
        this.type = type;
        components = type.getRecordComponents();
        for (RecordComponent component : components) {
            adapters.put(
                    component.getName(),
                    gson.getAdapter(TypeToken.get(component.getGenericType())));
        }
    }

    @Override
    public void write(JsonWriter out, T value) throws IOException {
        if (value == null) {
            out.nullValue();
            return;
        }
        out.beginObject();
        for (RecordComponent component : components) {
            out.name(component.getName());
            write(out, adapters.get(component.getName()), valueOf(component, value));
        }
        out.endObject();
    }

    @SuppressWarnings("unchecked")
    private static <C> void write(JsonWriter out, TypeAdapter<C> adapter, Object value)
            throws IOException {
        adapter.write(out, (C) value);
    }

    @Override
    public T read(JsonReader in) throws IOException {
        if (in.peek() == JsonToken.NULL) {
            in.nextNull();
            return null;
        }
        Map<String, Object> values = new LinkedHashMap<>();
        in.beginObject();
        while (in.hasNext()) {
            String name = in.nextName();
            TypeAdapter<?> adapter = adapters.get(name);
            if (adapter == null) {
                in.skipValue();
            } else {
                values.put(name, adapter.read(in));
            }
        }
        in.endObject();
        Object[] arguments =
                Arrays.stream(components)
                        .map(c -> values.getOrDefault(c.getName(), null))
                        .toArray();
        for (int i = 0; i < components.length; i++) {
            if (arguments[i] == null && components[i].getType().isPrimitive()) {
                arguments[i] = Array.get(Array.newInstance(components[i].getType(), 1), 0);
            }
        }
        return make(arguments);
    }

    private T make(Object[] arguments) {
        try {
            Constructor<T> constructor =
                    type.getDeclaredConstructor(
                            Arrays.stream(components)
                                    .map(RecordComponent::getType)
                                    .toArray(Class<?>[]::new));
            constructor.setAccessible(true);
            return constructor.newInstance(arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause() instanceof RuntimeException refused
                    ? refused
                    : new IllegalStateException(e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("a record without its constructor: " + type, e);
        }
    }

    private Object valueOf(RecordComponent component, T value) {
        try {
            component.getAccessor().setAccessible(true);
            return component.getAccessor().invoke(value);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(type + ": no " + component.getName(), e);
        }
    }
}
