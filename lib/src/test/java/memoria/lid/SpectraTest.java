package memoria.lid;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import memoria.data.DataSet;
import memoria.data.Images;
import memoria.data.Provenance;
import memoria.diffusion.Analytic;
import memoria.diffusion.Condition;
import memoria.diffusion.Noise;
import memoria.diffusion.Seeds;
import memoria.models.Models;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The normal bundle, local PCA and the generator's Jacobian, and how a rank is read from their spectra. */
class SpectraTest {

    private static final NoiseLevel SMALL = NoiseLevel.std(0.01);

    @BeforeAll
    static void oneThread() {
        Torch.threads(1);
    }

    @ParameterizedTest
    @CsvSource({"4,1,64", "16,5,0", "64,63,0", "256,40,0", "512,300,0"})
    void theNormalBundleFindsASubspacesDimensionByTheLargestGap(int d, int k, int scores) {
        try (Analytic model = Manifolds.subspace(d, k, 0.2, 1)) {
            NormalBundle nb = NormalBundle.at(SMALL).batch(512);
            Spectra spectra =
                    (scores == 0 ? nb : nb.scores(scores))
                            .of(model, Manifolds.points(d, k, 0.2, 1, 1));
            assertThat(spectra.lidByLargestGap()).containsExactly(k);
            assertThat(spectra.lidByLargestDrop()).containsExactly(k);
        }
    }

    @Test
    void aPointMassHasDimensionZeroByTheLargestDrop() {
        Images set = Manifolds.points(8, 3, 0, 2, 5);
        try (Analytic model = Analytic.finite(Manifolds.SCHEDULE, set)) {
            Spectra spectra = NormalBundle.at(SMALL).scores(200).of(model, set.first(2));
            assertThat(spectra.lidByLargestDrop()).containsExactly(0, 0);
        }
    }

    @Test
    void singularValuesAreThoseOfTheScoresThemselves() {
        int d = 12;
        int k = 31;
        try (Analytic model = Manifolds.subspace(d, 5, 0.5, 3)) {
            Images point = Manifolds.points(d, 5, 0.5, 3, 1);
            NormalBundle nb = NormalBundle.at(NoiseLevel.std(0.3)).scores(k).batch(7).seed(4);
            double[] plain = direct(model, point, k, false);
            double[] centred = direct(model, point, k, true);
            assertThat(nb.of(model, point).of(0)).containsExactly(plain, within(1e-3));
            assertThat(nb.centred().of(model, point).of(0)).containsExactly(centred, within(1e-3));
            assertThat(centred[0]).isLessThan(plain[0]);
        }
    }

    /** By singular value decomposition of the stacked scores. */
    private static double[] direct(Analytic model, Images point, int k, boolean centred) {
        return Autograd.off(
                () ->
                        Scope.use(
                                () -> {
                                    NDArray x = point.tensor(model.manager());
                                    double t = NoiseLevel.std(0.3).time(model.schedule());
                                    double psi = Math.sqrt(model.schedule().alphaBar(t));
                                    NDArray noise =
                                            Noise.tensor(
                                                    model.manager(),
                                                    NormalBundle.NOISE,
                                                    Seeds.range(0, k),
                                                    4,
                                                    model.item());
                                    NDArray xt = Ops.axpby(0.3, noise, psi, x);
                                    NDArray s =
                                            Ops.cast(
                                                            new ProbabilityFlow(
                                                                            model, Condition.none())
                                                                    .score(xt, t),
                                                            DataType.FLOAT64)
                                                    .reshape(k, -1);
                                    if (centred) {
                                        s = s.sub(s.mean(new int[] {0}, true));
                                    }
                                    return Ops.svdvals(s).toDoubleArray();
                                }));
    }

    @Test
    void anImagesSpectrumDependsOnNeitherTheOthersNorTheBlocks() {
        try (Analytic model = Manifolds.subspace(6, 2, 0, 4)) {
            Images points = Manifolds.points(6, 2, 0, 4, 3);
            NormalBundle nb = NormalBundle.at(NoiseLevel.std(0.2)).scores(20);
            double[] third = nb.of(model, points).of(2);
            assertThat(nb.batch(3).of(model, points.select(2)).of(0))
                    .containsExactly(third, within(1e-3));
        }
    }

    @Test
    void thresholdsCountWhatIsLargeAndPercentilesAreOverTheSet() {
        double[][] values = {{9, 8, 1, 0.5}, {7, 0.4, 0.3, 0.2}};
        Spectra normal = Spectra.of(values, 4, Spectra.Large.NORMAL);
        Spectra tangent = Spectra.of(values, 4, Spectra.Large.TANGENT);
        assertThat(normal.lid(1)).containsExactly(1, 3);
        assertThat(tangent.lid(1)).containsExactly(2, 1);
        assertThat(tangent.percentile(0)).isEqualTo(0.2);
        assertThat(tangent.percentile(50)).isCloseTo(0.75, within(1e-12));
        assertThat(tangent.lidByPercentile(50)).containsExactly(3, 1);
        assertThat(normal.lidByLargestGap()).containsExactly(2, 3);
    }

    @Test
    void keptSpectraAreTheSameSpectra(@TempDir Path folder) {
        double[][] values = {{9, 8, 1, 1e-9}, {7, 0.4, 0.3, 0.2}};
        Spectra spectra = Spectra.of(values, 6, Spectra.Large.TANGENT);
        spectra.save(folder.resolve("s.safetensors"), "by hand");
        Spectra read = Spectra.load(folder.resolve("s.safetensors"));
        assertThat(read.of(0)).isEqualTo(values[0]);
        assertThat(read.ambient()).isEqualTo(6);
        assertThat(read.lid(1)).isEqualTo(spectra.lid(1));
        assertThatThrownBy(() -> Spectra.load(Models.folder().resolve("fashion-clean.safetensors")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("holds no spectra");
    }

    @Test
    void localPcaFindsAPlaneAndGivesExactCopiesNoDimension() {
        Images plane = Manifolds.points(5, 2, 0, 5, 120);
        DataSet once = DataSet.of(plane, new int[120], List.of("plane"), Provenance.made("plane"));
        DataSet copies = once.plant(1, 60, 1);
        int planted = copies.planted()[0];
        Spectra spread = LocalPca.of(once).neighbours(20).closest(100).spectra();
        assertThat(spread.lid(1e-6)).containsOnly(2);
        Spectra copied = LocalPca.of(copies).neighbours(40).spectra();
        double[] lid = copied.lid(1e-6);
        assertThat(lid[planted]).isZero();
        assertThat(copied.of(planted)).containsOnly(0);
        assertThat(Arrays.stream(lid).filter(v -> v == 2).count()).isGreaterThan(80);
        Spectra whole = LocalPca.of(copies).neighbours(100).closest(100).spectra();
        assertThat(whole.lid(1e-6)[planted]).as("without the second modification").isEqualTo(2);
    }

    @Test
    void aGeneratorsRankIsThatOfItsJacobian() {
        try (NDManager manager = Torch.manager()) {
            double[][] q = Manifolds.directions(9, 3, 6);
            float[] weight = new float[9 * 5];
            double[] mix = Noise.gaussian("test/mix", 1, 0, 15);
            for (int i = 0; i < weight.length; i++) {
                for (int r = 0; r < 3; r++) {
                    weight[i] += (float) (q[r][i / 5] * mix[r * 5 + i % 5]);
                }
            }
            NDArray w = Tensors.of(manager, weight, new Shape(9, 5));
            double[] latents = Noise.gaussian("test/z", 1, 0, 20);
            NDArray z = Ops.cast(Tensors.of(manager, latents, new Shape(4, 5)), DataType.FLOAT32);
            Spectra linear = JacobianRank.of(at -> at.matMul(w.transpose())).batch(3).spectra(z);
            double[] expected =
                    Scope.use(() -> Ops.svdvals(Ops.cast(w, DataType.FLOAT64)).toDoubleArray());
            assertThat(linear.count()).isEqualTo(4);
            assertThat(linear.ambient()).isEqualTo(9);
            assertThat(linear.of(3)).containsExactly(expected, within(1e-3));
            assertThat(linear.lidByLargestGap()).containsOnly(3);
            Spectra curved = JacobianRank.of(at -> at.tanh().matMul(w.transpose())).spectra(z);
            assertThat(curved.lid(0.02)).containsOnly(3);
        }
    }
}
