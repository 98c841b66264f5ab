package memoria.lid;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.function.ToDoubleFunction;
import memoria.data.Images;
import memoria.diffusion.Analytic;
import memoria.diffusion.Condition;
import memoria.diffusion.Guided;
import memoria.diffusion.Noise;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FlipdTest {

    private static final NoiseLevel SMALL = NoiseLevel.std(0.01);

    @BeforeAll
    static void oneThread() {
        Torch.threads(1);
    }

    @ParameterizedTest
    @CsvSource({"2,1", "8,0", "16,5", "64,64", "128,17", "512,1", "512,200"})
    void theDimensionOfASubspaceIsFoundToFiveHundredths(int d, int k) {
        try (Analytic model = Manifolds.subspace(d, k, 0.3, 1)) {
            double[] lid =
                    Flipd.at(SMALL).exact().of(model, Manifolds.points(d, k, 0.3, 1, 3)).lid();
            assertThat(lid).hasSize(3);
            for (double value : lid) {
                assertThat(value).isCloseTo(k, within(0.05));
            }
        }
    }

    @Test
    void eachPartOfAUnionHasItsOwnDimension() {
        var union =
                new Manifolds.Union(
                        32,
                        new double[] {0, 5},
                        new double[][][] {
                            Manifolds.directions(32, 3, 1), Manifolds.directions(32, 11, 2)
                        });
        Images both =
                Images.concat(Manifolds.points(32, 3, 0, 1, 2), Manifolds.points(32, 11, 5, 2, 2));
        double[] lid = Flipd.at(SMALL).of(union, both).lid();
        assertThat(lid[0]).isCloseTo(3, within(0.05));
        assertThat(lid[1]).isCloseTo(3, within(0.05));
        assertThat(lid[2]).isCloseTo(11, within(0.05));
        assertThat(lid[3]).isCloseTo(11, within(0.05));
    }

    @Test
    void ofAFiniteSetItIsTheClosedFormAtEveryNoise() {
        Images set = Manifolds.points(6, 2, 0, 3, 20);
        try (Analytic model = Analytic.finite(Manifolds.SCHEDULE, set)) {
            double[] ratios = {0.01, 0.3, 1, 3};
            FlipdValues values = Flipd.at(FpRegress.levels(ratios)).of(model, set);
            ClosedFormDiffusion closed = ClosedFormDiffusion.of(set);
            for (int level = 0; level < ratios.length; level++) {
                double[] expected = closed.lid(set, ratios[level]);
                double[] lid = values.lid(level);
                for (int i = 0; i < lid.length; i++) {
                    assertThat(lid[i]).isCloseTo(expected[i], within(2e-3 * (1 + expected[i])));
                }
            }
            assertThat(Arrays.stream(values.lid(0)).max().orElseThrow()).isLessThan(0.05);
        }
    }

    @Test
    void inDdimsCoordinatesItIsTheSameNumber() {
        int d = 5;
        try (Analytic model = Manifolds.subspace(d, 2, 0.1, 4)) {
            Images point = Manifolds.points(d, 2, 0.1, 4, 1);
            double t = NoiseLevel.std(0.3).time(model.schedule());
            double psi = Math.sqrt(model.schedule().alphaBar(t));
            double ratio = 0.3 / psi;
            double h = 1e-2;
            double trace = 0;
            double[] middle = scoreOfScaled(model, point.pixels(0), psi, t);
            for (int j = 0; j < d; j++) {
                float[] up = point.pixels(0);
                float[] down = point.pixels(0);
                up[j] += (float) h;
                down[j] -= (float) h;
                trace +=
                        (scoreOfScaled(model, up, psi, t)[j]
                                        - scoreOfScaled(model, down, psi, t)[j])
                                / (up[j] - down[j]);
            }
            double squares = Arrays.stream(middle).map(s -> s * s).sum();
            double eq14 = d + ratio * ratio * (trace + squares);
            assertThat(Flipd.at(NoiseLevel.std(0.3)).of(model, point).lid()[0])
                    .isCloseTo(eq14, within(2e-3));
        }
    }

    /** {@code s~(x) = psi s(psi x)} (Eq. 12). */
    private static double[] scoreOfScaled(Analytic model, float[] x, double psi, double t) {
        return Scope.use(
                () -> {
                    NDArray at = Tensors.of(model.manager(), x, new Shape(1, x.length, 1, 1));
                    NDArray scaled = Ops.axpby(psi, at, 0, at);
                    NDArray s = new ProbabilityFlow(model, Condition.none()).score(scaled, t);
                    float[] values = s.toFloatArray();
                    double[] all = new double[values.length];
                    Arrays.setAll(all, i -> psi * values[i]);
                    return all;
                });
    }

    @Test
    void probesComeFromTheirSeedAloneWhateverTheBatch() {
        int d = 40;
        try (Analytic model = Manifolds.subspace(d, 7, 0, 5)) {
            Images points = Manifolds.points(d, 7, 0, 5, 5);
            Flipd flipd = Flipd.at(NoiseLevel.std(0.4)).gaussian(3).seed(9);
            double[] together = flipd.of(model, points).lid();
            double[] inTwos = flipd.batch(2).of(model, points).lid();
            double[] alone = flipd.of(model, points.select(3)).lid();
            assertThat(inTwos).containsExactly(together, within(1e-3));
            assertThat(alone[0]).isCloseTo(together[3], within(1e-3));
            assertThat(flipd.seed(10).of(model, points).lid()[0]).isNotEqualTo(together[0]);
            float[] v =
                    Scope.use(
                            () ->
                                    Noise.tensor(
                                                    model.manager(),
                                                    Flipd.PROBE,
                                                    memoria.diffusion.Seeds.of(9),
                                                    0,
                                                    new Shape(d))
                                            .toFloatArray());
            assertThat(v).hasSize(d);
        }
    }

    @Test
    void moreProbesComeCloserAndFewerCanBeReadFromTheSameMeasurement() {
        int d = 30;
        try (Analytic model = Manifolds.subspace(d, 10, 0, 6)) {
            Images points = Manifolds.points(d, 10, 0, 6, 4);
            double[] exact = Flipd.at(SMALL).exact().of(model, points).lid();
            for (Flipd flipd :
                    new Flipd[] {Flipd.at(SMALL).gaussian(400), Flipd.at(SMALL).rademacher(400)}) {
                FlipdValues values = flipd.of(model, points);
                double[] lid = values.lid();
                double[] error = values.standardError(0);
                for (int i = 0; i < exact.length; i++) {
                    assertThat(lid[i]).isCloseTo(exact[i], within(4.5 * error[i]));
                    assertThat(error[i]).isBetween(0.05, 1.0);
                }
            }
            FlipdValues ten = Flipd.at(SMALL).gaussian(10).of(model, points);
            double[] three = Flipd.at(SMALL).gaussian(3).of(model, points).lid();
            assertThat(ten.lid(0, 3)).containsExactly(three, within(1e-4));
        }
    }

    @Test
    void probesOfSignsAreExactWhereTheJacobianIsDiagonal() {
        double[][] axes = new double[3][12];
        for (int i = 0; i < 3; i++) {
            axes[i][i] = 1;
        }
        try (Analytic model =
                Analytic.gaussian(
                        Manifolds.SCHEDULE,
                        new Shape(12, 1, 1),
                        new double[12],
                        axes,
                        new double[] {1, 2, 3})) {
            Images point = Images.of(new float[12], 1, 12, 1, 1);
            double exact = Flipd.at(SMALL).exact().of(model, point).lid()[0];
            assertThat(Flipd.at(SMALL).rademacher(1).of(model, point).lid()[0])
                    .isCloseTo(exact, within(1e-4));
            assertThat(Math.abs(Flipd.at(SMALL).gaussian(1).of(model, point).lid()[0] - exact))
                    .isGreaterThan(0.1);
        }
    }

    @Test
    void allProbesShareOneForward() {
        try (Analytic model = Manifolds.subspace(20, 3, 0, 7)) {
            var counting = new Manifolds.Counting(model);
            Images points = Manifolds.points(20, 3, 0, 7, 4);
            Flipd.at(SMALL).gaussian(16).of(counting, points);
            assertThat(counting.calls).isEqualTo(1);
            Flipd.at(SMALL).exact().of(counting, points);
            assertThat(counting.calls).isEqualTo(2);
        }
    }

    @Test
    void aSweepOverNoiseLevelsIsReadLevelByLevel() {
        try (Analytic model = Manifolds.subspace(10, 4, 0, 8)) {
            Images points = Manifolds.points(10, 4, 0, 8, 3);
            NoiseLevel[] levels = {NoiseLevel.vp(0.01), NoiseLevel.vp(0.1), NoiseLevel.vp(0.5)};
            FlipdValues sweep = Flipd.at(levels).of(model, points);
            assertThat(sweep.lid(1))
                    .containsExactly(Flipd.at(levels[1]).of(model, points).lid(), within(1e-4));
            assertThat(sweep.curve(2)[0]).isEqualTo(sweep.lid(0)[2]);
            assertThat(sweep.fractions())
                    .containsExactly(new double[] {0.01, 0.1, 0.5}, within(1e-9));
            assertThat(sweep.table().rowCount()).isEqualTo(9);
            double[] fine = new double[120];
            Arrays.setAll(fine, i -> 0.01 * Math.pow(10, i / 119.0));
            assertThat(FpRegress.lid(Flipd.at(FpRegress.levels(fine)).of(model, points)))
                    .containsExactly(new double[] {4, 4, 4}, within(0.15));
            assertThat(FpRegress.lid(Flipd.at(FpRegress.levels()).of(model, points))[0])
                    .as("LIDL's coarse levels")
                    .isBetween(4.9, 5.2);
        }
    }

    @Test
    void itIsDifferentiableWithRespectToACondition() {
        int d = 6;
        try (NDManager manager = Torch.manager()) {
            float[] w = floats(Noise.gaussian("test/w", 1, 0, d * d), 0.4);
            float[] x = floats(Noise.gaussian("test/x", 1, 0, 2 * d), 1);
            float[] c = floats(Noise.gaussian("test/c", 1, 0, 2 * d), 1);
            var model = new Manifolds.Embedded(Tensors.of(manager, w, new Shape(d, d)));
            NDArray xt = Tensors.of(manager, x, new Shape(2, d, 1, 1));
            for (Flipd flipd : new Flipd[] {Flipd.at(SMALL).exact(), Flipd.at(SMALL).gaussian(2)}) {
                ToDoubleFunction<float[]> total =
                        at ->
                                Scope.use(
                                        () ->
                                                Autograd.secondOrder(
                                                        () ->
                                                                flipd.differentiable(
                                                                                model,
                                                                                xt,
                                                                                400,
                                                                                embedding(
                                                                                        manager, at,
                                                                                        d))
                                                                        .sum()
                                                                        .getDouble()));
                float[] gradient =
                        Scope.use(
                                () ->
                                        Autograd.secondOrder(
                                                () -> {
                                                    NDArray leaf =
                                                            Autograd.leaf(
                                                                    Tensors.of(
                                                                            manager,
                                                                            c,
                                                                            new Shape(2, d)));
                                                    NDArray sum =
                                                            flipd.differentiable(
                                                                            model,
                                                                            xt,
                                                                            400,
                                                                            Condition.embedding(
                                                                                    leaf))
                                                                    .sum();
                                                    return Autograd.grad(sum, leaf, false)
                                                            .toFloatArray();
                                                }));
                for (int i = 0; i < c.length; i++) {
                    float[] up = c.clone();
                    float[] down = c.clone();
                    up[i] += 0.01f;
                    down[i] -= 0.01f;
                    double difference =
                            (total.applyAsDouble(up) - total.applyAsDouble(down))
                                    / (up[i] - down[i]);
                    assertThat((double) gradient[i]).isCloseTo(difference, within(3e-3));
                }
            }
            assertThatThrownBy(
                            () ->
                                    Flipd.at(SMALL)
                                            .differentiable(
                                                    model, xt, 400, embedding(manager, c, d)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("secondOrder");
        }
    }

    private static Condition embedding(NDManager manager, float[] values, int d) {
        return Condition.embedding(Tensors.of(manager, values, new Shape(values.length / d, d)));
    }

    private static float[] floats(double[] values, double scale) {
        float[] all = new float[values.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = (float) (scale * values[i]);
        }
        return all;
    }

    @Test
    void ofAGuidedModelItIsTheCfgAdjustedOne() {
        int d = 4;
        try (NDManager manager = Torch.manager()) {
            float[] w = floats(Noise.gaussian("test/w", 2, 0, d * d), 0.4);
            var model = new Manifolds.Embedded(Tensors.of(manager, w, new Shape(d, d)));
            Condition c = embedding(manager, new float[] {1, -1, 0.5f, 2}, d);
            Condition none = embedding(manager, new float[] {0, 0.1f, 0, -1}, d);
            Images x = Manifolds.points(d, 4, 0, 9, 3);
            NoiseLevel level = NoiseLevel.std(0.5);
            double conditional = Flipd.at(level).of(model, x, c).lid()[1];
            double unconditional = Flipd.at(level).of(model, x, none).lid()[1];
            assertThat(Flipd.at(level).of(new Guided(model, none, 1), x, c).lid()[1])
                    .isCloseTo(conditional, within(1e-4));
            assertThat(Flipd.at(level).of(new Guided(model, c, none, 0), x).lid()[1])
                    .isCloseTo(unconditional, within(1e-4));
            assertThat(Flipd.at(level).of(new Guided(model, c, none, 3), x).lid()[1])
                    .isNotCloseTo(conditional, within(1e-2));
        }
    }
}
