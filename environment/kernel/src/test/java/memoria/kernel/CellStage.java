package memoria.kernel;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Where cells under test tell the test what they do. Cells are compiled outside this package, hence public. */
public final class CellStage {
    public static final AtomicInteger STARTED = new AtomicInteger();

    public static final AtomicInteger RUNNING = new AtomicInteger();

    private CellStage() {}

    /** Stands for a long native call. */
    public static void ignoreInterrupts(long millis) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (System.nanoTime() < end) {
            Thread.onSpinWait();
        }
    }
}
