package memoria.data;

import com.google.gson.JsonParseException;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.StringReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;

/**
 * Rows of texts under names, read one after another: {@code .csv} and {@code .tsv} with names in the first line, {@code .jsonl} and
 * {@code .ndjson} with one JSON object a line, all in UTF-8; and any other format that a {@link Format} on the class path reads, such as
 * Parquet by the module {@code memoria-parquet}.
 */
public final class TextRows {

    static final String PARQUET = ".parquet";

    /** What to do about a Parquet file where nothing on the class path reads it. */
    static final String PARQUET_HOW =
            "Parquet is read by the optional module memoria-parquet. For notebooks give `environment/run` the option --parquet;"
                    + " `environment/fetch` has it from then on. For a program of your own: `mvn -B -Pparquet -pl lib,parquet -am install`,"
                    + " then the dependency io.github.memoria:memoria-parquet";

    private static final int LONGEST_LINE = 1 << 24;

    /** Takes one row. */
    @FunctionalInterface
    public interface Sink {
        /**
         * Takes one row.
         *
         * @param row its texts by name, in the file's order; a field that is no text, number, truth value or list of such is left out
         */
        void row(Map<String, List<String>> row);

        /**
         * Takes one row that holds bytes too, such as pictures inside a Parquet file.
         *
         * @param row as in {@link #row(Map)}, which is called if this is not overridden
         * @param bytes its bytes by name
         */
        default void row(Map<String, List<String>> row, Map<String, byte[]> bytes) {
            row(row);
        }
    }

    /** A format of files with rows, found by {@link ServiceLoader}. */
    public interface Format {
        /**
         * The ending of such files.
         *
         * @return in lower case with its dot, for example {@code .parquet}
         */
        String ending();

        /**
         * Reads a file.
         *
         * @param file the file
         * @param sink takes every row, in order
         * @throws IOException if it cannot be read
         * @throws IllegalArgumentException with the reason if it is damaged or something else
         */
        void read(Path file, Sink sink) throws IOException;
    }

    private TextRows() {}

    /**
     * Reads a file.
     *
     * @param file its ending says which format it has
     * @param sink takes every row, in order
     * @throws IllegalArgumentException naming the file, and the line where there are lines, if it is damaged or of a format not known
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static void read(Path file, Sink sink) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        try {
            if (name.endsWith(".csv") || name.endsWith(".tsv")) {
                try (BufferedReader in = open(file)) {
                    new CsvLines(in, name.endsWith(".tsv") ? '\t' : ',').read(sink);
                }
            } else if (name.endsWith(".jsonl") || name.endsWith(".ndjson")) {
                jsonLines(file, sink);
            } else {
                format(file, name).read(file, sink);
            }
        } catch (Bad | IllegalArgumentException e) {
            boolean ours = String.valueOf(e.getMessage()).startsWith("file: ");
            throw ours ? (IllegalArgumentException) e : bad(file, e.getMessage());
        } catch (CharacterCodingException e) {
            throw bad(file, "it is not UTF-8 text");
        } catch (IOException e) {
            throw AtomicFile.failure("read", file, e);
        }
    }

    /** What is wrong with a line; the message has no file name yet. */
    static final class Bad extends Exception {
        private static final long serialVersionUID = 1L;

        Bad(long line, String reason) {
            super("line " + line + ": " + reason);
        }
    }

    private static IllegalArgumentException bad(Path file, String reason) {
        return new IllegalArgumentException("file: " + file + ": " + reason);
    }

    private static Format format(Path file, String name) {
        List<String> known = new ArrayList<>(List.of(".csv", ".tsv", ".jsonl", ".ndjson"));
        // The library's own loader: a notebook's threads have another.
        for (Format format : ServiceLoader.load(Format.class, TextRows.class.getClassLoader())) {
            if (name.endsWith(format.ending())) {
                return format;
            }
            known.add(format.ending());
        }
        throw bad(
                file,
                "rows are read from files that end in "
                        + String.join(", ", known)
                        + (name.endsWith(PARQUET) ? "; " + PARQUET_HOW : ""));
    }

    static BufferedReader open(Path file) throws IOException {
        return new BufferedReader(
                new InputStreamReader(
                        Files.newInputStream(file),
                        StandardCharsets.UTF_8
                                .newDecoder()
                                .onMalformedInput(CodingErrorAction.REPORT)
                                .onUnmappableCharacter(CodingErrorAction.REPORT)),
                1 << 16);
    }

    private static void jsonLines(Path file, Sink sink) throws IOException, Bad {
        try (BufferedReader in = open(file)) {
            long number = 0;
            for (String line = line(in, ++number); line != null; line = line(in, ++number)) {
                if (!line.isBlank()) {
                    sink.row(object(line, number));
                }
            }
        }
    }

    /** A line, which ends somewhere: a file without line breaks is no such file. */
    private static String line(BufferedReader in, long number) throws IOException, Bad {
        StringBuilder line = new StringBuilder();
        int c = in.read();
        if (c < 0) {
            return null;
        }
        for (; c >= 0 && c != '\n'; c = in.read()) {
            line.append((char) c);
            if (line.length() > LONGEST_LINE) {
                throw new Bad(number, "it is longer than " + LONGEST_LINE + " characters");
            }
        }
        return line.toString();
    }

    private static Map<String, List<String>> object(String line, long number) throws Bad {
        Map<String, List<String>> row = new LinkedHashMap<>();
        try (JsonReader json = new JsonReader(new StringReader(line))) {
            json.beginObject();
            while (json.hasNext()) {
                String name = json.nextName();
                List<String> texts = new ArrayList<>();
                if (json.peek() == JsonToken.BEGIN_ARRAY) {
                    json.beginArray();
                    while (json.hasNext()) {
                        text(json, texts);
                    }
                    json.endArray();
                } else {
                    text(json, texts);
                }
                if (!texts.isEmpty()) {
                    row.put(name, texts);
                }
            }
            json.endObject();
            if (json.peek() != JsonToken.END_DOCUMENT) {
                throw new Bad(number, "something follows the JSON object");
            }
        } catch (IOException | IllegalStateException | JsonParseException e) {
            throw new Bad(number, "it is not a JSON object");
        }
        return row;
    }

    private static void text(JsonReader json, List<String> into) throws IOException {
        switch (json.peek()) {
            case STRING, NUMBER -> into.add(json.nextString());
            case BOOLEAN -> into.add(String.valueOf(json.nextBoolean()));
            default -> json.skipValue();
        }
    }

    /** The value of the first of some names, in any case of letters, that a row has. */
    static List<String> find(Map<String, List<String>> row, List<String> names) {
        for (String name : names) {
            for (Map.Entry<String, List<String>> field : row.entrySet()) {
                if (field.getKey().trim().equalsIgnoreCase(name)) {
                    return field.getValue();
                }
            }
        }
        return List.of();
    }
}
