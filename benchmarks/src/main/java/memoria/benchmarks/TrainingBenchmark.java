package memoria.benchmarks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import memoria.data.DataSet;
import memoria.diffusion.Condition;
import memoria.diffusion.Noise;
import memoria.diffusion.NoiseSchedule;
import memoria.network.Dropout;
import memoria.progress.Progress;
import memoria.torch.Adam;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import memoria.training.Recipe;
import memoria.training.Training;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** A training step against forward and backward of the bare network, and its parts one by one. */
@State(org.openjdk.jmh.annotations.Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 1)
@Measurement(iterations = 5)
public class TrainingBenchmark {

    /** Steps of one call of {@link #training}. */
    static final int STEPS = 5;

    private static final int IMAGES = 1000;

    /** Which network. */
    @Param({"SHIPPED", "COLOUR"})
    public String network;

    /** Threads of an operator. */
    @Param({"1", "2"})
    public int threads;

    private Fixture fixture;
    private DataSet data;
    private Path folder;
    private List<NDArray> weights;
    private List<NDArray> gradients;
    private List<NDArray> averages;
    private NDArray target;
    private Adam adam;
    private long done;

    /** For JMH, which sets the fields. */
    public TrainingBenchmark() {}

    TrainingBenchmark(Fixture.Case network, int threads) {
        this.network = network.name();
        this.threads = threads;
    }

    /** Builds the network, the data and an empty folder. */
    @Setup
    public void open() {
        Torch.threads(threads);
        fixture = new Fixture(Fixture.Case.valueOf(network));
        data = fixture.data(IMAGES);
        folder = temporary();
        NDManager owner = fixture.denoiser.manager();
        fixture.unet.params().setRequiresGradient(true);
        weights = List.copyOf(fixture.unet.params().all().values());
        averages = weights.stream().map(NDArray::duplicate).toList();
        gradients = weights.stream().map(w -> owner.ones(w.getShape())).toList();
        target = Ops.detach(fixture.x).duplicate();
        // A step too small to change what the network computes.
        adam = new Adam(fixture.unet.params().all(), 1e-12).optClipNorm(1);
    }

    /**
     * The library's training, continued for some steps.
     *
     * @return nanoseconds per step, of the steps alone: opening, saving and exporting are not among them
     */
    @Benchmark
    @OperationsPerInvocation(STEPS)
    public long training() {
        done += STEPS;
        return run(fixture.network, data, done, folder) / STEPS;
    }

    /** Trains until a step; nanoseconds of the loop. */
    static long run(Fixture.Case network, DataSet data, long until, Path folder) {
        Recipe recipe =
                Recipe.steps(until)
                        .optBatch(Fixture.BATCH)
                        .optLearningRate(1e-4, 0)
                        .optClipNorm(1)
                        .optEma(0.998);
        AtomicLong loop = new AtomicLong();
        Progress.display(
                first -> {
                    long start = Contest.now();
                    return state -> loop.set(Contest.now() - start);
                });
        try {
            new Training(data, network.config, NoiseSchedule.linear(1000), recipe)
                    .optSaveEvery(1_000_000)
                    .run(folder)
                    .close();
        } finally {
            Progress.display(Fixture.SILENT);
        }
        return loop.get();
    }

    /** Loss and its gradient, nothing else. */
    @Benchmark
    public void forwardBackward() {
        Scope.run(
                () -> {
                    NDArray loss =
                            Autograd.on(
                                    () -> {
                                        NDArray error =
                                                fixture.unet
                                                        .forward(
                                                                fixture.x,
                                                                fixture.t,
                                                                Condition.none(),
                                                                Dropout.NONE)
                                                        .sub(target);
                                        return error.mul(error).mean();
                                    });
                    Autograd.grads(loss, weights);
                    loss.getFloat();
                });
    }

    /** One update of all weights, with the gradient's norm. */
    @Benchmark
    public void adam() {
        adam.step(gradients);
    }

    /** One update of the averaged weights. */
    @Benchmark
    public void average() {
        Adam.average(averages, weights, 0.002);
    }

    /** A batch: images, times and noise. */
    @Benchmark
    public void batch() {
        Scope.run(
                () -> {
                    NDManager owner = fixture.denoiser.manager();
                    int[] rows = Noise.integers("benchmark/rows", 1, 0, Fixture.BATCH, IMAGES);
                    NDArray x0 = data.distinct().select(rows).tensor(owner);
                    double[] normal =
                            Noise.gaussian("benchmark/noise", 1, 0, Math.toIntExact(x0.size()));
                    float[] single = new float[normal.length];
                    for (int i = 0; i < single.length; i++) {
                        single[i] = (float) normal[i];
                    }
                    NDArray noise = Tensors.of(owner, single, x0.getShape());
                    NDArray a = Tensors.column(owner, fixture.t, 4);
                    Ops.axpby(a, x0, a, noise);
                });
    }

    static Path temporary() {
        try {
            return Files.createTempDirectory("memoria-benchmark");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Frees the network and removes the folder. */
    @TearDown
    public void close() {
        adam.close();
        fixture.close();
        delete(folder);
    }
}
