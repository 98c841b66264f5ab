package memoria.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The README's Java compiles: what it shows can be typed into a notebook. */
class ReadmeTest {

    private static final Pattern JAVA = Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL);

    /** What the text around the snippets takes for granted: a reader's own images, and the model of the first snippet. */
    private static final Map<String, String> GIVEN =
            Map.of(
                    "images", "Images images = null;",
                    "labels", "int[] labels = {};",
                    "classNames", "List<String> classNames = List.of();",
                    "folder", "Path folder = null;",
                    "heavy", "memoria.network.NetworkDenoiser heavy = null;",
                    "train", "memoria.data.DataSet train = null;");

    @Test
    void everySnippetCompiles() throws Exception {
        String imports =
                Stream.of(
                                "amg",
                                "artifact",
                                "data",
                                "diffusion",
                                "lid",
                                "metrics",
                                "models",
                                "network",
                                "notebook",
                                "side",
                                "similarity",
                                "training")
                        .map(p -> "import memoria." + p + ".*;\n")
                        .collect(
                                Collectors.joining(
                                        "",
                                        "import java.nio.file.Path;\nimport java.util.List;\n",
                                        ""));
        Matcher snippets =
                JAVA.matcher(
                        Files.readString(Path.of(System.getProperty("memoria.root"), "README.md")));
        int count = 0;
        try (CellEvaluator evaluator = CellEvaluator.builder().build()) {
            evaluator.run(imports, "imports");
            for (; snippets.find(); count++) {
                String snippet = snippets.group(1);
                // Compiled as a whole, for an unknown name in a method body would only be a
                // warning; never run.
                String cell =
                        "if (System.nanoTime() == Long.MIN_VALUE) {\n"
                                + given(snippet)
                                + snippet
                                + "\n}";
                assertThatCode(() -> evaluator.run(cell, "README"))
                        .as(snippet)
                        .doesNotThrowAnyException();
            }
            assertThatThrownBy(
                            () ->
                                    evaluator.run(
                                            "if (System.nanoTime() == 0) { Models.nothing(); }",
                                            "README"))
                    .isInstanceOf(CellError.class);
        }
        assertThat(count).isEqualTo(8);
    }

    private static String given(String snippet) {
        return GIVEN.entrySet().stream()
                .filter(e -> !snippet.contains("var " + e.getKey() + " "))
                .map(Map.Entry::getValue)
                .collect(Collectors.joining("\n", "", "\n"));
    }
}
