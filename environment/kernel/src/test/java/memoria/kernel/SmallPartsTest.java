package memoria.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The kernel's parts that need neither JShell nor Jupyter. */
class SmallPartsTest {
    private static History history(String... inputs) {
        History history = new History();
        for (int i = 0; i < inputs.length; i++) {
            history.add(i + 1, inputs[i], "out " + i);
        }
        return history;
    }

    private static List<Integer> numbers(List<History.Entry> entries) {
        return entries.stream().map(History.Entry::number).toList();
    }

    @Test
    void historyAnswersTailRangeAndSearch() {
        History history = history("a = 1", "b", "a = 2", "a = 1");
        assertThat(numbers(history.tail(2))).containsExactly(3, 4);
        assertThat(numbers(history.tail(100))).containsExactly(1, 2, 3, 4);
        assertThat(numbers(history.range(History.SESSION, 2, 4))).containsExactly(2, 3);
        assertThat(numbers(history.range(0, 3, 0))).containsExactly(3, 4);
        assertThat(history.range(-1, 1, 4)).isEmpty();
        assertThat(numbers(history.search("a*", 0, false))).containsExactly(1, 3, 4);
        assertThat(numbers(history.search("a*", 2, false))).containsExactly(3, 4);
        assertThat(numbers(history.search("a*", 0, true))).containsExactly(3, 4);
        assertThat(numbers(history.search("a = ?", 1, true))).containsExactly(4);
        assertThat(history.search(".", 0, false)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "ż", "漢", "😀", "ab😀", "漢字"})
    void outputIsCutBetweenCharactersOnly(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        assertThat(CellOutput.wholeCharacters(bytes)).isEqualTo(bytes.length);
        int last = text.offsetByCodePoints(text.length(), -1);
        int before = text.substring(0, last).getBytes(StandardCharsets.UTF_8).length;
        for (int cut = before + 1; cut < bytes.length; cut++) {
            assertThat(CellOutput.wholeCharacters(java.util.Arrays.copyOf(bytes, cut)))
                    .isEqualTo(before);
        }
    }

    @Test
    void outputIsGatheredAndKeepsItsOrder() {
        CellOutput output = new CellOutput();
        List<String> sent = new ArrayList<>();
        output.sendTo((error, text) -> sent.add((error ? "err " : "out ") + text));
        PrintStream out = output.stream(false);
        PrintStream err = output.stream(true);
        out.print("a");
        out.print("b");
        err.print("c");
        out.print("d");
        output.flush();
        assertThat(sent).containsExactly("out ab", "err c", "out d");
    }

    @Test
    void outputThatNobodyFlushesArrivesSoon() throws InterruptedException {
        CellOutput output = new CellOutput();
        List<String> sent = java.util.Collections.synchronizedList(new ArrayList<>());
        output.sendTo((error, text) -> sent.add(text));
        output.stream(false).print("late");
        for (int i = 0; i < 200 && sent.isEmpty(); i++) {
            Thread.sleep(10);
        }
        assertThat(sent).containsExactly("late");
    }

    @Test
    void loopsAreCheckedOnTheirOwnLines() {
        String cell = "for (int i = 0; i < 3; i++)\n  if (i > 1) x();\nwhile (true) {\n}\n";
        String checked = LoopChecks.insert(cell);
        assertThat(checked.lines().count()).isEqualTo(cell.lines().count());
        assertThat(checked.split("Stop\\.check", -1)).hasSize(3);
        assertThat(checked.lines().toList().get(1))
                .startsWith("  {memoria.kernel.Stop.check();if (i > 1) x();}");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "int x = 1;",
                "String s = \"for (;;) {}\";",
                "for (int i = 0; i <",
                "// while (true) {}",
                "import java.util.*;"
            })
    void whatHasNoLoopIsLeftAlone(String cell) {
        assertThat(LoopChecks.insert(cell)).isEqualTo(cell);
    }

    @Test
    void javadocBecomesText() {
        assertThat(
                        Documentation.plain(
                                "Adds {@code a} to {@link B}.\n<p>Never &lt; 0.\n@return the sum"))
                .isEqualTo("    Adds a to B.\n    \n    Never < 0.\n    @return the sum");
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 5_000_000, -5_000_000})
    void whatWaitedBehindAFailureIsToldFromWhatCameAfterWhateverTheSendersClock(long skew) {
        Backlog backlog = new Backlog();
        assertThat(backlog.holds(1_000, 990 + skew)).isFalse();
        backlog.failed(61_000);
        assertThat(backlog.holds(61_050, 1_001 + skew)).as("sent with the first").isTrue();
        assertThat(backlog.holds(61_100, 40_000 + skew)).as("sent while it ran").isTrue();
        assertThat(backlog.holds(61_150, 61_010 + skew)).as("sent after the failure").isFalse();
        assertThat(backlog.holds(61_200, 50_000 + skew)).as("nothing waits any more").isFalse();
    }

    @Test
    void aRequestThatComesLongAfterAFailureRunsWhateverItsTime() {
        Backlog backlog = new Backlog();
        backlog.failed(1_000);
        assertThat(backlog.holds(1_001 + Backlog.GAP, 0)).isFalse();
    }
}
