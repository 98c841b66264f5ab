package memoria.similarity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.lang.ref.Cleaner;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import memoria.torch.Scalars;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;

/**
 * Exact search by comparing with every point, block by block: memory does not grow with the set. Products are taken in float32; a few
 * candidates more than asked for are compared anew in double precision.
 */
public final class ExactSearch implements Search {

    private static final Cleaner CLEANER = Cleaner.create();
    private static final long RESIDENT_BYTES = 1L << 28;
    private static final int BLOCK_VALUES = 1 << 22;
    private static final int QUERIES = 256;

    /** Candidates beyond k: the order near rank k is only known to float32's rounding. */
    private static final int SPARE = 14;

    private final Embeddings set;
    private final int block;
    private final boolean resident;
    private final List<NDArray> blocks = new ArrayList<>();
    private NDManager manager;

    /**
     * Prepares a set to be searched.
     *
     * @param set points of length 1
     */
    public ExactSearch(Embeddings set) {
        this.set = set;
        this.block = Math.max(1, BLOCK_VALUES / set.dimensions());
        this.resident = 4L * set.count() * set.dimensions() <= RESIDENT_BYTES;
    }

    @Override
    public Embeddings set() {
        return set;
    }

    @Override
    public synchronized Found nearest(Embeddings queries, int k) {
        requireFits(set, queries, k);
        int[][] index = new int[queries.count()][];
        double[][] similarity = new double[queries.count()][];
        int kept = Math.min(set.count(), k + SPARE);
        for (int from = 0; from < queries.count(); from += QUERIES) {
            int to = Math.min(queries.count(), from + QUERIES);
            float[] some = queries.rows(from, to);
            int rows = to - from;
            int[][] candidates =
                    Smallest.among(
                            set.count(),
                            block,
                            rows,
                            kept,
                            (number, first, size) -> scores(some, rows, number, first, size));
            for (int row = from; row < to; row++) {
                rank(set, queries.row(row), candidates[row - from], k, row, index, similarity);
            }
        }
        return new Found(index, similarity);
    }

    static void requireFits(Embeddings set, Embeddings queries, int k) {
        set.requireDimensions("queries", queries.dimensions());
        if (k < 1 || k > set.count()) {
            throw new IllegalArgumentException(
                    "k: "
                            + k
                            + " most alike of "
                            + set.count()
                            + " points; 1 to that many are legal");
        }
    }

    /** The k most alike of some candidates, by products in double precision; equal ones by place. */
    static void rank(
            Embeddings set,
            float[] query,
            int[] candidates,
            int k,
            int row,
            int[][] index,
            double[][] similarity) {
        double[] exact = new double[candidates.length];
        for (int c = 0; c < exact.length; c++) {
            float[] point = set.row(candidates[c]);
            for (int d = 0; d < query.length; d++) {
                exact[c] += (double) query[d] * point[d];
            }
        }
        int[] best =
                IntStream.range(0, exact.length)
                        .boxed()
                        .sorted(
                                Comparator.comparingDouble((Integer c) -> -exact[c])
                                        .thenComparingInt(c -> candidates[c]))
                        .limit(k)
                        .mapToInt(c -> c)
                        .toArray();
        index[row] = IntStream.of(best).map(c -> candidates[c]).toArray();
        similarity[row] = IntStream.of(best).mapToDouble(c -> exact[c]).toArray();
    }

    /** Unlikeness of the queries to a block, the product with a minus: the smallest are the most alike. */
    private NDArray scores(float[] queries, int rows, int number, int first, int size) {
        NDArray y = block(number, first, size);
        NDArray x = Tensors.of(manager, queries, new Shape(rows, set.dimensions()));
        return Scalars.mul(x, -1).matMul(y.transpose());
    }

    private NDArray block(int number, int first, int size) {
        if (manager == null) {
            manager = Torch.manager();
            // Readers drop searches without closing them.
            CLEANER.register(this, manager::close);
        }
        if (number < blocks.size()) {
            return blocks.get(number);
        }
        NDArray rows =
                Tensors.of(
                        manager, set.rows(first, first + size), new Shape(size, set.dimensions()));
        if (resident) {
            blocks.add(Scope.release(rows));
        }
        return rows;
    }

    @Override
    public synchronized void close() {
        if (manager != null) {
            manager.close();
            manager = null;
            blocks.clear();
        }
    }
}
