package memoria.torch;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Resident memory of this process, for tests that prove a loop does not leak. Reads Linux's /proc; elsewhere it measures nothing. */
public final class NativeMemory {

    private NativeMemory() {}

    /** Resident bytes, or 0 where they cannot be read. */
    public static long resident() {
        Path statm = Path.of("/proc/self/statm");
        if (!Files.exists(statm)) {
            return 0;
        }
        try {
            return Long.parseLong(Files.readString(statm).split(" ")[1]) * 4096;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** By how much resident memory grew between two points of a loop, after a garbage collection at each. */
    public static long growth(Runnable step, int from, int to) {
        for (int i = 0; i < from; i++) {
            step.run();
        }
        System.gc();
        long before = resident();
        for (int i = from; i < to; i++) {
            step.run();
        }
        System.gc();
        return resident() - before;
    }
}
