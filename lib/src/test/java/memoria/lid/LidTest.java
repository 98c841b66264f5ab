package memoria.lid;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import memoria.artifact.ModelId;
import memoria.artifact.Store;
import memoria.data.Images;
import memoria.diffusion.Analytic;
import memoria.diffusion.Condition;
import memoria.diffusion.Guided;
import memoria.diffusion.Noise;
import memoria.diffusion.NoiseSchedule;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Noise levels, flows, norms, closed forms, knees, complexity, and measurements that are kept. */
class LidTest {

    @BeforeAll
    static void oneThread() {
        Torch.threads(1);
    }

    @Test
    void aNoiseLevelMeansTheSameNoiseOnEverySchedule() {
        NoiseSchedule linear = NoiseSchedule.linear(1000);
        NoiseLevel paper = NoiseLevel.vp(0.05);
        double std = Math.sqrt(1 - Math.exp(-0.1 * 0.05 - 9.95 * 0.0025));
        assertThat(linear.noiseStd(paper.time(linear))).isCloseTo(std, within(1e-9));
        assertThat(paper.time(Manifolds.SCHEDULE)).isCloseTo(49, within(1e-6));
        double ratio = linear.noiseStd(NoiseLevel.ratio(0.5).time(linear));
        assertThat(ratio / Math.sqrt(1 - ratio * ratio)).isCloseTo(0.5, within(1e-9));
        assertThat(NoiseLevel.index(7.5).time(linear)).isEqualTo(7.5);
    }

    @Test
    void theRateOfTheNoiseIsTheSdesBeta() {
        for (double s : new double[] {0.001, 0.2, 0.77, 1}) {
            assertThat(ProbabilityFlow.beta(Manifolds.SCHEDULE, 1000 * s - 1) * 1000)
                    .isCloseTo(0.1 + 19.9 * s, within(1e-6));
        }
        NoiseSchedule linear = NoiseSchedule.linear(1000);
        assertThat(ProbabilityFlow.beta(linear, 500)).isCloseTo(linear.betas()[500], within(1e-4));
    }

    @Test
    void theFlowKeepsStandardNormalDataAndShrinksAPointMass() {
        try (Analytic normal = Manifolds.subspace(3, 3, 0, 1);
                Analytic point = Manifolds.subspace(3, 0, 1, 1)) {
            NDArray x = Manifolds.points(3, 3, 0, 1, 2).tensor(normal.manager());
            double[] times = ProbabilityFlow.times(20, 999, 100);
            NDArray end = new ProbabilityFlow(normal, Condition.none()).flow(x, times);
            assertThat(Images.from(end).largestDifference(Images.from(x))).isLessThan(1e-4);
            double[] logs = new ProbabilityFlow(normal, Condition.none()).logDensity(x, times);
            float[] first = Images.from(x).pixels(0);
            double squares = 0;
            for (float v : first) {
                squares += v * v;
            }
            assertThat(logs[0]).isCloseTo(-squares / 2 - 1.5 * Math.log(2 * Math.PI), within(1e-3));
            NoiseSchedule schedule = point.schedule();
            double from = 500;
            double to = 520;
            NDArray start =
                    Tensors.of(point.manager(), new float[] {2, 2, 2}, new Shape(1, 3, 1, 1));
            NDArray moved =
                    new ProbabilityFlow(point, Condition.none())
                            .flow(start, ProbabilityFlow.times(from, to, 400));
            double epsilon = (2 - Math.sqrt(schedule.alphaBar(from))) / schedule.noiseStd(from);
            double expected = Math.sqrt(schedule.alphaBar(to)) + epsilon * schedule.noiseStd(to);
            assertThat((double) Images.from(moved).pixels(0)[0]).isCloseTo(expected, within(1e-3));
        }
    }

    @Test
    void theCfgNormIsTheDistanceBetweenTheBranchesScores() {
        int d = 4;
        try (NDManager manager = Torch.manager()) {
            NDArray zero = Tensors.of(manager, new float[d * d], new Shape(d, d));
            var model = new Manifolds.Embedded(zero);
            Condition c = embedding(manager, 1, 0, 0, 0);
            Condition none = embedding(manager, 0, 0, 0, 0.5f);
            NoiseLevel level = NoiseLevel.vp(0.02);
            Images x = Manifolds.points(d, d, 0, 2, 3);
            var norms = CfgNorm.at(level).of(new Guided(model, none, 7.5), x, c);
            double sigma = Math.sqrt(1 - Math.exp(-0.1 * 0.02 - 9.95 * 0.0004));
            double one = Math.tanh(1) / sigma;
            double other = Math.tanh(0.5) / sigma;
            assertThat(norms.conditional()[2]).isCloseTo(one, within(1e-3));
            assertThat(norms.unconditional()[2]).isCloseTo(other, within(1e-3));
            assertThat(norms.cfg()[2]).isCloseTo(Math.hypot(one, other), within(1e-3));
            assertThat(norms.score()[2])
                    .isCloseTo(Math.hypot(7.5 * one, 6.5 * other), within(1e-2));
            assertThat(CfgNorm.at(level).of(model, x, c).cfg()).isEmpty();
            var counting = new Manifolds.Counting(new Guided(model, none, 7.5));
            var flown = CfgNorm.at(NoiseLevel.vp(0.01)).flow(3).of(counting, x, c);
            assertThat(counting.calls).isEqualTo(4);
            assertThat(flown.cfg()).hasSize(3);
        }
    }

    private static Condition embedding(NDManager manager, float... values) {
        return Condition.embedding(Tensors.of(manager, values, new Shape(1, values.length)));
    }

    @Test
    void theClosedFormCountsCopiesAndCanLookAtTheNearestOnly() {
        Images line = Images.of(new float[] {0, 1, 2, 3, 4}, 5, 1, 1, 1);
        ClosedFormDiffusion closed = ClosedFormDiffusion.of(line);
        assertThat(closed.lid(line, 0.01)).containsOnly(0);
        assertThat(closed.lid(line, 0.8)[2]).isBetween(0.8, 1.2);
        double[] distances = {0, 2};
        double e = Math.exp(-2);
        ClosedFormDiffusion two = ClosedFormDiffusion.of(line.first(2));
        assertThat(two.lid(distances, 1)).isCloseTo(4 * e / (1 + e), within(1e-12));
        assertThat(closed.nearest(1).lid(line, 5)).containsOnly(0);
        assertThat(closed.within(1.5).lid(line, 1e6)[0]).isCloseTo(0, within(1e-9));
        assertThat(closed.within(0.1).lid(Images.of(new float[] {9}, 1, 1, 1, 1), 1)[0]).isNaN();
    }

    @Test
    void theKneeIsWhereACurveStopsFalling() {
        double[] t = new double[60];
        double[] lid = new double[60];
        for (int i = 0; i < t.length; i++) {
            t[i] = i / 59.0;
            lid[i] = t[i] < 0.2 ? 20 - 80 * t[i] : 4 - 2 * (t[i] - 0.2);
        }
        Knee.Point knee = Knee.usual().of(t, lid).orElseThrow();
        assertThat(knee.t()).isCloseTo(0.2, within(0.02));
        assertThat(knee.lid()).isCloseTo(4, within(0.2));
        assertThat(Knee.usual().of(t, Manifolds.constant(60, 4))).isEmpty();
        double[] bumpy = lid.clone();
        bumpy[30] += 1;
        double[] hull = Knee.hull(t, bumpy);
        assertThat(hull[30]).isCloseTo(lid[30], within(1e-9));
        assertThat(hull[0]).isEqualTo(lid[0]);
    }

    @Test
    void simpleImagesHaveShortPngFiles() {
        float[] pixels = new float[3 * 256];
        double[] noise = Noise.gaussian("test/png", 1, 0, 256);
        for (int i = 0; i < 256; i++) {
            pixels[256 + i] = i % 16 / 8f - 1;
            pixels[512 + i] = (float) Math.max(-1, Math.min(1, noise[i]));
        }
        Images images = Images.of(pixels, 3, 1, 16, 16);
        double[] length = PngLength.of(images);
        assertThat(length[0]).isLessThan(length[1]);
        assertThat(length[1]).isLessThan(length[2]);
        assertThat(PngLength.normalize(new double[] {1, 2, 3}, images)[1]).isEqualTo(2 / length[1]);
    }

    @Test
    void measurementsAreKeptAndReadWithoutTheModel(@TempDir Path folder) {
        Store store = Store.at(folder);
        ModelId id = new ModelId("plane", "0".repeat(64));
        Images points = Manifolds.points(6, 2, 0, 3, 300);
        try (Analytic model = Manifolds.subspace(6, 2, 0, 3)) {
            Flipd flipd = Flipd.at(NoiseLevel.vp(0.02), NoiseLevel.vp(0.3)).gaussian(2);
            FlipdValues made = flipd.job(id, () -> model, points).in(store);
            FlipdValues read = flipd.job(id, LidTest::noModel, points).in(store);
            assertThat(read.lid(1)).isEqualTo(made.lid(1));
            assertThat(made.lid(1)).containsExactly(flipd.of(model, points).lid(1), within(1e-3));
            NormalBundle nb = NormalBundle.at(NoiseLevel.vp(0.02)).scores(12);
            Images few = points.first(2);
            Spectra kept = nb.job(id, () -> model, few).in(store);
            assertThat(nb.job(id, LidTest::noModel, few).in(store).of(1)).isEqualTo(kept.of(1));
            assertThat(nb.scores(13).job(id, () -> model, few).spec())
                    .isNotEqualTo(nb.job(id, () -> model, few).spec());
            assertThat(nb.job(id, () -> model, points.select(4, 5)).spec())
                    .isNotEqualTo(nb.job(id, () -> model, few).spec());
            assertThat(nb.job(id, () -> model, few).variant("w 3").spec())
                    .isNotEqualTo(nb.job(id, () -> model, few).spec());
        }
    }

    private static Analytic noModel() {
        throw new AssertionError("the model was asked for");
    }
}
