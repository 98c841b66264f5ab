package memoria.similarity;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import memoria.artifact.Store;
import memoria.data.Images;
import memoria.torch.Autograd;
import memoria.torch.Ops;

/**
 * Cosine of copy descriptors to the most alike of those training images that an index names first (AMG supplement, Sec. 4): "we retrieve the
 * closest 1000 neighbors according to CLIP embeddings and then compute SSCD similarities to pinpoint the closest match".
 *
 * <pre>{@code
 * sigma(x) = max cos(z(x), z(y_i)),   i among the n images nearest to x in the index
 * }</pre>
 *
 * <p>An image that the index does not name is missed; a larger n misses fewer. {@link #always} adds images that are compared whatever it
 * names.
 */
public final class RerankedSimilarity implements Similarity {

    private final Descriptor descriptor;
    private final Images train;
    private final Embeddings points;
    private final NeighbourIndex index;
    private final int retrieved;
    private final ExactSearch targets;

    private RerankedSimilarity(
            Descriptor descriptor,
            Images train,
            Embeddings points,
            NeighbourIndex index,
            int retrieved,
            ExactSearch targets) {
        this.descriptor = descriptor;
        this.train = train;
        this.points = points;
        this.index = index;
        this.retrieved = retrieved;
        this.targets = targets;
    }

    /**
     * The measure over what an index names: 1,000 images, or all where there are fewer.
     *
     * @param descriptor compares; stays the caller's to close
     * @param train training images
     * @param index over these images, in this order; stays the caller's to close
     * @param store where the training images' descriptors are kept, and read from the next time
     * @return the measure
     * @throws IllegalArgumentException if the index has more or fewer images, or the descriptor does not take such images
     * @throws memoria.progress.Interrupted if the thread is interrupted; finished shards are kept
     */
    public static RerankedSimilarity against(
            Descriptor descriptor, Images train, NeighbourIndex index, Store store) {
        if (index.count() != train.count()) {
            throw new IllegalArgumentException(
                    "index: over "
                            + index.count()
                            + " images, but there are "
                            + train.count()
                            + " training images");
        }
        Embeddings points = EmbeddingJob.of(descriptor, train).in(store);
        int retrieved = Math.min(DescriptorSimilarity.NEIGHBOURS, train.count());
        // Read over and over, row by row: on the heap.
        Embeddings near = points.first(points.count());
        return new RerankedSimilarity(descriptor, train, near, index, retrieved, null);
    }

    /**
     * The measure over more or fewer images.
     *
     * @param n how many the index names for each picture, 1 to the number of training images
     * @return a measure that shares this one's points
     * @throws IllegalArgumentException if n is out of range
     */
    public RerankedSimilarity retrieved(int n) {
        if (n < 1 || n > points.count()) {
            throw new IllegalArgumentException(
                    "n: " + n + " of " + points.count() + "; 1 to that many are legal");
        }
        return new RerankedSimilarity(descriptor, train, points, index, n, targets);
    }

    /**
     * The measure with images of the user's choice among those compared, always and exactly.
     *
     * @param images of the training images' shape
     * @return a measure that shares this one's points; its {@link #train} ends in these images
     * @throws IllegalArgumentException if the shapes differ or there is none
     */
    public RerankedSimilarity always(Images images) {
        train.requireSameItem("images", images);
        Embeddings chosen = descriptor.of(images).unit();
        Embeddings all = targets == null ? chosen : targets.set().and(chosen);
        return new RerankedSimilarity(
                descriptor,
                Images.concat(train, images),
                points,
                index,
                retrieved,
                new ExactSearch(all));
    }

    /**
     * As {@link #always(Images)}, with what could be read of files and addresses; with nothing, this measure itself.
     *
     * @param chosen of the training images' shape
     * @return a measure that shares this one's points
     * @throws IllegalArgumentException if the shapes differ
     */
    public RerankedSimilarity always(Targets chosen) {
        return chosen.count() == 0 ? this : always(chosen.images());
    }

    /**
     * The training images, those of {@link #always} last.
     *
     * @return the set
     */
    @Override
    public Images train() {
        return train;
    }

    @Override
    public int searched() {
        return points.count();
    }

    @Override
    public List<Neighbour> nearest(Images images) {
        return compare(images).nearest();
    }

    @Override
    public Comparison compare(Images images) {
        train.requireSameItem("images", images);
        int rows = images.count();
        int[][] named = index.nearest(images, retrieved);
        Embeddings described = descriptor.of(images).unit();
        int[][] best = new int[rows][];
        double[][] similarity = new double[rows][];
        for (int row = 0; row < rows; row++) {
            ExactSearch.rank(points, described.row(row), named[row], 1, row, best, similarity);
        }
        Search.Found chosen = targets == null ? null : targets.nearest(described, 1);
        List<Neighbour> nearest = new ArrayList<>();
        float[][] at = new float[rows][];
        for (int row = 0; row < rows; row++) {
            int place = best[row][0];
            double cosine = similarity[row][0];
            at[row] = points.row(place);
            if (chosen != null && chosen.similarity()[row][0] > cosine) {
                int target = chosen.index()[row][0];
                place = searched() + target;
                cosine = chosen.similarity()[row][0];
                at[row] = targets.set().row(target);
            }
            double distance = Math.sqrt(Math.max(0, 2 - 2 * cosine));
            nearest.add(new Neighbour(place, distance, cosine));
        }
        return new Described(descriptor, nearest, at, row -> named[row]);
    }

    @Override
    public NDArray of(NDArray x) {
        Comparison found = compare(Autograd.off(() -> Images.from(Ops.detach(x))));
        return found.of(x, IntStream.range(0, found.nearest().size()).toArray());
    }

    /**
     * Copies have a cosine near 1.
     *
     * @return true
     */
    @Override
    public boolean positive() {
        return true;
    }

    @Override
    public JsonObject spec() {
        JsonObject spec = new JsonObject();
        spec.addProperty("kind", "reranked");
        spec.add("index", index.spec());
        spec.addProperty("retrieved", retrieved);
        spec.add("descriptor", descriptor.spec());
        spec.addProperty("train", train.sha256());
        if (targets != null) {
            spec.addProperty("chosen", targets.set().count());
        }
        return spec;
    }

    /** Frees the search among chosen images; index and descriptor are the caller's. */
    @Override
    public void close() {
        if (targets != null) {
            targets.close();
        }
    }
}
