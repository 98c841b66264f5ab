package memoria.data;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Texts with a file name a line and perhaps a value behind blanks or a comma: CelebA's lists and index files. */
final class NameList {

    private static final int LONGEST = 1 << 12;

    private NameList() {}

    /**
     * Reads a list.
     *
     * @return values by name, in the file's order; the value of a line without one is empty
     * @throws IllegalArgumentException naming the file and the line
     */
    static Map<String, String> read(Path file) {
        Map<String, String> values = new LinkedHashMap<>();
        int number = 0;
        try (BufferedReader in = TextRows.open(file)) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                number++;
                String text = line.strip();
                if (text.isEmpty() || text.startsWith("#") || number == 1 && header(text)) {
                    continue;
                }
                String[] parts = text.split("\\s*,\\s*|\\s+", 3);
                if (parts.length > 2 || text.length() > LONGEST) {
                    throw bad(file, number, "a file name and at most one value are legal");
                }
                if (values.put(parts[0], parts.length > 1 ? parts[1] : "") != null) {
                    throw bad(file, number, "'" + parts[0] + "' comes twice");
                }
            }
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("file: " + file + ": it is not UTF-8 text");
        } catch (IOException e) {
            throw AtomicFile.failure("read", file, e);
        }
        if (values.isEmpty()) {
            throw new IllegalArgumentException("file: " + file + ": it names no file");
        }
        return values;
    }

    /** Tables of some copies of CelebA begin with the names of their columns. */
    private static boolean header(String line) {
        return line.startsWith("image_id");
    }

    static IllegalArgumentException bad(Path file, int line, String reason) {
        return new IllegalArgumentException("file: " + file + ": line " + line + ": " + reason);
    }
}
