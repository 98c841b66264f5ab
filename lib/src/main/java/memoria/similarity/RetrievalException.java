package memoria.similarity;

/** A retrieval service that did not answer, or not with what its protocol says; the message names its address and what happened. */
public final class RetrievalException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    RetrievalException(String message, Throwable cause) {
        super(message, cause);
    }
}
