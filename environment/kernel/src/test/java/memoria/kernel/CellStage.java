package memoria.kernel;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/** Where cells under test tell the test what they do. Cells are compiled outside this package, hence public. */
public final class CellStage {
    public static final AtomicInteger STARTED = new AtomicInteger();

    public static final AtomicInteger RUNNING = new AtomicInteger();

    public static final AtomicBoolean RELEASED = new AtomicBoolean();

    private CellStage() {}

    /** Stands for a long native call, which lasts until the test ends it. */
    public static void ignoreInterrupts() {
        while (!RELEASED.get()) {
            Thread.onSpinWait();
        }
    }
}
