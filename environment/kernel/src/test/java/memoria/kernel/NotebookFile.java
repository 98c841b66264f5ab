package memoria.kernel;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The code cells of a notebook.
 *
 * @param name the file's name
 * @param cells the sources of its code cells, in order, without empty ones
 */
record NotebookFile(String name, List<String> cells) {
    static NotebookFile read(Path file) throws IOException {
        JsonObject notebook = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
        List<String> cells = new ArrayList<>();
        for (JsonElement element : notebook.getAsJsonArray("cells")) {
            JsonObject cell = element.getAsJsonObject();
            String source = text(cell.get("source"));
            if (cell.get("cell_type").getAsString().equals("code") && !source.isBlank()) {
                cells.add(source);
            }
        }
        return new NotebookFile(file.getFileName().toString(), List.copyOf(cells));
    }

    /** Multi-line text is a string or a list of lines. */
    private static String text(JsonElement source) {
        if (source.isJsonPrimitive()) {
            return source.getAsString();
        }
        StringBuilder all = new StringBuilder();
        source.getAsJsonArray().forEach(line -> all.append(line.getAsString()));
        return all.toString();
    }

    @Override
    public String toString() {
        return name;
    }
}
