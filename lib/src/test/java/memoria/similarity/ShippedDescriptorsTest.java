package memoria.similarity;

import static org.assertj.core.api.Assertions.assertThat;

import memoria.data.DataSet;
import memoria.data.Images;
import memoria.diffusion.Noise;
import memoria.models.Models;
import memoria.network.FeatureNetwork;
import memoria.torch.Torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The shipped networks do what their names say, with room to spare. */
class ShippedDescriptorsTest {

    @BeforeAll
    static void oneThread() {
        Torch.threads(1);
    }

    @Test
    void theClassifierKnowsMostUnseenGarments() {
        DataSet unseen = Models.images("fashion-test").first(1000);
        try (FeatureNetwork network = Models.network("fashion-features")) {
            int[] given = network.classes(unseen.distinct());
            int right = 0;
            for (int i = 0; i < given.length; i++) {
                right += given[i] == unseen.labels()[i] ? 1 : 0;
            }
            assertThat(right).isGreaterThan(850);
        }
    }

    @Test
    void noisyCopiesStandOutFromUnseenImages() {
        Images train = Models.images("fashion-train").distinct().first(500);
        Images unseen = Models.images("fashion-test").distinct().first(1000);
        float[] pixels = train.first(100).all();
        double[] noise = Noise.gaussian("noisy copies", 1, 0, pixels.length);
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] += (float) (0.05 * noise[i]);
        }
        Images noisy = Images.of(pixels, 100, 1, train.height(), train.width());
        try (Descriptor descriptor = Descriptor.shipped("fashion-copies");
                DescriptorSimilarity measure = DescriptorSimilarity.against(descriptor, train)) {
            Copies copies = Copies.among(noisy, measure, unseen, 0.01);
            assertThat(copies.count()).isGreaterThan(90);
            assertThat(copies.originals()).hasSizeGreaterThan(85);
        }
    }

    @Test
    void theFeaturesAreThoseTheClassifierReads() {
        Images some = Models.images("fashion-test").distinct().first(3);
        try (Descriptor features = Descriptor.shippedFeatures("fashion-features");
                FeatureNetwork network = Models.network("fashion-features")) {
            assertThat(features.of(some).dimensions())
                    .isEqualTo(network.network().config().features());
        }
    }
}
