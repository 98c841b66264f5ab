package memoria.benchmarks;

import com.google.gson.JsonObject;
import java.util.concurrent.TimeUnit;
import memoria.amg.Amg;
import memoria.amg.Threshold;
import memoria.artifact.Labels;
import memoria.artifact.ModelId;
import memoria.diffusion.Ddim;
import memoria.diffusion.Seeds;
import memoria.diffusion.Step;
import memoria.network.FeatureNetwork;
import memoria.network.Params;
import memoria.network.ResNet;
import memoria.network.ResNetConfig;
import memoria.side.Anchor;
import memoria.side.ClassifierGuidance;
import memoria.side.Surrogate;
import memoria.similarity.NormalizedL2;
import memoria.torch.Torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Guidance of a batch of 64, with every image guided at every step: anti-memorization by nL2 to 2,000 images, and towards classes by the
 * architecture of SIDE's shipped classifiers, anchored near t = 0 as they are.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 1)
@Measurement(iterations = 5)
public class GuidanceBenchmark {

    private static final int TRAIN = 2_000;
    private static final Seeds SEEDS = Seeds.range(0, Fixture.BATCH);

    /** Below the least similarity there is. */
    private static final Threshold ALWAYS = Threshold.constant(-2.1);

    /** Threads of an operator. */
    @Param({"1", "2"})
    public int threads;

    private final Ddim plain;
    private Fixture fixture;
    private NormalizedL2 nl2;
    private Surrogate teacher;
    private Surrogate classifier;

    /** For JMH, which sets the fields. */
    public GuidanceBenchmark() {
        this(1, 50);
    }

    GuidanceBenchmark(int threads, int steps) {
        this.threads = threads;
        this.plain = Ddim.steps(steps);
    }

    /** Builds network and search. */
    @Setup
    public void open() {
        Torch.threads(threads);
        fixture = new Fixture(Fixture.Case.SHIPPED);
        nl2 = NormalizedL2.against(Fixture.images(TRAIN, fixture.network.item));
        teacher = network(ResNetConfig.Time.NONE);
        classifier =
                network(ResNetConfig.Time.ONCE)
                        .anchored(teacher, Anchor.of(fixture.denoiser.schedule()));
    }

    private Surrogate network(ResNetConfig.Time time) {
        ResNetConfig config = ResNetConfig.small(1, 16, 10, 1, 1, 1).optTime(time, 1);
        return Surrogate.of(
                new ModelId("classifier", "00".repeat(32)),
                new FeatureNetwork(
                        new ResNet(config, Params.fresh(Torch.manager(), 1)),
                        fixture.network.item,
                        new JsonObject()));
    }

    /** Without guidance. */
    @Benchmark
    public void unguided() {
        plain.sample(fixture.denoiser, SEEDS);
    }

    /** Compared at every step and never guided. */
    @Benchmark
    public void watched() {
        guided(Amg.with(nl2).below(0));
    }

    /** Epsilon held constant. */
    @Benchmark
    public void epsilonConstant() {
        guided(Amg.with(nl2).when(ALWAYS).gradient(Step.Gradient.EPSILON_CONSTANT));
    }

    /** Through the network. */
    @Benchmark
    public void throughNetwork() {
        guided(Amg.with(nl2).when(ALWAYS));
    }

    /** Towards classes. */
    @Benchmark
    public void classes() {
        plain.guidedBy(ClassifierGuidance.by(classifier, Labels.seedModulo(10), 5))
                .sample(fixture.denoiser, SEEDS);
    }

    private void guided(Amg amg) {
        plain.guidedBy(amg).sample(fixture.denoiser, SEEDS);
    }

    /** Frees all. */
    @TearDown
    public void close() {
        nl2.close();
        classifier.close();
        teacher.close();
        fixture.close();
    }
}
