package memoria.amg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class StrengthTest {

    @Test
    void theCodesStrengthGrowsWithSimilarityAndAsTheStepsRunOut() {
        Strength code = Strength.rising(100, 0.3);
        // t = 405 of 1000, sigma = 0.5: 100 (sigma - 0.3) exp((1000 - t) / 170).
        assertThat(code.at(0.405, 0.5)).isCloseTo(20 * Math.exp(3.5), within(1e-9));
        assertThat(code.at(1, 0.5)).isCloseTo(20, within(1e-12));
        assertThat(code.at(0, 0.3)).isZero();
        assertThat(code.at(0, 0.1)).as("never towards the image").isZero();
    }

    @Test
    void thePapersStrengthIsOneNumber() {
        Strength paper = Strength.constant(80);
        assertThat(paper.at(0.9, 0.1)).isEqualTo(paper.at(0, 1)).isEqualTo(80);
        assertThat(Strength.rising(80, 0).spec()).isNotEqualTo(paper.spec());
        assertThat(Strength.rising(80, 0.1).spec()).isNotEqualTo(Strength.rising(80, 0).spec());
    }

    @Test
    void strengthsAddUp() {
        Strength code = Strength.rising(3, 0.65);
        Strength sum = Strength.constant(80).plus(code);
        assertThat(sum.at(0.1, 0.9)).isEqualTo(80 + code.at(0.1, 0.9)).isGreaterThan(80);
        assertThat(sum.at(0.1, 0.5)).isEqualTo(80);
        assertThat(sum.spec())
                .isEqualTo(Strength.constant(80).plus(Strength.rising(3, 0.65)).spec())
                .isNotEqualTo(Strength.constant(80).plus(Strength.rising(3, 0.6)).spec());
    }
}
