package memoria.data;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import memoria.json.Json;

/** Small files of text in UTF-8. */
public final class TextFile {

    @FunctionalInterface
    private interface Reading<T> {
        T of(Path file) throws IOException;
    }

    private TextFile() {}

    /**
     * Reads a file.
     *
     * @param file the file
     * @return its text
     * @throws IllegalArgumentException naming the file if it is not UTF-8
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static String read(Path file) {
        return content(file, Files::readString);
    }

    /**
     * Reads a file line by line.
     *
     * @param file the file
     * @return its lines without their ends
     * @throws IllegalArgumentException naming the file if it is not UTF-8
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static List<String> lines(Path file) {
        return content(file, Files::readAllLines);
    }

    /**
     * Reads a file that holds one JSON object.
     *
     * @param file the file
     * @return its object
     * @throws IllegalArgumentException naming the file if it holds something else
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static JsonObject json(Path file) {
        String text = read(file);
        try {
            return Json.parse(text).getAsJsonObject();
        } catch (JsonParseException | IllegalStateException e) {
            throw new IllegalArgumentException("file: " + file + " is not a JSON object", e);
        }
    }

    private static <T> T content(Path file, Reading<T> reading) {
        try {
            return reading.of(file);
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("file: " + file + ": it is not UTF-8 text", e);
        } catch (IOException e) {
            throw AtomicFile.failure("read", file, e);
        }
    }
}
