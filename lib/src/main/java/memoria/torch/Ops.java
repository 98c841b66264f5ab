package memoria.torch;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * PyTorch operators that the engine's Java interface lacks, or offers only in a form autograd cannot trust. All take part in gradients.
 * Names and argument orders follow {@code torch.nn.functional}.
 */
public final class Ops {

    private static final Map<Device, Script> SCRIPTS = new ConcurrentHashMap<>();

    private Ops() {}

    /** The compiled operators of the device a tensor lives on. */
    static Script script(NDArray like) {
        return SCRIPTS.computeIfAbsent(
                like.getDevice(),
                device -> Script.compile(Torch.root().newSubManager(device), source()));
    }

    private static String source() {
        try (InputStream in = Ops.class.getResourceAsStream("/memoria/torch/ops.torchscript")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Runs one method of the shared operator script: for networks that bring whole blocks.
     *
     * @param method name in {@code ops.torchscript}
     * @param arguments as {@link Script#run}; the first is a tensor
     * @return the result
     */
    public static NDArray call(String method, Object... arguments) {
        return script((NDArray) arguments[0]).run(method, arguments);
    }

    /**
     * {@code x * sigmoid(x)}.
     *
     * @param x any shape
     * @return same shape
     */
    public static NDArray silu(NDArray x) {
        return call("silu", x);
    }

    /**
     * Group normalisation over channels.
     *
     * @param x (N, C, ...)
     * @param groups divides C
     * @param weight (C)
     * @param bias (C)
     * @param eps added to the variance
     * @return same shape
     */
    public static NDArray groupNorm(
            NDArray x, int groups, NDArray weight, NDArray bias, double eps) {
        return call("group_norm", x, groups, weight, bias, eps);
    }

    /**
     * Doubles height and width by repeating pixels.
     *
     * @param x (N, C, H, W)
     * @return (N, C, 2H, 2W)
     */
    public static NDArray upsample(NDArray x) {
        return call("upsample", x);
    }

    /**
     * Halves height and width by the mean of 2x2 pixels.
     *
     * @param x (N, C, H, W)
     * @return (N, C, H/2, W/2)
     */
    public static NDArray avgPool(NDArray x) {
        return call("avg_pool", x);
    }

    /**
     * The images at another size, linearly and with antialiasing where it shrinks, as Python's image library does it.
     *
     * @param x (N, C, H, W)
     * @param height new height, at least 1
     * @param width new width, at least 1
     * @return (N, C, height, width)
     */
    public static NDArray resize(NDArray x, long height, long width) {
        return call("resize", x, height, width);
    }

    /**
     * Generalised mean over height and width (Radenovic, Tolias and Chum, 2019): {@code (mean max(x, 1e-6)^p)^(1/p)}; p = 1 is the mean
     * of what is positive, large p near the maximum.
     *
     * @param x (N, C, H, W)
     * @param p above 0
     * @return (N, C)
     */
    public static NDArray gemPool(NDArray x, double p) {
        return call("gem_pool", x, p, 1e-6);
    }

    /**
     * Mean over height and width.
     *
     * @param x (N, C, H, W)
     * @return (N, C)
     */
    public static NDArray meanPool(NDArray x) {
        return call("mean_pool", x);
    }

    /**
     * Rows scaled to Euclidean length 1; a row shorter than 1e-12 is divided by that.
     *
     * @param x (N, d)
     * @return (N, d)
     */
    public static NDArray unitRows(NDArray x) {
        return call("unit_rows", x, 1e-12);
    }

    /**
     * 2-D convolution.
     *
     * @param x (N, C, H, W)
     * @param weight (O, C, k, k)
     * @param bias (O)
     * @param stride of both axes
     * @param padding of both axes
     * @return (N, O, H', W')
     */
    public static NDArray conv2d(NDArray x, NDArray weight, NDArray bias, int stride, int padding) {
        return call("conv2d", x, weight, bias, stride, padding);
    }

    /**
     * {@code x weight^T + bias}.
     *
     * @param x (..., in)
     * @param weight (out, in)
     * @param bias (out)
     * @return (..., out)
     */
    public static NDArray linear(NDArray x, NDArray weight, NDArray bias) {
        return call("linear", x, weight, bias);
    }

    /**
     * Rows of a table.
     *
     * @param weight (rows, width)
     * @param index int64, (N)
     * @return (N, width)
     */
    public static NDArray embedding(NDArray weight, NDArray index) {
        return call("embedding", weight, index);
    }

    /**
     * Joins tensors along an axis.
     *
     * @param parts at least one, equal in every other axis
     * @param axis the axis
     * @return the joined tensor
     */
    public static NDArray cat(List<NDArray> parts, int axis) {
        return script(parts.get(0)).run("cat", parts, axis);
    }

    /**
     * A view of a range along an axis.
     *
     * @param x any shape
     * @param axis the axis
     * @param start first index
     * @param length how many
     * @return the view, sharing memory
     */
    public static NDArray narrow(NDArray x, int axis, long start, long length) {
        return call("narrow", x, axis, start, length);
    }

    /**
     * Limits every element.
     *
     * @param x any shape
     * @param low lower limit
     * @param high upper limit
     * @return same shape
     */
    public static NDArray clamp(NDArray x, double low, double high) {
        return call("clamp", x, low, high);
    }

    /**
     * Euclidean distances along the last axis, in as few passes over memory as there can be. Where x equals y the gradient is 0.
     *
     * @param x (..., d)
     * @param y of a shape that broadcasts with x
     * @return the broadcast shape without its last axis
     */
    public static NDArray distance(NDArray x, NDArray y) {
        return call("distance", x, y);
    }

    /**
     * The distance to the first of several points divided by the mean of all: {@code |x - y_1| / mean_j |x - y_j|}. Its derivative is
     * computed along with it, in one product instead of a pass back through every distance; it has no second one.
     *
     * @param x (N, D)
     * @param y (N, k, D), not recording
     * @return (N); where x lies on a point, that distance's derivative is taken as 0
     */
    public static NDArray ratioToMean(NDArray x, NDArray y) {
        return call("ratio_to_mean", x, y);
    }

    /**
     * {@code a x + b y}, broadcasting: the update of every sampler in one call.
     *
     * @param a factor of x
     * @param x a tensor
     * @param b factor of y
     * @param y a tensor
     * @return the sum
     */
    public static NDArray axpby(NDArray a, NDArray x, NDArray b, NDArray y) {
        return call("axpby", a, x, b, y);
    }

    /**
     * {@code a x + b y} with numbers.
     *
     * @param a factor of x
     * @param x a tensor
     * @param b factor of y
     * @param y a tensor that broadcasts with x
     * @return the sum
     */
    public static NDArray axpby(double a, NDArray x, double b, NDArray y) {
        return call("axpby_scalar", x, a, y, b);
    }

    /**
     * The same values in another precision. The engine's own {@code toType} cuts the gradient without a word.
     *
     * @param x any shape
     * @param type {@code FLOAT16}, {@code FLOAT32} or {@code FLOAT64}
     * @return same shape
     * @throws IllegalArgumentException if the type is another
     */
    public static NDArray cast(NDArray x, DataType type) {
        int code =
                switch (type) {
                    case FLOAT16 -> 5;
                    case FLOAT32 -> 6;
                    case FLOAT64 -> 7;
                    default ->
                            throw new IllegalArgumentException(
                                    "type: " + type + " is not one of FLOAT16, FLOAT32, FLOAT64");
                };
        return call("cast", x, code);
    }

    /**
     * Some rows of a tensor.
     *
     * @param x (N, ...)
     * @param rows each below N; a row may be taken several times
     * @return a copy of these rows, (rows.length, ...)
     */
    public static NDArray rows(NDArray x, int... rows) {
        try (NDArray index = index(x, rows)) {
            return call("rows", x, index);
        }
    }

    /**
     * Puts rows back among others: the inverse of {@link #rows}, with zeros elsewhere.
     *
     * @param x (rows.length, ...)
     * @param count how many rows the result has
     * @param rows each below count; what is put in the same row is added
     * @return (count, ...)
     */
    public static NDArray spread(NDArray x, int count, int... rows) {
        try (NDArray index = index(x, rows)) {
            return call("spread", x, index, count);
        }
    }

    private static NDArray index(NDArray like, int[] rows) {
        return Tensors.of(like.getManager(), Arrays.stream(rows).asLongStream().toArray());
    }

    /**
     * Softmax attention. Inside {@link Autograd#secondOrder} it is composed of matrix products, elsewhere PyTorch's fused kernel runs,
     * whose backward cannot be differentiated again on the CPU.
     *
     * @param q (N, heads, L, d)
     * @param k (N, heads, S, d)
     * @param v (N, heads, S, dv)
     * @param scale factor of {@code q k^T}, usually {@code d^-1/2}
     * @return (N, heads, L, dv)
     */
    public static NDArray attention(NDArray q, NDArray k, NDArray v, double scale) {
        return call(Autograd.isSecondOrder() ? "attention" : "sdpa", q, k, v, scale);
    }

    /**
     * The k largest or smallest elements of every row, in order.
     *
     * @param x (..., n)
     * @param k 1 to n
     * @param largest whether the largest are wanted
     * @return two tensors (..., k): values, and int64 indices
     */
    public static List<NDArray> topk(NDArray x, int k, boolean largest) {
        return script(x).runAll("topk", x, k, largest);
    }

    /**
     * The inner product of each row of one batch with the same row of another, summed in double precision.
     *
     * @param x (B, ...)
     * @param y shaped as x
     * @return float64 (B)
     */
    public static NDArray rowDot(NDArray x, NDArray y) {
        return call("row_dot", x, y);
    }

    /**
     * Adds the products of a batch's columns to a Gram matrix, in place and in double precision: {@code G <- G + X^T X}.
     *
     * @param gram float64 (d, d)
     * @param rows X, (B, ...) with d values a row
     */
    public static void addGram(NDArray gram, NDArray rows) {
        Scope.run(() -> call("add_gram", gram, rows));
    }

    /**
     * Eigenvalues of a symmetric matrix, ascending.
     *
     * @param x (n, n), symmetric; float64 where small eigenvalues count
     * @return (n)
     */
    public static NDArray eigvalsh(NDArray x) {
        return call("eigvalsh", x);
    }

    /**
     * Eigenvalues and eigenvectors of a symmetric matrix.
     *
     * @param x (n, n), symmetric; float64 where small eigenvalues count
     * @return two tensors: (n) values, ascending, and (n, n) vectors in its columns
     */
    public static List<NDArray> eigh(NDArray x) {
        return script(x).runAll("eigh", x);
    }

    /**
     * Singular values, descending.
     *
     * @param x (m, n)
     * @return (min(m, n))
     */
    public static NDArray svdvals(NDArray x) {
        return call("svdvals", x);
    }

    /**
     * The same values, cut off from the graph that made them.
     *
     * @param x any shape
     * @return same shape, sharing memory
     */
    public static NDArray detach(NDArray x) {
        return call("detach", x);
    }

    /**
     * Overwrites a tensor in place, outside any graph: for restoring parameters and moments.
     *
     * @param target what is overwritten
     * @param source same shape
     */
    public static void assign(NDArray target, NDArray source) {
        Autograd.off(() -> Scope.use(() -> call("assign", target, source)));
    }
}
