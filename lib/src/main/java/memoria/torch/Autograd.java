package memoria.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import java.util.List;
import java.util.function.Supplier;

/**
 * Gradients as functions: nothing is accumulated in hidden fields, several graphs may be alive at once, and any cotangent is allowed.
 *
 * <p>The engine's gradient mode belongs to the thread and is on in a new one, so every entry point of the library sets it.
 */
public final class Autograd {

    private static final ThreadLocal<Boolean> SECOND_ORDER = ThreadLocal.withInitial(() -> false);
    private static final ThreadLocal<Boolean> TANGENT = ThreadLocal.withInitial(() -> false);

    private Autograd() {}

    /**
     * Runs a block that records what it computes.
     *
     * @param block the work
     * @param <T> its result
     * @return the result
     */
    public static <T> T on(Supplier<T> block) {
        return mode(true, block);
    }

    /**
     * Runs a block that records nothing: sampling, evaluation.
     *
     * @param block the work
     * @param <T> its result
     * @return the result
     */
    public static <T> T off(Supplier<T> block) {
        return mode(false, block);
    }

    private static <T> T mode(boolean recording, Supplier<T> block) {
        Torch.engine();
        boolean before = JniUtils.isGradMode();
        JniUtils.setGradMode(recording);
        try {
            return block.get();
        } finally {
            JniUtils.setGradMode(before);
        }
    }

    /**
     * Whether the calling thread records what it computes.
     *
     * @return true inside {@link #on}, and in a thread that no entry point of the library has set
     */
    public static boolean isRecording() {
        Torch.engine();
        return JniUtils.isGradMode();
    }

    /**
     * Runs a block whose gradients will be differentiated again: fused kernels without a second derivative are left out.
     *
     * @param block the work
     * @param <T> its result
     * @return the result
     */
    public static <T> T secondOrder(Supplier<T> block) {
        boolean before = SECOND_ORDER.get();
        SECOND_ORDER.set(true);
        try {
            return on(block);
        } finally {
            SECOND_ORDER.set(before);
        }
    }

    /**
     * Whether the calling thread is inside {@link #secondOrder}.
     *
     * @return true inside
     */
    public static boolean isSecondOrder() {
        return SECOND_ORDER.get();
    }

    /**
     * {@link #secondOrder} with the derivatives that PyTorch's {@code jvp} has, for numbers of programs that differentiate a
     * Jacobian-vector product. In a layer norm's tangent
     *
     * <pre>{@code
     * y' = w (x' - mean x') r - w (x - m) r^3 mean((x - m) (x' - mean x'))
     * }</pre>
     *
     * <p>PyTorch (1.13, and by its source later ones) holds the mean m and the reciprocal deviation r constant when y' is differentiated in x:
     * values are right, their gradients are not those of the function. Two products backwards, as in {@link #tangent}, hold the same constant
     * but leave the last {@code mean x'} out. Layers make up for it by {@code w (x - m) r^3 (mean x - m)^2 / 2}, with only {@code mean x} not
     * constant: it is 0 and so is its gradient.
     *
     * @param block the work
     * @param <T> its result
     * @return the result
     */
    public static <T> T secondOrderOfTangents(Supplier<T> block) {
        boolean before = TANGENT.get();
        TANGENT.set(true);
        try {
            return secondOrder(block);
        } finally {
            TANGENT.set(before);
        }
    }

    /**
     * Whether the calling thread is inside {@link #secondOrderOfTangents}.
     *
     * @return true inside
     */
    public static boolean isTangent() {
        return TANGENT.get();
    }

    /**
     * A fresh point to differentiate at: a copy that belongs to no graph yet.
     *
     * @param x any shape
     * @return a copy that records
     */
    public static NDArray leaf(NDArray x) {
        NDArray leaf = Ops.detach(x).duplicate();
        leaf.setRequiresGradient(true);
        return leaf;
    }

    /**
     * Vector-Jacobian product {@code v^T dy/dx}.
     *
     * @param y what was computed from x with recording on
     * @param x a {@link #leaf}
     * @param v the cotangent, shaped as y
     * @param keep whether the graph of y is needed again (all but the last of several products)
     * @return shaped as x
     */
    public static NDArray vjp(NDArray y, NDArray x, NDArray v, boolean keep) {
        return Ops.script(y).run("vjp", y, x, v, keep, false);
    }

    /**
     * As {@link #vjp}, and the result can itself be differentiated. y must have been computed inside {@link #secondOrder}.
     *
     * @param y what was computed from x
     * @param x a {@link #leaf}
     * @param v the cotangent, shaped as y
     * @return shaped as x, recording
     */
    public static NDArray vjpDifferentiable(NDArray y, NDArray x, NDArray v) {
        return Ops.script(y).run("vjp", y, x, v, true, true);
    }

    /**
     * Jacobian-vector product {@code (dy/dx) v}: a vector-Jacobian product, differentiated in its cotangent. y must have been computed
     * inside {@link #secondOrderOfTangents}, which says how the result's own derivative is wrong.
     *
     * @param y what was computed from x
     * @param x a {@link #leaf}
     * @param v the tangent, shaped as x
     * @return shaped as y, recording
     */
    public static NDArray tangent(NDArray y, NDArray x, NDArray v) {
        return Ops.script(y).run("tangent", y, x, v);
    }

    /**
     * Gradient of a scalar.
     *
     * @param y one element
     * @param x a {@link #leaf}
     * @param keep whether the graph of y is needed again
     * @return shaped as x
     * @throws IllegalArgumentException if y has more or less than one element
     */
    public static NDArray grad(NDArray y, NDArray x, boolean keep) {
        requireScalar(y);
        try (NDArray one = y.getManager().ones(y.getShape(), y.getDataType())) {
            return vjp(y, x, one, keep);
        }
    }

    /**
     * Gradients of a scalar with respect to many tensors.
     *
     * @param y one element
     * @param xs leaves
     * @return one gradient per leaf
     * @throws IllegalArgumentException if y has more or less than one element
     */
    public static List<NDArray> grads(NDArray y, List<NDArray> xs) {
        requireScalar(y);
        NDArray scalar = y.getShape().dimension() == 0 ? y : y.reshape(new Shape());
        return Ops.script(y).runAll("grads", scalar, xs);
    }

    private static void requireScalar(NDArray y) {
        if (y.size() != 1) {
            throw new IllegalArgumentException(
                    "y: a gradient needs one element, this has shape " + y.getShape());
        }
    }

    /**
     * A scalar tensor in memory of its own, safe to multiply inside a recorded computation; keep it open as long as its graph.
     *
     * @param manager its owner
     * @param value the number, rounded to float32
     * @return a tensor without dimensions
     */
    public static NDArray scalar(NDManager manager, double value) {
        return manager.full(new Shape(), (float) value);
    }
}
