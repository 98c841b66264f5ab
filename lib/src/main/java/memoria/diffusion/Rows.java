package memoria.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntToDoubleFunction;
import memoria.torch.Ops;
import memoria.torch.Scalars;
import memoria.torch.Tensors;

/** Arithmetic with one coefficient per row of a batch. Equal coefficients, the sampler's case, need no tensor of their own. */
final class Rows {

    private Rows() {}

    static double[] of(double[] t, DoubleUnaryOperator coefficient) {
        return Arrays.stream(t).map(coefficient).toArray();
    }

    static double[] of(int[] index, IntToDoubleFunction coefficient) {
        return Arrays.stream(index).mapToDouble(coefficient).toArray();
    }

    /** {@code a x + b y}. */
    static NDArray combine(double[] a, NDArray x, double[] b, NDArray y) {
        check(a, x);
        if (equal(a) && equal(b)) {
            return Ops.axpby(a[0], x, b[0], y);
        }
        return Ops.axpby(column(a, x), x, column(b, y), y);
    }

    /** {@code a x}. */
    static NDArray scale(double[] a, NDArray x) {
        check(a, x);
        return equal(a) ? Scalars.mul(x, a[0]) : column(a, x).mul(x);
    }

    /** The coefficients, shaped to broadcast over a batch like x. */
    static NDArray column(double[] a, NDArray x) {
        return Tensors.column(x.getManager(), a, x.getShape().dimension());
    }

    /** Mean over all but the first axis, (B). */
    static NDArray mean(NDArray x) {
        return x.reshape(x.getShape().get(0), -1).mean(new int[] {1});
    }

    private static void check(double[] a, NDArray x) {
        if (a.length == 0 || a.length != x.getShape().get(0)) {
            throw new IllegalArgumentException(
                    "t: "
                            + a.length
                            + " times for a batch of shape "
                            + x.getShape()
                            + "; one per row is needed");
        }
    }

    private static boolean equal(double[] a) {
        for (double value : a) {
            if (value != a[0]) {
                return false;
            }
        }
        return true;
    }
}
