package memoria.progress;

import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;

/**
 * Where a long loop says how far it is and learns that it should stop.
 *
 * <pre>{@code
 * try (Progress progress = Progress.start("Training", steps)) {
 *     for (long step = 1; step <= steps; step++) {
 *         Progress.checkpoint();
 *         progress.at(step, "loss " + loss);
 *     }
 * }
 * }</pre>
 *
 * <p>A report costs less than a microsecond unless it is shown, which happens at most ten times a second. A loop inside a loop on the same
 * thread gets no line of its own: its state is appended to the outer one's. Who shows it: the {@link Sink} given to
 * {@link #display(Sink)}, else one found by {@link ServiceLoader} that is usable (a running notebook), else a line on the error stream; with
 * the system property {@code memoria.quiet} nobody.
 */
public final class Progress implements AutoCloseable {

    /** Shows progress somewhere. */
    public interface Sink {
        /**
         * Whether there is something to show on; asked at each start.
         *
         * @return true if {@link #open} may be called
         */
        default boolean usable() {
            return true;
        }

        /**
         * Starts showing one loop.
         *
         * @param first the state at the start
         * @return what is told of later states, the last one with {@link State#finished()}; calls do not overlap
         */
        Bar open(State first);
    }

    /** One loop on display. */
    @FunctionalInterface
    public interface Bar {
        /**
         * Shows a state in place of the one before.
         *
         * @param state the loop's state
         */
        void show(State state);
    }

    /**
     * How far a loop is.
     *
     * @param label what it does
     * @param done units done
     * @param total units in all, 0 if unknown
     * @param seconds seconds since the start
     * @param rate units per second lately, 0 before the first unit is done
     * @param note the loop's own words, or empty
     * @param finished true in a loop's last state, whether it got to the end or stopped before
     */
    public record State(
            String label,
            long done,
            long total,
            double seconds,
            double rate,
            String note,
            boolean finished) {

        /**
         * The share done.
         *
         * @return in [0, 1]; 0 if the total is unknown
         */
        public double fraction() {
            return total <= 0 ? 0 : Math.min(1, Math.max(0, (double) done / total));
        }

        /**
         * Seconds left at the present rate.
         *
         * @return at least 0, or NaN when the total or the rate is unknown
         */
        public double secondsLeft() {
            return total <= 0 || rate <= 0 ? Double.NaN : Math.max(0, total - done) / rate;
        }

        /**
         * One line: label, percent, counts, rate, time left or time taken, note.
         *
         * @return the line
         */
        @Override
        public String toString() {
            StringBuilder line = new StringBuilder(label);
            if (total > 0) {
                line.append(String.format(Locale.ROOT, " %3.0f%%", 100 * fraction()));
                line.append(' ').append(done).append('/').append(total);
            } else {
                line.append(' ').append(done);
            }
            if (rate > 0) {
                line.append(String.format(Locale.ROOT, rate < 10 ? ", %.2f/s" : ", %.0f/s", rate));
            }
            if (finished) {
                boolean stopped = total > 0 && done < total;
                line.append(stopped ? ", stopped after " : ", took ").append(clock(seconds));
            } else if (!Double.isNaN(secondsLeft())) {
                line.append(", ").append(clock(secondsLeft())).append(" left");
            }
            return note.isEmpty() ? line.toString() : line.append(", ").append(note).toString();
        }

        private static String clock(double seconds) {
            if (seconds < 59.5) {
                return String.format(Locale.ROOT, seconds < 9.95 ? "%.1f s" : "%.0f s", seconds);
            }
            long s = Math.round(seconds);
            return s < 3600
                    ? String.format(Locale.ROOT, "%d:%02d min", s / 60, s % 60)
                    : String.format(Locale.ROOT, "%d:%02d h", s / 3600, s / 60 % 60);
        }
    }

    private static final long INTERVAL = 100_000_000L;

    /** Time constant of the displayed rate, in seconds: long enough to be readable, short enough to forget a slow first step. */
    private static final double MEMORY = 10;

    private static final ThreadLocal<Progress> CURRENT = new ThreadLocal<>();
    private static volatile Sink chosen;

    private final String label;
    private final long total;
    private final long start = System.nanoTime();
    private final Progress outer;
    private final Bar bar;
    private volatile long done;
    private volatile String note = "";
    private volatile long shownAt;
    private long rateDone;
    private long rateAt = start;
    private double rate;
    private boolean closed;

    private Progress(String label, long done, long total) {
        this.label = label;
        this.total = total;
        this.done = done;
        this.rateDone = done;
        this.shownAt = start;
        this.outer = CURRENT.get();
        Sink sink = outer == null ? sink() : null;
        this.bar = sink == null ? null : sink.open(state(start, "", false));
    }

    /**
     * Starts a loop.
     *
     * @param label what it does, a word or two
     * @param total units in all (steps, images, bytes), 0 if unknown
     * @return the progress; close it at the end, on every path
     * @throws IllegalArgumentException if total is negative
     */
    public static Progress start(String label, long total) {
        return start(label, 0, total);
    }

    /**
     * Starts a loop that resumes in the middle: what was done before counts for the percentage, not for the rate.
     *
     * @param label what it does, a word or two
     * @param done units done earlier
     * @param total units in all, 0 if unknown
     * @return the progress; close it at the end, on every path
     * @throws IllegalArgumentException if done or total is negative
     */
    public static Progress start(String label, long done, long total) {
        if (total < 0 || done < 0) {
            throw new IllegalArgumentException(
                    (total < 0 ? "total: " + total : "done: " + done) + " is negative");
        }
        Progress progress = new Progress(label, done, total);
        CURRENT.set(progress);
        return progress;
    }

    /**
     * Reports how far the loop is.
     *
     * @param done units done so far
     */
    public void at(long done) {
        at(done, "");
    }

    /**
     * Reports how far the loop is.
     *
     * @param done units done so far
     * @param note a few words to show behind, for example a loss
     */
    public void at(long done, String note) {
        this.done = done;
        this.note = note;
        long now = System.nanoTime();
        if (now - shownAt >= INTERVAL) {
            show(now, "", false);
        }
    }

    /** Ends the loop: its last state is shown. Closing twice does nothing. */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            show(System.nanoTime(), "", true);
            closed = true;
        }
        if (CURRENT.get() == this) {
            if (outer == null) {
                CURRENT.remove();
            } else {
                CURRENT.set(outer);
            }
        }
    }

    /**
     * Whether this thread was asked to stop. The flag stays set.
     *
     * @return true after an interrupt
     */
    public static boolean interrupted() {
        return Thread.currentThread().isInterrupted();
    }

    /**
     * Stops the loop if this thread was asked to, clearing the flag: call it once per step.
     *
     * @throws Interrupted if the thread's interrupt flag is set; it says where the innermost reporting loop stood
     */
    public static void checkpoint() throws Interrupted {
        if (Thread.interrupted()) {
            Progress at = CURRENT.get();
            // Every loop on this thread unwinds now, also those that a reader started without try.
            CURRENT.remove();
            String of = at == null || at.total == 0 ? "" : " of " + at.total;
            throw new Interrupted(
                    at == null
                            ? "Interrupted."
                            : "Interrupted: " + at.label + " stopped at " + at.done + of + ".");
        }
    }

    /**
     * Chooses who shows progress from now on.
     *
     * @param sink the display, or null to choose by what is there
     */
    public static void display(Sink sink) {
        chosen = sink;
    }

    private static Sink sink() {
        String quiet = System.getProperty("memoria.quiet", "false");
        if (!quiet.equalsIgnoreCase("false")) {
            return null;
        }
        Sink sink = chosen;
        if (sink != null) {
            return sink;
        }
        return Found.SINKS.stream().filter(Sink::usable).findFirst().orElseGet(ConsoleSink::new);
    }

    /** Providers of the library's own class loader: a kernel's context loader may not see them. */
    private static final class Found {
        static final List<Sink> SINKS =
                ServiceLoader.load(Sink.class, Progress.class.getClassLoader()).stream()
                        .map(ServiceLoader.Provider::get)
                        .toList();
    }

    private synchronized void show(long now, String inner, boolean finished) {
        if (closed) {
            return;
        }
        shownAt = now;
        State state = state(now, inner, finished);
        if (bar != null) {
            bar.show(state);
        } else if (outer != null && now - outer.shownAt >= INTERVAL) {
            outer.show(now, finished ? "" : state.toString(), false);
        }
    }

    private State state(long now, String inner, boolean finished) {
        long units = done;
        if (units != rateDone) {
            double seconds = (now - rateAt) / 1e9;
            double lately = Math.max(0, units - rateDone) / Math.max(seconds, 1e-9);
            rate = rate == 0 ? lately : rate + (lately - rate) * -Math.expm1(-seconds / MEMORY);
            rateDone = units;
            rateAt = now;
        }
        double seconds = (now - start) / 1e9;
        String words = note.isEmpty() || inner.isEmpty() ? note + inner : note + ", " + inner;
        return new State(label, units, total, seconds, rate, words, finished);
    }
}
