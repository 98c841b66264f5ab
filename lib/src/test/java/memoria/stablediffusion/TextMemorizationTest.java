package memoria.stablediffusion;

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
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import memoria.data.Images;
import memoria.diffusion.Condition;
import memoria.diffusion.Guided;
import memoria.diffusion.Noise;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Seeds;
import memoria.lid.ConditionMetric;
import memoria.lid.Flipd;
import memoria.lid.NoiseLevel;
import memoria.network.NetworkDenoiser;
import memoria.network.Params;
import memoria.network.UNet;
import memoria.network.UNetConfig;
import memoria.torch.Autograd;
import memoria.torch.NativeMemory;
import memoria.torch.Ops;
import memoria.torch.Scope;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Metrics of a condition and what is built on them, on a small untrained model whose every weight is drawn. */
class TextMemorizationTest {

    private static final int LENGTH = 8;
    private static final int WIDTH = 16;
    private static final double T = 40;
    private static final List<String> TEXTS = List.of("a dark coat for mira", "a boot, grey");

    private static NDManager manager;
    private static Tokenizer tokenizer;
    private static NetworkDenoiser denoiser;
    private static Prompts prompts;

    @BeforeAll
    static void build() {
        Torch.threads(1);
        manager = Torch.manager();
        tokenizer = Tokenizer.learn(TEXTS, 60, LENGTH);
        ClipTextConfig config = new ClipTextConfig(tokenizer.size(), LENGTH, WIDTH, 2, 1, 32, 0);
        Params text = Params.fresh(manager, 1);
        prompts = new Prompts(tokenizer, new ClipText(config, text, ClipNames.HUGGING_FACE));
        UNetConfig network =
                UNetConfig.of(2, 32, 2)
                        .optChannelMult(1)
                        .optNumResBlocks(1)
                        .optAttentionResolutions(1)
                        .optNumHeads(2, -1)
                        .optContext(WIDTH, 1);
        Params params = Params.fresh(manager, 2);
        UNet unet = network.build(params);
        // Fresh output layers are zero, and a model that says nothing has no gradient.
        params.all().forEach((name, w) -> fill(name, w));
        denoiser =
                new NetworkDenoiser(
                        unet,
                        NoiseSchedule.scaledLinear(100, 0.00085, 0.1),
                        new Shape(2, 4, 4),
                        new JsonObject());
    }

    private static void fill(String name, NDArray w) {
        if (w.abs().max().getFloat() == 0 && w.getShape().dimension() > 1) {
            NDArray drawn = Noise.tensor(manager, name, Seeds.of(1), 0, w.getShape());
            Ops.assign(w, Ops.axpby(0.1, drawn.reshape(w.getShape()), 0, w));
        }
    }

    @AfterAll
    static void close() {
        manager.close();
    }

    private static Guided guided() {
        return new Guided(denoiser, prompts.empty(), 3);
    }

    private static Condition.Embedding text(String... texts) {
        return (Condition.Embedding) prompts.of(texts);
    }

    private static NDArray noisy(int rows) {
        return Noise.tensor(manager, "x", Seeds.range(0, rows), 0, denoiser.item());
    }

    private static ConditionMetric metric(String name) {
        return switch (name) {
            case "cfg" -> ConditionMetric.cfg();
            case "score" -> ConditionMetric.score();
            case "exact" -> ConditionMetric.flipd(Flipd.at(NoiseLevel.index(0)).exact());
            default -> ConditionMetric.flipd();
        };
    }

    private static double value(ConditionMetric metric, Condition condition) {
        return Scope.use(
                () ->
                        Autograd.secondOrder(
                                () ->
                                        metric.of(guided(), noisy(1), T, condition)
                                                .toDoubleArray()[0]));
    }

    @ParameterizedTest
    @ValueSource(strings = {"cfg", "score", "flipd", "exact"})
    void gradientsAreThoseOfFiniteDifferences(String name) {
        ConditionMetric metric = metric(name);
        Condition.Embedding c = text(TEXTS.get(0));
        NDArray gradient = metric.gradient(guided(), noisy(1), T, c).gradient();
        double length = gradient.norm().getFloat();
        NDArray direction = Ops.axpby(1 / length, gradient, 0, gradient);
        double h = 0.05;
        double up = value(metric, Condition.embedding(Ops.axpby(1, c.tensor(), h, direction)));
        double down = value(metric, Condition.embedding(Ops.axpby(1, c.tensor(), -h, direction)));
        assertThat(length).isGreaterThan(1e-4);
        assertThat((up - down) / (2 * h)).isCloseTo(length, within(0.01 * length));
    }

    @Test
    void withLayerNormsHeldTheValueStaysAndTheGradientIsNotItsOwn() {
        Condition.Embedding c = text(TEXTS.get(0));
        var own = ConditionMetric.flipd().gradient(guided(), noisy(1), T, c);
        var held = ConditionMetric.flipd().heldNorms().gradient(guided(), noisy(1), T, c);
        assertThat(held.value()[0]).isCloseTo(own.value()[0], within(1e-4));
        double apart = held.gradient().sub(own.gradient()).norm().getFloat();
        assertThat(apart / own.gradient().norm().getFloat()).isBetween(1e-3, 1.0);
        // The first two metrics differentiate once: nothing is held.
        var cfg = ConditionMetric.cfg().gradient(guided(), noisy(1), T, c).gradient();
        var same = ConditionMetric.cfg().heldNorms().gradient(guided(), noisy(1), T, c).gradient();
        assertThat(same.toFloatArray()).containsExactly(cfg.toFloatArray());
    }

    @Test
    void theGuidedDimensionIsFlipdOfTheGuidedModel() {
        Condition c = text(TEXTS.get(0));
        double own = value(metric("exact"), c);
        double flipd =
                Scope.use(
                        () ->
                                Autograd.secondOrder(
                                        () ->
                                                Flipd.at(NoiseLevel.index(0))
                                                        .exact()
                                                        .differentiable(guided(), noisy(1), T, c)
                                                        .toDoubleArray()[0]));
        assertThat(own).isCloseTo(flipd, within(1e-6));
    }

    @Test
    void rowsDoNotMix() {
        Condition.Embedding both = text(TEXTS.toArray(String[]::new));
        NDArray together =
                metric("flipd").gradient(guided(), noisy(2), T, both).gradient().get("1:2");
        NDArray alone =
                metric("flipd")
                        .gradient(guided(), Ops.rows(noisy(2), 1), T, text(TEXTS.get(1)))
                        .gradient();
        assertThat(together.sub(alone).abs().max().getFloat()).isLessThan(1e-4f);
    }

    @Test
    void branchesExchangedDoNotMatterToTheirDifference() {
        Condition c = text(TEXTS.get(0));
        ConditionMetric cfg = ConditionMetric.cfg();
        assertThat(value(cfg.swapped(), c)).isCloseTo(value(cfg, c), within(1e-9));
        ConditionMetric score = ConditionMetric.score();
        assertThat(value(score.swapped(), c)).isNotCloseTo(value(score, c), within(1e-4));
    }

    @Test
    void aModelWithoutBranchesIsRefused() {
        assertThatThrownBy(
                        () -> ConditionMetric.cfg().of(denoiser, noisy(1), T, text(TEXTS.get(0))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no branches");
        assertThatThrownBy(
                        () -> ConditionMetric.flipd().of(guided(), noisy(1), T, text(TEXTS.get(0))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("secondOrder");
    }

    @Test
    void nativeMemoryStaysFlatOver500SecondOrderGradients() {
        Condition.Embedding c = text(TEXTS.get(0));
        NDArray x = noisy(1);
        Guided model = guided();
        ConditionMetric flipd = ConditionMetric.flipd();
        Runnable step =
                () -> Scope.run(() -> flipd.gradient(model, x, T, c).gradient().toFloatArray());
        for (int i = 0; i < 100; i++) {
            step.run();
        }
        assertThat(NativeMemory.growth(step, 0, 500)).isLessThan(20L << 20);
    }

    @Test
    void optimizationMovesTheMetricAndKeepsTheStartToken() {
        NDArray x = noisy(2);
        Condition.Embedding c = text(TEXTS.toArray(String[]::new));
        for (ConditionMetric metric : List.of(ConditionMetric.cfg(), ConditionMetric.flipd())) {
            EmbeddingOptimization.Path path =
                    EmbeddingOptimization.of(metric).steps(6).run(guided(), x, T, c);
            double first = Arrays.stream(path.values().get(0)).sum();
            double last = Arrays.stream(path.values().get(5)).sum();
            assertThat(last > first).isEqualTo(metric.lowIsMemorized());
            assertThat(path.embeddings()).hasSize(7);
            assertThat(Arrays.copyOf(path.embeddings().get(6), WIDTH))
                    .containsExactly(Arrays.copyOf(path.embeddings().get(0), WIDTH));
            assertThat(path.after(0, manager).tensor().sub(c.tensor()).abs().max().getFloat())
                    .isZero();
        }
    }

    @Test
    void attributionsAreOnePerTokenAndBySeed() {
        PromptRuns runs = PromptRuns.of(prompts, denoiser, 3, 10, Seeds.range(0, 3), TEXTS);
        for (ConditionMetric metric : List.of(ConditionMetric.cfg(), ConditionMetric.flipd())) {
            List<Attribution> all = TokenAttribution.by(metric).batch(4).of(runs);
            List<Attribution> whole = TokenAttribution.by(metric).of(runs);
            assertThat(all).hasSize(2);
            for (int p = 0; p < 2; p++) {
                Attribution a = all.get(p);
                assertThat(a.tokens()).isEqualTo(tokenizer.pieces(TEXTS.get(p)));
                assertThat(Arrays.stream(a.shares()).sum()).isCloseTo(1, within(1e-9));
                assertThat(a.perSeed()).hasDimensions(3, a.tokens().size());
                assertThat(a.words().stream().map(Tokenizer.Word::text)).contains(a.top());
                assertThat(a.without(1)).isEqualTo(p == 0 ? "a coat for mira" : "a , grey");
                double[] other = whole.get(p).weights();
                for (int k = 0; k < other.length; k++) {
                    assertThat(a.weights()[k]).isCloseTo(other[k], within(1e-3 * other[k]));
                }
            }
        }
    }

    @Test
    void theCodesMeanOfLengthsIsNeverShorterThanTheLengthOfTheMean() {
        PromptRuns runs = PromptRuns.of(prompts, denoiser, 3, 5, Seeds.range(0, 2), TEXTS);
        double[] paper = TokenAttribution.by(ConditionMetric.cfg()).of(runs).get(0).weights();
        double[] code =
                TokenAttribution.by(ConditionMetric.cfg()).meanOfNorms().of(runs).get(0).weights();
        for (int k = 0; k < paper.length; k++) {
            assertThat(code[k]).isGreaterThan(paper[k]);
        }
    }

    @Test
    void tokensAreDrawnByTheirWeightWithoutReplacement() {
        double[] weights = {0.7, 0, 0.2, 0.1};
        int[] first = new int[4];
        for (int draw = 0; draw < 2000; draw++) {
            first[TokenChoice.byWeight(weights, 1, 5, draw)[0]]++;
            assertThat(TokenChoice.byWeight(weights, 3, 5, draw)).containsExactly(0, 2, 3);
            assertThat(TokenChoice.byWeight(weights, 9, 5, draw)).containsExactly(0, 1, 2, 3);
        }
        assertThat(first[0] / 2000.0).isCloseTo(0.7, within(0.03));
        assertThat(first[1]).isZero();
        Set<Integer> one = new TreeSet<>();
        IntStream.range(0, 200).forEach(d -> one.add(TokenChoice.uniform(4, 1, 5, d)[0]));
        assertThat(one).containsExactly(0, 1, 2, 3);
        assertThatThrownBy(() -> TokenChoice.byWeight(new double[] {-1}, 1, 0, 0))
                .hasMessageContaining("weights: -1.0");
    }

    @Test
    void mitigationComparesWaysInPairsAndDrawsEqualPromptsOnce() {
        PromptRuns runs = PromptRuns.of(prompts, denoiser, 3, 3, Seeds.range(0, 1), TEXTS);
        List<Attribution> by = TokenAttribution.by(ConditionMetric.cfg()).of(runs);
        List<String> made = new ArrayList<>();
        MitigationOutcome outcome =
                Mitigation.of(tokenizer, TEXTS, SynonymParaphraser.shipped(tokenizer))
                        .choosing("A^CFG", by)
                        .uniform("uniform")
                        .instead("random tokens", new RandomTokens(tokenizer))
                        .tokens(1, 8)
                        .repetitions(2)
                        .run(
                                (texts, seeds) -> {
                                    made.addAll(List.of(texts));
                                    return Images.of(
                                            new float[texts.length], texts.length, 1, 1, 1);
                                },
                                (images, prompts) -> lengths(made),
                                (images, prompts) -> new double[images.count()]);
        assertThat(outcome.tokens()).containsExactly(0, 1, 8);
        assertThat(outcome.pictures()).isEqualTo(made.size());
        assertThat(outcome.text("uniform", 0, 0, 0)).isEqualTo(TEXTS.get(0));
        // With k = 8 every token is chosen, whoever chooses: the same prompts, drawn once.
        assertThat(outcome.text("uniform", 2, 1, 1)).isEqualTo(outcome.text("A^CFG", 2, 1, 1));
        assertThat(outcome.similarityDifference("A^CFG", "uniform").get(2).estimate()).isZero();
        assertThat(outcome.similarityDifferenceOverall("random tokens", "uniform").low())
                .isPositive();
        assertThatThrownBy(() -> outcome.similarity("nobody"))
                .hasMessageContaining("way: 'nobody'");
    }

    private static double[] lengths(List<String> texts) {
        return texts.stream().mapToDouble(String::length).toArray();
    }

    @Test
    void differencesAtEqualAlignmentCompareTheSameAlignment() {
        // Similarity falls twice as fast with alignment in the second way, whatever k reaches.
        double[][] align = {{1, 1}, {0.8, 0.8}, {0.6, 0.6}};
        double[][] first = {{1, 1}, {0.8, 0.8}, {0.6, 0.6}};
        double[][] second = {{1, 1}, {0.6, 0.6}, {0.2, 0.2}};
        assertThat(MitigationOutcome.equalAlignment(align, second, align, first).estimate())
                .isCloseTo(-0.2, within(1e-9));
    }

    @Test
    void anUnchangedPromptDoesNotCountAgainstABetterAlignedChange() {
        double[][] similarity = {{1, 1}, {0.3, 0.3}, {0.2, 0.2}};
        double[][] rising = {{0.8, 0.8}, {0.85, 0.85}, {0.6, 0.6}};
        double[][] falling = {{0.8, 0.8}, {0.7, 0.7}, {0.6, 0.6}};
        // The first way reaches 0.3 or less wherever the other one is; at 0.8 the other has the
        // unchanged prompts alone.
        double apart =
                MitigationOutcome.equalAlignment(rising, similarity, falling, similarity)
                        .estimate();
        // Lines from (0.6, 0.2) to (0.85, 0.3), and to (0.7, 0.3) and (0.8, 1), averaged over 0.6
        // to 0.8.
        double first = 0.2 + 0.1 * 0.1 / 0.25;
        double second = (0.25 + 0.65) / 2;
        assertThat(apart).isCloseTo(first - second, within(5e-3));
    }
}
