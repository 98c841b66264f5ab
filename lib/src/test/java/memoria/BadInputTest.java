package memoria;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import memoria.badinput.BadAmg;
import memoria.badinput.BadArguments;
import memoria.badinput.BadDiffusion;
import memoria.badinput.BadFiles;
import memoria.badinput.BadInput;
import memoria.badinput.BadLid;
import memoria.badinput.BadPrompts;
import memoria.badinput.BadSide;
import memoria.badinput.BadSimilarity;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Bad input meets the documented exception, whose message names the argument, its value and what is legal. Each row is one call; a native
 * crash would take this process with it.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadInputTest {

    private List<BadInput> families;

    @BeforeAll
    void prepare(@TempDir Path folder) throws IOException {
        Torch.threads(1);
        families =
                List.of(
                        new BadArguments(),
                        new BadAmg(),
                        new BadDiffusion(),
                        new BadLid(),
                        new BadFiles(folder),
                        new BadPrompts(folder),
                        new BadSide(),
                        new BadSimilarity(folder));
    }

    @AfterAll
    void free() {
        families.forEach(BadInput::close);
    }

    Stream<BadInput.Row> rows() {
        return families.stream().flatMap(family -> family.rows().stream());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    void isRefusedInPlainWords(BadInput.Row row) {
        Throwable thrown = catchThrowable(row.call()::run);
        assertThat(thrown).as("nothing was thrown").isNotNull().isExactlyInstanceOf(row.type());
        assertThat(thrown).hasMessageContainingAll(row.said());
    }
}
