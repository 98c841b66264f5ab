package memoria.similarity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import memoria.torch.Tensors;

/**
 * A comparison by descriptors: what was found stays the point that a gradient leads away from.
 *
 * @param descriptor of both sides
 * @param nearest one per image
 * @param points the descriptors of the nearest
 * @param found neighbours by row
 */
record Described(
        Descriptor descriptor, List<Neighbour> nearest, float[][] points, IntFunction<int[]> found)
        implements Comparison {

    @Override
    public int[] neighbours(int row) {
        return found.apply(row).clone();
    }

    @Override
    public NDArray of(NDArray x, int... rows) {
        float[][] some = IntStream.of(rows).mapToObj(i -> points[i]).toArray(float[][]::new);
        return cosines(x, descriptor.of(x), some);
    }

    /** The product of each row's descriptor with a point: the cosine where both have length 1. */
    static NDArray cosines(NDArray x, NDArray z, float[][] points) {
        int dimensions = points[0].length;
        float[] all = new float[points.length * dimensions];
        for (int i = 0; i < points.length; i++) {
            System.arraycopy(points[i], 0, all, i * dimensions, dimensions);
        }
        NDArray y = Tensors.of(x.getManager(), all, new Shape(points.length, dimensions));
        return z.mul(y).sum(new int[] {1});
    }
}
