package memoria.similarity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import memoria.data.Images;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scalars;

/**
 * The normalised distance nL2 of an image to its nearest training image (Carlini et al., 2023; AMG, Eq. 3):
 *
 * <pre>nL2(x) = -|x - y_1|_2 / (alpha / k (|x - y_1|_2 + ... + |x - y_k|_2))</pre>
 *
 * where y_1 ... y_k are the k = 50 nearest training images, nearest first, and alpha = 0.5. It is 0 for an exact copy, {@code -1 / alpha}
 * where all k are equally far, and never leaves this range: more negative means less similar.
 *
 * <p>The training images must be distinct. An image that comes k times has itself as all its neighbours, and near copies of it would seem
 * the least similar images of all; such a set is refused.
 *
 * <pre>{@code
 * var nl2   = NormalizedL2.against(train.distinct());
 * var limit = nl2.threshold(FashionMnist.test().resize(16, 16), 0.001);
 * }</pre>
 */
public final class NormalizedL2 implements Similarity {

    private final Images train;
    private final Neighbours neighbours;
    private final int k;
    private final double alpha;
    private final boolean standardized;

    private NormalizedL2(
            Images train, Neighbours neighbours, int k, double alpha, boolean standardized) {
        this.train = train;
        this.neighbours = neighbours;
        this.k = k;
        this.alpha = alpha;
        this.standardized = standardized;
    }

    /**
     * The measure against a training set, with Carlini's k = 50 and alpha = 0.5.
     *
     * @param train distinct training images; sets smaller than 50 need {@link #neighbours}
     * @return the measure
     * @throws IllegalArgumentException if the set is empty or holds a value that is not finite
     */
    public static NormalizedL2 against(Images train) {
        return new NormalizedL2(train, Neighbours.among(train), 50, 0.5, false);
    }

    /**
     * The measure with another number of neighbours in the denominator.
     *
     * @param k at least 2; the nearest is one of them
     * @return a measure that shares this one's search
     * @throws IllegalArgumentException if k is below 2 or above the size of the set
     */
    public NormalizedL2 neighbours(int k) {
        if (k < 2 || k > neighbours.set().count()) {
            throw new IllegalArgumentException(
                    "k: "
                            + k
                            + " neighbours in a set of "
                            + neighbours.set().count()
                            + " images; 2 to that many are legal");
        }
        return new NormalizedL2(train, neighbours, k, alpha, standardized);
    }

    /**
     * The measure with another factor in the denominator.
     *
     * @param alpha above 0
     * @return a measure that shares this one's search
     * @throws IllegalArgumentException if alpha is not above 0
     */
    public NormalizedL2 alpha(double alpha) {
        if (!(alpha > 0 && Double.isFinite(alpha))) {
            throw new IllegalArgumentException("alpha: " + alpha + "; above 0 is legal");
        }
        return new NormalizedL2(train, neighbours, k, alpha, standardized);
    }

    /**
     * The same measure of pictures with mean 0 and deviation 1, {@code (x - mean(x)) / sqrt(var(x) + 1e-4)} over all d values of a picture:
     * brighter, darker or paler, a copy still counts as one. Up to the 1e-4 in the variance {@code |x - y|^2 = 2 d (1 - rho)} with the
     * correlation rho of two pictures, so it orders training images by correlation. Not in a paper.
     *
     * @return a measure of the same images, whose distances are those between standardized pictures; its search is its own, to be closed by
     *     itself, unless this measure is standardized already
     */
    public NormalizedL2 standardized() {
        Neighbours search = standardized ? neighbours : Neighbours.among(Standardized.of(train));
        return new NormalizedL2(train, search, k, alpha, true);
    }

    /**
     * The same measure counted from 0, positive when alike, so that AMG's despecification and caption guidance take effect:
     *
     * <pre>1 + alpha nL2(x) = 1 - l2(x, n) / mean of l2(x, y) over the k nearest y</pre>
     *
     * <p>It is 1 for a copy and 0 where all neighbours are equally far. Not in a paper.
     *
     * @return a measure that shares this one's search; closing one closes both
     */
    public Similarity closeness() {
        return new Closeness(this, alpha);
    }

    /**
     * The training images compared with.
     *
     * @return the set
     */
    @Override
    public Images train() {
        return train;
    }

    /**
     * The nearest training image of every image.
     *
     * @param images of the training images' shape
     * @return one per image: its place in {@link #train}, Euclidean distance and nL2
     * @throws IllegalArgumentException if shapes differ, a value is not finite, the set has fewer than k images or one of them k times
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    @Override
    public List<Neighbour> nearest(Images images) {
        return nearest(find(images));
    }

    /**
     * The nearest other training image of every training image: how alike real images of this set are anyway.
     *
     * @return one per training image
     * @throws IllegalArgumentException if the set has not more than k images, or one of them k times
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public List<Neighbour> leaveOneOut() {
        requireDistinct();
        return nearest(neighbours.leaveOneOut(k));
    }

    private List<Neighbour> nearest(Neighbours.Found found) {
        return IntStream.range(0, found.index().length)
                .mapToObj(
                        i ->
                                new Neighbour(
                                        found.index()[i][0],
                                        found.distance()[i][0],
                                        nl2(found.distance()[i])))
                .toList();
    }

    private double nl2(double[] distances) {
        double mean = Arrays.stream(distances).average().orElseThrow();
        return mean == 0 ? -1 / alpha : 0.0 - distances[0] / (alpha * mean);
    }

    private Neighbours.Found find(Images images) {
        requireDistinct();
        return neighbours.nearest(standardized ? Standardized.of(images) : images, k);
    }

    private void requireDistinct() {
        int count = neighbours.set().count();
        if (k > count) {
            throw new IllegalArgumentException(
                    "k: "
                            + k
                            + " neighbours are wanted, but the training set has "
                            + count
                            + " images; choose fewer with neighbours(k)");
        }
        int copies = neighbours.mostCopies();
        if (copies >= k) {
            throw new IllegalArgumentException(
                    "train: one image comes "
                            + copies
                            + " times, so all its "
                            + k
                            + " neighbours are itself; give distinct images "
                            + (standardized
                                    ? "that differ in more than brightness and contrast"
                                    : "(DataSet.distinct())"));
        }
    }

    /**
     * nL2 of a batch as a tensor that can be differentiated: gradients flow through numerator and denominator, while which images are the
     * nearest is held fixed. At an exact copy the numerator's gradient is 0.
     *
     * @param x (B, C, H, W) of the training images' shape
     * @return (B), recording if x is
     * @throws IllegalArgumentException if shapes differ, a value is not finite, the set has fewer than k images or one of them k times
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    @Override
    public NDArray of(NDArray x) {
        return of(x, find(Autograd.off(() -> Images.from(Ops.detach(x)))).index());
    }

    @Override
    public Comparison compare(Images images) {
        Neighbours.Found found = find(images);
        List<Neighbour> nearest = nearest(found);
        return new Comparison() {
            @Override
            public List<Neighbour> nearest() {
                return nearest;
            }

            @Override
            public int[] neighbours(int row) {
                return found.index()[row].clone();
            }

            @Override
            public NDArray of(NDArray x, int... rows) {
                int[][] index = found.index();
                return NormalizedL2.this.of(
                        x, Arrays.stream(rows).mapToObj(i -> index[i]).toArray(int[][]::new));
            }
        };
    }

    private NDArray of(NDArray x, int[][] index) {
        long rows = x.getShape().get(0);
        long size = neighbours.set().itemSize();
        NDArray y = neighbours.gather(x.getManager(), index);
        NDArray seen = standardized ? Standardized.of(x) : x;
        if (!Autograd.isSecondOrder()) {
            NDArray ratio = Ops.ratioToMean(seen.reshape(new Shape(rows, size)), y);
            return Scalars.mul(ratio, -1 / alpha);
        }
        NDArray distances = Ops.distance(seen.reshape(new Shape(rows, 1, size)), y);
        NDArray nearest = Ops.narrow(distances, 1, 0, 1).reshape(new Shape(rows));
        return Scalars.mul(nearest.div(distances.mean(new int[] {1})), -1 / alpha);
    }

    /**
     * nL2 is never positive.
     *
     * @return false
     */
    @Override
    public boolean positive() {
        return false;
    }

    @Override
    public JsonObject spec() {
        JsonObject spec = new JsonObject();
        spec.addProperty("kind", standardized ? "nl2-standardized" : "nl2");
        spec.addProperty("k", k);
        spec.addProperty("alpha", alpha);
        spec.addProperty("train", train().sha256());
        return spec;
    }

    /** Frees the search's native memory; a later use makes it again. */
    @Override
    public void close() {
        neighbours.close();
    }
}
