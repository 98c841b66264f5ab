package memoria.kernel;

import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import jdk.jshell.JShell;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis;
import jdk.jshell.SourceCodeAnalysis.Completeness;
import jdk.jshell.SourceCodeAnalysis.CompletionInfo;

/**
 * Compiles and runs cells, one after the other, in this JVM. It knows nothing of Jupyter: tests run notebooks through it.
 *
 * <p>One thread may use an evaluator at a time, except for {@link #interrupt()}, which any thread may call.
 */
final class CellEvaluator implements AutoCloseable {
    /** The packages of the JDK that a notebook's reader expects without an import. */
    static final List<String> JDK_PACKAGES =
            List.of(
                    "java.io",
                    "java.math",
                    "java.net",
                    "java.nio.file",
                    "java.time",
                    "java.util",
                    "java.util.concurrent",
                    "java.util.function",
                    "java.util.regex",
                    "java.util.stream");

    /** Whether a text is a whole cell. */
    enum Wholeness {
        COMPLETE,
        INCOMPLETE,
        INVALID
    }

    /**
     * What could stand at a position.
     *
     * @param matches the texts that fit
     * @param from where the text begins that they replace
     */
    record Completions(List<String> matches, int from) {}

    private final CellThread thread;
    private final CellControl control;
    private final JShell shell;
    private final SourceCodeAnalysis analysis;
    private final Traces traces;
    private final Documentation documentation;

    private CellEvaluator(Builder builder) {
        thread = new CellThread(builder.onStuck);
        control = new CellControl(thread, builder.compiled);
        shell =
                JShell.builder()
                        .executionEngine(control, Map.of())
                        .in(InputStream.nullInputStream())
                        .out(System.out)
                        .err(System.err)
                        .build();
        shell.addToClasspath(System.getProperty("java.class.path"));
        analysis = shell.sourceCodeAnalysis();
        traces = new Traces(shell);
        documentation = new Documentation(analysis, builder.sources);
        for (String line : builder.imports) {
            shell.eval("import " + line + ";");
        }
    }

    static Builder builder() {
        return new Builder();
    }

    /** How an evaluator is made. */
    static final class Builder {
        private List<String> imports = List.of();
        private List<Path> sources = List.of();
        private Runnable onStuck = () -> {};
        private BiConsumer<String, byte[]> compiled = (name, bytes) -> {};

        private Builder() {}

        /** What is imported before the first cell, as it would stand between {@code import} and the semicolon. */
        Builder imports(Stream<String> lines) {
            imports = lines.toList();
            return this;
        }

        /** Directories with sources beside the JDK's, for their Javadoc. */
        Builder sources(List<Path> directories) {
            sources = List.copyOf(directories);
            return this;
        }

        /** What to do when a cell goes on for seconds after it was interrupted. */
        Builder onStuck(Runnable action) {
            onStuck = action;
            return this;
        }

        /** Told the name and the bytes of each class that a cell is compiled to. */
        Builder compiled(BiConsumer<String, byte[]> listener) {
            compiled = listener;
            return this;
        }

        CellEvaluator build() {
            return new CellEvaluator(this);
        }
    }

    /**
     * Runs a cell.
     *
     * @param cell the cell's source
     * @param name what traces call it, such as {@code cell 3}
     * @return the value of its last expression, {@code null} where it has none
     * @throws CellError when it does not compile, throws, or was interrupted and did not deal with it
     */
    Object run(String cell, String name) throws CellError {
        thread.begin();
        Object value = null;
        int at = 0;
        while (at < cell.length()) {
            String rest = cell.substring(at);
            CompletionInfo part = analysis.analyzeCompletion(rest);
            if (part.completeness() == Completeness.EMPTY) {
                break;
            }
            int lead = rest.length() - rest.stripLeading().length();
            int firstLine =
                    1 + (int) cell.substring(0, at + lead).chars().filter(c -> c == '\n').count();
            int end =
                    part.completeness() == Completeness.COMPLETE
                            ? cell.length() - part.remaining().length()
                            : cell.length();
            Place place = new Place(name, firstLine, cell.substring(at, end).strip());
            if (part.completeness() == Completeness.DEFINITELY_INCOMPLETE) {
                String message = "the cell ends in the middle of what begins at " + place.line(1);
                throw new CellError(
                        "IncompleteInput", message, List.of(message, "    " + place.text(1)));
            }
            if (thread.stopRequested()) {
                throw traces.interrupted(null, null);
            }
            value = snippet(LoopChecks.insert(part.source().strip()), place);
            at = end;
        }
        return value;
    }

    private Object snippet(String source, Place place) throws CellError {
        Object value = null;
        for (SnippetEvent event : shell.eval(source)) {
            Snippet snippet = event.snippet();
            if (event.causeSnippet() != null) {
                continue;
            }
            traces.remember(snippet, place);
            Object returned = control.takeValue();
            Throwable thrown = control.takeThrown();
            if (thrown != null && thread.wasInterrupted() && Traces.isInterruption(thrown)) {
                throw traces.interrupted(event.exception(), thrown);
            }
            if (event.exception() != null) {
                throw traces.exception(event.exception(), thrown);
            }
            if (!event.status().isDefined()
                    && event.status() != Snippet.Status.RECOVERABLE_NOT_DEFINED) {
                throw traces.compilation(snippet, place);
            }
            value =
                    switch (snippet.subKind()) {
                        case VAR_VALUE_SUBKIND,
                                OTHER_EXPRESSION_SUBKIND,
                                TEMP_VAR_EXPRESSION_SUBKIND ->
                                returned;
                        default -> null;
                    };
        }
        return value;
    }

    /**
     * Turns a cell's value into what is shown, on the thread that made it.
     *
     * @param rendering makes it
     * @param <T> what is made
     * @return what was made
     * @throws CellError when the value's own methods throw, or were interrupted
     */
    @SuppressWarnings("unchecked")
    <T> T render(Callable<T> rendering) throws CellError {
        try {
            return (T) thread.call(rendering::call);
        } catch (Throwable e) {
            if (thread.wasInterrupted() && Traces.isInterruption(e)) {
                throw traces.interrupted(null, e);
            }
            throw new CellError(
                    e.getClass().getSimpleName(),
                    "the cell's value cannot be shown: " + e,
                    List.of("the cell's value cannot be shown: " + e));
        }
    }

    /**
     * Asks the running cell to stop: sets its thread's interrupt flag. {@link #run} goes on until the cell's code has ended, so that two cells
     * never run at once; it then throws an interrupted {@link CellError}, or returns what the code made of it.
     */
    void interrupt() {
        thread.interrupt();
    }

    /**
     * Runs an action into which no interrupt falls, such as sending a message.
     *
     * @param action the action
     */
    void shielded(Runnable action) {
        thread.shielded(action);
    }

    /**
     * Adds jars or directories of classes for the cells to come.
     *
     * @param path one or more of them, separated as in a class path
     */
    void addToClasspath(String path) {
        shell.addToClasspath(path);
    }

    /** Says whether a text can be run as it is, needs more lines, or can never be completed. */
    Wholeness wholeness(String cell) {
        String rest = cell;
        while (!rest.isBlank()) {
            CompletionInfo part = analysis.analyzeCompletion(rest);
            switch (part.completeness()) {
                case COMPLETE -> rest = part.remaining();
                case COMPLETE_WITH_SEMI, EMPTY -> {
                    return Wholeness.COMPLETE;
                }
                case UNKNOWN -> {
                    return Wholeness.INVALID;
                }
                default -> {
                    return Wholeness.INCOMPLETE;
                }
            }
        }
        return Wholeness.COMPLETE;
    }

    /**
     * Suggests what could stand before the cursor.
     *
     * @param cell the cell's source
     * @param cursor the cursor's position in it
     * @return the suggestions, possibly none
     */
    Completions complete(String cell, int cursor) {
        int[] from = {cursor};
        List<String> matches =
                analysis.completionSuggestions(cell, cursor, from).stream()
                        .map(SourceCodeAnalysis.Suggestion::continuation)
                        .distinct()
                        .toList();
        return new Completions(matches, from[0]);
    }

    /**
     * Describes what stands at the cursor.
     *
     * @param cell the cell's source
     * @param cursor the cursor's position in it
     * @return signatures and Javadoc, empty where nothing is known
     */
    String inspect(String cell, int cursor) {
        return documentation.at(cell, cursor);
    }

    @Override
    public void close() {
        shell.close();
    }
}
