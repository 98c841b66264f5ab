package memoria.benchmarks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.concurrent.TimeUnit;
import memoria.data.Images;
import memoria.similarity.Embeddings;
import memoria.similarity.ExactSearch;
import memoria.similarity.NormalizedL2;
import memoria.torch.Autograd;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * nL2 of 64 images against a set of CIFAR-10's size, and the search of 64 descriptors of SSCD's size among as many, each against the one
 * matrix product it needs.
 */
@State(org.openjdk.jmh.annotations.Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgsAppend = "-Xmx4g")
@Warmup(iterations = 2, time = 3)
@Measurement(iterations = 5, time = 3)
public class SimilarityBenchmark {

    private static final Shape ITEM = new Shape(3, 32, 32);
    private static final int DIMENSIONS = 512;

    /** Threads of an operator. */
    @Param({"1", "2"})
    public int threads;

    /** Images searched. */
    @Param("50000")
    public int count;

    private NDManager owner;
    private NormalizedL2 measure;
    private Images queries;
    private NDArray x;
    private NDArray transposed;
    private ExactSearch search;
    private Embeddings described;
    private NDArray z;
    private NDArray descriptors;

    /** For JMH, which sets the fields. */
    public SimilarityBenchmark() {}

    SimilarityBenchmark(int threads, int count) {
        this.threads = threads;
        this.count = count;
    }

    /** Makes the images. */
    @Setup
    public void open() {
        Torch.threads(threads);
        owner = Torch.manager();
        Images set = Fixture.images(count, ITEM);
        measure = NormalizedL2.against(set);
        queries = Fixture.images(Fixture.BATCH, ITEM);
        x = queries.tensor(owner).reshape(Fixture.BATCH, ITEM.size());
        transposed = set.tensor(owner).reshape(count, ITEM.size()).transpose();
        float[] points = Fixture.images(count, new Shape(DIMENSIONS, 1, 1)).all();
        described = Embeddings.of(points, DIMENSIONS).first(Fixture.BATCH);
        search = new ExactSearch(Embeddings.of(points, DIMENSIONS));
        z =
                Tensors.of(
                        owner,
                        described.rows(0, Fixture.BATCH),
                        new Shape(Fixture.BATCH, DIMENSIONS));
        descriptors = Tensors.of(owner, points, new Shape(count, DIMENSIONS)).transpose();
    }

    /** The library's search of descriptors. */
    @Benchmark
    public void descriptors() {
        search.nearest(described, 10);
    }

    /** The bare product: (64, 512) times (512, count). */
    @Benchmark
    public void descriptorProduct() {
        Autograd.off(() -> Scope.use(() -> z.matMul(descriptors)));
    }

    /** The library's nL2. */
    @Benchmark
    public void nl2() {
        measure.of(queries);
    }

    /** The bare product: (64, 3072) times (3072, count). */
    @Benchmark
    public void product() {
        Autograd.off(() -> Scope.use(() -> x.matMul(transposed)));
    }

    /** Frees the images. */
    @TearDown
    public void close() {
        measure.close();
        search.close();
        owner.close();
    }
}
