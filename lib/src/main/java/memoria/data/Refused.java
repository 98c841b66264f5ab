package memoria.data;

/** A server did not deliver; the next try or the next mirror may. */
final class Refused extends Exception {

    private static final long serialVersionUID = 1L;

    /** Whether the same request would only be refused again. */
    final boolean hopeless;

    /** Seconds that the server asks to wait, 0 if it does not say. */
    final long wait;

    /** Whether it cannot go on from what is here, but may send the file from its start. */
    final boolean atPart;

    Refused(String message, boolean hopeless) {
        this(message, hopeless, 0);
    }

    Refused(String message, boolean hopeless, long wait) {
        this(message, hopeless, wait, false);
    }

    private Refused(String message, boolean hopeless, long wait, boolean atPart) {
        super(message);
        this.hopeless = hopeless;
        this.wait = wait;
        this.atPart = atPart;
    }

    static Refused atPart(String message) {
        return new Refused(message, true, 0, true);
    }
}
