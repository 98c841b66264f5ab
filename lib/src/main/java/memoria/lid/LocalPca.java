package memoria.lid;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.stream.IntStream;
import memoria.data.DataSet;
import memoria.data.Images;
import memoria.progress.Progress;
import memoria.similarity.Neighbours;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;

/**
 * The data's own dimension LID_* by local principal component analysis (Fukunaga and Olsen, 1971; LID paper, B.2): the variances of the k
 * nearest images of a set along their principal axes.
 *
 * <p>With the LID paper's two modifications for copies (C.1): the threshold on the variances is one for the set, by
 * {@link Spectra#lidByPercentile} at 10; and where other images lie within the 10th percentile of all distances of the set, the
 * neighbourhood is cut down to those. So an image that comes many times has a neighbourhood of copies of itself, variances of 0, and
 * dimension 0. The set is read with its multiplicities, for neighbours and for distances alike.
 */
public final class LocalPca {

    private final Images set;
    private final int[] multiplicity;
    private final int k;
    private final double percent;

    private LocalPca(Images set, int[] multiplicity, int k, double percent) {
        this.set = set;
        this.multiplicity = multiplicity;
        this.k = k;
        this.percent = percent;
    }

    /**
     * The analysis of a set with the LID paper's settings: 100 neighbours, cut down to the 10th percentile of the distances.
     *
     * @param set distinct images and how often each comes
     * @return the analysis
     */
    public static LocalPca of(DataSet set) {
        return new LocalPca(set.distinct(), set.multiplicity(), 100, 10);
    }

    /**
     * Another number of neighbours, the image itself included.
     *
     * @param count at least 2; no more than the set's size with multiplicities
     * @return a changed copy
     * @throws IllegalArgumentException if count is below 2
     */
    public LocalPca neighbours(int count) {
        if (count < 2) {
            throw new IllegalArgumentException(
                    "k: " + count + " neighbours; at least 2 have a variance");
        }
        return new LocalPca(set, multiplicity, count, percent);
    }

    /**
     * Another limit on the distance, as a percentile of all pairs of the set.
     *
     * @param percentile 0 to 100; 100 keeps all k neighbours, the method of 1971
     * @return a changed copy
     * @throws IllegalArgumentException if it is out of range
     */
    public LocalPca closest(double percentile) {
        if (!(percentile >= 0 && percentile <= 100)) {
            throw new IllegalArgumentException(
                    "percentile: " + percentile + "; 0 to 100 are legal");
        }
        return new LocalPca(set, multiplicity, k, percentile);
    }

    /**
     * The variances at every distinct image of the set.
     *
     * @return one descending row per image, of {@code min(k, d)} values; zeros where there are fewer axes
     * @throws IllegalArgumentException if the set has fewer than k images, or a pixel that is not finite
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public Spectra spectra() {
        return spectra(set);
    }

    /**
     * The variances around other images: those that a model made of the set.
     *
     * @param images of the set's shape
     * @return one descending row per image
     * @throws IllegalArgumentException if the set has fewer than k images, shapes differ or a pixel is not finite
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public Spectra spectra(Images images) {
        long size = Arrays.stream(multiplicity).asLongStream().sum();
        if (size < k) {
            throw new IllegalArgumentException(
                    "k: "
                            + k
                            + " neighbours in a set of "
                            + size
                            + "; 2 to "
                            + size
                            + " are legal");
        }
        try (Neighbours search = Neighbours.among(set);
                NDManager manager = Torch.manager()) {
            Neighbours.Found found = search.nearest(images, Math.min(k, set.count()));
            double limit = percent == 100 ? Double.POSITIVE_INFINITY : limit(manager);
            double[][] variances = new double[images.count()][];
            try (Progress progress = Progress.start("local PCA", images.count())) {
                for (int i = 0; i < variances.length; i++) {
                    Progress.checkpoint();
                    int[] near = neighbourhood(found.index()[i], found.distance()[i], limit);
                    variances[i] = variances(manager, set.select(near));
                    progress.at(i + 1L);
                }
            }
            return new Spectra(variances, set.itemSize(), Spectra.Large.TANGENT);
        }
    }

    /** The k nearest with their copies, cut down to those within the limit if there are at least two. */
    private int[] neighbourhood(int[] nearest, double[] distance, double limit) {
        int[] all = new int[k];
        int count = 0;
        int close = 0;
        for (int j = 0; j < nearest.length && count < k; j++) {
            for (int copy = 0; copy < multiplicity[nearest[j]] && count < k; copy++) {
                all[count++] = nearest[j];
                close += distance[j] <= limit ? 1 : 0;
            }
        }
        return Arrays.copyOf(all, close >= 2 ? close : count);
    }

    /** The percentile of the distances of all pairs. A pair of distinct images counts as often as its copies make it. */
    private double limit(NDManager manager) {
        int n = set.count();
        double[][] distance = distances(manager);
        int pairs = n * (n - 1) / 2;
        long[] order = new long[pairs];
        float[] length = new float[pairs];
        int at = 0;
        for (int i = 0; i < n; i++) {
            for (int j = i + 1; j < n; j++) {
                length[at] = (float) distance[i][j];
                order[at] = (long) Float.floatToIntBits(length[at]) << 32 | (i * (long) n + j);
                at++;
            }
        }
        Arrays.sort(order);
        double zeros = Arrays.stream(multiplicity).mapToDouble(m -> m * (m - 1.0) / 2).sum();
        double size = Arrays.stream(multiplicity).asDoubleStream().sum();
        double wanted = percent / 100 * (size * (size - 1) / 2 - 1);
        double seen = zeros;
        for (long pair : order) {
            if (seen > wanted) {
                break;
            }
            int i = (int) ((pair & 0xffffffffL) / n);
            int j = (int) ((pair & 0xffffffffL) % n);
            seen += (double) multiplicity[i] * multiplicity[j];
            if (seen > wanted) {
                return Float.intBitsToFloat((int) (pair >>> 32));
            }
        }
        return 0;
    }

    private double[][] distances(NDManager manager) {
        int n = set.count();
        return Autograd.off(
                () ->
                        Scope.use(
                                () -> {
                                    NDArray x = matrix(manager, set);
                                    NDArray squares = x.mul(x).sum(new int[] {1}, true);
                                    NDArray cross = x.matMul(x.transpose());
                                    double[] norm = squares.toDoubleArray();
                                    double[] dot = cross.toDoubleArray();
                                    double[][] distance = new double[n][n];
                                    for (int i = 0; i < n; i++) {
                                        for (int j = 0; j < n; j++) {
                                            double square = norm[i] + norm[j] - 2 * dot[i * n + j];
                                            distance[i][j] = Math.sqrt(Math.max(0, square));
                                        }
                                    }
                                    return distance;
                                }));
    }

    /** Images as rows of a float64 matrix. */
    private static NDArray matrix(NDManager manager, Images images) {
        float[] values = images.all();
        double[] wide = IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
        return Tensors.of(manager, wide, new Shape(images.count(), images.itemSize()));
    }

    /** Variances along the principal axes, from the smaller of the two Gram matrices of the centred rows. */
    private double[] variances(NDManager manager, Images near) {
        int m = near.count();
        int d = near.itemSize();
        double[] eigen =
                Autograd.off(
                        () ->
                                Scope.use(
                                        () -> {
                                            NDArray x = matrix(manager, near);
                                            NDArray c = x.sub(x.mean(new int[] {0}, true));
                                            NDArray gram =
                                                    m < d
                                                            ? c.matMul(c.transpose())
                                                            : c.transpose().matMul(c);
                                            return Ops.eigvalsh(gram).toDoubleArray();
                                        }));
        double[] variances = new double[Math.min(k, d)];
        for (int i = 0; i < Math.min(variances.length, eigen.length); i++) {
            double value = eigen[eigen.length - 1 - i] / (m - 1);
            variances[i] = value > 1e-12 ? value : 0;
        }
        return variances;
    }
}
