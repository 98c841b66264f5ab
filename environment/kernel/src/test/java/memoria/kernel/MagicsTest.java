package memoria.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MagicsTest {
    @TempDir private Path folder;

    private final CellEvaluator evaluator = CellEvaluator.builder().imports(Stream.empty()).build();
    private final Magics magics = new Magics(evaluator);

    @AfterEach
    void close() {
        evaluator.close();
    }

    private void jar(String name) throws Exception {
        Path source = folder.resolve("Inside.java");
        Files.writeString(
                source,
                "package jarred; public class Inside { public static int answer() { return 42; } }");
        ToolProvider.getSystemJavaCompiler()
                .run(null, null, null, "-d", folder.toString(), source.toString());
        try (JarOutputStream jar =
                new JarOutputStream(Files.newOutputStream(folder.resolve(name)))) {
            jar.putNextEntry(new JarEntry("jarred/Inside.class"));
            jar.write(Files.readAllBytes(folder.resolve("jarred/Inside.class")));
        }
    }

    private CellError failure(String cell) {
        CellError error = catchThrowableOfType(CellError.class, () -> magics.run(cell, "cell 1"));
        assertThat(error).isNotNull();
        return error;
    }

    @Test
    void jarsAreFoundByPatternAndUsedInTheSameCell() throws Exception {
        jar("one.jar");
        assertThat(
                        magics.run(
                                "int before = 1;\n%jars \""
                                        + folder
                                        + "/*.jar\"\njarred.Inside.answer() - before",
                                "cell 1"))
                .isEqualTo(41);
    }

    @Test
    void classpathTakesSingleFiles() throws Exception {
        jar("two.jar");
        assertThat(
                        magics.run(
                                "%classpath add "
                                        + folder.resolve("two.jar")
                                        + "\njarred.Inside.answer()",
                                "cell 1"))
                .isEqualTo(42);
    }

    @Test
    void loadRunsAFileOfCellsAndItsTracesNameIt() throws Exception {
        Files.writeString(
                folder.resolve("part.jshell"),
                "int loaded = 9;\nint crash() {\n  return 1 / 0;\n}\n");
        assertThat(magics.run("%load " + folder.resolve("part.jshell") + "\nloaded", "cell 1"))
                .isEqualTo(9);
        assertThat(failure("crash()").lines())
                .anyMatch(line -> line.contains("part.jshell, line 3"));
    }

    @Test
    void linesKeepTheirNumbersBelowAMagic() throws Exception {
        Files.writeString(folder.resolve("empty.jshell"), "");
        CellError error =
                failure(
                        "%%time\n\n%load "
                                + folder.resolve("empty.jshell")
                                + "\nint x = 1;\nint y = x / 0;");
        assertThat(error.lines()).anyMatch(line -> line.contains("cell 1, line 5"));
    }

    @Test
    void whatIsNotThereIsNamed() {
        assertThat(failure("%jars nothing-here-*.jar").getMessage()).contains("nothing-here-*.jar");
        assertThat(failure("%load absent.jshell").getMessage()).contains("absent.jshell");
        assertThat(failure("%classpath").getMessage()).contains("at least one");
        assertThat(failure("%maven a:b:1").getMessage()).contains("%maven");
    }

    @Test
    void aRemainderIsNoMagic() throws CellError {
        assertThat(magics.run("int load = 4;\n17\n  % load", "cell 1")).isEqualTo(1);
    }
}
