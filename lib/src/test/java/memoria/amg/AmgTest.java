package memoria.amg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import memoria.data.Images;
import memoria.diffusion.Analytic;
import memoria.diffusion.Bend;
import memoria.diffusion.Condition;
import memoria.diffusion.Ddim;
import memoria.diffusion.Ddpm;
import memoria.diffusion.Denoiser;
import memoria.diffusion.Guided;
import memoria.diffusion.Noise;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Prediction;
import memoria.diffusion.Samples;
import memoria.diffusion.Seeds;
import memoria.diffusion.Step;
import memoria.similarity.NormalizedL2;
import memoria.torch.NativeMemory;
import memoria.torch.Scalars;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tech.tablesaw.api.Table;

/** On a model that has learned ten images by heart, among thirty that it may not come close to. */
class AmgTest {

    private static final NoiseSchedule SCHEDULE = NoiseSchedule.linear(1000);
    private static final Seeds SEEDS = Seeds.range(0, 12);

    private final List<Integer> forwards = new ArrayList<>();
    private Images train;
    private NormalizedL2 nl2;
    private Analytic learned;
    private Denoiser copier;

    @BeforeEach
    void open() {
        Torch.threads(1);
        train = uniform(1, 30);
        nl2 = NormalizedL2.against(train).neighbours(10);
        learned = Analytic.finite(SCHEDULE, train.first(10));
        copier = counted(learned);
    }

    @AfterEach
    void close() {
        learned.close();
        nl2.close();
    }

    private static Images uniform(long seed, int count) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[count * 16];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return Images.of(values, count, 1, 4, 4);
    }

    /** Takes any condition and knows none. */
    private Denoiser counted(Denoiser model) {
        return new Denoiser() {
            @Override
            public Prediction predict(NDArray x, double[] t, Condition condition) {
                forwards.add(t.length);
                return model.predict(x, t, Condition.none());
            }

            @Override
            public NoiseSchedule schedule() {
                return model.schedule();
            }

            @Override
            public Shape item() {
                return model.item();
            }

            @Override
            public NDManager manager() {
                return model.manager();
            }
        };
    }

    private Step step(int index) {
        NoiseSchedule part = SCHEDULE.respaced("ddim50");
        NDArray xt = Noise.tensor(copier.manager(), "x", SEEDS, 0, copier.item());
        return Step.of(copier, part, index, xt, SEEDS, Condition.none());
    }

    /** A model of one training image and some freedom around it: there is a way out that its data allow. */
    private Analytic oneImageWithFreedom() {
        double[] mean = new double[16];
        double[][] directions = new double[8][16];
        double[] variances = new double[8];
        for (int i = 0; i < 16; i++) {
            mean[i] = 0.5 * train.pixels(3)[i];
        }
        for (int j = 0; j < 8; j++) {
            directions[j][j] = 1;
            variances[j] = 0.02;
        }
        return Analytic.gaussian(SCHEDULE, new Shape(1, 4, 4), mean, directions, variances);
    }

    @ParameterizedTest
    @EnumSource
    void guidedImagesEndFartherFromTheTrainingImages(Step.Gradient mode) {
        try (Analytic model = oneImageWithFreedom()) {
            Amg amg = Amg.with(nl2).below(-1.2).scale(3).gradient(mode);
            Ddim ddim = Ddim.steps(50);
            Ddpm ddpm = Ddpm.steps(50);
            double unguided = mean(ddim.sample(model, SEEDS));
            double guided = mean(ddim.guidedBy(amg).sample(model, SEEDS));
            double walked = mean(ddpm.sample(model, SEEDS));
            double walkedGuided = mean(ddpm.guidedBy(amg).sample(model, SEEDS));
            assertThat(guided).isLessThan(unguided - 0.02);
            assertThat(walkedGuided).isLessThan(walked - 0.02);
        }
    }

    private double mean(Samples samples) {
        return Arrays.stream(nl2.of(samples)).average().orElseThrow();
    }

    @Test
    void imagesThatNeverExceedTheThresholdEqualUnguidedOnesBitForBit() {
        AmgRecord seen = new AmgRecord();
        Ddim plain = Ddim.steps(20);
        Images unguided = plain.sample(copier, SEEDS).images();
        double[] early = similarityAt(12, plain);
        Arrays.sort(early);
        // Between two rows at one step: some images are guided, others never are.
        Threshold between = at(12.0 / 20, (early[5] + early[6]) / 2);
        for (Step.Gradient mode : Step.Gradient.values()) {
            Amg amg = Amg.with(nl2).when(between).scale(5).gradient(mode).record(seen);
            Images guided = plain.guidedBy(amg).sample(copier, SEEDS).images();
            List<Long> armed = Arrays.stream(seen.armed()).boxed().toList();
            assertThat(armed).hasSize(6);
            for (int i = 0; i < SEEDS.count(); i++) {
                boolean same = Arrays.equals(guided.pixels(i), unguided.pixels(i));
                assertThat(same).as("seed %d", i).isEqualTo(!armed.contains((long) i));
            }
        }
    }

    /** Acts at one step alone. */
    private static Threshold at(double when, double lambda) {
        return new Threshold() {
            @Override
            public double at(double tau) {
                return tau == when ? lambda : Double.POSITIVE_INFINITY;
            }

            @Override
            public JsonObject spec() {
                return new JsonObject();
            }
        };
    }

    /** The similarities at the step with so many steps left. */
    private double[] similarityAt(int remaining, Ddim sampler) {
        AmgRecord seen = new AmgRecord();
        sampler.guidedBy(Amg.with(nl2).below(0).scale(0).record(seen)).sample(copier, SEEDS);
        Table at = seen.table();
        int stepsDone = 20 - 1 - remaining;
        return at.where(at.intColumn("step").isEqualTo(stepsDone))
                .doubleColumn("similarity")
                .asDoubleArray();
    }

    @Test
    void onlyGuidedImagesPayForAGradient() {
        Step step = step(20);
        double[] sigma = nl2.of(Images.from(step.x0Hat()));
        double[] sorted = sigma.clone();
        Arrays.sort(sorted);
        double third = (sorted[8] + sorted[9]) / 2;
        forwards.clear();
        Bend bend = Amg.with(nl2).when(Threshold.constant(third)).bend(step);
        assertThat(forwards).containsExactly(3);
        NDArray gradient = ((Bend.Score) bend).gradient();
        for (int i = 0; i < sigma.length; i++) {
            boolean moved = gradient.get(i).abs().sum().getFloat() > 0;
            assertThat(moved).isEqualTo(sigma[i] > third);
        }
        forwards.clear();
        Amg.with(nl2)
                .when(Threshold.constant(third))
                .gradient(Step.Gradient.EPSILON_CONSTANT)
                .bend(step);
        Amg.with(nl2).when(Threshold.constant(0)).bend(step);
        assertThat(forwards).as("neither the constant gradient nor a silent gate").isEmpty();
    }

    @Test
    void theGradientIsMinusTheScaleTimesThatOfTheSimilarity() {
        Step step = step(10);
        for (Step.Gradient mode : Step.Gradient.values()) {
            Amg amg = Amg.with(nl2).when(Threshold.constant(-2.1)).scale(7).gradient(mode);
            float[] answer = ((Bend.Score) amg.bend(step)).gradient().toFloatArray();
            float[] expected = Scalars.mul(step.gradX(nl2::of, mode), -7).toFloatArray();
            assertThat(answer).containsExactly(expected, within(1e-6f));
        }
    }

    @Test
    void aRisingStrengthWeighsEachRowByItsSimilarity() {
        Step step = step(10);
        double[] sigma = nl2.of(Images.from(step.x0Hat()));
        Step.Gradient mode = Step.Gradient.EPSILON_CONSTANT;
        Strength rising = Strength.rising(7, -2.2);
        Amg amg = Amg.with(nl2).when(Threshold.constant(-2.1)).scale(rising).gradient(mode);
        NDArray answer = ((Bend.Score) amg.bend(step)).gradient();
        NDArray gradient = step.gradX(nl2::of, mode);
        for (int i = 0; i < sigma.length; i++) {
            double c3 = 7 * (sigma[i] + 2.2) * Math.exp(1000.0 / 170 * (1 - 10.0 / 50));
            float[] expected = Scalars.mul(gradient.get(i), -c3).toFloatArray();
            assertThat(answer.get(i).toFloatArray()).containsExactly(expected, within(1e-3f));
        }
        String named = amg.spec().toString();
        assertThat(named).contains("rising").doesNotContain("\"scale\"");
        assertThat(amg.scale(2).spec().toString()).contains("\"scale\":2.0");
    }

    @Test
    void aDecoderIsPartOfWhatIsComparedAndDifferentiated() {
        Step step = step(10);
        NormalizedL2 larger = NormalizedL2.against(times(train, 2)).neighbours(10);
        Amg decoded =
                Amg.with(larger)
                        .when(Threshold.constant(-2.1))
                        .decoding("twice", x -> Scalars.mul(x, 2));
        Amg plain = Amg.with(nl2).when(Threshold.constant(-2.1));
        // nL2 is a quotient of distances: doubling everything changes nothing.
        assertThat(((Bend.Score) decoded.bend(step)).gradient().toFloatArray())
                .containsExactly(
                        ((Bend.Score) plain.bend(step)).gradient().toFloatArray(), within(1e-5f));
        larger.close();
    }

    private static Images times(Images images, int factor) {
        float[] all = images.all();
        for (int i = 0; i < all.length; i++) {
            all[i] *= factor;
        }
        return Images.of(all, images.count(), 1, 4, 4);
    }

    @Test
    void theParabolaFollowsItsFormulaAndEndsBelowTheLimitAsThePaperSays() {
        Threshold paper = Amg.with(nl2).below(-1.4).threshold();
        assertThat(paper.at(0)).isCloseTo(-1.5, within(1e-12));
        // Fifty of 250 steps left: e^{-0.025 50}.
        assertThat(paper.at(0.2)).isCloseTo(-1.95 + 0.45 * Math.exp(-1.25), within(1e-12));
        assertThat(paper.at(1)).isCloseTo(-1.95, within(1e-3));
        assertThat(Threshold.constant(-1.4).at(0.7)).isEqualTo(-1.4);
    }

    @Test
    void theRecordHasARowForEveryImageAndStep() {
        AmgRecord seen = new AmgRecord();
        Amg amg = Amg.with(nl2).below(-0.6).scale(0).record(seen);
        Samples samples = Ddim.steps(10).batch(5).guidedBy(amg).sample(copier, SEEDS);
        Table all = seen.table();
        assertThat(all.rowCount()).isEqualTo(120);
        Table last = all.where(all.intColumn("step").isEqualTo(9));
        assertThat(last.longColumn("seed").asObjectArray()).containsExactly(boxed(SEEDS.values()));
        assertThat(last.doubleColumn("similarity").asDoubleArray())
                .as("at the last step x0-hat is the image, but for clipping")
                .containsExactly(nl2.of(samples), within(0.05));
        for (int i = 0; i < all.rowCount(); i++) {
            double tau = all.doubleColumn("tau").get(i);
            double threshold = all.doubleColumn("threshold").get(i);
            assertThat(tau).isEqualTo((9 - all.intColumn("step").get(i)) / 10.0);
            assertThat(threshold).isEqualTo(amg.threshold().at(tau));
            assertThat(all.booleanColumn("armed").get(i))
                    .isEqualTo(all.doubleColumn("similarity").get(i) > threshold);
        }
        assertThat(seen.of(7).rowCount()).isEqualTo(10);
        Table summary = seen.summary();
        assertThat(summary.longColumn("seed").asObjectArray())
                .containsExactly(boxed(SEEDS.values()));
        for (int i = 0; i < SEEDS.count(); i++) {
            Table own = seen.of(i);
            Table armed = own.where(own.booleanColumn("armed").isTrue());
            assertThat(summary.intColumn("steps armed").get(i)).isEqualTo(armed.rowCount());
            assertThat(summary.doubleColumn("last similarity").get(i))
                    .isEqualTo(own.doubleColumn("similarity").get(9));
            assertThat(summary.doubleColumn("first armed").isMissing(i)).isEqualTo(armed.isEmpty());
            if (!armed.isEmpty()) {
                assertThat(summary.doubleColumn("first armed").get(i))
                        .isEqualTo(armed.doubleColumn("tau").get(0));
            }
        }
    }

    private static Long[] boxed(long[] values) {
        return Arrays.stream(values).boxed().toArray(Long[]::new);
    }

    @Test
    void promptGuidanceHasNoEffectUnderASimilarityThatIsNeverPositive() {
        Guided model = new Guided(copier, Condition.classes(0), 3);
        NDArray xt = Noise.tensor(copier.manager(), "x", SEEDS, 0, copier.item());
        Step step = Step.of(model, SCHEDULE, 100, xt, SEEDS, Condition.classes(1));
        boolean[] all = new boolean[train.count()];
        Arrays.fill(all, true);
        long[] labels = IntStream.range(0, all.length).asLongStream().toArray();
        Captions captions = new Captions("classes", Condition.classes(labels), all);
        Amg amg =
                Amg.with(nl2)
                        .when(Threshold.constant(-2.1))
                        .scale(0)
                        .despecify(13)
                        .deduplicate(20, captions);
        Bend.Epsilon bend = (Bend.Epsilon) amg.bend(step);
        assertThat(bend.delta().abs().max().getFloat()).isZero();
    }

    @Test
    void promptGuidanceNeedsAGuidedModel() {
        Amg amg = Amg.with(nl2).when(Threshold.constant(-2.1)).despecify(13);
        assertThatIllegalStateException()
                .isThrownBy(() -> amg.bend(step(5)))
                .withMessageContaining("sample a Guided model");
    }

    @Test
    void aSpecNamesEverythingThatDecidesAnImage() {
        Amg amg = Amg.with(nl2).below(-0.6);
        boolean[] none = new boolean[train.count()];
        Captions captions = new Captions("a", Condition.classes(new long[none.length]), none);
        Captions others = new Captions("b", Condition.classes(new long[none.length]), none);
        List<Amg> different =
                List.of(
                        amg,
                        Amg.with(nl2.neighbours(11)).below(-0.6),
                        Amg.with(NormalizedL2.against(train.first(29)).neighbours(10)).below(-0.6),
                        Amg.with(nl2).below(-0.5),
                        Amg.with(nl2).when(Threshold.constant(-0.6)),
                        amg.scale(2),
                        amg.gradient(Step.Gradient.EPSILON_CONSTANT),
                        amg.decoding("x", x -> x),
                        amg.despecify(1),
                        amg.despecify(2),
                        amg.deduplicate(1, captions),
                        amg.deduplicate(1, others));
        assertThat(different.stream().map(a -> a.spec().toString())).doesNotHaveDuplicates();
        assertThat(amg.record(new AmgRecord()).spec()).isEqualTo(amg.spec());
        assertThat(Ddim.steps(50).guidedBy(amg).spec().toString()).contains("amg-1");
    }

    @Test
    void aThousandGuidedImagesLeaveNativeMemoryFlat() {
        Amg amg = Amg.with(nl2).below(-0.6).scale(1);
        Ddim sampler = Ddim.steps(5).guidedBy(amg);
        Seeds fifty = Seeds.range(0, 50);
        long growth = NativeMemory.growth(() -> sampler.sample(copier, fifty), 20, 40);
        assertThat(growth).isLessThan(24L << 20);
    }
}
