package memoria.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import memoria.data.Images;
import memoria.diffusion.Step.Gradient;
import memoria.torch.Scalars;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GuidanceTest {

    private static final NoiseSchedule SCHEDULE = NoiseSchedule.cosine(1000);
    private static final Shape POINT = new Shape(2, 1, 1);
    private static final double VARIANCE = 0.4;
    private final List<Integer> forwards = new ArrayList<>();
    private Analytic line;
    private Denoiser counted;

    @BeforeEach
    void open() {
        Torch.threads(1);
        line =
                Analytic.gaussian(
                        SCHEDULE,
                        POINT,
                        new double[2],
                        new double[][] {{1, 0}},
                        new double[] {VARIANCE});
        counted =
                new Denoiser() {
                    @Override
                    public Prediction predict(NDArray x, double[] t, Condition condition) {
                        forwards.add(t.length);
                        return line.predict(x, t, condition);
                    }

                    @Override
                    public NoiseSchedule schedule() {
                        return SCHEDULE;
                    }

                    @Override
                    public Shape item() {
                        return POINT;
                    }

                    @Override
                    public NDManager manager() {
                        return line.manager();
                    }
                };
    }

    @AfterEach
    void close() {
        line.close();
    }

    private static final UnaryOperator<NDArray> FIRST = x0 -> x0.reshape(-1, 2).get(":, 0");

    private Step step(int rows) {
        NDArray xt = Noise.tensor(line.manager(), "x", Seeds.range(0, rows), 0, POINT);
        NoiseSchedule part = SCHEDULE.respaced("ddim50");
        return Step.of(counted, part, 20, xt, Seeds.range(0, rows), Condition.none());
    }

    private static Guidance tilt(double lambda) {
        return step ->
                Bend.score(
                        step.gradX(
                                x0 -> Scalars.mul(FIRST.apply(x0), lambda),
                                Gradient.THROUGH_NETWORK));
    }

    static List<Sampler> samplers() {
        Guidance tilt = tilt(2);
        return List.of(
                Ddim.steps(200).clip(false).batch(1000).guidedBy(tilt),
                Ddpm.steps(250).clip(false).batch(1000).guidedBy(tilt),
                Ddpm.steps(250).clip(false).batch(1000).guidedBy(tilt(3), tilt(-1)));
    }

    /** For normal data, log E[exp(lambda x_0) | x_t] is lambda x0-hat plus a constant: the guided score is exact. */
    @ParameterizedTest
    @MethodSource("samplers")
    void tiltingNormalDataMovesItsMeanByVarianceTimesSlope(Sampler sampler) {
        int n = 1000;
        Images points = sampler.sample(line, Seeds.range(0, n)).images();
        double sum = 0;
        double square = 0;
        for (int i = 0; i < n; i++) {
            sum += points.pixels(i)[0] / n;
            square += points.pixels(i)[0] * points.pixels(i)[0] / n;
        }
        assertThat(sum).isCloseTo(2 * VARIANCE, within(0.08));
        assertThat(square - sum * sum).isCloseTo(VARIANCE, within(0.08));
    }

    @Test
    void aGradientThroughTheNetworkIsTheSlopeOfX0Hat() {
        Step step = step(3);
        float[] g = step.gradX(FIRST, Gradient.THROUGH_NETWORK).toFloatArray();
        double a = step.alphaBar();
        float slope = (float) (Math.sqrt(a) * VARIANCE / (a * VARIANCE + 1 - a));
        assertThat(g).containsExactly(new float[] {slope, 0, slope, 0, slope, 0}, within(1e-5f));
    }

    @Test
    void aGradientWithConstantNoiseNeedsNoNetwork() {
        Step step = step(2);
        float[] g = step.gradX(FIRST, Gradient.EPSILON_CONSTANT).toFloatArray();
        float slope = (float) (1 / Math.sqrt(step.alphaBar()));
        assertThat(g).containsExactly(new float[] {slope, 0, slope, 0}, within(1e-4f));
        assertThat(forwards).containsExactly(2);
    }

    @Test
    void allThatIsAskedOfAStepSharesOneForward() {
        Step step = step(4);
        step.gradX(FIRST, Gradient.THROUGH_NETWORK);
        step.gradX(x0 -> Scalars.mul(FIRST.apply(x0), 3), Gradient.THROUGH_NETWORK);
        step.gradX(FIRST, Gradient.EPSILON_CONSTANT);
        step.prediction();
        step.x0HatClipped();
        assertThat(forwards).containsExactly(4);
    }

    @Test
    void someRowsPayForThemselvesAlone() {
        Step step = step(5);
        float[] whole = step.gradX(FIRST, Gradient.THROUGH_NETWORK).toFloatArray();
        Step armed = step.rows(1, 4);
        UnaryOperator<NDArray> square = x0 -> FIRST.apply(x0).mul(FIRST.apply(x0));
        NDArray g = armed.gradX(square, Gradient.THROUGH_NETWORK);
        step.rows(1, 4).gradX(square, Gradient.THROUGH_NETWORK);
        assertThat(forwards).containsExactly(5, 2);
        assertThat(armed.seeds()).isEqualTo(Seeds.of(1, 4));
        assertThat(armed.x0Hat().toFloatArray())
                .containsExactly(step.x0Hat().get("1:5:3").toFloatArray());
        float[] spread = armed.spread(g).toFloatArray();
        assertThat(spread).hasSize(10);
        assertThat(spread[0]).isZero();
        assertThat(spread[8])
                .isCloseTo(2 * armed.x0Hat().getFloat(1, 0, 0, 0) * whole[8], within(1e-5f));
        Step nested = armed.rows(1);
        assertThat(nested.spread(nested.xt()).getFloat(4, 0, 0, 0))
                .isEqualTo(step.xt().getFloat(4, 0, 0, 0));
        assertThat(step.rows(0, 1, 2, 3, 4)).isSameAs(step);
    }

    @Test
    void aGuidedRunForwardsOncePerStepAfterTheFirst() {
        Ddim.steps(10)
                .guidedBy(
                        step -> {
                            step.x0Hat();
                            return tilt(1).bend(step);
                        })
                .sample(counted, Seeds.range(0, 3));
        assertThat(forwards).hasSize(11);
    }

    @Test
    void ddimTakesAGradientIntoTheNoise() {
        Sampler score = Ddim.steps(20).guidedBy(tilt(0.7));
        Sampler epsilon =
                Ddim.steps(20)
                        .guidedBy(
                                step ->
                                        Bend.epsilon(
                                                Scalars.mul(
                                                        ((Bend.Score) tilt(0.7).bend(step))
                                                                .gradient(),
                                                        -step.noiseStd())));
        Seeds seeds = Seeds.range(0, 3);
        float[] a = score.sample(line, seeds).images().all();
        assertThat(a).containsExactly(epsilon.sample(line, seeds).images().all(), within(1e-5f));
        assertThat(a).isNotEqualTo(Ddim.steps(20).sample(line, seeds).images().all());
    }

    @Test
    void ddpmAddsADeltaToTheNoiseBeforeClipping() {
        Guidance far = step -> Bend.epsilon(line.manager().full(step.xt().getShape(), -1000));
        Samples pushed = Ddpm.steps(20).recording(true).guidedBy(far).sample(line, Seeds.of(1));
        assertThat(pushed.trajectory().get(5).x0Hat().all()).containsExactly(1, 1);
    }

    @Test
    void aGuidanceWithMemoryBeginsAnewForEveryBatch() {
        List<Seeds> begun = new ArrayList<>();
        class Memory implements Guidance {
            int steps;

            @Override
            public Guidance begin(Seeds seeds) {
                begun.add(seeds);
                return new Memory();
            }

            @Override
            public Bend bend(Step step) {
                assertThat(step.remaining()).isEqualTo(step.steps() - 1 - steps++);
                return Bend.none();
            }
        }
        Ddim.steps(10).batch(2).guidedBy(new Memory()).sample(line, Seeds.range(0, 3));
        assertThat(begun).containsExactly(Seeds.range(0, 2), Seeds.of(2));
    }

    @Test
    void answersOfTheWrongShapeAreRefused() {
        Guidance wrong = step -> Bend.score(line.manager().zeros(new Shape(1)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Ddim.steps(10).guidedBy(wrong).sample(line, Seeds.of(1)))
                .withMessageStartingWith("bend: ");
        Step step = step(3);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> step.gradX(x0 -> x0, Gradient.EPSILON_CONSTANT))
                .withMessageStartingWith("f: returned shape (3, 2, 1, 1)");
        assertThatIllegalArgumentException().isThrownBy(() -> step.rows());
        assertThatIllegalArgumentException().isThrownBy(() -> step.rows(2, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> step.rows(3));
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> Step.of(line, SCHEDULE, 5, step.xt(), Seeds.of(1), Condition.none()))
                .withMessageStartingWith("xt: shape (3, 2, 1, 1)");
    }
}
