package memoria.checkpoint;

import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonParseException;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import com.google.gson.stream.MalformedJsonException;
import java.io.EOFException;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;

/**
 * The JSON header of a safetensors file: every tensor's type, shape and place, and a map of strings.
 *
 * @param tensors by name, in the order of their bytes
 * @param metadata what the writer noted
 */
record Header(Map<String, Place> tensors, Map<String, String> metadata) {

    static final String METADATA = "__metadata__";

    /** JSON forbids them in strings and has only blanks between values; the reader below would take them. */
    private static final Pattern CONTROL = Pattern.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f]");

    private static final Pattern PLACE = Pattern.compile("line \\d+ column \\d+ path \\S*");

    /**
     * One tensor's place.
     *
     * @param dtype its stored type
     * @param shape its sizes
     * @param begin first byte, counted from the end of the header
     * @param end byte after the last
     */
    record Place(Dtype dtype, Shape shape, long begin, long end) {}

    /** Something in the header is not as the format says; the message has no file name yet. */
    static final class Broken extends Exception {
        private static final long serialVersionUID = 1L;

        Broken(String reason) {
            super(reason);
        }
    }

    /**
     * Reads and checks a header.
     *
     * @param json its bytes
     * @param dataBytes how many bytes follow it
     * @return the header
     * @throws Broken if it is not JSON, lacks something, or the places overlap, leave gaps or do not fit
     */
    static Header parse(byte[] json, long dataBytes) throws Broken {
        Map<String, Place> places = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        try {
            String text =
                    StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(json)).toString();
            if (CONTROL.matcher(text).find()) {
                throw new Broken("the header holds control characters");
            }
            JsonReader reader = new JsonReader(new StringReader(text));
            reader.beginObject();
            boolean described = false;
            while (reader.hasNext()) {
                String name = reader.nextName();
                if (name.equals(METADATA)) {
                    if (described) {
                        throw new Broken("there are two " + METADATA + " entries");
                    }
                    described = true;
                    strings(reader, metadata);
                } else if (places.put(name, place(reader, name)) != null) {
                    throw new Broken("the name '" + name + "' comes twice");
                }
            }
            reader.endObject();
            // The reader refuses here whatever is not the end.
            reader.peek();
        } catch (CharacterCodingException e) {
            throw new Broken("the header is not UTF-8 text");
        } catch (MalformedJsonException
                | EOFException
                | IllegalStateException
                | JsonParseException e) {
            throw new Broken("the header is not the JSON of this format" + where(e));
        } catch (IOException e) {
            throw new IllegalStateException("text in memory was not readable", e);
        }
        return new Header(ordered(places, dataBytes), metadata);
    }

    /** The parser's message tells its programmer what to do; the reader of the file wants the place. */
    private static String where(Exception e) {
        Matcher place = PLACE.matcher(String.valueOf(e.getMessage()));
        return place.find() ? ": " + place.group() : "";
    }

    private static void strings(JsonReader reader, Map<String, String> into)
            throws IOException, Broken {
        reader.beginObject();
        while (reader.hasNext()) {
            String key = reader.nextName();
            if (reader.peek() != JsonToken.STRING) {
                throw new Broken("metadata '" + key + "' is not a string");
            }
            if (into.put(key, reader.nextString()) != null) {
                throw new Broken("metadata '" + key + "' comes twice");
            }
        }
        reader.endObject();
    }

    private static Place place(JsonReader reader, String name) throws IOException, Broken {
        String type = null;
        long[] sizes = null;
        long[] offsets = null;
        reader.beginObject();
        while (reader.hasNext()) {
            switch (reader.nextName()) {
                case "dtype" -> type = reader.nextString();
                case "shape" -> sizes = longs(reader, name);
                case "data_offsets" -> offsets = longs(reader, name);
                default -> reader.skipValue();
            }
        }
        reader.endObject();
        if (type == null || sizes == null || offsets == null || offsets.length != 2) {
            throw new Broken("tensor '" + name + "' lacks dtype, shape or a pair of data_offsets");
        }
        Dtype dtype = dtype(type, name);
        long needed = bytes(sizes, dtype, name);
        if (offsets[0] > offsets[1] || offsets[1] - offsets[0] != needed) {
            throw new Broken(
                    "tensor '"
                            + name
                            + "' of shape "
                            + new Shape(sizes)
                            + " and type "
                            + dtype
                            + " takes "
                            + needed
                            + " bytes, its data_offsets are "
                            + offsets[0]
                            + " to "
                            + offsets[1]);
        }
        return new Place(dtype, new Shape(sizes), offsets[0], offsets[1]);
    }

    private static Dtype dtype(String type, String name) throws Broken {
        try {
            return Dtype.valueOf(type);
        } catch (IllegalArgumentException e) {
            throw new Broken(
                    "tensor '"
                            + name
                            + "' is of the unknown type '"
                            + type
                            + "'; known are "
                            + List.of(Dtype.values()));
        }
    }

    private static long[] longs(JsonReader reader, String name) throws IOException, Broken {
        List<Long> values = new ArrayList<>();
        reader.beginArray();
        while (reader.hasNext()) {
            long value;
            try {
                value = reader.nextLong();
            } catch (NumberFormatException e) {
                throw new Broken(
                        "tensor '" + name + "': a size or offset is not a whole number of 64 bits");
            }
            if (value < 0) {
                throw new Broken("tensor '" + name + "': a size or offset is negative: " + value);
            }
            values.add(value);
        }
        reader.endArray();
        return values.stream().mapToLong(Long::longValue).toArray();
    }

    private static long bytes(long[] sizes, Dtype dtype, String name) throws Broken {
        try {
            long elements = LongStream.of(sizes).reduce(1, Math::multiplyExact);
            return Math.multiplyExact(elements, dtype.bytes);
        } catch (ArithmeticException e) {
            throw new Broken("tensor '" + name + "': its size does not fit into 64 bits");
        }
    }

    /** Sorted by place; together the tensors must cover all bytes once. */
    private static Map<String, Place> ordered(Map<String, Place> places, long dataBytes)
            throws Broken {
        List<Map.Entry<String, Place>> sorted = new ArrayList<>(places.entrySet());
        sorted.sort(
                Comparator.comparingLong((Map.Entry<String, Place> e) -> e.getValue().begin)
                        .thenComparingLong(e -> e.getValue().end));
        Map<String, Place> result = new LinkedHashMap<>();
        long at = 0;
        for (Map.Entry<String, Place> entry : sorted) {
            Place place = entry.getValue();
            if (place.begin != at) {
                throw new Broken(
                        "tensor '"
                                + entry.getKey()
                                + (place.begin < at
                                        ? "' overlaps the one before it"
                                        : "' leaves a gap before it")
                                + ": it begins at byte "
                                + place.begin
                                + " instead of "
                                + at);
            }
            at = place.end;
            if (at > dataBytes) {
                throw new Broken(
                        "the file is truncated: tensor '"
                                + entry.getKey()
                                + "' ends at byte "
                                + at
                                + " of the data, but there are "
                                + dataBytes);
            }
            result.put(entry.getKey(), place);
        }
        if (at != dataBytes) {
            throw new Broken(dataBytes - at + " bytes follow the last tensor");
        }
        return result;
    }

    /** As JSON in UTF-8, padded with blanks so that the data begins at a multiple of 8 bytes. */
    byte[] json() {
        StringWriter text = new StringWriter();
        try (JsonWriter writer = new JsonWriter(text)) {
            writer.beginObject();
            if (!metadata.isEmpty()) {
                writer.name(METADATA).beginObject();
                for (Map.Entry<String, String> entry : metadata.entrySet()) {
                    writer.name(entry.getKey()).value(entry.getValue());
                }
                writer.endObject();
            }
            for (Map.Entry<String, Place> entry : tensors.entrySet()) {
                Place place = entry.getValue();
                writer.name(entry.getKey()).beginObject();
                writer.name("dtype").value(place.dtype.name());
                writer.name("shape").beginArray();
                for (long size : place.shape.getShape()) {
                    writer.value(size);
                }
                writer.endArray();
                writer.name("data_offsets").beginArray();
                writer.value(place.begin).value(place.end).endArray();
                writer.endObject();
            }
            writer.endObject();
        } catch (IOException e) {
            throw new IllegalStateException("text in memory was not writable", e);
        }
        byte[] json = text.toString().getBytes(StandardCharsets.UTF_8);
        byte[] padded = java.util.Arrays.copyOf(json, (json.length + 7) / 8 * 8);
        java.util.Arrays.fill(padded, json.length, padded.length, (byte) ' ');
        return padded;
    }
}
