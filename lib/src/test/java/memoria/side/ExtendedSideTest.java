package memoria.side;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import memoria.data.Images;
import memoria.diffusion.Noise;
import memoria.metrics.Band;
import memoria.metrics.Retrieval;
import memoria.similarity.Descriptor;
import memoria.similarity.DescriptorSimilarity;
import memoria.stablediffusion.Tokenizer;
import org.junit.jupiter.api.Test;

class ExtendedSideTest {

    private static final int SIDE = 8;

    private static Images noise(int count, long seed) {
        double[] u = Noise.uniform("test/extended", seed, 0, count * SIDE * SIDE);
        float[] pixels = new float[u.length];
        for (int i = 0; i < u.length; i++) {
            pixels[i] = (float) (2 * u[i] - 1);
        }
        return Images.of(pixels, count, 1, SIDE, SIDE);
    }

    /** Samples around one image each, or of nothing in particular. */
    private static Repeated around(Images centre, int samples, double spread, long seed) {
        Images other = noise(centre.count() * samples, seed);
        List<Images> all = new ArrayList<>();
        for (int i = 0; i < centre.count(); i++) {
            for (int j = 0; j < samples; j++) {
                float[] x = centre.pixels(i);
                float[] n = other.pixels(i * samples + j);
                float[] mixed = new float[x.length];
                for (int k = 0; k < x.length; k++) {
                    mixed[k] = (float) ((1 - spread) * x[k] + spread * n[k]);
                }
                all.add(Images.of(mixed, 1, 1, SIDE, SIDE));
            }
        }
        return new Repeated(Images.concat(all.toArray(Images[]::new)), samples);
    }

    @Test
    void meanAndVarianceAreTheFormulas() {
        float[] pixels = {0, 1, 2, 1, /* second prompt */ 0.5f, 0.5f, 0.5f, 0.5f};
        Repeated two = new Repeated(Images.of(pixels, 4, 1, 1, 2), 2);
        assertThat(two.prompts()).isEqualTo(2);
        assertThat(two.mean().pixels(0)).containsExactly(1, 1);
        // Of 0 and 2 the sample variance is 2, of 1 and 1 it is 0.
        assertThat(two.variance()[0]).isCloseTo(1, within(1e-12));
        assertThat(two.variance()[1]).isZero();
        assertThat(two.of(1).pixels(0)).containsExactly(0.5f, 0.5f);
    }

    @Test
    void fewerSamplesAreTheFirstOfEachPrompt() {
        Repeated all = around(noise(3, 1), 4, 0.5, 2);
        Repeated some = all.first(2);
        assertThat(some.prompts()).isEqualTo(3);
        assertThat(some.of(2)).isEqualTo(all.of(2).slice(0, 2));
        assertThatThrownBy(() -> all.first(5)).hasMessageContaining("n: 5 of 4");
    }

    @Test
    void memorizedPromptsAreExtractedAndOthersAreNot() {
        Images train = noise(10, 1);
        List<String> prompts = RandomStrings.seed(3).range(0, 10);
        // The last two were forgotten: their images vary, and are of something else.
        Repeated known = around(train.first(8), 4, 0.2, 5);
        Repeated forgotten = around(noise(2, 7), 4, 0.9, 6);
        Repeated asked = new Repeated(Images.concat(known.images(), forgotten.images()), 4);
        Repeated never = around(noise(10, 8), 4, 0.9, 9);
        try (DescriptorSimilarity measure =
                DescriptorSimilarity.against(Descriptor.correlation(1), train)) {
            double limit = measure.threshold(noise(200, 11), 0.01);
            ExtendedSide attack = ExtendedSide.of(prompts, asked, never, measure, limit);
            assertThat(attack.copied())
                    .containsExactly(true, true, true, true, true, true, true, true, false, false);
            assertThat(attack.noticed().auc()).isGreaterThan(0.8);
            Retrieval extracting = attack.extracting();
            double tau = extracting.select(attack.choosing()).threshold(0.95);
            Retrieval.At odd = extracting.select(attack.reporting()).at(tau);
            assertThat(odd.accepted()).isEqualTo(4);
            assertThat(odd.right()).isEqualTo(4);
            assertThat(odd.wanted()).isEqualTo(5);
            assertThat(attack.accepted(tau)).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6, 7);
            assertThat(attack.choosing()).hasSize(10).doesNotContain(attack.reporting());
        }
    }

    @Test
    void aCopyOfAnotherPromptsImageIsNoHitUnlessThePromptsAreTheSame() {
        Images train = noise(3, 1);
        Repeated asked = around(train.select(1, 0, 2), 3, 0.1, 2);
        Repeated never = around(noise(3, 3), 3, 0.9, 4);
        try (DescriptorSimilarity measure =
                DescriptorSimilarity.against(Descriptor.correlation(1), train)) {
            assertThat(ExtendedSide.of(List.of("a", "b", "c"), asked, never, measure, 0.5).copied())
                    .containsExactly(false, false, true);
            assertThat(ExtendedSide.of(List.of("a", "a", "c"), asked, never, measure, 0.5).copied())
                    .containsExactly(true, true, true);
            assertThatThrownBy(() -> ExtendedSide.of(List.of("a"), asked, never, measure, 0.5))
                    .hasMessageContaining("prompts: 1, asked: 3");
        }
    }

    @Test
    void likenessIsTakenPromptByPrompt() {
        Images train = noise(3, 1);
        Band copies = new Band("copies", 0.99, Double.POSITIVE_INFINITY);
        try (DescriptorSimilarity measure =
                DescriptorSimilarity.against(Descriptor.correlation(1), train)) {
            Likeness exact = Likeness.of(train.select(0, 0, 1, 1, 2, 2), measure);
            assertThat(exact.own()).containsExactly(new double[] {1, 1, 1}, within(1e-5));
            Likeness swapped = Likeness.of(train.select(1, 0, 2), measure);
            assertThat(swapped.own()[0]).isLessThan(0.9);
            assertThat(swapped.own()[2]).isCloseTo(1, within(1e-5));
            assertThat(swapped.ams(copies)).containsExactly(1, 1, 1);
            assertThat(swapped.select(2, 0).own()[1]).isEqualTo(swapped.own()[0]);
            Images half = Images.concat(train.select(0), noise(1, 9), train.select(1, 1, 2, 2));
            assertThat(Likeness.of(half, measure).ams(copies)).containsExactly(0.5, 1, 1);
            assertThatThrownBy(() -> Likeness.of(train.first(2), measure))
                    .hasMessageContaining("generated: 2 images");
            assertThatThrownBy(() -> exact.select()).hasMessageContaining("prompts: none");
        }
    }

    @Test
    void stringsAreFunctionsOfSeedAndPlace() {
        RandomStrings strings = RandomStrings.seed(1);
        List<String> all = strings.range(0, 2000);
        assertThat(all).doesNotHaveDuplicates().allMatch(s -> s.matches("[a-z]{12}"));
        assertThat(strings.at(1999)).isEqualTo(all.get(1999));
        assertThat(RandomStrings.seed(2).at(0)).isNotEqualTo(all.get(0));
        assertThat(strings.letters(5).at(0)).hasSize(5);
    }

    @Test
    void promptsThatATokenizerCannotTellApartAreRefused() {
        Tokenizer tokenizer = Tokenizer.learn(List.of("a dark dress", "a bright boot"), 30, 14);
        RandomStrings.requireDistinct(RandomStrings.seed(1).range(0, 500), tokenizer);
        assertThatThrownBy(() -> RandomStrings.requireDistinct(List.of("abc", "ABC"), tokenizer))
                .hasMessageContaining("'abc' and 'ABC' are the same tokens");
        assertThatThrownBy(
                        () ->
                                RandomStrings.requireDistinct(
                                        List.of(RandomStrings.seed(1).letters(60).at(0)),
                                        tokenizer))
                .hasMessageContaining("at most 12");
    }
}
