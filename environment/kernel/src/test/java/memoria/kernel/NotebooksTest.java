package memoria.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every notebook runs, cell by cell, in the smoke profile's smallest counts, and holds nothing that a notebook must not. */
class NotebooksTest {
    private static Path fixture(String name) throws URISyntaxException {
        return Path.of(NotebooksTest.class.getResource("/notebooks/" + name).toURI());
    }

    static List<NotebookFile> notebooks() throws Exception {
        List<NotebookFile> found = new ArrayList<>();
        found.add(NotebookFile.read(fixture("good.ipynb")));
        Path folder = Path.of(System.getProperty("memoria.root"), "notebooks");
        if (Files.isDirectory(folder)) {
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file :
                        files.filter(f -> f.toString().endsWith(".ipynb")).sorted().toList()) {
                    found.add(NotebookFile.read(file));
                }
            }
        }
        return found;
    }

    @ParameterizedTest
    @MethodSource("notebooks")
    void runsWithoutAProblem(NotebookFile notebook) {
        assertThat(NotebookCheck.problems(notebook)).isEmpty();
    }

    @Test
    void readsSourcesThatAreTextAndSourcesThatAreLines() throws Exception {
        assertThat(NotebookFile.read(fixture("good.ipynb")).cells())
                .hasSizeGreaterThan(1)
                .noneMatch(String::isBlank)
                .anyMatch(cell -> cell.contains("\n"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "import ai.djl.ndarray.NDArray; import memoria.torch.Torch; NDArray x = Torch.manager().create(1f); NDArray y = x.mul(2); | NDArray#mul(java.lang.Number)",
                "import memoria.torch.Torch; var a = Torch.manager().create(1f); var b = a.pow(2); | NDArray#pow(java.lang.Number)",
                "import java.util.function.Supplier; import memoria.torch.Torch; Supplier<Object> late = () -> Torch.manager().create(1f).div(3); | NDArray#div(java.lang.Number)",
                "double chance = Math.random(); | java.lang.Math#random()",
                "var random = new java.util.Random(); | java.util.Random#<init>()",
                "record Pair(int a, int b) {} | defines a class",
                "String file = \"/home/me/model.safetensors\"; | absolute path",
                "String file = \"C:\\\\models\"; | absolute path",
                "%jars lib.jar | begins a line with %",
                "import org.dflib.jjava.jupyter.kernel.BaseKernel; | kernel's own package",
                "List<String> names = null; | cannot find symbol",
                "int none = Integer.parseInt(\"x\"); | NumberFormatException",
            })
    void findsWhatACellMustNotHold(String cell, String problem) {
        assertThat(NotebookCheck.problems(new NotebookFile("bad.ipynb", List.of(cell))))
                .anySatisfy(
                        found -> assertThat(found).contains(problem).contains("bad.ipynb, cell 1"));
    }

    @Test
    void findsCellsThatAreTooLong() {
        String lines = "int x = 0;\n" + "x++;\n".repeat(NotebookCheck.MAX_LINES);
        assertThat(NotebookCheck.problems(new NotebookFile("long.ipynb", List.of(lines))))
                .singleElement()
                .asString()
                .contains("31 lines");
    }

    @Test
    void safeScalarsPathsAndUrlsAreNoProblem() throws IOException {
        String cell =
                """
                import ai.djl.ndarray.NDArray;
                import memoria.torch.Torch;
                import java.util.Random;
                NDArray x = Torch.manager().create(1f);
                NDArray y = x.mul(x).add(1);
                var random = new Random(7);
                String url = "https://example.org/a/b", relative = "checkpoints/a", ratio = "1 / 2", unit = "/s";
                """;
        assertThat(NotebookCheck.problems(new NotebookFile("fine.ipynb", List.of(cell)))).isEmpty();
    }
}
