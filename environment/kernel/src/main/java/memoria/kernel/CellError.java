package memoria.kernel;

import java.util.List;

/** Why a cell failed, told in terms of the reader's own lines. */
final class CellError extends Exception {
    private static final long serialVersionUID = 1L;

    /** The name of an error that the reader asked for. */
    static final String INTERRUPTED = "Interrupted";

    private final String name;
    private final List<String> lines;

    /**
     * Describes a failure.
     *
     * @param name what failed: the exception's class, {@code CompilationError} or {@link #INTERRUPTED}
     * @param message one line that says what was wrong
     * @param lines the whole report, top to bottom
     */
    CellError(String name, String message, List<String> lines) {
        super(message, null, false, false);
        this.name = name;
        this.lines = List.copyOf(lines);
    }

    String name() {
        return name;
    }

    List<String> lines() {
        return lines;
    }

    boolean interrupted() {
        return name.equals(INTERRUPTED);
    }
}
