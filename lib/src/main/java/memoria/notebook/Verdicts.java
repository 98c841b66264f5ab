package memoria.notebook;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import memoria.data.TextFile;
import memoria.json.Json;

/** The verdicts a notebook is expected to reach: a file beside it, claim to verdict, in the order of the table. */
final class Verdicts {

    private final Path file;
    private final Map<String, String> expected;

    private Verdicts(Path file, Map<String, String> expected) {
        this.file = file;
        this.expected = expected;
    }

    /**
     * Reads the file of a notebook: {@code NAME.verdicts.json} in {@code notebooks/} or directly under the system property
     * {@code memoria.root}, else under the working directory or the nearest of its parents that has it.
     *
     * @param notebook the notebook's name
     * @return the verdicts, or null if there is no such file
     * @throws IllegalArgumentException if the file is not a flat JSON object
     */
    static Verdicts of(String notebook) {
        String root = System.getProperty("memoria.root");
        Path from = Path.of(root == null ? "" : root).toAbsolutePath();
        Stream<Path> places =
                root == null
                        ? Stream.iterate(from, p -> p != null, Path::getParent)
                        : Stream.of(from);
        String name = notebook + ".verdicts.json";
        return places.flatMap(p -> Stream.of(p.resolve("notebooks").resolve(name), p.resolve(name)))
                .filter(Files::isRegularFile)
                .findFirst()
                .map(Verdicts::read)
                .orElse(null);
    }

    private static Verdicts read(Path file) {
        Map<String, String> expected = new LinkedHashMap<>();
        try {
            for (Map.Entry<String, JsonElement> e : TextFile.json(file).entrySet()) {
                expected.put(e.getKey(), e.getValue().getAsString());
            }
            return new Verdicts(file, expected);
        } catch (IllegalArgumentException
                | IllegalStateException
                | UnsupportedOperationException e) {
            throw new IllegalArgumentException(
                    file + " must be a JSON object of claim to verdict", e);
        }
    }

    Path file() {
        return file;
    }

    Map<String, String> expected() {
        return expected;
    }

    /**
     * The content of a file that expects these verdicts.
     *
     * @param verdicts claim to verdict, in order
     * @return JSON
     */
    static String json(Map<String, String> verdicts) {
        JsonObject json = new JsonObject();
        verdicts.forEach(json::addProperty);
        return Json.pretty(json);
    }
}
