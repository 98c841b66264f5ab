package memoria.notebook;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/**
 * The kernel that runs this notebook, as far as showing things goes. Kernels are found and called by reflection: two incompatible copies of
 * their interfaces exist under the same licence, and the library must run without any of them.
 */
abstract class Kernel {

    /** A kernel this library knows how to find. */
    interface Known {
        /**
         * Looks for the kernel.
         *
         * @return the kernel, or null if its classes are there and none is running
         * @throws ReflectiveOperationException if it is not that kernel
         */
        Kernel find() throws ReflectiveOperationException;
    }

    private static final List<Known> KNOWN =
            List.of(
                    () ->
                            BaseKernelAdapter.find(
                                    "org.dflib.jjava.jupyter.kernel.BaseKernel",
                                    "notebookKernel",
                                    "org.dflib.jjava.jupyter.kernel.display"),
                    () ->
                            BaseKernelAdapter.find(
                                    "io.github.spencerpark.ijava.IJava",
                                    "getKernelInstance",
                                    "io.github.spencerpark.jupyter.kernel.display"),
                    RapaioAdapter::find);

    private static Kernel running;

    /**
     * The running kernel.
     *
     * @return the kernel, or null outside a notebook
     */
    static synchronized Kernel running() {
        for (int i = 0; running == null && i < KNOWN.size(); i++) {
            running = tryFind(KNOWN.get(i));
        }
        return running;
    }

    /** For tests: the kernel from here on; null to look again. */
    static synchronized void use(Kernel kernel) {
        running = kernel;
    }

    private static Kernel tryFind(Known known) {
        try {
            return known.find();
        } catch (ReflectiveOperationException | LinkageError e) {
            return null; // not this kernel
        }
    }

    /**
     * Sends content to the front end, below the running cell or in place of what was sent under the same id.
     *
     * @param bundle MIME type to content
     * @param id display id
     * @param update whether to replace
     * @throws ReflectiveOperationException if the kernel does not take it
     */
    final void publish(Map<String, Object> bundle, String id, boolean update)
            throws ReflectiveOperationException {
        // Writing to a channel on an interrupted thread closes the channel, and with it the
        // kernel's socket.
        boolean interrupted = Thread.interrupted();
        try {
            System.out.flush(); // printed lines stay above what follows them
            send(bundle, id, update);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    abstract void send(Map<String, Object> bundle, String id, boolean update)
            throws ReflectiveOperationException;

    /** Runs an optional step: a kernel that refuses it shows such values as text. */
    static void ifPossible(Callable<?> step) {
        try {
            step.call();
        } catch (Exception | LinkageError e) {
            System.getLogger("memoria.notebook").log(System.Logger.Level.DEBUG, "not possible", e);
        }
    }
}
