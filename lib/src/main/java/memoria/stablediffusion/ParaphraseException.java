package memoria.stablediffusion;

/** A paraphrasing service did not do its work; the message says which and what happened. */
public final class ParaphraseException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * A failure.
     *
     * @param message the service and what happened
     * @param cause what was caught, or null
     */
    public ParaphraseException(String message, Throwable cause) {
        super(message, cause);
    }
}
