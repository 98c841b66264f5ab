package memoria.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RespacingTest {

    @Test
    void ddimTakesEveryKthIndexFromZero() {
        assertThat(Respacing.indices(1000, "ddim50"))
                .isEqualTo(IntStream.range(0, 50).map(i -> 20 * i).toArray());
    }

    @Test
    void aPlainCountReachesBothEnds() {
        assertThat(Respacing.indices(1000, "7")).containsExactly(0, 166, 333, 500, 666, 832, 999);
    }

    @Test
    void halvesAreRoundedToEven() {
        // stride 2.5: 0, 2.5, 5, 7.5, 10
        assertThat(Respacing.indices(11, "5")).containsExactly(0, 2, 5, 8, 10);
    }

    @Test
    void sectionsAreSpreadEachForItselfAndTheFirstTakeTheRemainder() {
        assertThat(Respacing.indices(10, "2,1,3")).containsExactly(0, 3, 4, 7, 8, 9);
    }

    @Test
    void allStepsAreTheScheduleItself() {
        assertThat(Respacing.indices(13, "13")).isEqualTo(IntStream.range(0, 13).toArray());
    }

    @Test
    void stableDiffusionsTimesLeadByAnOffset() {
        assertThat(Respacing.indices(1000, "leading5+1")).containsExactly(1, 201, 401, 601, 801);
        assertThat(Respacing.indices(1000, "leading7"))
                .containsExactly(0, 142, 284, 426, 568, 710, 852);
        assertThat(Respacing.indices(1000, "every142+1"))
                .as("latent diffusion's 7 steps are 8")
                .containsExactly(1, 143, 285, 427, 569, 711, 853, 995);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "leading",
                "leading0",
                "leading1001",
                "leading1000+1",
                "every0",
                "every9+9",
                "ddim",
                "ten",
                "10,",
                "-3",
                "1.5",
                "ddim1001",
                "1001",
                "0",
                "600,1,400"
            })
    void whatCannotBeMeantIsRefused(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Respacing.indices(1000, text))
                .withMessageStartingWith("respacing: ");
    }

    @Test
    void anImpossibleStrideNamesTheNearestPossible() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Respacing.indices(1000, "ddim60"))
                .withMessageContaining("ddim59");
    }
}
