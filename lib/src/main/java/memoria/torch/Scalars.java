package memoria.torch;

import ai.djl.ndarray.NDArray;

/**
 * Arithmetic with a Java number that autograd can differentiate.
 *
 * <p>On the CPU the engine's {@code mul(Number)}, {@code div(Number)} and {@code pow(Number)} hand autograd a tensor whose memory is freed
 * when the call returns; after a garbage collection the gradient is silently wrong. These helpers pass the number by value.
 */
public final class Scalars {

    private Scalars() {}

    /**
     * {@code x * value}.
     *
     * @param x any shape
     * @param value the factor
     * @return the product
     */
    public static NDArray mul(NDArray x, double value) {
        return Ops.script(x).run("mul_scalar", x, value);
    }

    /**
     * {@code x / value}.
     *
     * @param x any shape
     * @param value the divisor, not 0
     * @return the quotient
     */
    public static NDArray div(NDArray x, double value) {
        return mul(x, 1 / value);
    }

    /**
     * {@code x + value}.
     *
     * @param x any shape
     * @param value the summand
     * @return the sum
     */
    public static NDArray add(NDArray x, double value) {
        return Ops.script(x).run("add_scalar", x, value);
    }

    /**
     * {@code x ^ value}, element by element.
     *
     * @param x any shape
     * @param value the exponent
     * @return the power
     */
    public static NDArray pow(NDArray x, double value) {
        return Ops.script(x).run("pow_scalar", x, value);
    }
}
