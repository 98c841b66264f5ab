package memoria.kernel;

/**
 * Thrown where a cell ignored an interrupt for a second: in a loop of the reader's own, or in a print.
 *
 * <p>Library loops look at the interrupt flag themselves and keep what they have; they are given that second. An {@link Error}, so that a
 * {@code catch (Exception e)} in the loop does not swallow it.
 */
public final class Stop extends Error {
    private static final long serialVersionUID = 1L;

    private static volatile boolean overdue;

    private Stop() {
        super("interrupted", null, false, true);
    }

    /** Returns at once, or throws where an interrupt is overdue. The evaluator calls it in every loop written in a cell. */
    public static void check() {
        if (overdue && CellThread.isCurrent()) {
            throw new Stop();
        }
    }

    static void overdue(boolean value) {
        overdue = value;
    }
}
