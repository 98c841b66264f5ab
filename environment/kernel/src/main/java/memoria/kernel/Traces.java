package memoria.kernel;

import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CancellationException;
import jdk.jshell.DeclarationSnippet;
import jdk.jshell.Diag;
import jdk.jshell.EvalException;
import jdk.jshell.JShell;
import jdk.jshell.JShellException;
import jdk.jshell.Snippet;
import jdk.jshell.UnresolvedReferenceException;

/** Tells failures with the reader's cells and lines in place of JShell's snippet numbers and wrapper classes. */
final class Traces {
    /** The kernel knows no class of the library; this one it knows by name. */
    private static final String LIBRARY_INTERRUPTED = "memoria.progress.Interrupted";

    private static final String WRAPPER = "REPL\\.\\$JShell\\$\\w+[.$]?";

    private final JShell shell;
    private final Map<String, Place> places = new HashMap<>();

    Traces(JShell shell) {
        this.shell = shell;
    }

    void remember(Snippet snippet, Place place) {
        places.put(snippet.id(), place);
    }

    /** What the compiler said about a snippet. */
    CellError compilation(Snippet snippet, Place place) {
        List<String> lines = new ArrayList<>();
        String first = null;
        for (Diag diag : (Iterable<Diag>) shell.diagnostics(snippet)::iterator) {
            if (!diag.isError()) {
                continue;
            }
            String message = diag.getMessage(Locale.ROOT).strip();
            first = first == null ? message : first;
            int at = (int) Math.max(0, Math.min(diag.getPosition(), snippet.source().length()));
            int line =
                    (int) snippet.source().substring(0, at).chars().filter(c -> c == '\n').count()
                            + 1;
            lines.add(place.line(line) + ": " + message.lines().findFirst().orElse(""));
            message.lines().skip(1).forEach(more -> lines.add("  " + more.strip()));
            lines.add("    " + place.text(line));
        }
        if (snippet instanceof DeclarationSnippet declaration) {
            shell.unresolvedDependencies(declaration)
                    .forEach(name -> lines.add("not defined: " + name));
        }
        return new CellError(
                "CompilationError",
                first == null ? "the cell does not compile" : first.replace('\n', ' '),
                lines);
    }

    /** What a snippet threw. */
    CellError exception(JShellException exception, Throwable thrown) {
        List<String> lines = new ArrayList<>();
        if (exception instanceof UnresolvedReferenceException unresolved) {
            DeclarationSnippet used = unresolved.getSnippet();
            List<String> missing = shell.unresolvedDependencies(used).toList();
            Place place = places.get(used.id());
            String message =
                    (place == null ? used.name() : place.text(1))
                            + " uses what is not defined: "
                            + String.join(", ", missing);
            lines.add(message);
            frames(lines, exception.getStackTrace());
            return new CellError("UnresolvedReference", message, lines);
        }
        String name =
                exception instanceof EvalException e
                        ? e.getExceptionClassName()
                        : exception.getClass().getName();
        String headline = headline(name, exception.getMessage());
        lines.add(headline);
        frames(lines, exception.getStackTrace());
        Throwable cause = exception.getCause();
        while (cause != null) {
            String causeName =
                    cause instanceof EvalException e
                            ? e.getExceptionClassName()
                            : cause.getClass().getName();
            lines.add("Caused by: " + headline(causeName, cause.getMessage()));
            frames(lines, cause.getStackTrace());
            cause = cause.getCause();
        }
        if (thrown != null) {
            for (Throwable hidden : thrown.getSuppressed()) {
                lines.add("Suppressed: " + hidden);
            }
        }
        return new CellError(
                simple(name), exception.getMessage() == null ? "" : exception.getMessage(), lines);
    }

    /**
     * A cell that stopped because it was asked to.
     *
     * @param exception says where, if it is known
     * @param thrown what the cell threw, or null; an interruption of the library among it says what was kept
     */
    CellError interrupted(JShellException exception, Throwable thrown) {
        List<String> lines = new ArrayList<>();
        String told = told(thrown);
        lines.add(told == null ? "Interrupted. What the cell computed before is kept." : told);
        if (exception != null) {
            frames(lines, exception.getStackTrace());
        }
        String message =
                told == null
                        ? "the cell was interrupted"
                        : told.replaceFirst("^" + CellError.INTERRUPTED + ": ", "");
        return new CellError(CellError.INTERRUPTED, message, lines);
    }

    private static String told(Throwable thrown) {
        for (Throwable t = thrown; t != null; t = t.getCause()) {
            if (t.getClass().getName().equals(LIBRARY_INTERRUPTED)) {
                return t.getMessage();
            }
        }
        return null;
    }

    /** Whether an exception is the usual answer of code to an interrupt, whatever it is wrapped in. */
    static boolean isInterruption(Throwable thrown) {
        for (Throwable t = thrown; t != null; t = t.getCause()) {
            if (t instanceof Stop
                    || t instanceof InterruptedException
                    || t instanceof InterruptedIOException
                    || t instanceof ClosedByInterruptException
                    || t instanceof CancellationException
                    || t.getClass().getName().equals(LIBRARY_INTERRUPTED)) {
                return true;
            }
        }
        return false;
    }

    private void frames(List<String> lines, StackTraceElement[] trace) {
        for (StackTraceElement frame : trace) {
            String file = frame.getFileName();
            Place place =
                    file != null && file.startsWith("#") ? places.get(file.substring(1)) : null;
            String owner = frame.getClassName().replaceFirst(WRAPPER, "");
            if (place != null) {
                String method =
                        frame.getMethodName().isEmpty()
                                        || frame.getMethodName().startsWith("lambda$")
                                ? ""
                                : (owner.isEmpty() ? "" : owner + ".")
                                        + frame.getMethodName()
                                        + ", ";
                lines.add(
                        "    at "
                                + method
                                + place.line(frame.getLineNumber())
                                + "   | "
                                + place.text(frame.getLineNumber()));
            } else if (!frame.getClassName().startsWith(Stop.class.getName())) {
                lines.add(
                        "    at "
                                + owner
                                + "."
                                + frame.getMethodName()
                                + "("
                                + (file == null ? "" : file)
                                + (frame.getLineNumber() > 0 ? ":" + frame.getLineNumber() : "")
                                + ")");
            }
        }
    }

    private static String headline(String name, String message) {
        return message == null || message.equals(name) ? name : name + ": " + message;
    }

    private static String simple(String name) {
        return name.substring(Math.max(name.lastIndexOf('.'), name.lastIndexOf('$')) + 1);
    }
}
