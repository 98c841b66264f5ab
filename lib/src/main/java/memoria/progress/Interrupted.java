package memoria.progress;

/**
 * A long loop stopped because its thread was interrupted: the reader pressed the stop button. Nothing failed; the message says where the
 * loop stood and what was kept.
 */
public final class Interrupted extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * An interruption.
     *
     * @param message where the loop stood and what was kept
     */
    public Interrupted(String message) {
        super(message);
    }

    private Interrupted(String message, Throwable cause) {
        super(message, cause);
    }

    /**
     * The same interruption with what its loop kept, for a caller that saves something on the way out.
     *
     * <pre>{@code
     * catch (Interrupted e) { throw e.keeping("step 400 in " + file); }
     * }</pre>
     *
     * @param what what was kept and where, for example {@code step 400 in model.safetensors}
     * @return an interruption to throw
     */
    public Interrupted keeping(String what) {
        return new Interrupted(getMessage() + " Kept: " + what + ".", this);
    }
}
