package memoria.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import memoria.diffusion.Noise;
import memoria.torch.Tensors;

/**
 * Dropout whose masks are a pure function of (seed, step, block): a resumed training drops the same units, and nothing global is drawn
 * from.
 *
 * @param probability that a unit is dropped, 0 to below 1; kept ones are scaled by {@code 1 / (1 - probability)}
 * @param seed of the training
 * @param step of the training
 */
public record Dropout(double probability, long seed, long step) {

    /** No dropout: sampling and evaluation. */
    public static final Dropout NONE = new Dropout(0, 0, 0);

    /**
     * Checks the probability.
     *
     * @param probability as in the record
     * @param seed as in the record
     * @param step as in the record
     * @throws IllegalArgumentException if one is not legal; it is named
     */
    public Dropout {
        if (!(probability >= 0 && probability < 1)) {
            throw new IllegalArgumentException("probability: " + probability + " is not in [0, 1)");
        }
    }

    /** The mask of a block whose output has the batch and size of x and the given channels; an empty list when nothing is dropped. */
    List<NDArray> mask(String block, NDArray x, int channels) {
        if (probability == 0) {
            return List.of();
        }
        Shape in = x.getShape();
        Shape shape = new Shape(in.get(0), channels, in.get(2), in.get(3));
        double[] u = Noise.uniform("dropout." + block, seed, step, Math.toIntExact(shape.size()));
        float keep = (float) (1 / (1 - probability));
        float[] mask = new float[u.length];
        for (int i = 0; i < mask.length; i++) {
            mask[i] = u[i] < probability ? 0 : keep;
        }
        return List.of(Tensors.of(x.getManager(), mask, shape));
    }
}
