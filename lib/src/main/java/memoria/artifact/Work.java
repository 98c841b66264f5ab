package memoria.artifact;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Map;

/**
 * Expensive work that is cut into shards. The same spec and index give the same shard on every machine, to its rounding, so shards can be
 * made anywhere, in any order, again after a crash, and put together.
 */
public interface Work {

    /**
     * What is made: everything that decides the result.
     *
     * @return the spec
     * @throws IllegalStateException if something in it has no description, such as a guidance that is a lambda
     */
    Spec spec();

    /**
     * How many shards there are.
     *
     * @return at least 1
     */
    int shards();

    /**
     * Makes one shard.
     *
     * @param index 0 to {@code shards() - 1}
     * @param manager may own the tensors; freed when the shard is saved
     * @return named tensors
     * @throws memoria.progress.Interrupted if the thread is interrupted; then nothing of this shard is kept
     */
    Map<String, NDArray> shard(int index, NDManager manager);
}
