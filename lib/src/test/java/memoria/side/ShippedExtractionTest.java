package memoria.side;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import java.util.List;
import memoria.data.Images;
import memoria.diffusion.Ddim;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Seeds;
import memoria.metrics.Band;
import memoria.metrics.Matches;
import memoria.models.Models;
import memoria.torch.Scope;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The shipped surrogate conditions and targets, as notebook 05 opens them. */
class ShippedExtractionTest {

    private static final ShippedCatalog CATALOG = new ShippedCatalog();

    @AfterAll
    static void free() {
        CATALOG.close();
    }

    @BeforeAll
    static void oneThread() {
        Torch.threads(1);
    }

    @Test
    void theExactTargetKnowsItsRareImagesByHeartAndNoOthers() {
        var train = CATALOG.train(ShippedCatalog.RARE);
        var target = CATALOG.target(ShippedCatalog.RARE);
        assertThat(train.labels()).startsWith(1, 1, 1, 1, 1, 1, 1, 1, 5);
        assertThat(target.item()).isEqualTo(train.distinct().item());
        var unseen =
                CATALOG.measure(ShippedCatalog.RARE).of(Models.images("fashion-test").first(1000));
        Band high = Band.ofNull(unseen).get(2);
        var sample = Ddim.steps(10).sample(target, Seeds.range(0, 128));
        var matches = Matches.of(CATALOG.measure(ShippedCatalog.RARE).nearest(sample.images()));
        int[] rows = matches.rows(high);
        assertThat(rows.length).isBetween(2, 40);
        for (int row : rows) {
            assertThat(matches.index()[row]).as("a rare image").isLessThan(40);
        }
    }

    @Test
    void studentsAnswerAsTheirTeacherAtZeroAndNotAsTheyWouldAlone() {
        var test = Models.images("fashion-test").first(200);
        var schedule = NoiseSchedule.linear(1000);
        var teacher = CATALOG.classifier("fashion-labels");
        for (String name : List.of("rare-tdkd", "mild-tdkd")) {
            var anchored = CATALOG.classifier(name);
            var alone = CATALOG.classifier(name + "-student");
            assertThat(anchored.id()).isEqualTo(CATALOG.id(name));
            assertThat(alone.id().sha256()).isEqualTo(Models.id(name + ".resnet").sha256());
            assertThat(anchored.id().sha256()).isNotEqualTo(alone.id().sha256());
            assertThat(CATALOG.classifier(name + "@5.1").id()).isEqualTo(CATALOG.id(name + "@5.1"));
            float[] at0 = answers(anchored, test.distinct(), 0);
            assertThat(at0).containsExactly(answers(teacher, test.distinct(), 0));
            assertThat(at0).isNotEqualTo(answers(alone, test.distinct(), 0));
            assertThat(answers(anchored, test.distinct(), 30))
                    .containsExactly(answers(alone, test.distinct(), 30));
            var gained =
                    anchored.accuracyAbove(
                            teacher, test.distinct(), test.labels(), schedule, 200, 1);
            assertThat(gained.low()).isGreaterThan(0.2);
        }
    }

    private static float[] answers(Surrogate s, Images images, double t) {
        return Scope.use(
                () -> {
                    try (NDManager manager = Torch.manager()) {
                        return s.logProbabilities(images.tensor(manager), t).toFloatArray();
                    }
                });
    }
}
