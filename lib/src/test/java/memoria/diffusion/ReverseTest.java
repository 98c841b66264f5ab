package memoria.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import memoria.torch.Autograd;
import memoria.torch.Scalars;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ReverseTest {

    private static final Shape ITEM = new Shape(2, 3, 3);
    private final NoiseSchedule schedule = NoiseSchedule.cosine(100);
    private final Reverse reverse = new Reverse(schedule);
    private final Forward forward = new Forward(schedule);
    private final int[] index = {0, 1, 40, 90};
    private final double[] t = {0, 1, 40, 90};
    private NDManager manager;
    private NDArray x0;
    private NDArray noise;

    @BeforeEach
    void open() {
        Torch.threads(1);
        manager = Torch.manager();
        x0 = Noise.tensor(manager, "x0", Seeds.range(0, 4), 0, ITEM);
        noise = Noise.tensor(manager, "noise", Seeds.range(0, 4), 0, ITEM);
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private static void assertClose(NDArray actual, NDArray expected, double tolerance) {
        assertThat(actual.getShape()).isEqualTo(expected.getShape());
        assertThat(actual.toFloatArray())
                .containsExactly(expected.toFloatArray(), within((float) tolerance));
    }

    @Test
    void aNoisyImageGivesBackItsImageAndItsNoise() {
        NDArray xt = forward.sample(x0, t, noise);
        assertClose(reverse.x0Hat(xt, noise, t), x0, 1e-4);
        assertClose(reverse.epsilon(xt, x0, t), noise, 1e-4);
    }

    @Test
    void aNoisyImageIsADrawFromTheMarginal() {
        assertClose(forward.marginal(x0, t).sample(noise), forward.sample(x0, t, noise), 1e-5);
    }

    @Test
    void ddimWithFullNoiseIsTheStepOfDdpmWithSmallVariance() {
        NDArray xt = forward.sample(x0, t, noise);
        Gaussian p = reverse.ddpm(xt, x0, index, Variance.FIXED_SMALL, null);
        NDArray fresh = Noise.tensor(manager, "fresh", Seeds.range(0, 4), 0, ITEM);
        assertClose(reverse.ddim(x0, noise, index, 1, fresh), reverse.draw(p, index, fresh), 1e-4);
        Gaussian q = forward.posterior(x0, xt, index);
        assertClose(p.mean(), q.mean(), 0);
        assertClose(p.kl(q), Scalars.mul(x0, 0), 1e-6);
    }

    @Test
    void theLastStepYieldsThePredictedImageWithoutNoise() {
        NDArray xt = forward.sample(x0, t, noise);
        Gaussian p = reverse.ddpm(xt, x0, index, Variance.FIXED_LARGE, null);
        NDArray next = reverse.draw(p, index, noise);
        assertClose(next.get("0:1"), x0.get("0:1"), 1e-5);
        assertClose(reverse.ddim(x0, noise, index, 1, noise).get("0:1"), x0.get("0:1"), 1e-5);
    }

    @Test
    void ddimUndoesItsInverseUnderTheSamePrediction() {
        NDArray xt = forward.sample(x0, t, noise);
        int[] after = {1, 2, 41, 91};
        NDArray noisier = reverse.ddimInverse(x0, noise, index);
        assertClose(noisier, forward.sample(x0, new double[] {1, 2, 41, 91}, noise), 1e-5);
        assertClose(reverse.ddim(x0, noise, after, 0, null), xt, 1e-5);
    }

    @Test
    void learnedChannelsInterpolateTheLogarithmsOfBothBounds() {
        NDArray ones = manager.ones(x0.getShape());
        NDArray xt = forward.sample(x0, t, noise);
        Gaussian upper = reverse.ddpm(xt, x0, index, Variance.LEARNED_RANGE, ones);
        Gaussian lower = reverse.ddpm(xt, x0, index, Variance.OF_MODEL, ones.neg());
        for (int row = 0; row < 4; row++) {
            assertThat((double) upper.variance().getFloat(row, 0, 1, 1))
                    .isCloseTo(schedule.betas()[index[row]], within(1e-6));
            assertThat((double) lower.logVariance().getFloat(row, 1, 2, 2))
                    .isCloseTo(forward.posteriorLogVariance(index[row]), within(1e-5));
        }
        Gaussian direct = reverse.ddpm(xt, x0, index, Variance.LEARNED, noise);
        assertClose(direct.variance(), noise.exp(), 0);
    }

    @Test
    void aGradientPushesTheMeanByTheVariance() {
        Gaussian p = new Gaussian(x0, Rows.column(new double[] {1, 2, 3, 4}, x0), null);
        NDArray pushed = p.pushed(noise).mean().sub(x0);
        assertClose(pushed, noise.mul(Rows.column(new double[] {1, 2, 3, 4}, x0)), 1e-5);
    }

    @Test
    void rowsAtOneTimeAndRowsAtTheirOwnTimeAreComputedAlike() {
        NDArray one = forward.sample(x0, new double[] {40, 40, 40, 40}, noise);
        assertClose(one.get("2:3"), forward.sample(x0, t, noise).get("2:3"), 1e-6);
    }

    @Test
    void theHybridBoundTrainsTheVarianceAlone() {
        NDArray xt = forward.sample(x0, t, noise);
        Losses losses = new Losses(schedule, Variance.LEARNED_RANGE);
        List<NDArray> gradients =
                Autograd.on(
                        () -> {
                            NDArray epsilon = Autograd.leaf(Scalars.mul(noise, 0.9));
                            NDArray v = Autograd.leaf(Scalars.mul(noise, 0.1));
                            Losses.Hybrid hybrid =
                                    losses.hybrid(x0, xt, noise, index, new Prediction(epsilon, v));
                            return List.of(
                                    Autograd.grad(hybrid.total().sum(), epsilon, true),
                                    Autograd.grad(hybrid.mse().sum(), epsilon, true),
                                    Autograd.grad(hybrid.total().sum(), v, true));
                        });
        assertClose(gradients.get(0), gradients.get(1), 0);
        assertThat(gradients.get(2).abs().sum().getFloat()).isPositive().isFinite();
    }

    @Test
    void theBoundIsSmallForTheTruthAndGrowsWithTheError() {
        NDArray small = Scalars.mul(x0, 0.3);
        NDArray xt = forward.sample(small, t, noise);
        Losses losses = new Losses(schedule, Variance.FIXED_SMALL);
        float[] truth = losses.bound(small, xt, index, new Prediction(noise)).toFloatArray();
        float[] wrong = losses.bound(small, xt, index, new Prediction(noise.neg())).toFloatArray();
        for (int row = 0; row < 4; row++) {
            assertThat(truth[row]).isLessThan(wrong[row]);
        }
        assertThat(truth[2]).isCloseTo(0, within(1e-5f));
        assertThat(Losses.mse(noise, noise).toFloatArray()).containsExactly(0, 0, 0, 0);
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> reverse.x0Hat(x0, noise, 1, 2))
                .withMessageStartingWith("t: 2 times for a batch");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> reverse.ddim(x0, noise, new int[] {0, 0, 0, 100}, 0, null))
                .withMessageContaining("100");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> reverse.ddpm(x0, x0, index, Variance.LEARNED_RANGE, null))
                .withMessageStartingWith("variance: LEARNED_RANGE");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> forward.sample(x0, new double[] {0, 0, 0, 99.5}, noise))
                .withMessageStartingWith("t: 99.5");
    }
}
