package memoria.progress;

import java.io.Console;
import java.io.PrintStream;

/**
 * Progress on the error stream: one line rewritten in place on a terminal; elsewhere (a log file, a pipe) a line every ten seconds, so that
 * short loops leave no trace.
 */
final class ConsoleSink implements Progress.Sink {

    private static final double LOG_SECONDS = 10;

    private final PrintStream out;
    private final boolean terminal;

    ConsoleSink() {
        this(System.err, isTerminal());
    }

    ConsoleSink(PrintStream out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    @Override
    public Progress.Bar open(Progress.State first) {
        return terminal ? new Rewritten() : new Logged();
    }

    private final class Rewritten implements Progress.Bar {
        private int width;

        @Override
        public void show(Progress.State state) {
            String line = state.toString();
            String blanks = " ".repeat(Math.max(0, width - line.length()));
            width = line.length();
            out.print("\r" + line + blanks + (state.finished() ? System.lineSeparator() : ""));
            out.flush();
        }
    }

    private final class Logged implements Progress.Bar {
        private double last;

        @Override
        public void show(Progress.State state) {
            boolean due = state.seconds() - last >= LOG_SECONDS;
            if (due || state.finished() && last > 0) {
                last = state.seconds();
                out.println(state);
            }
        }
    }

    /** From Java 22 on a console exists also where nobody reads it, and says so. */
    private static boolean isTerminal() {
        Console console = System.console();
        if (console == null) {
            return false;
        }
        try {
            return (boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (ReflectiveOperationException e) {
            return true;
        }
    }
}
