package memoria.similarity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import memoria.checkpoint.SafeTensors;
import memoria.data.DataSet;
import memoria.data.Images;
import memoria.data.Provenance;
import memoria.diffusion.Samples;
import memoria.diffusion.Seeds;
import memoria.progress.Interrupted;
import memoria.torch.Autograd;
import memoria.torch.Scope;
import memoria.torch.Torch;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class NormalizedL2Test {

    private static Images noise(long seed, int count) {
        return noise(seed, count, 3, 5, 4);
    }

    private static Images noise(long seed, int count, int channels, int height, int width) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] data = new float[count * channels * height * width];
        for (int i = 0; i < data.length; i++) {
            data[i] = (float) random.nextDouble(-1, 1);
        }
        return Images.of(data, count, channels, height, width);
    }

    /** Distances to all images of a set, sorted, by the definition. */
    private static double[] sorted(Images image, Images set) {
        float[] x = image.pixels(0);
        double[] distances = new double[set.count()];
        for (int i = 0; i < distances.length; i++) {
            float[] y = set.pixels(i);
            double sum = 0;
            for (int p = 0; p < x.length; p++) {
                sum += Math.pow((double) x[p] - y[p], 2);
            }
            distances[i] = Math.sqrt(sum);
        }
        Arrays.sort(distances);
        return distances;
    }

    private static double nl2(double[] sorted, int k) {
        return -sorted[0] / (0.5 * Arrays.stream(sorted, 0, k).average().orElseThrow());
    }

    @ParameterizedTest
    @CsvSource({"1000, true", "64, true", "64, false", "7, false", "1, true"})
    void theSearchFindsWhatComparingAllFinds(int block, boolean resident) {
        Images set = noise(1, 200);
        Images queries = Images.concat(noise(2, 260), set.slice(17, 19));
        Neighbours search = Neighbours.among(set, block, resident);
        for (int repeat = 0; repeat < 2; repeat++) {
            Neighbours.Found found = search.nearest(queries, 20);
            for (int q = 0; q < queries.count(); q++) {
                double[] expected = sorted(queries.slice(q, q + 1), set);
                assertThat(found.distance()[q])
                        .containsExactly(Arrays.copyOf(expected, 20), within(1e-9));
                for (int i = 0; i < 20; i++) {
                    assertThat(queries.distance(q, set, found.index()[q][i]))
                            .isEqualTo(found.distance()[q][i]);
                }
            }
            assertThat(found.index()[261][0]).isEqualTo(18);
            search.close();
        }
    }

    @Test
    void nl2IsTheRatioOfTheDefinition() {
        Images train = noise(1, 120);
        Images images = noise(2, 30);
        try (NormalizedL2 nl2 = NormalizedL2.against(train)) {
            double[] found = nl2.of(images);
            double[] with10 = nl2.neighbours(10).alpha(0.25).of(images);
            for (int i = 0; i < 30; i++) {
                double[] distances = sorted(images.slice(i, i + 1), train);
                assertThat(found[i]).isCloseTo(nl2(distances, 50), within(1e-9));
                assertThat(with10[i]).isCloseTo(2 * nl2(distances, 10), within(1e-9));
            }
            assertThat(Arrays.stream(found).boxed()).allMatch(value -> value >= -2 && value <= 0);
        }
    }

    @Test
    void anExactCopyIsZeroAndANearCopyAlmost() {
        Images train = noise(1, 100, 3, 32, 32);
        float[] pixels = train.pixels(42);
        pixels[7] += 1e-3f;
        Images near = Images.of(pixels, 1, 3, 32, 32);
        try (NormalizedL2 nl2 = NormalizedL2.against(train)) {
            Neighbour copy = nl2.nearest(train.slice(42, 43)).get(0);
            assertThat(copy).isEqualTo(new Neighbour(42, 0, 0));
            Neighbour almost = nl2.nearest(near).get(0);
            assertThat(almost.index()).isEqualTo(42);
            assertThat(almost.distance()).isCloseTo(1e-3, within(1e-6));
            assertThat(almost.similarity()).isBetween(-1e-3, -1e-6);
        }
    }

    @Test
    void aSetWithAPlantedImageIsRefusedWhereItsCopyWouldSeemLeastSimilar() {
        Images plain = noise(1, 60);
        int[] fiftyTimes = IntStream.range(0, 109).map(i -> Math.max(0, i - 49)).toArray();
        try (NormalizedL2 nl2 = NormalizedL2.against(plain.select(fiftyTimes))) {
            assertThatThrownBy(() -> nl2.of(plain))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("one image comes 50 times")
                    .hasMessageContaining("DataSet.distinct()");
            assertThat(nl2.neighbours(60).of(plain.first(1))).containsExactly(0);
        }
    }

    @Test
    void leavingOneOutIgnoresTheImageItselfButNotItsTwin() {
        Images train = Images.concat(noise(1, 70), noise(1, 1));
        try (NormalizedL2 nl2 = NormalizedL2.against(train).neighbours(12)) {
            var found = nl2.leaveOneOut();
            assertThat(found.get(0)).isEqualTo(new Neighbour(70, 0, 0));
            assertThat(found.get(70)).isEqualTo(new Neighbour(0, 0, 0));
            for (int i = 1; i < 70; i++) {
                double[] others = sorted(train.slice(i, i + 1), train);
                assertThat(found.get(i).similarity())
                        .isCloseTo(nl2(Arrays.copyOfRange(others, 1, 13), 12), within(1e-9));
            }
        }
    }

    @Test
    void valuesNeighboursAndGradientsAreThoseOfThePaperFormulaInPyTorch() throws Exception {
        var resource = NormalizedL2Test.class.getResource("amg_guidance.safetensors");
        SafeTensors golden = SafeTensors.read(Path.of(resource.toURI()));
        Map<String, String> notes = golden.metadata();
        int k = Integer.parseInt(notes.get("k"));
        double alpha = Double.parseDouble(notes.get("alpha"));
        try (NDManager manager = Torch.manager()) {
            Map<String, NDArray> t = golden.tensors(manager);
            NormalizedL2 nl2 =
                    NormalizedL2.against(Images.from(t.get("train"))).neighbours(k).alpha(alpha);
            for (int step = 0; step < 3; step++) {
                String name = "step" + step + ".";
                double alphaBar = Double.parseDouble(notes.get(name + "alphaBar"));
                NDArray x0Hat = Autograd.leaf(t.get(name + "x0_hat"));
                NDArray value = Autograd.on(() -> nl2.of(x0Hat));
                NDArray gradient =
                        Autograd.on(() -> Autograd.grad(nl2.of(x0Hat).sum(), x0Hat, false));
                float[] sigma = t.get(name + "sigma").toFloatArray();
                assertThat(value.toFloatArray()).containsExactly(sigma, within(1e-5f));
                // x0Hat = (x_t - sqrt(1 - alphaBar) epsilon) / sqrt(alphaBar), epsilon constant.
                float[] expected = t.get(name + "grad_eps_constant").toFloatArray();
                float[] found = gradient.toFloatArray();
                for (int i = 0; i < found.length; i++) {
                    assertThat(found[i] / Math.sqrt(alphaBar))
                            .isCloseTo(expected[i], within(1e-5 + 1e-3 * Math.abs(expected[i])));
                }
                long[] neighbours = t.get(name + "neighbours").toLongArray();
                Images images = Images.from(x0Hat);
                for (int row = 0; row < images.count(); row++) {
                    assertThat(nl2.nearest(images).get(row).index())
                            .isEqualTo((int) neighbours[row * k]);
                }
            }
            nl2.close();
        }
    }

    @Test
    void theGradientAtAnExactCopyIsFinite() {
        Images train = noise(1, 60);
        try (NDManager manager = Torch.manager();
                NormalizedL2 nl2 = NormalizedL2.against(train)) {
            NDArray x = Autograd.leaf(train.first(3).tensor(manager));
            NDArray gradient = Autograd.on(() -> Autograd.grad(nl2.of(x).sum(), x, false));
            for (float value : gradient.toFloatArray()) {
                assertThat(value).isFinite();
            }
            assertThat(nl2.of(x).toFloatArray()).containsOnly(new float[] {0, 0, 0}, within(1e-5f));
        }
    }

    @Test
    void theThresholdIsExceededByUnseenImagesAtTheRate() {
        double[] scores = IntStream.range(0, 3000).mapToDouble(i -> -i * 7 % 3000).toArray();
        for (double rate : new double[] {0.001, 0.01, 0.1}) {
            double level = NullThreshold.exceeded(scores, rate);
            assertThat(Arrays.stream(scores).filter(s -> s > level)).hasSize((int) (3000 * rate));
        }
        Images unseen = noise(9, 100);
        try (NormalizedL2 nl2 = NormalizedL2.against(noise(1, 60))) {
            double level = nl2.threshold(unseen, 0.05);
            assertThat(Arrays.stream(nl2.of(unseen)).filter(s -> s > level)).hasSize(5);
            DataSet set =
                    DataSet.of(unseen, new int[100], List.of("noise"), Provenance.made("noise"));
            assertThat(nl2.threshold(set, 0.05)).isEqualTo(level);
            assertThat(nl2.of(set)).isEqualTo(nl2.of(unseen));
            assertThat(nl2.of(new Samples(unseen, Seeds.range(0, 100)))).isEqualTo(nl2.of(unseen));
        }
    }

    @Test
    void anInterruptStopsTheSearch() {
        try (NormalizedL2 nl2 = NormalizedL2.against(noise(1, 60))) {
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> nl2.of(noise(2, 10))).isInstanceOf(Interrupted.class);
            assertThat(nl2.of(noise(2, 10))).hasSize(10);
        }
    }

    static Stream<Arguments> bad() {
        Images train = noise(1, 60);
        NormalizedL2 nl2 = NormalizedL2.against(train);
        NormalizedL2 small = NormalizedL2.against(noise(1, 49));
        Images grey = noise(1, 2, 1, 5, 4);
        float[] holed = noise(3, 3).all();
        holed[125] = Float.NaN;
        Images nan = Images.of(holed, 3, 3, 5, 4);
        double[] scores = new double[999];
        return Stream.of(
                bad("set: empty", () -> NormalizedL2.against(train.first(0))),
                bad("set: image 2 holds NaN", () -> NormalizedL2.against(nan)),
                bad(
                        "k: 50 neighbours are wanted, but the training set has 49",
                        () -> small.of(train)),
                bad("k: 49 nearest of 48", () -> small.neighbours(49).leaveOneOut()),
                bad("k: 1 neighbours", () -> nl2.neighbours(1)),
                bad("k: 61 neighbours", () -> nl2.neighbours(61)),
                bad("alpha: 0.0", () -> nl2.alpha(0)),
                bad("alpha: NaN", () -> nl2.alpha(Double.NaN)),
                bad("queries: images of (1, 5, 4)", () -> nl2.of(grey)),
                bad("queries: image 2 holds NaN", () -> nl2.of(nan)),
                bad(
                        "queries: image 2 holds NaN",
                        () -> {
                            try (NDManager manager = Torch.manager()) {
                                nl2.of(nan.tensor(manager));
                            }
                        }),
                bad("k: 0 nearest", () -> Neighbours.among(train).nearest(train, 0)),
                bad("at least 1000 are needed", () -> NullThreshold.exceeded(scores, 0.001)),
                bad("unseen: 0 images", () -> nl2.threshold(train.first(0), 0.01)),
                bad("rate: 0.0", () -> NullThreshold.exceeded(scores, 0)),
                bad("rate: 1.0", () -> NullThreshold.exceeded(scores, 1)),
                bad("rate: NaN", () -> NullThreshold.exceeded(scores, Double.NaN)),
                bad(
                        "a score is not a number",
                        () -> NullThreshold.exceeded(new double[] {1, Double.NaN}, 0.5)));
    }

    private static Arguments bad(String message, ThrowingCallable call) {
        return arguments(message, call);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("bad")
    void badInputIsNamed(String message, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void theGradientComputedAlongIsTheOneThatIsRecorded() {
        Images train = noise(1, 60);
        float[] near = train.first(6).all();
        near[7] += 1e-3f;
        Images images = Images.concat(noise(7, 5), Images.of(near, 6, 3, 5, 4));
        try (NDManager manager = Torch.manager();
                NormalizedL2 nl2 = NormalizedL2.against(train)) {
            NDArray x = Autograd.leaf(images.tensor(manager));
            NDArray quick = Autograd.on(() -> nl2.of(x));
            NDArray recorded = Autograd.secondOrder(() -> nl2.of(x));
            assertThat(quick.toFloatArray())
                    .containsExactly(recorded.toFloatArray(), within(1e-6f));
            NDArray expected = Autograd.on(() -> Autograd.grad(recorded.sum(), x, false));
            NDArray found = Autograd.on(() -> Autograd.grad(quick.sum(), x, false));
            assertThat(found.toFloatArray())
                    .containsExactly(expected.toFloatArray(), within(1e-5f));
        }
    }

    @Test
    void oneComparisonServesTheGradientsOfSomeOfItsRows() {
        Images images = noise(7, 5);
        int[] rows = {1, 3};
        try (NDManager manager = Torch.manager();
                NormalizedL2 nl2 = NormalizedL2.against(noise(1, 60))) {
            Comparison found = nl2.compare(images);
            assertThat(found.nearest()).isEqualTo(nl2.nearest(images));
            NDArray some = images.select(rows).tensor(manager);
            NDArray x = Autograd.leaf(some);
            NDArray again = Autograd.leaf(some);
            NDArray gradient = Autograd.on(() -> Autograd.grad(found.of(x, rows).sum(), x, false));
            NDArray searched = Autograd.on(() -> Autograd.grad(nl2.of(again).sum(), again, false));
            assertThat(gradient.toFloatArray()).isEqualTo(searched.toFloatArray());
            assertThat(found.of(some, rows).toFloatArray()).isEqualTo(nl2.of(some).toFloatArray());
            Comparison other = nl2.compare(images.select(2, 4));
            assertThat(other.of(some, 0, 1).toFloatArray())
                    .isNotEqualTo(nl2.of(some).toFloatArray());
        }
    }

    @Test
    void closenessIsTheSameMeasureCountedFromZero() {
        Images set = noise(21, 60);
        Images queries = Images.concat(noise(22, 3), set.slice(5, 6));
        try (NormalizedL2 nl2 = NormalizedL2.against(set).neighbours(10)) {
            Similarity close = nl2.closeness();
            Comparison found = close.compare(queries);
            double[] measured = nl2.of(queries);
            for (int i = 0; i < 4; i++) {
                double expected = 1 + 0.5 * measured[i];
                assertThat(close.of(queries)[i]).isCloseTo(expected, within(1e-12));
                assertThat(found.nearest().get(i).similarity()).isCloseTo(expected, within(1e-12));
                assertThat(found.neighbours(i)).hasSize(10);
            }
            assertThat(close.of(queries)[3]).isEqualTo(1);
            assertThat(close.positive()).isTrue();
            assertThat(close.spec()).isNotEqualTo(nl2.spec());
            Scope.run(
                    () -> {
                        NDArray x = queries.select(1).tensor(Torch.manager());
                        assertThat((double) found.of(x, 1).getFloat(0))
                                .isCloseTo(1 + 0.5 * measured[1], within(1e-5));
                    });
        }
    }
}
