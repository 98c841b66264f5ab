package memoria.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import memoria.torch.Scope;
import memoria.torch.Torch;
import org.junit.jupiter.api.Test;

class NoiseTest {

    /** Computed with an independent implementation of SHA-256 seeding and xoshiro256++. */
    @Test
    void uniformNumbersNeverChange() {
        assertThat(Noise.uniform("start", 7, 0, 4))
                .containsExactly(
                        0.8444302890906766,
                        0.3331107953862482,
                        0.9551950229257137,
                        0.48936824309255056);
        assertThat(Noise.uniform("step", -1, 12, 2))
                .containsExactly(0.3966925025822645, 0.6077132917026382);
    }

    @Test
    void normalNumbersNeverChange() {
        assertThat(Noise.gaussian("start", 7, 0, 4))
                .containsExactly(
                        -0.2531633151489895,
                        0.9510586470133118,
                        -0.07650826217558385,
                        1.7900168224181077);
        assertThat(Noise.gaussian("step", -1, 12, 2))
                .containsExactly(1.6279038114346054, -1.6892437789915387);
    }

    @Test
    void wholeNumbersNeverChange() {
        assertThat(Noise.integers("training/batch", 3, 5, 6, 1000))
                .containsExactly(597, 597, 567, 134, 903, 574);
    }

    @Test
    void normalNumbersHaveTheMomentsOfAStandardNormal() {
        int n = 400_000;
        double[] z = Noise.gaussian("moments", 1, 2, n);
        for (int power : new int[] {1, 2, 3, 4}) {
            double moment = Arrays.stream(z).map(v -> Math.pow(v, power)).sum() / n;
            double expected = power == 2 ? 1 : power == 4 ? 3 : 0;
            // four standard errors; the variance of z^4 is 96
            assertThat(moment).isCloseTo(expected, within(4 * Math.sqrt(96.0 / n)));
        }
    }

    @Test
    void streamSeedAndStepEachGiveUnrelatedNumbers() {
        double[] base = Noise.gaussian("a", 1, 1, 10_000);
        for (double[] other :
                new double[][] {
                    Noise.gaussian("b", 1, 1, 10_000),
                    Noise.gaussian("a", 2, 1, 10_000),
                    Noise.gaussian("a", 1, 2, 10_000)
                }) {
            double product = 0;
            for (int i = 0; i < base.length; i++) {
                product += base[i] * other[i] / base.length;
            }
            assertThat(product).isCloseTo(0, within(0.04));
        }
    }

    @Test
    void aRowOfABatchIsTheSeedsOwnDraw() {
        try (NDManager manager = Torch.manager()) {
            Seeds seeds = Seeds.of(9, 2, 7);
            float[] batch =
                    Scope.use(
                            () ->
                                    Noise.tensor(manager, "start", seeds, 3, new Shape(2, 1, 5))
                                            .toFloatArray());
            double[] alone = Noise.gaussian("start", 2, 3, 10);
            for (int i = 0; i < 10; i++) {
                assertThat(batch[10 + i]).isEqualTo((float) alone[i]);
            }
        }
    }

    @Test
    void aBoundBelowOneIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Noise.integers("a", 1, 1, 3, 0))
                .withMessage("bound: 0; at least 1 is needed");
    }
}
