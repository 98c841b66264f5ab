package memoria.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import memoria.torch.Tensors;

/**
 * Sinusoidal embedding of time: {@code cos(t f_i)} and {@code sin(t f_i)} with {@code f_i = exp(-ln(10^4) i / n)}.
 *
 * <p>Computed on the host in single precision, step by step as the public implementations do: at t = 1000 the rounding of {@code t f_i}
 * is visible in the fourth decimal, and trained weights have seen that rounding.
 */
final class TimeEmbedding {

    private TimeEmbedding() {}

    /** improved-diffusion: [cos | sin], n = width / 2; an odd width ends in a zero column. */
    static NDArray cosFirst(NDManager manager, double[] t, int width) {
        int half = width / 2;
        return embed(manager, t, width, half, half, 0, half);
    }

    /** diffusers' default: [sin | cos], n = width / 2 - 1. */
    static NDArray sinFirst(NDManager manager, double[] t, int width) {
        int half = width / 2;
        return embed(manager, t, width, half, half - 1, half, 0);
    }

    /** diffusers: either order, n = width / 2 - freqShift. */
    static NDArray of(
            NDManager manager, double[] t, int width, boolean cosFirst, double freqShift) {
        int half = width / 2;
        int cosAt = cosFirst ? 0 : half;
        return embed(manager, t, width, half, half - freqShift, cosAt, half - cosAt);
    }

    private static NDArray embed(
            NDManager manager, double[] t, int width, int half, double n, int cosAt, int sinAt) {
        float[] out = new float[t.length * width];
        float logPeriod = (float) -Math.log(10_000);
        for (int i = 0; i < half; i++) {
            float frequency = (float) Math.exp(logPeriod * i / (float) n);
            for (int row = 0; row < t.length; row++) {
                float angle = (float) t[row] * frequency;
                out[row * width + cosAt + i] = (float) Math.cos(angle);
                out[row * width + sinAt + i] = (float) Math.sin(angle);
            }
        }
        return Tensors.of(manager, out, new Shape(t.length, width));
    }
}
