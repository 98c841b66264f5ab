package memoria.kernel;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * The one thread that runs the reader's code, from the first cell to the last, and the way to ask it to stop.
 *
 * <p>An interrupt sets the thread's flag and no more. Code that sees it ends as it likes; {@link Stop#check()} ends loops and prints that have
 * not after {@link #PATIENCE_MILLIS}. Whoever called {@link #call} waits until the code has really ended, so two cells never run at once.
 */
final class CellThread implements AutoCloseable {
    /** How long code may take to answer an interrupt by itself. */
    static final long PATIENCE_MILLIS = 1000;

    private static final long STUCK_MILLIS = 4000;

    private static final class Worker extends Thread {
        Worker(Runnable task) {
            super(task, "cell");
            setDaemon(true);
        }
    }

    private final ExecutorService thread = Executors.newSingleThreadExecutor(Worker::new);
    private final ScheduledExecutorService watch =
            Executors.newSingleThreadScheduledExecutor(CellThread::watcher);
    private final Runnable onStuck;

    /** Guards the fields below; held while a {@linkplain #shielded shielded} action runs, so that no interrupt falls into it. */
    private final Object gate = new Object();

    private Thread running;
    private boolean requested;
    private boolean delivered;
    private boolean armed;
    private long snippet;

    CellThread(Runnable onStuck) {
        this.onStuck = onStuck;
    }

    private static Thread watcher(Runnable task) {
        Thread thread = new Thread(task, "cell-watch");
        thread.setDaemon(true);
        return thread;
    }

    /** Whether this is the thread that runs the reader's code. */
    static boolean isCurrent() {
        return Thread.currentThread() instanceof Worker;
    }

    /** A new cell begins: interrupts of earlier cells are forgotten. */
    void begin() {
        synchronized (gate) {
            requested = false;
            delivered = false;
        }
    }

    /**
     * Runs one snippet and waits for it.
     *
     * @param code the snippet
     * @return its value
     * @throws Throwable what the snippet threw, or {@link InterruptedException} where an interrupt came before it began
     */
    Object call(Callable<Object> code) throws Throwable {
        Future<Object> result = thread.submit(() -> onThread(code));
        while (true) {
            try {
                return result.get();
            } catch (ExecutionException e) {
                throw e.getCause();
            } catch (InterruptedException e) {
                interrupt();
            }
        }
    }

    private Object onThread(Callable<Object> code) throws Exception {
        synchronized (gate) {
            Thread.interrupted();
            if (requested) {
                throw new InterruptedException("interrupted before it began");
            }
            running = Thread.currentThread();
        }
        try {
            return code.call();
        } finally {
            synchronized (gate) {
                running = null;
                armed = false;
                snippet++;
                Stop.overdue(false);
                // Code that cleared the flag has dealt with the interrupt; a flag that is still up
                // is for what follows in the cell.
                boolean flag = Thread.interrupted();
                requested = requested && flag;
            }
        }
    }

    /** Asks the running cell to stop. Without a running cell nothing happens. */
    void interrupt() {
        synchronized (gate) {
            requested = true;
            if (running == null) {
                return;
            }
            delivered = true;
            running.interrupt();
            if (!armed) {
                armed = true;
                long mine = snippet;
                watch.schedule(() -> stopLoops(mine), PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
                watch.schedule(() -> tellStuck(mine), STUCK_MILLIS, TimeUnit.MILLISECONDS);
            }
        }
    }

    private void stopLoops(long mine) {
        synchronized (gate) {
            if (snippet == mine) {
                Stop.overdue(true);
            }
        }
    }

    private void tellStuck(long mine) {
        synchronized (gate) {
            if (snippet != mine) {
                return;
            }
        }
        onStuck.run();
    }

    /** Whether an interrupt waits that the code which ran so far has not dealt with. */
    boolean stopRequested() {
        synchronized (gate) {
            return requested;
        }
    }

    /** Whether an interrupt reached the code of this cell. */
    boolean wasInterrupted() {
        synchronized (gate) {
            return requested || delivered;
        }
    }

    /**
     * Runs an action that no interrupt may touch, and keeps the thread's flag for afterwards. The channels of a socket close for ever when the
     * thread that uses them is interrupted.
     *
     * @param action the action
     */
    void shielded(Runnable action) {
        synchronized (gate) {
            boolean flag = Thread.interrupted();
            try {
                action.run();
            } finally {
                if (flag) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
        watch.shutdownNow();
    }
}
