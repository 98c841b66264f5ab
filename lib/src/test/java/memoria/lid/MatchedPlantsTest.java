package memoria.lid;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import memoria.data.DataSet;
import memoria.data.Planting;
import memoria.models.Models;
import org.junit.jupiter.api.Test;

class MatchedPlantsTest {

    private static final Planting PLANTING =
            Planting.among("fashion-train", 300).optExact(10, 50).optTemplates(2, 3);

    private static MatchedPlants plants(Planting planting) {
        DataSet train = planting.of(Models.images("fashion-train"));
        return MatchedPlants.of(train, planting, 10, 4, 200);
    }

    @Test
    void theControlsAreAsSimpleAsThePlantedImages() {
        MatchedPlants plants = plants(PLANTING);
        assertThat(plants.images().count()).isEqualTo(210);
        assertThat(plants.planted()).isEqualTo(Models.images("fashion-train").distinct().first(10));
        assertThat(plants.controls().count()).isEqualTo(40);
        double auc = plants.roc(plants.png()).auc();
        assertThat(auc).as("complexity alone tells nothing").isCloseTo(0.5, within(0.1));
        assertThat(Math.abs(plants.effect(plants.png()))).isLessThan(0.3);
    }

    @Test
    void lowValuesStandForPlanted() {
        MatchedPlants plants = plants(PLANTING);
        double[] found = IntStream.range(0, 210).mapToDouble(i -> i < 10 ? -i : 100 + i).toArray();
        assertThat(plants.roc(found).auc()).isEqualTo(1);
        assertThat(plants.effect(found)).isGreaterThan(1);
        assertThat(plants.ofPlanted(found)).hasSize(10).contains(-9);
        assertThat(Arrays.stream(plants.ofControls(found)).min().orElseThrow()).isGreaterThan(100);
    }

    @Test
    void theBestDetectorIsTheOneWithTheLargestEffect() {
        MatchedPlants plants = plants(PLANTING);
        double[] found = IntStream.range(0, 210).mapToDouble(i -> i < 10 ? -i : 100 + i).toArray();
        double[] missed = IntStream.range(0, 210).mapToDouble(i -> i < 10 ? 300 + i : i).toArray();
        Map<String, double[]> detectors = new TreeMap<>(Map.of("a", missed, "b", found));
        assertThat(plants.best(detectors)).isEqualTo("b");
        assertThat(plants.auc(0.95, detectors).get("a").estimate()).isZero();
        assertThat(plants.auc(0.95, detectors).get("b").low()).isBetween(0.8, 1.0);
        assertThatThrownBy(() -> plants.best(Map.of())).hasMessageContaining("detectors: none");
    }

    @Test
    void ofAModelWithoutPlantsTheFirstImagesStandInForThem() {
        MatchedPlants plants = plants(Planting.among("fashion-train", 300));
        assertThat(plants.planted()).isEqualTo(Models.images("fashion-train").distinct().first(10));
        assertThat(plants.images().count()).isEqualTo(210);
    }

    @Test
    void whatCannotBeComparedIsRefused() {
        DataSet train = PLANTING.of(Models.images("fashion-train"));
        assertThatThrownBy(() -> MatchedPlants.of(train, PLANTING, 1, 1, 10))
                .hasMessageContaining("plants: 1; at least 2");
        assertThatThrownBy(() -> MatchedPlants.of(train, PLANTING, 10, 1, 400))
                .hasMessageContaining("pool: 400; 1 to 288");
        assertThatThrownBy(() -> MatchedPlants.of(train, PLANTING, 10, 4, 20))
                .hasMessageContaining("each: 4 for 10 cases out of 20");
        MatchedPlants plants = plants(PLANTING);
        assertThatThrownBy(() -> plants.roc(new double[3]))
                .hasMessageContaining("measured: 3 numbers for 210 images");
    }
}
