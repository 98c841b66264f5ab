package memoria.lid;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import memoria.progress.Progress;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scope;

/**
 * The dimension of what a generator G makes near G(z): the rank of its Jacobian (LID paper, B.3), read from the singular values of
 * {@code grad G(z)}, a d x d' matrix for latent points of d' values.
 *
 * <p>A column {@code J w} comes from two vector-Jacobian products, {@code J w = d/du <J^T u, w>}, so there are d' of them instead of the d
 * that rows would take; the generator needs a second derivative.
 */
public final class JacobianRank {

    private final UnaryOperator<NDArray> generator;
    private int batch = 16;

    private JacobianRank(UnaryOperator<NDArray> generator) {
        this.generator = generator;
    }

    /**
     * The rank of a generator.
     *
     * @param generator maps latent points (B, ...) to images (B, ...), row by row, with operations autograd can differentiate twice
     * @return the estimator
     */
    public static JacobianRank of(UnaryOperator<NDArray> generator) {
        return new JacobianRank(generator);
    }

    /**
     * Latent points at once.
     *
     * @param size at least 1; 16 by default
     * @return this
     * @throws IllegalArgumentException if size is below 1
     */
    public JacobianRank batch(int size) {
        if (size < 1) {
            throw new IllegalArgumentException("size: " + size + "; a batch has at least 1 point");
        }
        this.batch = size;
        return this;
    }

    /**
     * The singular values of the Jacobian at latent points.
     *
     * @param latents (N, ...), at least one
     * @return one descending row per point, of {@code min(d, d')} values
     * @throws IllegalArgumentException if there is no point
     * @throws IllegalStateException if the generator's derivative is not finite
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public Spectra spectra(NDArray latents) {
        if (latents.getShape().dimension() < 2 || latents.getShape().get(0) < 1) {
            throw new IllegalArgumentException(
                    "latents: shape "
                            + latents.getShape()
                            + "; (N, ...) with N at least 1 is needed");
        }
        int n = Math.toIntExact(latents.getShape().get(0));
        List<double[]> rows = new ArrayList<>();
        int[] ambient = {0};
        try (Progress progress = Progress.start("generator's Jacobian", n)) {
            for (int from = 0; from < n; from += batch) {
                Progress.checkpoint();
                int start = from;
                int size = Math.min(batch, n - from);
                rows.addAll(
                        Scope.use(() -> singular(Ops.narrow(latents, 0, start, size), ambient)));
                progress.at(from + (long) size);
            }
        }
        return new Spectra(rows.toArray(double[][]::new), ambient[0], Spectra.Large.TANGENT);
    }

    private List<double[]> singular(NDArray z, int[] ambient) {
        NDArray jacobian = Autograd.secondOrder(() -> jacobian(z));
        long b = jacobian.getShape().get(0);
        long d = jacobian.getShape().get(1);
        long latent = jacobian.getShape().get(2);
        ambient[0] = Math.toIntExact(d);
        return Autograd.off(
                () -> {
                    NDArray wide = Ops.cast(Ops.detach(jacobian), DataType.FLOAT64);
                    NDArray turned = wide.transpose(0, 2, 1);
                    NDArray gram = d < latent ? wide.matMul(turned) : turned.matMul(wide);
                    NDArray trace = gram.reshape(b, -1).sum(new int[] {1}, true);
                    Estimators.rows("Jacobian", trace, 0);
                    double[][] eigen = Estimators.rows("Jacobian", Ops.eigvalsh(gram), 0);
                    return Arrays.stream(eigen).map(JacobianRank::descendingRoots).toList();
                });
    }

    private static double[] descendingRoots(double[] ascending) {
        double[] roots = new double[ascending.length];
        Arrays.setAll(roots, i -> Math.sqrt(Math.max(0, ascending[roots.length - 1 - i])));
        return roots;
    }

    /** {@code grad G(z)}, (B, d, d'); inside {@link Autograd#secondOrder}. */
    NDArray jacobian(NDArray z) {
        NDArray leaf = Autograd.leaf(z);
        NDArray x = generator.apply(leaf);
        int latent = Math.toIntExact(leaf.size() / leaf.getShape().get(0));
        NDArray u = Autograd.leaf(x.zerosLike());
        NDArray pulled = Autograd.vjpDifferentiable(x, leaf, u);
        NDArray eye = leaf.getManager().eye(latent);
        List<NDArray> columns = new ArrayList<>();
        for (int j = 0; j < latent; j++) {
            int at = j;
            columns.add(
                    Scope.keep(
                            () -> {
                                NDArray w =
                                        Ops.narrow(eye, 0, at, 1)
                                                .broadcast(
                                                        new Shape(leaf.getShape().get(0), latent))
                                                .reshape(leaf.getShape());
                                NDArray column = Autograd.vjp(pulled, u, w, true);
                                return column.reshape(x.getShape().get(0), -1, 1).duplicate();
                            }));
        }
        return Ops.cat(columns, 2);
    }
}
