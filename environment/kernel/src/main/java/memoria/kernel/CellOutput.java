package memoria.kernel;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * What cells print, gathered for a moment before it is sent: twenty thousand printed lines are a few messages, not twenty thousand, and
 * standard output and standard error keep their order.
 */
final class CellOutput {
    /** Where text goes. */
    interface Sink {
        /** Takes text that was printed to standard error, or else to standard output. */
        void text(boolean error, String text);
    }

    private static final long DELAY_MILLIS = 50;
    private static final int PIECE = 1 << 16;

    private final ByteArrayOutputStream gathered = new ByteArrayOutputStream();
    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(
                    task -> {
                        Thread thread = new Thread(task, "cell-output");
                        thread.setDaemon(true);
                        return thread;
                    });
    private Sink sink = (error, text) -> {};
    private boolean error;
    private boolean waiting;

    /** Returns a stream that prints to standard error, or else to standard output, of the cell. */
    PrintStream stream(boolean toError) {
        return new PrintStream(new Stream(toError), false, StandardCharsets.UTF_8);
    }

    /** From now on text belongs to another cell; what was printed before still goes to the one before. */
    synchronized void sendTo(Sink next) {
        flush();
        sink = next;
    }

    /** Sends what was printed so far. */
    synchronized void flush() {
        waiting = false;
        if (gathered.size() > 0) {
            byte[] bytes = gathered.toByteArray();
            int whole = wholeCharacters(bytes);
            gathered.reset();
            gathered.write(bytes, whole, bytes.length - whole);
            if (whole > 0) {
                sink.text(error, new String(bytes, 0, whole, StandardCharsets.UTF_8));
            }
        }
    }

    private synchronized void write(boolean toError, byte[] bytes, int from, int count) {
        if (toError != error) {
            flush();
            gathered.reset();
            error = toError;
        }
        gathered.write(bytes, from, count);
        if (gathered.size() >= PIECE) {
            flush();
        } else if (!waiting) {
            waiting = true;
            timer.schedule(this::flush, DELAY_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    /** How many bytes there are up to the last complete UTF-8 character. */
    static int wholeCharacters(byte[] bytes) {
        int start = bytes.length - 1;
        while (start >= 0 && start > bytes.length - 4 && (bytes[start] & 0xC0) == 0x80) {
            start--;
        }
        if (start < 0) {
            return bytes.length;
        }
        int first = bytes[start] & 0xFF;
        int length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
        return start + length > bytes.length ? start : bytes.length;
    }

    private final class Stream extends OutputStream {
        private final boolean toError;

        Stream(boolean toError) {
            this.toError = toError;
        }

        @Override
        public void write(int b) {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int count) {
            Stop.check();
            CellOutput.this.write(toError, bytes, from, count);
        }
    }
}
