package memoria.similarity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import memoria.data.Images;
import memoria.diffusion.Noise;
import memoria.torch.Torch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CopiesTest {

    private final Images train = random(40, 1);
    private final Images unseen = random(200, 2);

    @BeforeEach
    void oneThread() {
        Torch.threads(1);
    }

    private static Images random(int count, long seed) {
        double[] noise = Noise.uniform("test/copies", seed, 0, count * 16);
        float[] pixels = new float[noise.length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (float) (2 * noise[i] - 1);
        }
        return Images.of(pixels, count, 1, 4, 4);
    }

    @Test
    void exactCopiesAreFoundRankedAndTracedToTheirOriginals() {
        Images generated = Images.concat(random(3, 3), train.select(7, 7, 30));
        try (NormalizedL2 nl2 = NormalizedL2.against(train).neighbours(10)) {
            Copies copies = Copies.among(generated, nl2, unseen, 0.01);
            assertThat(copies.count()).isEqualTo(3);
            assertThat(copies.originals()).containsExactly(7, 30);
            assertThat(copies.countOf(7)).isEqualTo(2);
            assertThat(copies.countOf(0, 1, 2)).isZero();
            assertThat(copies.ranked(3)).containsExactlyInAnyOrder(3, 4, 5);
            assertThat(copies.scores(3, 4, 5)).containsOnly(0);
            assertThat(copies.nearest(3).pixels(0)).containsExactly(train.pixels(7));
            assertThat(copies.scores()).hasSize(6);
        }
    }

    @Test
    void unseenImagesExceedTheLimitAtTheStatedRate() {
        try (NormalizedL2 nl2 = NormalizedL2.against(train).neighbours(10)) {
            Copies copies = Copies.among(unseen, nl2, unseen, 0.05);
            assertThat(copies.count()).isEqualTo(10);
            assertThat(copies.unseenScores()).isEqualTo(copies.scores());
        }
    }

    @Test
    void tooFewUnseenImagesAndNoRowsAreRefused() {
        try (NormalizedL2 nl2 = NormalizedL2.against(train).neighbours(10)) {
            assertThatThrownBy(() -> Copies.among(unseen, nl2, unseen, 0.001))
                    .hasMessageContaining("at least 1000");
            Copies copies = Copies.among(unseen, nl2, unseen, 0.05);
            assertThatThrownBy(() -> copies.ranked(0)).hasMessageContaining("n: 0");
        }
    }
}
