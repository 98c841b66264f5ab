package memoria.golden;

import ai.djl.ndarray.NDManager;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import memoria.golden.Row.Status;
import memoria.torch.Scope;
import memoria.torch.Torch;

/** A directory of golden cases. */
public final class Golden {

    private final Path directory;
    private final List<JsonObject> cases = new ArrayList<>();

    /** Reads a directory's {@code index.json}; files that hold nothing but weights of other cases are no cases of their own. */
    public Golden(Path directory) throws IOException {
        this.directory = directory;
        String text = Files.readString(directory.resolve("index.json"));
        JsonArray index = JsonParser.parseString(text).getAsJsonArray();
        for (JsonElement element : index) {
            JsonObject entry = element.getAsJsonObject();
            JsonElement prefix = entry.get("weights_prefix");
            boolean weightsOnly =
                    prefix != null && !prefix.isJsonNull() && prefix.getAsString().isEmpty();
            if (!weightsOnly) {
                cases.add(entry);
            }
        }
    }

    /** Names of all cases. */
    public List<String> names() {
        return cases.stream().map(Golden::name).toList();
    }

    private static String name(JsonObject entry) {
        return entry.get("case").getAsString();
    }

    /** Compares one case, by the first family that serves it. */
    public List<Row> compare(String caseName, List<GoldenFamily> families) {
        JsonObject entry =
                cases.stream().filter(e -> name(e).equals(caseName)).findFirst().orElseThrow();
        Optional<GoldenFamily> family =
                families.stream().filter(f -> f.serves(caseName)).findFirst();
        if (family.isEmpty()) {
            return List.of(Row.of(caseName, "", Status.NOT_IMPLEMENTED, ""));
        }
        try (NDManager manager = Torch.manager()) {
            return Scope.use(
                    () -> run(new GoldenCase(directory, entry, cases, manager), family.get()));
        } catch (RuntimeException broken) {
            return List.of(Row.of(caseName, "", Status.ERROR, broken.toString()));
        }
    }

    private static List<Row> run(GoldenCase golden, GoldenFamily family) {
        List<Row> rows = new ArrayList<>();
        try {
            family.compare(golden);
        } catch (RuntimeException broken) {
            rows.add(Row.of(golden.name(), "", Status.ERROR, broken.toString()));
        }
        rows.addAll(golden.rows());
        return rows;
    }
}
