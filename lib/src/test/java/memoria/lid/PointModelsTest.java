package memoria.lid;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.IntStream;
import memoria.data.DataSet;
import memoria.data.Images;
import memoria.data.Situation;
import memoria.data.VonMisesMixture;
import memoria.models.Models;
import memoria.network.NetworkDenoiser;
import memoria.torch.Torch;
import memoria.training.PointModels;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Trained networks, at a t0 fixed beforehand: the LID paper's Figures 1 and 4. */
class PointModelsTest {

    private static final NoiseLevel T0 = NoiseLevel.vp(0.05);

    @BeforeAll
    static void oneThread() {
        Torch.threads(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4})
    void ofTheCircleFlipdFindsOneOnItAndNoneAtItsCentreAndItsLonelyPoint(int seed) {
        DataSet data = PointModels.circle();
        Images points = data.distinct();
        int lonely = VonMisesMixture.isolated(points);
        double[] gaps = VonMisesMixture.gaps(points);
        try (NetworkDenoiser model = Models.denoiser("points/circle-" + seed)) {
            double[] lid = Flipd.at(T0).of(model, points).lid();
            double[] circle =
                    IntStream.range(0, lid.length)
                            .filter(i -> gaps[i] > 0 && i != lonely)
                            .mapToDouble(i -> lid[i])
                            .sorted()
                            .toArray();
            assertThat(circle[circle.length / 2]).isBetween(0.7, 1.3);
            assertThat(lid[lonely]).isLessThan(0.3);
            assertThat(lid[lid.length - 1]).as("the centre").isLessThan(0.3);
        }
    }

    @ParameterizedTest
    @EnumSource(Situation.class)
    void aSituationsModelHasTheDimensionItWasShown(Situation situation) {
        try (NetworkDenoiser model = Models.denoiser("points/situation-" + situation)) {
            double[] lid = Flipd.at(T0).of(model, situation.probes()).lid();
            Arrays.sort(lid);
            double median = lid[lid.length / 2];
            if (situation == Situation.F) {
                assertThat(median).as("it does not fit").isGreaterThan(2.4);
            } else {
                assertThat(median).isBetween(situation.learned() - 0.3, situation.learned() + 0.3);
                double[] nb =
                        NormalBundle.at(T0)
                                .scores(64)
                                .of(model, situation.probes())
                                .lidByLargestDrop();
                assertThat(nb).containsOnly(situation.learned());
            }
        }
    }

    @Test
    void theirFilesNameTheDataThatIsMadeHere() {
        try (NetworkDenoiser circle = Models.denoiser("points/circle-3");
                NetworkDenoiser a = Models.denoiser("points/situation-A")) {
            assertThat(sha256(circle)).isEqualTo(PointModels.circle().sha256());
            assertThat(sha256(a)).isEqualTo(Situation.A.sample(0).sha256());
            assertThat(circle.schedule()).isEqualTo(PointModels.schedule());
        }
        Images points = PointModels.circle().distinct();
        assertThat(VonMisesMixture.gaps(points)[VonMisesMixture.isolated(points)])
                .isGreaterThan(0.95);
    }

    private static String sha256(NetworkDenoiser model) {
        return model.metadata().getAsJsonObject("data").get("sha256").getAsString();
    }
}
