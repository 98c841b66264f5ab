package memoria.badinput;

import java.util.ArrayList;
import java.util.List;

/** A family of calls that must be refused. */
public abstract class BadInput implements AutoCloseable {

    /** What is tried. */
    @FunctionalInterface
    public interface Call {
        /**
         * Tries it.
         *
         * @throws Throwable as it should
         */
        void run() throws Throwable;
    }

    /**
     * One call.
     *
     * @param what in words
     * @param type of the exception, exactly
     * @param call the call
     * @param said what the message holds: argument, value, what is legal
     */
    public record Row(
            String what, Class<? extends Throwable> type, Call call, CharSequence... said) {
        @Override
        public String toString() {
            return what;
        }
    }

    private final List<Row> rows = new ArrayList<>();

    /** All calls of the family. */
    public final List<Row> rows() {
        return rows;
    }

    @Override
    public abstract void close();

    final void refused(String what, Call call, CharSequence... said) {
        fails(IllegalArgumentException.class, what, call, said);
    }

    final void fails(
            Class<? extends Throwable> type, String what, Call call, CharSequence... said) {
        rows.add(new Row(what, type, call, said));
    }
}
