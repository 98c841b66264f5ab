package memoria.data;

/** A server did not deliver; the next try or the next mirror may. */
final class Refused extends Exception {

    private static final long serialVersionUID = 1L;

    /** Whether the same request would only be refused again. */
    final boolean hopeless;

    /** Seconds that the server asks to wait, 0 if it does not say. */
    final long wait;

    Refused(String message, boolean hopeless) {
        this(message, hopeless, 0);
    }

    Refused(String message, boolean hopeless, long wait) {
        super(message);
        this.hopeless = hopeless;
        this.wait = wait;
    }
}
