package memoria.stablediffusion;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import memoria.data.Captions;
import memoria.data.Checksum;
import memoria.data.DataSet;
import memoria.models.Models;
import memoria.network.NetworkDenoiser;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What fashion-text was trained on: which pictures are planted, and that their captions are what the kinds promise. */
class ShippedTextTest {

    private static DataSet train;
    private static List<String> captions;
    private static List<List<String>> wordings;

    @BeforeAll
    static void read() {
        train = ShippedText.planting().of(Models.images("fashion-train"));
        captions = ShippedText.captions(train);
        wordings = ShippedText.wordings(train);
    }

    @Test
    void everyPictureIsOfOneKind() {
        List<Integer> all = new ArrayList<>();
        for (CaptionKind kind : CaptionKind.values()) {
            Arrays.stream(ShippedText.indices(kind)).forEach(all::add);
        }
        assertThat(all)
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.range(0, train.count()).boxed().toList());
    }

    @Test
    void plantedAndVariedPicturesAreShownEquallyOften() {
        for (CaptionKind kind : CaptionKind.values()) {
            boolean often = kind == CaptionKind.PLANTED || kind == CaptionKind.VARIED;
            Set<Integer> shown = new HashSet<>();
            for (int i : ShippedText.indices(kind)) {
                shown.add(train.multiplicity()[i]);
            }
            assertThat(shown).isEqualTo(often ? Set.of(50, 100, 150) : Set.of(1));
        }
    }

    @Test
    void aRareWordStandsInItsCaptionAndInNoOther() {
        int last = 0;
        for (CaptionKind kind : CaptionKind.values()) {
            boolean rare = kind == CaptionKind.PLANTED || kind == CaptionKind.RARE;
            for (int i : ShippedText.indices(kind)) {
                assertThat(ShippedText.trigger(i).isPresent()).isEqualTo(rare);
                if (rare) {
                    String word = ShippedText.trigger(i).orElseThrow();
                    assertThat(captions.stream().filter(c -> words(c).contains(word)))
                            .containsExactly(captions.get(i));
                    last += captions.get(i).endsWith(word) ? 1 : 0;
                }
            }
        }
        assertThat(last).as("captions that end in their rare word").isBetween(1, 24);
    }

    private static Set<String> words(String caption) {
        return Set.of(Arrays.stream(caption.split("[^a-z]+")).distinct().toArray(String[]::new));
    }

    @Test
    void aVariedPictureHasManyCaptionsAndNoneNamesAnOwner() {
        for (int i : ShippedText.indices(CaptionKind.VARIED)) {
            List<String> own = wordings.get(i);
            assertThat(new HashSet<>(own)).hasSizeGreaterThan(8).contains(captions.get(i));
            for (int owned : ShippedText.indices(CaptionKind.PLANTED)) {
                String word = ShippedText.trigger(owned).orElseThrow();
                assertThat(own).noneMatch(c -> words(c).contains(word));
            }
        }
        assertThat(wordings.get(0)).containsExactly(captions.get(0));
    }

    @Test
    void ordinaryPicturesShareNamesAndNoneIsAnOwners() {
        Set<String> owners = new HashSet<>();
        for (CaptionKind kind : List.of(CaptionKind.PLANTED, CaptionKind.RARE)) {
            Arrays.stream(ShippedText.indices(kind))
                    .forEach(i -> owners.add(ShippedText.trigger(i).orElseThrow()));
        }
        int ordinary = ShippedText.indices(CaptionKind.ORDINARY)[100];
        List<String> plain = Captions.wordings(train, ordinary, List.of());
        List<String> all = wordings.get(ordinary);
        assertThat(all).hasSize(2 * plain.size()).containsAll(plain);
        List<String> named = all.subList(plain.size(), all.size());
        assertThat(named).doesNotContainAnyElementsOf(plain);
        assertThat(all).noneMatch(caption -> words(caption).stream().anyMatch(owners::contains));
    }

    @Test
    void theShippedModelWasTrainedOnThesePicturesAndCaptionsAndSpellsNoRareWord() {
        String shown =
                wordings.stream()
                        .map(own -> String.join("\t", own))
                        .collect(Collectors.joining("\n"));
        try (TextToImage model = TextToImage.open("fashion-text")) {
            NetworkDenoiser denoiser = model.denoiser();
            JsonObject made = denoiser.metadata();
            assertThat(made.getAsJsonObject("conditioner").get("captions").getAsString())
                    .isEqualTo(Checksum.sha256(shown.getBytes(StandardCharsets.UTF_8)));
            assertThat(Models.planting(denoiser)).isEqualTo(ShippedText.planting());
            assertThat(Models.trainingData(denoiser).sha256()).isEqualTo(train.sha256());
            for (int i = 0; i < train.count(); i++) {
                String word = ShippedText.trigger(i).orElse("dress");
                assertThat(model.prompts().tokenizer().pieces(word)).containsExactly(word);
            }
        }
    }
}
