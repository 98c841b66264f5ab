package memoria.torch;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Resident memory of this process, for tests that prove a loop does not leak. Reads Linux's /proc; elsewhere it measures nothing. */
public final class NativeMemory {

    private static final int THIRDS = 3;

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

    /**
     * By how much resident memory grew between two points of a loop, told from the third of it in which it grew least: a leak grows in
     * every third, while the Java heap, the allocator and other threads take more in one or the other. Garbage is collected at each point.
     */
    public static long growth(Runnable step, int from, int to) {
        int third = (to - from) / THIRDS;
        repeat(step, to - THIRDS * third);
        long least = Long.MAX_VALUE;
        for (int k = 0; k < THIRDS; k++) {
            long before = resident();
            repeat(step, third);
            least = Math.min(least, resident() - before);
        }
        return THIRDS * least;
    }

    private static void repeat(Runnable step, int times) {
        for (int i = 0; i < times; i++) {
            step.run();
        }
        System.gc();
    }
}
