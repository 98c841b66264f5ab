package memoria.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import memoria.checkpoint.TorchFile;
import memoria.torch.Ops;
import memoria.torch.Scope;

/** State dictionaries in PyTorch's format as the parameters of a network. */
final class StateFile {

    private StateFile() {}

    /**
     * The tensors of a file, float32.
     *
     * @param content the opened file
     * @param owner the manager they live on
     * @param prefix what the names of those wanted begin with; empty for all
     * @return under their names in the file
     */
    static Params params(TorchFile content, NDManager owner, String prefix) {
        Map<String, NDArray> stored =
                prefix.isEmpty() ? content.tensors(owner) : content.tensors(owner, prefix);
        String start = prefix.isEmpty() ? "" : prefix + ".";
        Map<String, NDArray> tensors = new LinkedHashMap<>();
        // A network that a job loads within one of its steps is there for the steps after it.
        stored.forEach((name, tensor) -> tensors.put(start + name, Scope.release(single(tensor))));
        return Params.of(owner, tensors);
    }

    private static NDArray single(NDArray tensor) {
        if (tensor.getDataType() == DataType.FLOAT32) {
            return tensor;
        }
        try (tensor) {
            return Ops.cast(tensor, DataType.FLOAT32);
        }
    }

    /**
     * Does what may find that a file is not what it should be.
     *
     * @param file named where the message does not name it
     * @param step to do
     * @return its result
     * @throws IllegalArgumentException with the file and the reason
     */
    static <T> T naming(Path file, Supplier<T> step) {
        try {
            return step.get();
        } catch (IllegalArgumentException e) {
            throw e.getMessage().startsWith("file:")
                    ? e
                    : new IllegalArgumentException("file: " + file + ": " + e.getMessage(), e);
        }
    }
}
