package memoria.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class SeedsTest {

    @Test
    void batchesKeepTheOrderAndTheLastMayBeShort() {
        assertThat(Seeds.range(5, 12).batches(3))
                .containsExactly(Seeds.range(5, 8), Seeds.range(8, 11), Seeds.of(11));
    }

    @Test
    void rowsAreSelectedByPosition() {
        Seeds seeds = Seeds.of(40, 20, 30);
        assertThat(seeds.select(2, 0)).isEqualTo(Seeds.of(30, 40));
        assertThat(seeds.slice(1, 3)).isEqualTo(Seeds.of(20, 30));
        assertThat(seeds.at(1)).isEqualTo(20);
    }

    @Test
    void aSpecRebuildsTheSeedsAndIsShortForARange() {
        for (Seeds seeds :
                new Seeds[] {Seeds.range(0, 5000), Seeds.of(3, 1), Seeds.of(), Seeds.of(-4)}) {
            assertThat(Seeds.of(seeds.spec())).isEqualTo(seeds);
        }
        assertThat(Seeds.range(0, 5000).toString()).hasSizeLessThan(60);
    }

    @Test
    void impossibleRangesAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> Seeds.range(3, 2));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Seeds.range(Long.MIN_VALUE, Long.MAX_VALUE));
        assertThatIllegalArgumentException().isThrownBy(() -> Seeds.range(0, 3).slice(1, 4));
        assertThatIllegalArgumentException().isThrownBy(() -> Seeds.range(0, 3).batches(0));
    }
}
