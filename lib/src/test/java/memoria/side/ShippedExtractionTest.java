package memoria.side;

import static org.assertj.core.api.Assertions.assertThat;

import memoria.diffusion.Ddim;
import memoria.diffusion.Seeds;
import memoria.metrics.Band;
import memoria.metrics.Matches;
import memoria.models.Models;
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
}
