package memoria.side;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import memoria.artifact.ModelId;
import memoria.diffusion.Noise;
import memoria.diffusion.NoiseSchedule;
import memoria.network.FeatureNetwork;
import memoria.network.Params;
import memoria.network.ResNet;
import memoria.network.ResNetConfig;
import memoria.torch.Autograd;
import memoria.torch.NativeMemory;
import memoria.torch.Ops;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class AnchorTest {

    private static final int CLASSES = 3;
    private static final Shape ITEM = new Shape(1, 4, 4);
    private static final Anchor ANCHOR = Anchor.of(NoiseSchedule.linear(1000)).width(0.02);

    private static Surrogate teacher;
    private static Surrogate student;
    private static Surrogate anchored;

    @BeforeAll
    static void open() {
        Torch.threads(1);
        teacher = network(ResNetConfig.Time.NONE, 1);
        student = network(ResNetConfig.Time.ONCE, 2);
        anchored = student.anchored(teacher, ANCHOR);
    }

    @AfterAll
    static void free() {
        teacher.close();
        student.close();
    }

    private static Surrogate network(ResNetConfig.Time time, int seed) {
        ResNetConfig config = ResNetConfig.small(1, 4, CLASSES, 1, 1).optTime(time, 10);
        Params params = Params.fresh(Torch.manager(), seed);
        return Surrogate.of(
                new ModelId("network-" + seed, ("" + seed).repeat(64)),
                new FeatureNetwork(new ResNet(config, params), ITEM, new JsonObject()));
    }

    private static float[] pixels(int rows) {
        double[] noise = Noise.gaussian("test/anchor", 1, 0, rows * 16);
        float[] x = new float[noise.length];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) noise[i];
        }
        return x;
    }

    private static float[] of(float[] x, Function<NDArray, NDArray> what) {
        return Scope.use(
                () -> {
                    try (NDManager manager = Torch.manager()) {
                        Shape shape = new Shape(x.length / 16).addAll(ITEM);
                        return what.apply(Tensors.of(manager, x, shape)).toFloatArray();
                    }
                });
    }

    private static float[] log(Surrogate s, float[] x, double... t) {
        return of(x, at -> s.logProbabilities(at, t));
    }

    @Test
    void theWeightFallsFromOneAtZeroToZeroAtTheWidthWithoutAKink() {
        assertThat(ANCHOR.weight(0)).isEqualTo(1);
        assertThat(ANCHOR.weight(-1)).isEqualTo(1);
        assertThat(ANCHOR.weight(10)).isCloseTo(0.5, within(1e-12));
        assertThat(ANCHOR.weight(20)).isZero();
        assertThat(ANCHOR.weight(999)).isZero();
        for (double t = 0; t < 20; t += 0.5) {
            assertThat(ANCHOR.weight(t + 0.5)).isLessThan(ANCHOR.weight(t));
        }
        assertThat(1 - ANCHOR.weight(0.02)).isLessThan(1e-5);
        assertThat(ANCHOR.weight(19.98)).isLessThan(1e-5);
        assertThat(Anchor.of(NoiseSchedule.linear(200)).weight(3)).isCloseTo(0.5, within(1e-12));
    }

    @Test
    void atZeroItIsTheTeacherAndFromTheWidthOnTheStudent() {
        float[] x = pixels(3);
        long[] y = {0, 1, 2};
        assertThat(log(anchored, x, 0, 0, 0)).containsExactly(log(teacher, x, 0, 0, 0));
        assertThat(log(anchored, x, 20, 300, 999)).containsExactly(log(student, x, 20, 300, 999));
        assertThat(log(student, x, 0, 0, 0)).isNotEqualTo(log(teacher, x, 0, 0, 0));
        assertThat(of(x, at -> anchored.gradient(at, 0, y)))
                .containsExactly(of(x, at -> teacher.gradient(at, 0, y)));
        assertThat(of(x, at -> anchored.gradient(at, 20, y)))
                .containsExactly(of(x, at -> student.gradient(at, 20, y)));
    }

    @Test
    void inBetweenLogProbabilitiesAreMixedAndSumToOne() {
        float[] x = pixels(1);
        float[] of = log(teacher, x, 6);
        float[] other = log(student, x, 6);
        double c = (1 + Math.cos(Math.PI * 6 / 20)) / 2;
        double[] mixed = new double[CLASSES];
        Arrays.setAll(mixed, k -> c * of[k] + (1 - c) * other[k]);
        double log = Math.log(Arrays.stream(mixed).map(Math::exp).sum());
        float[] found = log(anchored, x, 6);
        double sum = 0;
        for (int k = 0; k < CLASSES; k++) {
            assertThat((double) found[k]).isCloseTo(mixed[k] - log, within(1e-5));
            sum += Math.exp(found[k]);
        }
        assertThat(sum).isCloseTo(1, within(1e-6));
    }

    @Test
    void answersAndGradientsMoveWithTheTimeAndDoNotJump() {
        int count = 220;
        float[] x = new float[16 * count];
        double[] t = new double[count];
        long[] y = new long[count];
        float[] one = pixels(1);
        for (int i = 0; i < count; i++) {
            System.arraycopy(one, 0, x, 16 * i, 16);
            t[i] = 0.1 * i;
            y[i] = 1;
        }
        for (Surrogate s : List.of(anchored, anchored.merged(2, 1))) {
            doesNotJump(log(s, x, t), s.classes());
            doesNotJump(of(x, at -> s.gradient(at, t, y)), 16);
        }
    }

    /** From one time to the next no number moves by more than a tenth of the way that it goes in all. */
    private static void doesNotJump(float[] rows, int width) {
        for (int k = 0; k < width; k++) {
            float low = rows[k];
            float high = rows[k];
            float most = 0;
            for (int i = width + k; i < rows.length; i += width) {
                low = Math.min(low, rows[i]);
                high = Math.max(high, rows[i]);
                most = Math.max(most, Math.abs(rows[i] - rows[i - width]));
            }
            assertThat(most).isPositive().isLessThan(0.1f * (high - low));
        }
    }

    @Test
    void theGradientIsThatOfTheLabelsLogProbability() {
        for (Surrogate s : List.of(anchored, anchored.merged(2, 1))) {
            float[] x = pixels(2);
            double[] t = {4, 13};
            float[] gradient = of(x, at -> s.gradient(at, t, new long[] {1, 0}));
            for (int i : new int[] {0, 5, 15, 16, 30}) {
                int y = i < 16 ? 1 : s.classes();
                float[] up = x.clone();
                float[] down = x.clone();
                up[i] += 1e-2f;
                down[i] -= 1e-2f;
                double slope = (log(s, up, t)[y] - log(s, down, t)[y]) / 2e-2;
                assertThat((double) gradient[i]).isCloseTo(slope, within(2e-3));
            }
        }
    }

    @Test
    void closeToZeroTheGradientIsTheTeachersEvenForALabelItFindsUnlikely() {
        Anchor.Scores sure = (x, t) -> x.reshape(-1, 16).matMul(weights(x, 5));
        Anchor.Scores unsure = (x, t) -> x.reshape(-1, 16).matMul(weights(x, -0.05f));
        double t = 0.2;
        float[] of = gradient(sure, t);
        float[] found = gradient((x, at) -> ANCHOR.mix(x, at, sure, unsure), t);
        float[] other = gradient(unsure, t);
        for (int i = 0; i < 16; i++) {
            assertThat(of[i]).isLessThan(-5);
            assertThat(found[i]).isCloseTo(of[i], within(0.01f));
            assertThat(other[i]).isPositive();
        }
    }

    private static NDArray weights(NDArray x, float scale) {
        float[] w = new float[16 * CLASSES];
        for (int i = 0; i < w.length; i++) {
            w[i] = i % CLASSES == 0 ? -scale : scale;
        }
        return Tensors.of(x.getManager(), w, new Shape(16, CLASSES));
    }

    /** Of the first label's log-probability, at an image of ones. */
    private static float[] gradient(Anchor.Scores scores, double t) {
        float[] ones = new float[16];
        Arrays.fill(ones, 1);
        return of(
                ones,
                at ->
                        Autograd.on(
                                () -> {
                                    NDArray leaf = Autograd.leaf(at);
                                    NDArray log = scores.of(leaf, new double[] {t}).logSoftmax(-1);
                                    NDArray first = Ops.narrow(log, 1, 0, 1);
                                    return Autograd.grad(first.sum(), leaf, false);
                                }));
    }

    @Test
    void rowsAtDifferentTimesDoNotKnowOfEachOther() {
        double[] t = {0, 500, 7, 20, 3};
        long[] y = {2, 1, 0, 1, 2};
        float[] x = pixels(5);
        x[16] = Float.NaN;
        float[] all = log(anchored, x, t);
        float[] slopes = of(x, at -> anchored.gradient(at, t, y));
        for (int i = 0; i < 5; i++) {
            float[] one = Arrays.copyOfRange(x, 16 * i, 16 * i + 16);
            double[] at = {t[i]};
            long[] label = {y[i]};
            float[] alone = log(anchored, one, at);
            float[] slope = of(one, a -> anchored.gradient(a, at, label));
            if (i == 1) {
                assertThat(alone[0]).isNaN();
                continue;
            }
            assertThat(Arrays.copyOfRange(all, CLASSES * i, CLASSES * i + CLASSES))
                    .containsExactly(alone, within(1e-5f));
            assertThat(Arrays.copyOfRange(slopes, 16 * i, 16 * i + 16))
                    .containsExactly(slope, within(1e-5f));
        }
    }

    @Test
    void eachNetworkIsAskedAboutRowsInWhichItHasWeightOnly() {
        List<String> asked = new ArrayList<>();
        Function<String, Anchor.Scores> noting =
                name ->
                        (x, t) -> {
                            asked.add(name + Arrays.toString(t));
                            return x.reshape(-1, 16);
                        };
        for (double[] t : new double[][] {{0, 0}, {20, 999}, {0, 5, 40}}) {
            of(
                    pixels(t.length),
                    x -> ANCHOR.mix(x, t, noting.apply("teacher"), noting.apply("student")));
        }
        assertThat(asked)
                .containsExactly(
                        "teacher[0.0, 0.0]",
                        "student[20.0, 999.0]",
                        "teacher[0.0, 5.0]",
                        "student[5.0, 40.0]");
    }

    @Test
    void hundredsOfGradientsLeaveNativeMemoryFlat() {
        float[] x = pixels(32);
        double[] t = new double[32];
        Arrays.setAll(t, i -> i);
        long[] y = new long[32];
        long growth = NativeMemory.growth(() -> of(x, at -> anchored.gradient(at, t, y)), 100, 400);
        assertThat(growth).isLessThan(8L << 20);
    }

    @Test
    void whatDecidesTheAnswerIsInTheChecksum() {
        assertThat(anchored.id()).isEqualTo(ANCHOR.id(student.id(), teacher.id()));
        assertThat(anchored.id().name()).isEqualTo(student.id().name());
        assertThat(anchored.merged(2, 1).id().sha256()).isEqualTo(anchored.id().sha256());
        ModelId other = new ModelId("other", "ab".repeat(32));
        NoiseSchedule longer = NoiseSchedule.linear(2000);
        assertThat(
                        List.of(
                                student.id().sha256(),
                                anchored.id().sha256(),
                                ANCHOR.id(other, teacher.id()).sha256(),
                                ANCHOR.id(student.id(), other).sha256(),
                                ANCHOR.width(0.01).id(student.id(), teacher.id()).sha256(),
                                Anchor.of(longer)
                                        .width(0.02)
                                        .id(student.id(), teacher.id())
                                        .sha256()))
                .doesNotHaveDuplicates();
    }

    @Test
    void whatCannotBeAnchoredIsNamed() {
        assertThatThrownBy(() -> teacher.anchored(teacher, ANCHOR))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("network-1 does not");
        assertThatThrownBy(() -> student.anchored(student, ANCHOR))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("teacher: network-2 knows time");
        assertThatThrownBy(() -> student.merged(2, 1).anchored(teacher, ANCHOR))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("3 labels of 3 classes for 2 of 3");
        assertThatThrownBy(() -> student.anchored(teacher.merged(2, 1), ANCHOR))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2 labels of 3 classes for 3 of 3");
        try (NDManager manager = Torch.manager()) {
            NDArray two = manager.zeros(new Shape(2).addAll(ITEM));
            assertThatThrownBy(() -> anchored.logProbabilities(two, new double[3]))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("t: 3 times for 2 rows");
            assertThatThrownBy(() -> anchored.gradient(two, new double[1], new long[2]))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("t: 1 times for 2 rows");
        }
    }
}
