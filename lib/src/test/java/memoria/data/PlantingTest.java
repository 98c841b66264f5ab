package memoria.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PlantingTest {

    private static final Planting PLANTING =
            Planting.among("noise", 10).optSkip(2).optExact(3, 50).optTemplates(2, 4);

    private static DataSet source() {
        byte[] levels = new byte[20 * 64];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = (byte) (i * i % 251);
        }
        return DataSet.of(
                Images.of(levels, 20, 1, 8, 8),
                IntStream.range(0, 20).map(i -> i % 3).toArray(),
                List.of("a", "b", "c"),
                Provenance.made("noise"));
    }

    @Test
    void exactPlantsComeFirstThenTemplatesThenTheRestThenTheVersions() {
        DataSet data = PLANTING.of(source());
        assertThat(data.count()).isEqualTo(10 + 2 * 4);
        assertThat(data.size()).isEqualTo(3 * 50 + 7 + 2 * 4);
        assertThat(data.planted()).containsExactly(PLANTING.exact()).containsExactly(0, 1, 2);
        assertThat(data.distinct().first(10)).isEqualTo(source().distinct().slice(2, 12));
        assertThat(PLANTING.template(0)).containsExactly(3, 10, 11, 12, 13);
        assertThat(PLANTING.template(1)).containsExactly(4, 14, 15, 16, 17);
        assertThat(PLANTING.once()).containsExactly(5, 6, 7, 8, 9);
        for (int t = 0; t < 2; t++) {
            for (int i : PLANTING.template(t)) {
                assertThat(data.labels()[i]).isEqualTo(source().labels()[2 + 3 + t]);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void theVersionsOfATemplateAreDistinctAndKeepItsGarment(Variation variation) {
        Images garment = source().distinct().select(5);
        Images versions = variation.of(garment, 30, 7);
        assertThat(versions).isEqualTo(versions.quantized());
        assertThat(versions.first(10)).isEqualTo(variation.of(garment, 10, 7));
        assertThat(versions).isNotEqualTo(variation.of(garment, 30, 8));
        for (int i = 0; i < 30; i++) {
            assertThat(kept(garment.pixels(0), versions.pixels(i), variation)).isTrue();
            for (int j = 0; j < i; j++) {
                assertThat(versions.distance(i, versions, j)).isPositive();
            }
        }
    }

    /** A print leaves most pixels as they are; light changes all by one factor. */
    private static boolean kept(float[] garment, float[] version, Variation variation) {
        IntStream pixels = IntStream.range(0, garment.length);
        return switch (variation) {
            case PATCH -> pixels.filter(i -> garment[i] == version[i]).count() >= 60;
            case BRIGHTNESS -> {
                int brightest =
                        pixels.boxed()
                                .max((i, j) -> Float.compare(garment[i], garment[j]))
                                .orElseThrow();
                double factor = (version[brightest] + 1) / (garment[brightest] + 1);
                yield factor <= 1.01
                        && IntStream.range(0, garment.length)
                                .allMatch(
                                        i ->
                                                Math.abs(factor * (garment[i] + 1) - 1 - version[i])
                                                        < 0.02);
            }
        };
    }

    @Test
    void theMetadataOfAModelBuildsTheSameSetAgain() {
        String sha = PLANTING.of(source()).sha256();
        assertThat(Planting.of(PLANTING.toJson())).isEqualTo(PLANTING);
        assertThat(Planting.of(PLANTING.toJson()).of(source()).sha256()).isEqualTo(sha);
        // Pinned: shipped models name their templates by these numbers.
        assertThat(sha).startsWith("466bb1f946811987");
    }

    @Test
    void plantsCanBeShownMoreOrLessOftenByTurns() {
        Planting turns = Planting.among("noise", 10).optExact(5, 2, 7);
        DataSet data = turns.of(source());
        assertThat(data.multiplicity()).containsExactly(2, 7, 2, 7, 2, 1, 1, 1, 1, 1);
        assertThat(data.distinct()).isEqualTo(source().distinct().first(10));
        assertThat(Planting.of(turns.toJson())).isEqualTo(turns);
        assertThat(PLANTING.toJson().get("times").getAsInt()).isEqualTo(50);
    }

    @Test
    void whatOlderModelsSayIsRead() {
        JsonObject old = PLANTING.toJson();
        List.of("skip", "templates", "variations").forEach(old::remove);
        assertThat(Planting.of(old)).isEqualTo(Planting.among("noise", 10).optExact(3, 50));
    }

    @Test
    void whatThisVersionDoesNotKnowIsRefusedForItWouldBuildAnotherSet() {
        JsonObject newer = PLANTING.toJson();
        newer.addProperty("mirrored", true);
        assertThatThrownBy(() -> Planting.of(newer))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'mirrored' is unknown");
        JsonObject poor = PLANTING.toJson();
        poor.remove("times");
        assertThatThrownBy(() -> Planting.of(poor)).hasMessageContaining("'times' is missing");
    }

    @ParameterizedTest
    @EnumSource
    void anImageOfOnePixelCanBeVariedToo(Variation variation) {
        Images dot = Images.of(new float[] {1, 1, 1}, 1, 3, 1, 1);
        assertThat(variation.of(dot, 5, 1).count()).isEqualTo(5);
    }
}
