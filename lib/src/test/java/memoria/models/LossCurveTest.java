package memoria.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import memoria.network.NetworkDenoiser;
import org.junit.jupiter.api.Test;
import tech.tablesaw.api.Table;

class LossCurveTest {

    @Test
    void aShippedModelTellsHowItsLossFell() {
        try (NetworkDenoiser model = Models.denoiser("fashion-heavy")) {
            Table curve = Models.lossCurve(model);
            long steps = model.metadata().getAsJsonObject("recipe").get("steps").getAsLong();
            int last = curve.rowCount() - 1;
            assertThat((long) curve.intColumn("step").get(last)).isEqualTo(steps);
            assertThat(curve.intColumn("step").get(0)).isEqualTo((int) (steps / (last + 1)));
            assertThat(curve.doubleColumn("loss").get(last))
                    .isLessThan(curve.doubleColumn("loss").get(0) / 2);
        }
    }

    @Test
    void aModelWithoutACurveIsNamed() {
        try (NetworkDenoiser model = Models.denoiser("fashion-heavy")) {
            NetworkDenoiser bare =
                    new NetworkDenoiser(
                            model.network(), model.schedule(), model.item(), new JsonObject());
            assertThatThrownBy(() -> Models.lossCurve(bare))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("no loss curve");
        }
    }
}
