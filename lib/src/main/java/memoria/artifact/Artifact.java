package memoria.artifact;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import memoria.checkpoint.SafeTensors;

/**
 * A finished result in a {@link Store}: its spec and its shards, each checked.
 *
 * @param spec what it is
 * @param shards the files, in order
 * @param made how many of them were made just now; the others were there
 * @param damaged files that were found spoiled, removed and made again
 */
public record Artifact(Spec spec, List<Path> shards, int made, List<Path> damaged) {

    /**
     * One shard's tensors.
     *
     * @param index 0 to {@code shards().size() - 1}
     * @param manager owner of the tensors
     * @return by name
     * @throws IllegalArgumentException if the file was spoiled since it was checked
     */
    public Map<String, NDArray> shard(int index, NDManager manager) {
        return SafeTensors.read(shards.get(index)).tensors(manager);
    }
}
