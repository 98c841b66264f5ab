package memoria.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDScope;
import java.util.List;
import java.util.function.Supplier;

/**
 * Native memory by block: every tensor made inside is freed at the end, except the result. Scopes nest; a result is handed to the
 * enclosing scope.
 *
 * <pre>{@code
 * NDArray x0 = Scope.keep(() -> step(x, t));   // everything step() made is gone, x0 is not
 * }</pre>
 *
 * <p>What must live longer (parameters, moments, cached tables) is made outside any scope: a scope frees everything that is born in it.
 */
public final class Scope {

    private Scope() {}

    /**
     * Runs a block that yields one tensor and frees all others.
     *
     * @param block the work; it returns a tensor it made, not one made outside
     * @return the block's result, owned by the enclosing scope or, without one, by its manager
     */
    public static NDArray keep(Supplier<NDArray> block) {
        NDArray result;
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            result = block.get();
            NDScope.unregister(result);
        }
        NDScope.register(result);
        return result;
    }

    /**
     * Runs a block that yields several tensors and frees all others.
     *
     * @param block the work; it returns tensors it made
     * @return the block's results
     */
    public static List<NDArray> keepAll(Supplier<List<NDArray>> block) {
        List<NDArray> results;
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            results = block.get();
            results.forEach(NDScope::unregister);
        }
        results.forEach(NDScope::register);
        return results;
    }

    /**
     * Runs a block that yields something on the Java heap and frees every tensor it made.
     *
     * @param block the work
     * @param <T> what it yields; not a tensor
     * @return the block's result
     */
    public static <T> T use(Supplier<T> block) {
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            return block.get();
        }
    }

    /**
     * Runs a block and frees every tensor it made.
     *
     * @param block the work
     */
    public static void run(Runnable block) {
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            block.run();
        }
    }

    /**
     * Takes a tensor out of the current scope: from here on its manager owns it, or whoever closes it.
     *
     * @param tensor a tensor made in the innermost scope
     * @return the same tensor
     */
    public static NDArray release(NDArray tensor) {
        NDScope.unregister(tensor);
        return tensor;
    }
}
