package memoria.data;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import memoria.json.Json;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A manifest's list of notebooks, and the README's table, are what the notebooks' code says: both decide what a user fetches. */
class ManifestNotebooksTest {

    private static final Path ROOT = Path.of(System.getProperty("memoria.root"));
    private static final Pattern LITERAL = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"");

    /** The name of a parameter is no value of it. */
    private static final Pattern PARAMETER =
            Pattern.compile("p\\.(?:text|count|number|choice)\\(\"\\w+\"");

    static Stream<String> notebooks() throws IOException {
        try (Stream<Path> files = Files.list(ROOT.resolve("notebooks"))) {
            return files
                    .map(file -> file.getFileName().toString())
                    .filter(file -> file.endsWith(".ipynb"))
                    .map(file -> file.replace(".ipynb", ""))
                    .sorted()
                    .toList()
                    .stream();
        }
    }

    private static String code(String notebook) throws IOException {
        Path file = ROOT.resolve("notebooks").resolve(notebook + ".ipynb");
        return Json.elements(
                        Json.parse(Files.readString(file))
                                .getAsJsonObject()
                                .getAsJsonArray("cells"))
                .map(JsonElement::getAsJsonObject)
                .filter(cell -> cell.get("cell_type").getAsString().equals("code"))
                .map(ManifestNotebooksTest::source)
                .collect(Collectors.joining("\n"));
    }

    private static String source(JsonObject cell) {
        JsonElement source = cell.get("source");
        return source.isJsonArray()
                ? Json.elements(source.getAsJsonArray())
                        .map(JsonElement::getAsString)
                        .collect(Collectors.joining())
                : source.getAsString();
    }

    /** Names among a notebook's literals, alone or in a list with commas, and what is fetched without being named. */
    private static Set<String> read(String notebook) throws IOException {
        String code = PARAMETER.matcher(code(notebook)).replaceAll("p(");
        Set<String> words =
                LITERAL.matcher(code)
                        .results()
                        .map(MatchResult::group)
                        .flatMap(text -> Arrays.stream(text.replace("\"", "").split(",")))
                        .map(String::strip)
                        .collect(Collectors.toSet());
        Set<String> names =
                Manifests.all().stream()
                        .map(Manifest::name)
                        .filter(words::contains)
                        .collect(Collectors.toCollection(TreeSet::new));
        if (code.contains("StableDiffusion.read(")) {
            names.add("clip-vocabulary");
        }
        return names;
    }

    private static List<Manifest> listing(String notebook) {
        return Manifests.all().stream()
                .filter(manifest -> manifest.notebooks().contains(notebook))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("notebooks")
    void manifestsListTheNotebooksThatReadThem(String notebook) throws IOException {
        Set<String> read = read(notebook);
        assertThat(listing(notebook).stream().map(Manifest::name))
                .containsExactlyInAnyOrderElementsOf(read);
    }

    @ParameterizedTest
    @MethodSource("notebooks")
    void theReadmesTableIsWhatTheyList(String notebook) throws IOException {
        List<Manifest> needs = listing(notebook);
        String number = notebook.substring(0, 2);
        Matcher row =
                Pattern.compile("(?m)^\\| " + number + " \\| (`.*`.*) \\| (.*) \\|$")
                        .matcher(Files.readString(ROOT.resolve("README.md")));
        if (!row.find()) {
            assertThat(needs).isEmpty();
            return;
        }
        assertThat(
                        Pattern.compile("`([^`]+)`")
                                .matcher(row.group(1))
                                .results()
                                .map(m -> m.group(1)))
                .containsExactlyInAnyOrderElementsOf(needs.stream().map(Manifest::name).toList());
        long bytes = needs.stream().mapToLong(manifest -> manifest.size().bytes()).sum();
        assertThat(row.group(2)).startsWith(Math.round(bytes / 1e8) / 10.0 + " GB");
    }
}
