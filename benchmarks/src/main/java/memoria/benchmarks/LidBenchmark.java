package memoria.benchmarks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import memoria.data.Images;
import memoria.diffusion.Condition;
import memoria.diffusion.Denoiser;
import memoria.diffusion.Noise;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Prediction;
import memoria.diffusion.Seeds;
import memoria.lid.Flipd;
import memoria.lid.NoiseLevel;
import memoria.lid.NormalBundle;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scope;
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

/** FLIPD against forwards and products of the network, the normal bundle's linear algebra against its forwards. */
@State(org.openjdk.jmh.annotations.Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(java.util.concurrent.TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 3)
@Measurement(iterations = 5, time = 3)
public class LidBenchmark {

    /** Probes where several share a graph. */
    static final int PROBES = 8;

    private static final NoiseLevel T0 = NoiseLevel.vp(0.05);

    /** Threads of an operator. */
    @Param({"1", "2"})
    public int threads;

    private Fixture fixture;
    private NDArray batch;
    private double[] times;
    private List<NDArray> probes;
    private List<NDArray> scores;

    /** For JMH, which sets the fields. */
    public LidBenchmark() {}

    LidBenchmark(int threads) {
        this.threads = threads;
    }

    /** Makes the network, probes, and the scores of one image. */
    @Setup
    public void open() {
        Torch.threads(threads);
        fixture = new Fixture(Fixture.Case.SHIPPED);
        batch = fixture.x;
        times = new double[Fixture.BATCH];
        java.util.Arrays.fill(times, T0.time(fixture.denoiser.schedule()));
        probes = new ArrayList<>();
        scores = new ArrayList<>();
        NDManager owner = fixture.denoiser.manager();
        int d = Math.toIntExact(fixture.network.item.size());
        for (int i = 0; i < PROBES; i++) {
            probes.add(noise(owner, i));
        }
        for (int i = 0; i < 4 * d / Fixture.BATCH; i++) {
            scores.add(noise(owner, PROBES + i));
        }
    }

    private NDArray noise(NDManager owner, int step) {
        return Noise.tensor(
                owner,
                "benchmark/probe",
                Seeds.range(0, Fixture.BATCH),
                step,
                fixture.network.item);
    }

    /** One forward of the batch, without a graph. */
    @Benchmark
    public void forward() {
        Autograd.off(
                () -> Scope.use(() -> fixture.denoiser.predict(batch, times, Condition.none())));
    }

    /** One forward with its graph and so many products, bare. */
    void products(int count) {
        Scope.run(
                () -> {
                    NDArray leaf = Autograd.leaf(batch);
                    NDArray y =
                            Autograd.on(
                                    () ->
                                            fixture.denoiser
                                                    .predict(leaf, times, Condition.none())
                                                    .epsilon());
                    for (int i = 0; i < count; i++) {
                        NDArray v = probes.get(i);
                        boolean more = i < count - 1;
                        Scope.run(() -> Autograd.vjp(y, leaf, v, more));
                    }
                });
    }

    /** FLIPD of the batch. */
    void flipd(int count) {
        Autograd.off(
                () ->
                        Scope.use(
                                () ->
                                        Flipd.at(T0)
                                                .gaussian(count)
                                                .measure(
                                                        fixture.denoiser,
                                                        batch,
                                                        Condition.none())));
    }

    /** FLIPD of the batch with one probe. */
    @Benchmark
    public void flipd() {
        flipd(1);
    }

    /** FLIPD of the batch with eight probes of one graph. */
    @Benchmark
    public void manyProbes() {
        flipd(PROBES);
    }

    /** The same probes, each with a forward of its own. */
    @Benchmark
    public void separateBatches() {
        for (int i = 0; i < PROBES; i++) {
            flipd(1);
        }
    }

    /** The forwards of the normal bundle of one image, d = 256 and k = 1024. */
    @Benchmark
    public void normalBundleForwards() {
        scores.forEach(
                x ->
                        Autograd.off(
                                () ->
                                        Scope.use(
                                                () ->
                                                        fixture.denoiser.predict(
                                                                x, times, Condition.none()))));
    }

    /** What it does with their answers: Gram matrix and eigenvalues. */
    @Benchmark
    public void normalBundleAlgebra() {
        Autograd.off(
                () ->
                        Scope.use(
                                () -> {
                                    long d = fixture.network.item.size();
                                    NDArray gram =
                                            batch.getManager()
                                                    .zeros(new Shape(d, d), DataType.FLOAT64);
                                    scores.forEach(rows -> Ops.addGram(gram, rows));
                                    return Ops.eigvalsh(gram).toDoubleArray();
                                }));
    }

    /** Frees the network. */
    @TearDown
    public void close() {
        fixture.close();
    }

    /** A model of CIFAR-10's shape that costs nothing: what is left is the estimator. */
    private record Free(NDManager manager) implements Denoiser {
        @Override
        public Prediction predict(NDArray x, double[] t, Condition condition) {
            return new Prediction(x.duplicate());
        }

        @Override
        public NoiseSchedule schedule() {
            return NoiseSchedule.linear(1000);
        }

        @Override
        public Shape item() {
            return new Shape(3, 32, 32);
        }
    }

    /**
     * The normal bundle of one image with d = 3072 and k = 12,288, in a process of its own: prints seconds and the most resident mebibytes
     * there were.
     *
     * @param arguments the number of threads
     * @throws java.io.IOException if Linux's {@code /proc} cannot be read
     */
    public static void main(String[] arguments) throws java.io.IOException {
        Torch.threads(Integer.parseInt(arguments[0]));
        memoria.progress.Progress.display(Fixture.SILENT);
        try (NDManager owner = Torch.manager()) {
            Free model = new Free(owner);
            Images one = Fixture.images(1, model.item());
            long start = System.nanoTime();
            NormalBundle.at(T0).batch(256).of(model, one);
            double seconds = (System.nanoTime() - start) / 1e9;
            String peak =
                    Files.readAllLines(Path.of("/proc/self/status")).stream()
                            .filter(line -> line.startsWith("VmHWM"))
                            .findFirst()
                            .orElseThrow()
                            .replaceAll("\\D", "");
            System.out.println(seconds + " " + Long.parseLong(peak) / 1024.0);
        }
    }
}
