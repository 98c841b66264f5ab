package memoria.torch;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.JniUtils;
import java.util.Locale;

/**
 * The engine: which device computes, with how many threads, and the long-lived managers that own what must outlive a scope.
 *
 * <p>The device is {@code cpu} unless the system property {@code memoria.device} or the environment variable {@code MEMORIA_DEVICE} says
 * {@code gpu} or {@code gpu:1}. A GPU that was asked for and is not there is an error, never a silent fall-back.
 */
public final class Torch {

    private static volatile NDManager cpu;

    private Torch() {}

    /** Not a static initializer: what fails there is named once and afterwards hides behind "could not initialize class". */
    private static synchronized NDManager start() {
        if (cpu == null) {
            Allocator.keepFreed();
            // The engine's own start-up lines belong to nobody's notebook.
            System.setProperty("ai.djl.pytorch.graph_optimizer", "false");
            try {
                cpu = Engine.getEngine("PyTorch").newBaseManager(Device.cpu());
            } catch (EngineException | UnsatisfiedLinkError e) {
                throw new IllegalStateException(
                        "PyTorch's native library did not load for "
                                + System.getProperty("os.name")
                                + " "
                                + System.getProperty("os.arch")
                                + ". On the classpath there must be pytorch-native-cpu of this platform (the default build), or, for a build with"
                                + " -Dgpu, PYTORCH_LIBRARY_PATH must name the lib folder of a PyTorch 2.7.1 with PYTORCH_VERSION=2.7.1 and"
                                + " PYTORCH_FLAVOR=cu128.",
                        e);
            }
        }
        return cpu;
    }

    /**
     * The device everything computes on unless told otherwise.
     *
     * @return the device named by {@code memoria.device} or {@code MEMORIA_DEVICE}; the CPU when neither is set
     * @throws IllegalStateException if a GPU is named that is not there
     * @throws IllegalArgumentException if the name is not understood
     */
    public static Device device() {
        String name =
                System.getProperty(
                        "memoria.device", System.getenv().getOrDefault("MEMORIA_DEVICE", "cpu"));
        return device(name);
    }

    /**
     * A device by name.
     *
     * @param name {@code cpu}, {@code gpu} (the first), {@code gpu:2}; {@code cuda} is understood as {@code gpu}
     * @return the device
     * @throws IllegalStateException if it is a GPU that is not there
     * @throws IllegalArgumentException if the name is not understood
     */
    public static Device device(String name) {
        String normal = name.strip().toLowerCase(Locale.ROOT).replace("cuda", "gpu");
        if (normal.equals("cpu")) {
            return Device.cpu();
        }
        if (!normal.matches("gpu(:\\d{1,3})?")) {
            throw new IllegalArgumentException(
                    "device: '" + name + "' is not one of cpu, gpu, gpu:0, gpu:1, ...");
        }
        int index = normal.length() > 4 ? Integer.parseInt(normal.substring(4)) : 0;
        int found = engine().getGpuCount();
        if (index >= found) {
            throw new IllegalStateException(
                    "device: '"
                            + name
                            + "' was asked for, but PyTorch "
                            + engine().getVersion()
                            + " finds "
                            + (found == 0 ? "no GPU" : found + " GPU(s)")
                            + ". Build with -Dgpu so that no CPU library is on the classpath, check the driver with nvidia-smi, and set"
                            + " PYTORCH_FLAVOR=cu128; or unset MEMORIA_DEVICE to compute on the CPU.");
        }
        return Device.gpu(index);
    }

    /**
     * A new manager on {@link #device()}: the owner of a model, an index or a data set. Close it to free them.
     *
     * @return the manager
     */
    public static NDManager manager() {
        return root().newSubManager(device());
    }

    /**
     * How many threads one operator may use.
     *
     * @return the count
     */
    public static int threads() {
        engine();
        return JniUtils.getNumThreads();
    }

    /**
     * Sets how many threads one operator may use. More threads than free cores are slower, not faster: the threads spin.
     *
     * @param count at least 1
     * @throws IllegalArgumentException if count is below 1
     */
    public static void threads(int count) {
        if (count < 1) {
            throw new IllegalArgumentException(
                    "count: " + count + " threads; at least 1 is needed");
        }
        engine();
        JniUtils.setNumThreads(count);
    }

    /**
     * The engine's name and version, for records of how a result was made.
     *
     * @return for example {@code PyTorch 2.7.1}
     */
    public static String version() {
        return "PyTorch " + engine().getVersion();
    }

    static Engine engine() {
        return root().getEngine();
    }

    static NDManager root() {
        NDManager started = cpu;
        return started == null ? start() : started;
    }
}
