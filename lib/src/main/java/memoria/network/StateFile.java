package memoria.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import memoria.checkpoint.SafeTensors;
import memoria.checkpoint.TorchFile;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;

/** A state dictionary of another project as the parameters of a network: in PyTorch's format, or as safetensors if its name says so. */
final class StateFile {

    private static final String SAFETENSORS = ".safetensors";

    private final Path file;
    private final TorchFile pickled;
    private final SafeTensors safe;

    private StateFile(Path file, TorchFile pickled, SafeTensors safe) {
        this.file = file;
        this.pickled = pickled;
        this.safe = safe;
    }

    /**
     * Opens a file: reads what tensors it has.
     *
     * @throws IllegalArgumentException naming the file and the reason if it is damaged or something else
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    static StateFile open(Path file) {
        return isSafe(file)
                ? new StateFile(file, null, SafeTensors.read(file))
                : new StateFile(file, TorchFile.read(file), null);
    }

    private static boolean isSafe(Path file) {
        return String.valueOf(file.getFileName()).endsWith(SAFETENSORS);
    }

    /** A file beside this one, in the same format. */
    Path sibling(String pickledName) {
        String stem = pickledName.substring(0, pickledName.lastIndexOf('.'));
        return file.resolveSibling(isSafe(file) ? stem + SAFETENSORS : pickledName);
    }

    Map<String, Shape> shapes() {
        return pickled == null ? safe.shapes() : pickled.shapes();
    }

    /**
     * Loads tensors, as float32.
     *
     * @param owner the manager they live on
     * @param dictionary loaded alone; empty for all
     * @return under their names in the file
     */
    Params params(NDManager owner, String dictionary) {
        String start = dictionary.isEmpty() ? "" : dictionary + ".";
        Map<String, NDArray> tensors = new LinkedHashMap<>();
        if (pickled == null) {
            for (String name : safe.shapes().keySet()) {
                if (name.startsWith(start)) {
                    tensors.put(name, safe.tensor(owner, name));
                }
            }
        } else {
            Map<String, NDArray> loaded =
                    start.isEmpty() ? pickled.tensors(owner) : pickled.tensors(owner, dictionary);
            loaded.forEach((name, tensor) -> tensors.put(start + name, tensor));
        }
        // A network that a job loads within one of its steps is there for the steps after it.
        tensors.replaceAll((name, tensor) -> Scope.release(Tensors.as(DataType.FLOAT32, tensor)));
        return Params.of(owner, tensors);
    }

    /**
     * Builds a network on {@link Torch#device()}; where that fails nothing stays behind.
     *
     * @param build given the manager that will own the parameters
     * @return what was built
     * @throws IllegalArgumentException with the file, unless a message names one already, and the reason
     */
    <T> T build(Function<NDManager, T> build) {
        NDManager owner = Torch.manager();
        try {
            return build.apply(owner);
        } catch (IllegalArgumentException e) {
            owner.close();
            throw named(e);
        }
    }

    /** The reason, with the file where it names none. */
    IllegalArgumentException named(IllegalArgumentException e) {
        return e.getMessage().startsWith("file:")
                ? e
                : new IllegalArgumentException("file: " + file + ": " + e.getMessage(), e);
    }
}
