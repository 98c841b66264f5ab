package memoria.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Named tensors of a file, loaded one by one: what is read of a checkpoint of gigabytes is never in memory twice. */
public interface TensorFile {

    /**
     * Opens a file of either format, told apart by its content: PyTorch's, or else safetensors.
     *
     * @param file the file
     * @return its names and shapes, with tensors to load
     * @throws IllegalArgumentException naming the file and the reason if it is damaged or something else
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    static TensorFile open(Path file) {
        return TorchFile.isOne(file) ? TorchFile.read(file) : SafeTensors.read(file);
    }

    /**
     * Shapes of all tensors.
     *
     * @return by name, in the file's order
     */
    Map<String, Shape> shapes();

    /**
     * Loads one tensor, bfloat16 widened to float32.
     *
     * @param manager its owner
     * @param name its name in {@link #shapes()}
     * @return the tensor
     * @throws IllegalArgumentException if there is no such tensor, or the file is damaged; it is named
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    NDArray tensor(NDManager manager, String name);

    /**
     * The tensors of one dictionary, such as a trainer's {@code state_dict}, under their names in it.
     *
     * @param dictionary its key
     * @return a view of this file; without tensors if it has no such dictionary
     */
    default TensorFile below(String dictionary) {
        String prefix = dictionary + ".";
        Map<String, Shape> inside = new LinkedHashMap<>();
        shapes().forEach(
                        (name, shape) -> {
                            if (name.startsWith(prefix)) {
                                inside.put(name.substring(prefix.length()), shape);
                            }
                        });
        TensorFile whole = this;
        return new TensorFile() {
            @Override
            public Map<String, Shape> shapes() {
                return inside;
            }

            @Override
            public NDArray tensor(NDManager manager, String name) {
                return whole.tensor(manager, prefix + name);
            }
        };
    }
}
