package memoria.stablediffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Predicate;
import memoria.checkpoint.SafeTensors;
import memoria.checkpoint.ShardIndex;
import memoria.checkpoint.TensorFile;
import memoria.network.Params;
import memoria.progress.Progress;
import memoria.torch.Scope;
import memoria.torch.Tensors;

/** The tensors of one network in one or several files, read one by one into the memory they stay in. */
final class Weights {

    private static final String FILE = "diffusion_pytorch_model.safetensors";

    private final Path shown;
    private final Map<String, TensorFile> files = new LinkedHashMap<>();

    private Weights(Path shown) {
        this.shown = shown;
    }

    /** The tensors of a file that a prefix marks. */
    static Weights of(Path file, TensorFile content, Predicate<String> chosen) {
        Weights weights = new Weights(file);
        content.shapes().keySet().stream()
                .filter(chosen)
                .forEach(name -> weights.files.put(name, content));
        return weights;
    }

    /** A network's folder as diffusers writes it: one file, of full or half precision, or shards with an index. */
    static Weights folder(Path folder, String... names) {
        List<String> tried = new ArrayList<>();
        for (String name : names.length == 0 ? new String[] {FILE} : names) {
            String half = name.replace(".safetensors", ".fp16.safetensors");
            for (String candidate : new String[] {name, half}) {
                tried.add(candidate);
                Path file = folder.resolve(candidate);
                if (Files.exists(file)) {
                    return of(file, SafeTensors.read(file), tensor -> true);
                }
                Path index = folder.resolve(candidate + ".index.json");
                if (Files.exists(index)) {
                    Weights weights = new Weights(index);
                    weights.files.putAll(ShardIndex.read(index));
                    return weights;
                }
            }
        }
        throw new IllegalArgumentException(
                "folder: "
                        + folder
                        + " has none of "
                        + tried
                        + "; a .bin file beside it is a pickle, download the safetensors");
    }

    /** Shapes by our names. */
    Map<String, Shape> shapes(NameMap names) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        files.forEach(
                (theirs, file) ->
                        names.ours(theirs)
                                .ifPresent(ours -> shapes.put(ours, file.shapes().get(theirs))));
        return shapes;
    }

    /**
     * Reads every tensor.
     *
     * @param owner who owns them
     * @param names their names to ours
     * @param type of the tensors
     * @param title for the progress bar
     * @return the parameters by our names; messages call them by the file's
     */
    Params read(NDManager owner, NameMap names, DataType type, String title) {
        TreeSet<String> surplus = new TreeSet<>(files.keySet());
        surplus.removeIf(theirs -> names.ours(theirs).isPresent());
        if (!surplus.isEmpty()) {
            throw new IllegalArgumentException(
                    "file: "
                            + shown
                            + ": "
                            + surplus.size()
                            + " tensor(s) this network does not know: "
                            + surplus.stream().limit(5).toList());
        }
        Map<String, NDArray> tensors = new LinkedHashMap<>();
        Map<String, String> called = new LinkedHashMap<>();
        try (Progress progress = Progress.start(title, files.size())) {
            for (Map.Entry<String, TensorFile> entry : files.entrySet()) {
                Progress.checkpoint();
                String theirs = entry.getKey();
                String ours = names.ours(theirs).orElseThrow();
                NDArray tensor = Tensors.as(type, entry.getValue().tensor(owner, theirs));
                tensors.put(ours, Scope.release(names.fit(ours, tensor)));
                called.put(ours, theirs);
                progress.at(tensors.size());
            }
        }
        return Params.of(owner, tensors, ours -> called.getOrDefault(ours, names.theirs(ours)));
    }

    /** All tensors but one, which is no parameter. */
    Weights without(String name) {
        files.remove(name);
        return this;
    }
}
