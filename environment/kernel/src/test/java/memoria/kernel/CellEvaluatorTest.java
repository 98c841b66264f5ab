package memoria.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class CellEvaluatorTest {
    private static CellEvaluator cells;
    private static final AtomicInteger STUCK = new AtomicInteger();

    @BeforeAll
    static void start() {
        cells =
                CellEvaluator.builder()
                        .imports(Stream.of("java.util.*"))
                        .sources(
                                List.of(
                                        Path.of(
                                                System.getProperty("memoria.root"),
                                                "lib",
                                                "src",
                                                "main",
                                                "java")))
                        .onStuck(STUCK::incrementAndGet)
                        .build();
    }

    @AfterAll
    static void stop() {
        cells.close();
    }

    @BeforeEach
    void reset() {
        CellStage.STARTED.set(0);
        CellStage.RELEASED.set(false);
        STUCK.set(0);
    }

    private static Object run(String cell) throws CellError {
        return cells.run(cell, "cell 7");
    }

    private static CellError failure(String cell) {
        CellError error = catchThrowableOfType(CellError.class, () -> run(cell));
        assertThat(error).as("the cell should fail").isNotNull();
        return error;
    }

    /** Runs a cell that announces itself by {@code STARTED.incrementAndGet()} in the statement that is to be interrupted, and returns when it has. */
    private static CompletableFuture<Object> running(String cell) throws InterruptedException {
        CompletableFuture<Object> result =
                CompletableFuture.supplyAsync(
                        () -> {
                            try {
                                return run("import static memoria.kernel.CellStage.*;\n" + cell);
                            } catch (CellError e) {
                                throw new java.util.concurrent.CompletionException(e);
                            }
                        });
        while (CellStage.STARTED.get() == 0 && !result.isDone()) {
            Thread.sleep(5);
        }
        return result;
    }

    /** How soon is measured by the protocol tests, which know how busy the machine is. */
    private static CellError interrupted(CompletableFuture<Object> cell) throws Exception {
        cells.interrupt();
        Throwable thrown =
                catchThrowableOfType(ExecutionException.class, () -> cell.get(30, TimeUnit.SECONDS))
                        .getCause();
        assertThat(thrown).isInstanceOf(CellError.class);
        assertThat(((CellError) thrown).interrupted())
                .as("%s", ((CellError) thrown).lines())
                .isTrue();
        assertThat(run("1 + 1")).isEqualTo(2);
        return (CellError) thrown;
    }

    @Test
    void theLastExpressionIsTheValueItselfNotItsText() throws CellError {
        assertThat(run("int[] a = {1, 2}; a")).isEqualTo(new int[] {1, 2});
        assertThat(run("List.of(1, 2)")).isEqualTo(List.of(1, 2));
        assertThat(run("6 * 7;")).isEqualTo(42);
    }

    @Test
    void declarationsAndVoidCallsHaveNoValue() throws CellError {
        assertThat(run("int fresh = 4;")).isNull();
        assertThat(run("fresh; System.out.print(\"\")")).isNull();
        assertThat(run("// nothing")).isNull();
        assertThat(run("")).isNull();
    }

    @Test
    void laterCellsSeeWhatEarlierOnesDefined() throws CellError {
        run("int twice(int x) { return 2 * x; }\nvar word = \"a\";");
        assertThat(run("word + twice(4)")).isEqualTo("a8");
        run("int twice(int x) { return 20 * x; }");
        assertThat(run("word + twice(4)")).isEqualTo("a80");
    }

    @Test
    void allCellsRunOnOneThread() throws CellError {
        Object first = run("Thread.currentThread()");
        assertThat(run("Thread.currentThread()"))
                .isSameAs(first)
                .isNotSameAs(Thread.currentThread());
    }

    @Test
    void compileErrorsNameTheLineAndShowIt() {
        CellError error = failure("int fine = 1;\n\nint wrong =\n    \"text\";");
        assertThat(error.name()).isEqualTo("CompilationError");
        assertThat(error.getMessage()).contains("String cannot be converted to int");
        assertThat(error.lines()).first().asString().startsWith("cell 7, line 4: ");
        assertThat(error.lines()).contains("    \"text\";");
    }

    @Test
    void whatPrecedesAnErrorHasRun() throws CellError {
        failure("int before = 11; int broken = missing;");
        assertThat(run("before")).isEqualTo(11);
    }

    @Test
    void aCellThatEndsTooEarlySaysWhereItsLastPartBegins() {
        CellError error = failure("int x = 1;\nfor (int i = 0; i < 3; i++) {\n");
        assertThat(error.name()).isEqualTo("IncompleteInput");
        assertThat(error.getMessage()).contains("cell 7, line 2");
    }

    @Test
    void tracesShowTheReadersLinesAndTheCauseAndNothingOfTheKernel() throws CellError {
        cells.run(
                "void fail(int depth) {\n  if (depth == 0)\n    throw new IllegalStateException(\"outer\", new Exception(\"inner\"));\n  fail(depth - 1);\n}",
                "cell 3");
        CellError error = failure("int depth = 1;\nfail(\n  depth);");
        assertThat(error.name()).isEqualTo("IllegalStateException");
        assertThat(error.getMessage()).isEqualTo("outer");
        assertThat(error.lines())
                .startsWith("java.lang.IllegalStateException: outer")
                .contains(
                        "    at fail, cell 3, line 3   | throw new IllegalStateException(\"outer\", new Exception(\"inner\"));")
                .contains("    at fail, cell 3, line 4   | fail(depth - 1);")
                .contains("    at cell 7, line 2   | fail(")
                .contains("Caused by: java.lang.Exception: inner")
                .noneMatch(
                        line ->
                                line.contains("memoria.kernel.Cell")
                                        || line.contains("REPL")
                                        || line.contains("reflect"));
    }

    @Test
    void errorsOfTheJvmAreCellErrorsToo() throws CellError {
        assertThat(failure("int deep(int x) { return deep(x + 1) + 1; }\ndeep(0);").name())
                .isEqualTo("StackOverflowError");
        assertThat(failure("throw new OutOfMemoryError(\"told\");").getMessage()).isEqualTo("told");
        assertThat(run("1")).isEqualTo(1);
    }

    @Test
    void aMethodThatUsesWhatIsNotDefinedSaysSoWhenItIsCalled() throws CellError {
        run("int useless() { return notThere(); }");
        CellError error = failure("useless()");
        assertThat(error.getMessage()).contains("notThere");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{ STARTED.incrementAndGet(); Thread.sleep(60_000); }",
                "{ STARTED.incrementAndGet(); new java.util.concurrent.CountDownLatch(1).await(); }",
                "if (STARTED.incrementAndGet() > 0) { while (!Thread.interrupted()) {} throw new RuntimeException(new InterruptedException()); }",
            })
    void anInterruptEndsCodeThatAnswersIt(String cell) throws Exception {
        interrupted(running(cell));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{ STARTED.incrementAndGet(); while (true) {} }",
                "{ STARTED.incrementAndGet(); for (;;); }",
                "{ STARTED.incrementAndGet(); long n = 0; do n++; while (n > 0); }",
                "Runnable spin = () -> { for (int i = 0; ; i = (i + 1) & 7) { if (i > 8) break; } }; { STARTED.incrementAndGet(); spin.run(); }",
                "class Spinner { static void spin() { while (true) try { Thread.onSpinWait(); } catch (Exception e) { } } } { STARTED.incrementAndGet(); Spinner.spin(); }",
                "void spin() { for (;;) for (int i : new int[3]) Thread.onSpinWait(); } { STARTED.incrementAndGet(); spin(); }",
            })
    void anInterruptEndsTheReadersOwnLoops(String cell) throws Exception {
        CompletableFuture<Object> result = running(cell);
        CellError error = interrupted(result);
        assertThat(error.lines()).anyMatch(line -> line.contains("cell 7, line 2"));
    }

    @Test
    void codeThatDealsWithTheInterruptKeepsItsPartialResultAndTheCellGoesOn() throws Exception {
        CompletableFuture<Object> cell =
                running(
                        "int done = 0;\n{ STARTED.incrementAndGet(); while (!Thread.interrupted()) done = 1; }\ndone + 100");
        cells.interrupt();
        assertThat(cell.get(30, TimeUnit.SECONDS)).isEqualTo(101);
    }

    @Test
    void codeThatLeavesTheFlagUpEndsTheCellAfterItsStatementAndKeepsItsResult() throws Exception {
        CompletableFuture<Object> cell =
                running(
                        "int kept = 0;\n{ STARTED.incrementAndGet(); while (!Thread.currentThread().isInterrupted()) kept = 5; }\nkept = 6;");
        interrupted(cell);
        assertThat(run("kept")).isEqualTo(5);
    }

    @Test
    void twoCellsNeverRunAtOnceThoughTheFirstIgnoresItsInterrupt() throws Exception {
        CompletableFuture<Object> first =
                running(
                        "{ RUNNING.incrementAndGet(); STARTED.incrementAndGet(); ignoreInterrupts(); RUNNING.decrementAndGet(); }");
        cells.interrupt();
        CompletableFuture<Integer> runningAtItsEnd =
                first.handle((value, error) -> CellStage.RUNNING.get());
        Thread.sleep(50);
        assertThat(first).isNotDone();
        CellStage.RELEASED.set(true);
        assertThat(runningAtItsEnd.get(30, TimeUnit.SECONDS)).isZero();
        assertThat(run("2 + 2")).isEqualTo(4);
    }

    @Test
    void aCallThatNeverLooksAtItsFlagIsReportedAsStuck() throws Exception {
        CompletableFuture<Object> cell =
                running("{ STARTED.incrementAndGet(); ignoreInterrupts(); }");
        cells.interrupt();
        for (int i = 0; i < 2000 && STUCK.get() == 0; i++) {
            Thread.sleep(10);
        }
        CellStage.RELEASED.set(true);
        cell.handle((value, error) -> value).get(30, TimeUnit.SECONDS);
        assertThat(STUCK).hasValue(1);
    }

    @Test
    void whatTheLibraryKeptIsTold() throws Exception {
        CompletableFuture<Object> cell =
                running(
                        "{ STARTED.incrementAndGet(); while (!Thread.interrupted()) {} throw new RuntimeException(new memoria.progress.Interrupted(\"Interrupted: training stopped at 3 of 9.\").keeping(\"step 3 in a file\")); }");
        CellError error = interrupted(cell);
        assertThat(error.getMessage())
                .isEqualTo("training stopped at 3 of 9. Kept: step 3 in a file.");
        assertThat(error.lines().get(0)).isEqualTo("Interrupted: " + error.getMessage());
    }

    @Test
    void anInterruptBetweenCellsIsForgotten() throws CellError {
        cells.interrupt();
        assertThat(run("Thread.currentThread().isInterrupted()")).isEqualTo(false);
    }

    @Test
    void anInterruptedExceptionWithoutAnInterruptIsAnOrdinaryFailure() {
        assertThat(failure("throw new InterruptedException(\"mine\");").name())
                .isEqualTo("InterruptedException");
    }

    @Test
    void shieldedActionsSeeNoInterruptAndTheFlagIsKeptForAfterwards() throws CellError {
        boolean[] inside = {true};
        Thread.currentThread().interrupt();
        cells.shielded(() -> inside[0] = Thread.currentThread().isInterrupted());
        assertThat(inside[0]).isFalse();
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void wholenessTellsCompleteFromUnfinishedFromWrong() {
        assertThat(cells.wholeness("int a = 1; int b = 2"))
                .isEqualTo(CellEvaluator.Wholeness.COMPLETE);
        assertThat(cells.wholeness("// comment")).isEqualTo(CellEvaluator.Wholeness.COMPLETE);
        assertThat(cells.wholeness("int a = 1; while (a < 3) {"))
                .isEqualTo(CellEvaluator.Wholeness.INCOMPLETE);
        assertThat(cells.wholeness("int 1x = ;")).isEqualTo(CellEvaluator.Wholeness.INVALID);
    }

    @Test
    void completionKnowsVariablesOfEarlierCells() throws CellError {
        run("var wonderful = new ArrayList<String>();");
        assertThat(cells.complete("wonder", 6).matches()).containsExactly("wonderful");
        String call = "wonderful.isEmp";
        CellEvaluator.Completions found = cells.complete(call, call.length());
        assertThat(found.matches()).containsExactly("isEmpty()");
        assertThat(found.from()).isEqualTo("wonderful.".length());
    }

    @Test
    void inspectionShowsSignaturesOfTheJdk() {
        assertThat(cells.inspect("Math.max", 6))
                .contains("int Math.max(int")
                .contains("double Math.max(double");
        assertThat(cells.inspect("noSuchThing", 4)).isEmpty();
    }

    @Test
    void inspectionShowsTheLibrarysJavadoc() throws CellError {
        run("import memoria.torch.Scalars;");
        assertThat(cells.inspect("Scalars", 3).lines().count()).isGreaterThan(1);
    }
}
