package memoria.kernel;

/**
 * Tells the requests that were already waiting when a cell failed, as after "run all", from those that the reader sent later, knowing of the
 * failure. The former must not run.
 *
 * <p>Requests carry the time at which they were sent, by a clock that may be another machine's. The smallest difference ever seen between that
 * time and the arrival is that clock's offset, up to the fastest delivery. All times are in milliseconds.
 */
final class Backlog {
    /** Waiting requests are handled one after the other, at most this far apart on a busy machine; a clock that was set matters no longer. */
    static final long GAP = 5000;

    private long offset = Long.MAX_VALUE;
    private long failedAt;
    private long until = Long.MIN_VALUE;

    /**
     * A request is there.
     *
     * @param now this machine's time
     * @param sent when it was sent, by its sender's clock
     * @return whether it was waiting behind a cell that failed
     */
    boolean holds(long now, long sent) {
        offset = Math.min(offset, now - sent);
        if (now > until || sent >= failedAt - offset) {
            until = Long.MIN_VALUE;
            return false;
        }
        until = now + GAP;
        return true;
    }

    /** A cell failed at {@code now}, by this machine's clock. */
    void failed(long now) {
        failedAt = now;
        until = now + GAP;
    }
}
