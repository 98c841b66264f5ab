package memoria.similarity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.lang.ref.Cleaner;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import memoria.data.Images;
import memoria.progress.Progress;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scalars;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;

/**
 * Exact search for the k nearest images of a set under the Euclidean distance.
 *
 * <p>Candidates come from one matrix product per block, {@code |x - y|^2 = |x|^2 + |y|^2 - 2 x y}, in float32 with cached norms. There an
 * exact copy may seem a hundredth away, so more candidates than asked for are kept and their distances computed anew, as differences in
 * double precision. Sets up to 1 GiB stay in native memory from the first search to {@link #close}, larger ones are copied block by
 * block at each search.
 */
public final class Neighbours implements AutoCloseable {

    private static final Cleaner CLEANER = Cleaner.create();
    private static final long RESIDENT_BYTES = 1L << 30;
    private static final int BLOCK_VALUES = 1 << 25;

    /** Bounds the scores of a block, one per query and row: points of few dimensions would have millions of rows. */
    private static final int BLOCK_ROWS = 1 << 17;

    private static final int QUERIES = 256;

    /** Candidates beyond k: the order near rank k is only known to float32's rounding. */
    private static final int SPARE = 14;

    private final Images set;
    private final int block;
    private final boolean resident;
    private NDManager manager;
    private final List<NDArray> blocks = new ArrayList<>();
    private final List<NDArray> norms = new ArrayList<>();
    private Integer mostCopies;

    /**
     * The k nearest images of several queries.
     *
     * @param index one row per query: places in the set, nearest first
     * @param distance Euclidean distances to them
     */
    public record Found(int[][] index, double[][] distance) {}

    private Neighbours(Images set, int block, boolean resident) {
        this.set = set;
        this.block = block;
        this.resident = resident;
    }

    /**
     * Prepares a set to be searched.
     *
     * @param set at least one image
     * @return the search
     * @throws IllegalArgumentException if the set is empty or holds a value that is not finite
     */
    public static Neighbours among(Images set) {
        int block = Math.max(1, Math.min(BLOCK_ROWS, BLOCK_VALUES / set.itemSize()));
        boolean resident = 4L * set.count() * set.itemSize() <= RESIDENT_BYTES;
        return among(set, block, resident);
    }

    static Neighbours among(Images set, int block, boolean resident) {
        if (set.count() == 0) {
            throw new IllegalArgumentException("set: empty; at least one image is needed");
        }
        set.requireFinite("set");
        return new Neighbours(set, block, resident);
    }

    /**
     * The images searched.
     *
     * @return the set given at the start
     */
    public Images set() {
        return set;
    }

    /**
     * The k nearest images of each query; a query that is in the set finds itself.
     *
     * @param queries images of the set's shape
     * @param k 1 to the size of the set
     * @return one row per query
     * @throws IllegalArgumentException if k is out of range, shapes differ or a query holds a value that is not finite
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public Found nearest(Images queries, int k) {
        set.requireSameItem("queries", queries);
        queries.requireFinite("queries");
        requireK(k, set.count());
        return search(queries, k, false);
    }

    /**
     * For each image of the set its k nearest among the others.
     *
     * @param k 1 to one less than the size of the set
     * @return one row per image of the set
     * @throws IllegalArgumentException if k is out of range
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public Found leaveOneOut(int k) {
        requireK(k, set.count() - 1);
        return search(set, k, true);
    }

    private static void requireK(int k, int most) {
        if (k < 1 || k > most) {
            throw new IllegalArgumentException(
                    "k: " + k + " nearest of " + most + " images; 1 to " + most + " are legal");
        }
    }

    /**
     * How often the most frequent image comes in the set.
     *
     * @return 1 if all images are distinct
     */
    public synchronized int mostCopies() {
        if (mostCopies == null) {
            Map<Images, Integer> counts = new HashMap<>();
            for (int i = 0; i < set.count(); i++) {
                counts.merge(set.slice(i, i + 1), 1, Integer::sum);
            }
            mostCopies = counts.values().stream().max(Integer::compare).orElse(0);
        }
        return mostCopies;
    }

    private synchronized Found search(Images queries, int k, boolean withoutSelf) {
        int[][] index = new int[queries.count()][];
        double[][] distance = new double[queries.count()][];
        int kept = Math.min(set.count(), k + SPARE + (withoutSelf ? 1 : 0));
        try (Progress progress = Progress.start("Searching neighbours", queries.count())) {
            for (int from = 0; from < queries.count(); from += QUERIES) {
                Images some = queries.slice(from, Math.min(queries.count(), from + QUERIES));
                int[][] candidates =
                        Smallest.among(
                                set.count(),
                                block,
                                some.count(),
                                kept,
                                (number, first, size) -> scores(some, number));
                for (int row = 0; row < some.count(); row++) {
                    int[] places = candidates[row];
                    double[] exact = distances(some, row, places);
                    int[] best = best(places, exact, withoutSelf ? from + row : -1, k);
                    index[from + row] = Arrays.stream(best).map(c -> places[c]).toArray();
                    distance[from + row] = Arrays.stream(best).mapToDouble(c -> exact[c]).toArray();
                }
                progress.at(from + some.count());
            }
        }
        return new Found(index, distance);
    }

    private double[] distances(Images queries, int row, int[] places) {
        double[] all = new double[places.length];
        for (int c = 0; c < all.length; c++) {
            all[c] = queries.distance(row, set, places[c]);
        }
        return all;
    }

    /**
     * The k nearest candidates, nearest first and equal ones by place. They come in float32's order, which is nearly the right one: sorting
     * by insertion moves few.
     */
    private static int[] best(int[] places, double[] exact, int self, int k) {
        int[] sorted = new int[places.length];
        int size = 0;
        for (int c = 0; c < places.length; c++) {
            if (places[c] == self) {
                continue;
            }
            int at = size++;
            while (at > 0 && before(c, sorted[at - 1], places, exact)) {
                sorted[at] = sorted[--at];
            }
            sorted[at] = c;
        }
        return Arrays.copyOf(sorted, Math.min(k, size));
    }

    private static boolean before(int a, int b, int[] places, double[] exact) {
        return exact[a] < exact[b] || (exact[a] == exact[b] && places[a] < places[b]);
    }

    /** {@code |y|^2 - 2 x y} for a block of the set: |x|^2 orders nothing. */
    private NDArray scores(Images queries, int number) {
        NDArray[] rows = rows(number);
        NDArray x = queries.tensor(manager).reshape(queries.count(), set.itemSize());
        return Ops.linear(Scalars.mul(x, -2), rows[0], rows[1]);
    }

    /** The block's images (n, D) and squared norms (n). */
    private NDArray[] rows(int number) {
        if (manager == null) {
            manager = Torch.manager();
            // Readers drop searches without closing them.
            CLEANER.register(this, manager::close);
        }
        if (number < blocks.size()) {
            return new NDArray[] {blocks.get(number), norms.get(number)};
        }
        int from = number * block;
        Images images = set.slice(from, Math.min(set.count(), from + block));
        NDArray y = images.tensor(manager).reshape(new Shape(images.count(), set.itemSize()));
        NDArray norm = y.square().sum(new int[] {1});
        if (resident) {
            blocks.add(Scope.release(y));
            norms.add(Scope.release(norm));
        }
        return new NDArray[] {y, norm};
    }

    /**
     * Images of the set as a tensor, for distances that are differentiated.
     *
     * @param owner its manager
     * @param index rows of places, all of one length
     * @return (rows, length, C H W), float32
     */
    synchronized NDArray gather(NDManager owner, int[][] index) {
        int[] flat = Arrays.stream(index).flatMapToInt(Arrays::stream).toArray();
        Shape shape = new Shape(index.length, index[0].length, set.itemSize());
        if (!resident || set.count() > block || manager == null) {
            return Tensors.of(owner, set.select(flat).all(), shape);
        }
        NDArray rows = rows(0)[0];
        NDArray chosen = Autograd.off(() -> Ops.rows(rows, flat).reshape(shape));
        chosen.attach(owner);
        return chosen;
    }

    /** Frees the native copy; a later search makes it again. */
    @Override
    public synchronized void close() {
        if (manager != null) {
            manager.close();
            manager = null;
            blocks.clear();
            norms.clear();
        }
    }
}
