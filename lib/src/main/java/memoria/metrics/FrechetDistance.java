package memoria.metrics;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import memoria.data.Images;
import memoria.similarity.Descriptor;
import memoria.similarity.Embeddings;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scalars;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.IntColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * How far two sets of images lie apart, by the normal distributions fitted to their features (Heusel et al., "GANs Trained by a Two
 * Time-Scale Update Rule", 2017, Eq. 6):
 *
 * <pre>{@code
 * d^2 = |m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2))
 * }</pre>
 *
 * <p>It is the FID where the features are Inception's last pooling ({@code Descriptor.features("inception-fid")}), and nothing but a distance
 * in its own features otherwise: name them beside the number. It shrinks as the sets grow, so compare sets of equal size. Computed in double
 * precision.
 */
public final class FrechetDistance {

    private static final int ROWS = 4096;

    private FrechetDistance() {}

    /**
     * How far sets of images lie from a reference.
     *
     * @param features of which the distance is; named in the table
     * @param reference at least two real images
     * @param sets names to at least two images each; compare sets of equal size
     * @return columns {@code images}, {@code count} and {@code distance}, one row per set in their order
     * @throws IllegalArgumentException if a set is too small, or the descriptor does not take such images
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public static Table table(Descriptor features, Images reference, Map<String, Images> sets) {
        var name = StringColumn.create("images");
        var count = IntColumn.create("count");
        var distance = DoubleColumn.create("distance");
        Embeddings real = features.of(reference);
        sets.forEach(
                (of, images) -> {
                    name.append(of);
                    count.append(images.count());
                    distance.append(of(features.of(images), real));
                });
        String title =
                "distance of features to "
                        + reference.count()
                        + " real images, by "
                        + features.name();
        return Table.create(title, name, count, distance);
    }

    /**
     * The distance of two sets.
     *
     * @param a features of at least two images
     * @param b features of at least two images, by the same descriptor
     * @return d^2, 0 or more
     * @throws IllegalArgumentException if a set is too small or the dimensions differ
     */
    public static double of(Embeddings a, Embeddings b) {
        try (Sets sets = new Sets(List.of(a, b))) {
            return sets.distance(0, places(a), 1, places(b));
        }
    }

    /**
     * The distance with its interval: both sets are resampled.
     *
     * @param a features of at least two images
     * @param b features of at least two images, by the same descriptor
     * @param bootstrap some hundred resamples are enough. Drawing with replacement makes sets poorer and their distance larger, so the
     *     interval may lie above the distance: compare it with another interval, not with a number
     * @return d^2 and its interval
     * @throws IllegalArgumentException if a set is too small or the dimensions differ
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public static Interval of(Embeddings a, Embeddings b, Bootstrap bootstrap) {
        try (Sets sets = new Sets(List.of(a, b))) {
            return bootstrap.of(places(a), places(b), (i, j) -> sets.distance(0, i, 1, j));
        }
    }

    /**
     * How much farther a set lies from a reference than another of the same seeds: {@code d^2(changed, reference) / d^2(plain, reference)}.
     * The two sets are resampled together, row i of one with row i of the other, so what they share does not widen the interval.
     *
     * @param changed features of images, such as guided ones
     * @param plain features of as many images of the same seeds
     * @param reference features of held-out real images
     * @param bootstrap some hundred resamples are enough
     * @return the ratio and its interval: 1 where nothing changed
     * @throws IllegalArgumentException if the sets are not paired, too small, or the dimensions differ
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public static Interval ratio(
            Embeddings changed, Embeddings plain, Embeddings reference, Bootstrap bootstrap) {
        if (changed.count() != plain.count()) {
            throw new IllegalArgumentException(
                    "changed, plain: "
                            + changed.count()
                            + " and "
                            + plain.count()
                            + " images; they are compared pair by pair, so as many of both");
        }
        try (Sets sets = new Sets(List.of(changed, plain, reference))) {
            return bootstrap.of(
                    places(plain),
                    places(reference),
                    (i, j) -> sets.distance(0, i, 2, j) / sets.distance(1, i, 2, j));
        }
    }

    private static double[] places(Embeddings set) {
        return IntStream.range(0, set.count()).asDoubleStream().toArray();
    }

    /** Features in native memory, in double precision. */
    private static final class Sets implements AutoCloseable {
        final NDManager manager = Torch.manager();
        final List<NDArray> values;

        Sets(List<Embeddings> sets) {
            int dimensions = sets.get(0).dimensions();
            for (Embeddings set : sets) {
                if (set.dimensions() != dimensions || set.count() < 2) {
                    manager.close();
                    throw new IllegalArgumentException(
                            "features: "
                                    + set.count()
                                    + " of "
                                    + set.dimensions()
                                    + " numbers beside others of "
                                    + dimensions
                                    + "; at least 2 each, all of one dimension");
                }
            }
            values = sets.stream().map(this::tensor).toList();
        }

        /** In parts: of 50,000 images Inception's features take 0.8 GB, which need not lie on the heap too. */
        private NDArray tensor(Embeddings set) {
            return Scope.keep(
                    () -> {
                        List<NDArray> parts = new ArrayList<>();
                        for (int from = 0; from < set.count(); from += ROWS) {
                            int to = Math.min(set.count(), from + ROWS);
                            Shape shape = new Shape(to - from, set.dimensions());
                            NDArray some = Tensors.of(manager, set.rows(from, to), shape);
                            parts.add(Ops.cast(some, DataType.FLOAT64));
                        }
                        return Ops.cat(parts, 0);
                    });
        }

        double distance(int a, double[] rowsOfA, int b, double[] rowsOfB) {
            return Scope.use(
                    () ->
                            Autograd.off(
                                    () ->
                                            distance(
                                                    rows(values.get(a), rowsOfA),
                                                    rows(values.get(b), rowsOfB))));
        }

        private static NDArray rows(NDArray set, double[] places) {
            return Ops.rows(set, Arrays.stream(places).mapToInt(p -> (int) p).toArray());
        }

        private static double distance(NDArray a, NDArray b) {
            NDArray meanA = a.mean(new int[] {0}, true);
            NDArray meanB = b.mean(new int[] {0}, true);
            NDArray centredA = a.sub(meanA);
            NDArray centredB = b.sub(meanB);
            double means = meanA.sub(meanB).square().sum().getDouble();
            double traces = variance(centredA) + variance(centredB);
            long d = a.getShape().get(1);
            boolean few = Math.max(a.getShape().get(0), b.getShape().get(0)) <= d;
            double cross = few ? ofRows(centredA, centredB) : ofColumns(centredA, centredB);
            return Math.max(0, means + traces - 2 * cross);
        }

        /** The trace of the covariance. */
        private static double variance(NDArray centred) {
            return centred.square().sum().getDouble() / free(centred);
        }

        private static double free(NDArray centred) {
            return centred.getShape().get(0) - 1.0;
        }

        /** tr (C_a C_b)^(1/2) by the singular values of A B^T, which are the roots of the eigenvalues of A^T A B^T B. */
        private static double ofRows(NDArray a, NDArray b) {
            double[] values = Ops.svdvals(a.matMul(b.transpose())).toDoubleArray();
            return Arrays.stream(values).sum() / Math.sqrt(free(a) * free(b));
        }

        /** The same as tr (C_a^(1/2) C_b C_a^(1/2))^(1/2), which is symmetric. */
        private static double ofColumns(NDArray a, NDArray b) {
            NDArray root = root(covariance(a));
            NDArray product = root.matMul(covariance(b)).matMul(root);
            double cross = 0;
            for (double value : Ops.eigvalsh(symmetric(product)).toDoubleArray()) {
                cross += Math.sqrt(Math.max(0, value));
            }
            return cross;
        }

        private static NDArray covariance(NDArray centred) {
            return Scalars.mul(centred.transpose().matMul(centred), 1 / free(centred));
        }

        private static NDArray root(NDArray covariance) {
            List<NDArray> parts = Ops.eigh(covariance);
            double[] roots = parts.get(0).toDoubleArray();
            Arrays.setAll(roots, i -> Math.sqrt(Math.max(0, roots[i])));
            NDArray diagonal =
                    Tensors.of(covariance.getManager(), roots, new Shape(1, roots.length));
            NDArray vectors = parts.get(1);
            return symmetric(vectors.mul(diagonal).matMul(vectors.transpose()));
        }

        private static NDArray symmetric(NDArray matrix) {
            return Scalars.mul(matrix.add(matrix.transpose()), 0.5);
        }

        @Override
        public void close() {
            manager.close();
        }
    }
}
