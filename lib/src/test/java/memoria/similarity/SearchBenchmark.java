package memoria.similarity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.SplittableRandom;
import memoria.data.Images;
import memoria.torch.Autograd;
import memoria.torch.Torch;

/**
 * What nL2 costs beside the matrix product it cannot do without: 64 images against 50,000 of 3 x 32 x 32, the best of several runs of
 * each. Run {@link #main} with at least 2 GiB of heap.
 */
public final class SearchBenchmark implements AutoCloseable {

    private static final int COUNT = 50_000;
    private static final int QUERIES = 64;

    private final NDManager manager = Torch.manager();
    private final Images queries;
    private final NormalizedL2 nl2;
    private final NDArray x;
    private final NDArray transposed;

    /** Prepares random 8-bit images. */
    public SearchBenchmark() {
        byte[] levels = new byte[COUNT * 3 * 32 * 32];
        new SplittableRandom(1).nextBytes(levels);
        Images train = Images.of(levels, COUNT, 3, 32, 32);
        queries = train.slice(100, 100 + QUERIES).resize(16, 16).resize(32, 32);
        nl2 = NormalizedL2.against(train);
        x = queries.tensor(manager).reshape(QUERIES, 3072);
        transposed = train.tensor(manager).reshape(COUNT, 3072).transpose();
    }

    /**
     * The search.
     *
     * @return nL2 of the queries
     */
    public double[] nl2() {
        return nl2.of(queries);
    }

    /**
     * The bare product of the same matrices.
     *
     * @return one element of it
     */
    public float product() {
        return Autograd.off(
                () -> {
                    try (NDArray product = x.matMul(transposed)) {
                        return product.getFloat(0, 0);
                    }
                });
    }

    @Override
    public void close() {
        nl2.close();
        manager.close();
    }

    private static double seconds(Runnable work) {
        long start = System.nanoTime();
        work.run();
        return (System.nanoTime() - start) / 1e9;
    }

    /**
     * Prints the best times and their ratio.
     *
     * @param args the number of threads
     */
    public static void main(String[] args) {
        Torch.threads(Integer.parseInt(args[0]));
        try (SearchBenchmark benchmark = new SearchBenchmark()) {
            System.out.printf("first search %.2f s%n", seconds(benchmark::nl2));
            double search = Double.MAX_VALUE;
            double product = Double.MAX_VALUE;
            for (int i = 0; i < 10; i++) {
                product = Math.min(product, seconds(benchmark::product));
                search = Math.min(search, seconds(benchmark::nl2));
            }
            System.out.printf(
                    "%s thread(s): product %.3f s, nL2 %.3f s, ratio %.2f%n",
                    args[0], product, search, search / product);
        }
    }
}
