package memoria.benchmarks;

import ai.djl.ndarray.NDArray;
import java.util.concurrent.TimeUnit;
import memoria.diffusion.Condition;
import memoria.network.Dropout;
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

/** The UNet of the library against the same network as one TorchScript module. */
@State(org.openjdk.jmh.annotations.Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 3)
@Measurement(iterations = 5, time = 3)
public class ForwardBenchmark {

    /** Which network. */
    @Param({"SHIPPED", "COLOUR"})
    public String network;

    /** Threads of an operator. */
    @Param({"1", "2"})
    public int threads;

    private Fixture fixture;
    private ScriptedUNet scripted;

    /** For JMH, which sets the fields. */
    public ForwardBenchmark() {}

    ForwardBenchmark(Fixture.Case network, int threads) {
        this.network = network.name();
        this.threads = threads;
    }

    /** Builds both networks and checks that they agree. */
    @Setup
    public void open() {
        Torch.threads(threads);
        fixture = new Fixture(Fixture.Case.valueOf(network));
        scripted = new ScriptedUNet(fixture.unet);
        for (boolean optimize : new boolean[] {false, true}) {
            double difference = difference(optimize);
            // 1e-5 of the output's size: the two sum in the same order but for the sinusoids.
            if (!(difference <= 1e-5)) {
                throw new IllegalStateException(
                        "the TorchScript module is another network: outputs differ by "
                                + difference);
            }
        }
        Autograd.off(
                () -> {
                    warmUp(1000);
                    return null;
                });
    }

    /** Lets Java compile what it calls, on a batch of one, which takes little time. */
    private void warmUp(int calls) {
        NDArray x = Ops.narrow(fixture.x, 0, 0, 1);
        NDArray times = Ops.narrow(fixture.times, 0, 0, 1);
        for (int i = 0; i < calls; i++) {
            Scope.run(
                    () -> {
                        fixture.unet.forward(x, new double[] {0}, Condition.none(), Dropout.NONE);
                        scripted.forward(x, times, false);
                    });
        }
    }

    /** Largest difference of the outputs over their largest value. */
    private double difference(boolean optimize) {
        return Autograd.off(
                () ->
                        Scope.use(
                                () -> {
                                    NDArray one = forward();
                                    NDArray two =
                                            scripted.forward(fixture.x, fixture.times, optimize);
                                    double size = one.abs().max().getFloat();
                                    return one.sub(two).abs().max().getFloat() / size;
                                }));
    }

    private NDArray forward() {
        return fixture.unet.forward(fixture.x, fixture.t, Condition.none(), Dropout.NONE);
    }

    /** The library's forward. */
    @Benchmark
    public void library() {
        Autograd.off(() -> Scope.use(this::forward));
    }

    /** One TorchScript module, its operators run in order. */
    @Benchmark
    public void torchScript() {
        script(false);
    }

    /** One TorchScript module, its graph rewritten by PyTorch's optimizing executor. */
    @Benchmark
    public void torchScriptOptimized() {
        script(true);
    }

    private void script(boolean optimize) {
        Autograd.off(() -> Scope.use(() -> scripted.forward(fixture.x, fixture.times, optimize)));
    }

    /** Frees both networks. */
    @TearDown
    public void close() {
        scripted.close();
        fixture.close();
    }
}
