package memoria.benchmarks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.concurrent.TimeUnit;
import memoria.diffusion.Condition;
import memoria.diffusion.Ddim;
import memoria.diffusion.Denoiser;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Prediction;
import memoria.diffusion.Seeds;
import memoria.network.Dropout;
import memoria.torch.Autograd;
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

/** A batch of 64 images by DDIM in 50 steps, against 50 forwards. */
@State(org.openjdk.jmh.annotations.Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 1)
@Measurement(iterations = 5)
public class SamplingBenchmark {

    /** Which network. */
    @Param({"SHIPPED", "COLOUR"})
    public String network;

    /** Threads of an operator. */
    @Param({"1", "2"})
    public int threads;

    private final int steps;
    private Fixture fixture;
    private long inside;

    /** For JMH, which sets the fields. */
    public SamplingBenchmark() {
        this.steps = 50;
    }

    SamplingBenchmark(Fixture.Case network, int threads, int steps) {
        this.network = network.name();
        this.threads = threads;
        this.steps = steps;
    }

    /** Builds the network. */
    @Setup
    public void open() {
        Torch.threads(threads);
        fixture = new Fixture(Fixture.Case.valueOf(network));
    }

    /** The whole way from seeds to images. */
    @Benchmark
    public void sample() {
        inside = 0;
        Ddim.steps(steps).sample(new Clocked(), Seeds.range(0, Fixture.BATCH));
    }

    /** As many forwards as {@link #sample} has steps. */
    @Benchmark
    public void forwards() {
        for (int i = 0; i < steps; i++) {
            Autograd.off(
                    () ->
                            Scope.use(
                                    () ->
                                            fixture.unet.forward(
                                                    fixture.x,
                                                    fixture.t,
                                                    Condition.none(),
                                                    Dropout.NONE)));
        }
    }

    /** Nanoseconds of the last {@link #sample} that were spent in the network. */
    long insideNetwork() {
        return inside;
    }

    /** Frees the network. */
    @TearDown
    public void close() {
        fixture.close();
    }

    /** The model, with a clock at its door. */
    private final class Clocked implements Denoiser {
        @Override
        public Prediction predict(NDArray x, double[] t, Condition condition) {
            long start = Contest.now();
            Prediction prediction = fixture.denoiser.predict(x, t, condition);
            inside += Contest.now() - start;
            return prediction;
        }

        @Override
        public NoiseSchedule schedule() {
            return fixture.denoiser.schedule();
        }

        @Override
        public Shape item() {
            return fixture.denoiser.item();
        }

        @Override
        public NDManager manager() {
            return fixture.denoiser.manager();
        }
    }
}
