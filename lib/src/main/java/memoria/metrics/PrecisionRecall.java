package memoria.metrics;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import memoria.progress.Progress;
import memoria.similarity.Embeddings;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scalars;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;

/**
 * How good and how varied generated images are (Kynkaanniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models",
 * 2019, Eqs. 1 and 2): a set covers the balls around its features that reach to their k-th nearest neighbour.
 *
 * <pre>{@code
 * f(z, S)   = 1 if |z - s| <= |s - NN_k(s, S)| for some s of S, else 0
 * precision = mean of f(g, real) over generated g,    recall = mean of f(r, generated) over real r
 * }</pre>
 *
 * @param precision share of generated images among the real ones, with its interval
 * @param recall share of real images among the generated ones, with its interval
 */
public record PrecisionRecall(Interval precision, Interval recall) {

    private static final int K = 3;
    private static final int BLOCK = 512;

    /**
     * Precision and recall with the paper's k = 3.
     *
     * @param generated features of more than 3 images
     * @param real features of more than 3 images, by the same descriptor; as many for numbers that can be compared with others
     * @return both
     * @throws IllegalArgumentException if a set is too small or the dimensions differ
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public static PrecisionRecall of(Embeddings generated, Embeddings real) {
        return of(generated, real, K);
    }

    /**
     * Precision and recall.
     *
     * @param generated features of more than k images
     * @param real features of more than k images, by the same descriptor
     * @param k which neighbour the balls reach to, at least 1
     * @return both
     * @throws IllegalArgumentException if k is below 1, a set too small, or the dimensions differ
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public static PrecisionRecall of(Embeddings generated, Embeddings real, int k) {
        if (k < 1 || k >= Math.min(generated.count(), real.count())) {
            throw new IllegalArgumentException(
                    "k: "
                            + k
                            + " in sets of "
                            + generated.count()
                            + " and "
                            + real.count()
                            + " images; at least 1 and below both is legal");
        }
        if (generated.dimensions() != real.dimensions()) {
            throw new IllegalArgumentException(
                    "generated, real: features of "
                            + generated.dimensions()
                            + " and "
                            + real.dimensions()
                            + " numbers; one descriptor for both is needed");
        }
        try (NDManager manager = Torch.manager()) {
            NDArray g = tensor(manager, generated);
            NDArray r = tensor(manager, real);
            return new PrecisionRecall(covered(g, r, k), covered(r, g, k));
        }
    }

    private static NDArray tensor(NDManager manager, Embeddings set) {
        float[] rows = set.rows(0, set.count());
        double[] wide = new double[rows.length];
        Arrays.setAll(wide, i -> rows[i]);
        return Tensors.of(manager, wide, new Shape(set.count(), set.dimensions()));
    }

    /** The share of points that lie in the balls of a set. */
    private static Interval covered(NDArray points, NDArray set, int k) {
        double[] radius = new double[(int) set.getShape().get(0)];
        eachBlock(
                set,
                set,
                (from, squared) -> {
                    // The smallest is the point itself.
                    double[] kth =
                            Ops.narrow(Ops.topk(squared, k + 1, false).get(0), 1, k, 1)
                                    .toDoubleArray();
                    System.arraycopy(kth, 0, radius, from, kth.length);
                });
        int[] inside = {0};
        eachBlock(
                points,
                set,
                (from, squared) -> {
                    NDArray reach =
                            Tensors.of(points.getManager(), radius, new Shape(1, radius.length));
                    double[] margin = squared.sub(reach).min(new int[] {1}).toDoubleArray();
                    inside[0] += (int) Arrays.stream(margin).filter(m -> m <= 0).count();
                });
        return Interval.proportion(inside[0], points.getShape().get(0));
    }

    /** What is done with the squared distances of a block of points to a set. */
    private interface Block {
        void use(int from, NDArray squared);
    }

    private static void eachBlock(NDArray points, NDArray set, Block block) {
        int n = (int) points.getShape().get(0);
        for (int from = 0; from < n; from += BLOCK) {
            Progress.checkpoint();
            int first = from;
            int size = Math.min(BLOCK, n - from);
            Scope.run(
                    () ->
                            Autograd.off(
                                    () -> {
                                        NDArray x = Ops.narrow(points, 0, first, size);
                                        block.use(first, squared(x, set));
                                        return null;
                                    }));
        }
    }

    /** {@code |x|^2 + |y|^2 - 2 x y}, which in double precision is exact enough. */
    private static NDArray squared(NDArray x, NDArray y) {
        NDArray ofX = x.square().sum(new int[] {1}, true);
        NDArray ofY = y.square().sum(new int[] {1}, true).transpose();
        return ofX.add(ofY).add(Scalars.mul(x.matMul(y.transpose()), -2));
    }
}
