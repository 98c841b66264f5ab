package memoria.similarity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import memoria.data.Images;
import memoria.torch.Autograd;
import memoria.torch.Torch;
import org.junit.jupiter.api.Test;

class StandardizedTest {

    static Images noise(long seed, int count) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] data = new float[count * 60];
        for (int i = 0; i < data.length; i++) {
            data[i] = (float) random.nextDouble(-1, 1);
        }
        return Images.of(data, count, 3, 5, 4);
    }

    private static Images line(Images images, float contrast, float brightness) {
        float[] all = images.all();
        for (int p = 0; p < all.length; p++) {
            all[p] = contrast * all[p] + brightness;
        }
        return Images.of(all, images.count(), 3, 5, 4);
    }

    private static double[] standardized(float[] x) {
        double mean = IntStream.range(0, x.length).mapToDouble(p -> x[p]).average().orElseThrow();
        double variance =
                IntStream.range(0, x.length)
                        .mapToDouble(p -> Math.pow(x[p] - mean, 2))
                        .average()
                        .orElseThrow();
        return IntStream.range(0, x.length)
                .mapToDouble(p -> (x[p] - mean) / Math.sqrt(variance + 1e-4))
                .toArray();
    }

    private static double byDefinition(float[] image, Images train, int k) {
        double[] x = standardized(image);
        double[] distances = new double[train.count()];
        for (int i = 0; i < distances.length; i++) {
            double[] y = standardized(train.pixels(i));
            distances[i] =
                    Math.sqrt(
                            IntStream.range(0, y.length)
                                    .mapToDouble(p -> Math.pow(x[p] - y[p], 2))
                                    .sum());
        }
        Arrays.sort(distances);
        return -distances[0] / (0.5 * Arrays.stream(distances, 0, k).average().orElseThrow());
    }

    @Test
    void nl2IsTheRatioOfTheDefinitionOverStandardizedPictures() {
        Images train = noise(31, 80);
        Images images = noise(32, 5);
        try (NormalizedL2 nl2 = NormalizedL2.against(train).standardized().neighbours(20)) {
            double[] found = nl2.of(images);
            for (int i = 0; i < 5; i++) {
                assertThat(found[i])
                        .isCloseTo(byDefinition(images.pixels(i), train, 20), within(1e-5));
            }
            assertThat(nl2.standardized().of(images)).as("once is enough").isEqualTo(found);
            assertThat(nl2.train()).as("the pictures as given").isEqualTo(train);
        }
    }

    @Test
    void brightnessAndContrastMakeNoOtherPicture() {
        Images train = noise(31, 80);
        try (NormalizedL2 pixels = NormalizedL2.against(train).neighbours(20);
                NormalizedL2 nl2 = pixels.standardized()) {
            Images pale = line(train.select(7), 0.3f, 0.6f);
            Neighbour near = nl2.nearest(pale).get(0);
            assertThat(near.index()).isEqualTo(7);
            assertThat(near.similarity()).isGreaterThan(-0.01);
            assertThat(pixels.of(pale)[0]).as("pixels are far").isLessThan(-1);
            assertThat(nl2.spec()).isNotEqualTo(pixels.spec());
            assertThat(nl2.closeness().spec())
                    .isNotEqualTo(nl2.spec())
                    .isNotEqualTo(pixels.closeness().spec());
        }
    }

    @Test
    void anEvenPictureStaysEven() {
        float[] grey = new float[60];
        Arrays.fill(grey, 0.25f);
        assertThat(Standardized.of(Images.of(grey, 1, 3, 5, 4)).all())
                .containsExactly(new float[60], within(1e-5f));
    }

    @Test
    void theGradientIsTheDifferenceQuotient() {
        Images train = noise(33, 60);
        Images images = noise(34, 2);
        try (NDManager manager = Torch.manager();
                NormalizedL2 nl2 = NormalizedL2.against(train).standardized().neighbours(10)) {
            NDArray x = Autograd.leaf(images.tensor(manager));
            float[] gradient =
                    Autograd.on(() -> Autograd.grad(nl2.of(x).sum(), x, false)).toFloatArray();
            NDArray recorded = Autograd.secondOrder(() -> nl2.of(x));
            assertThat(Autograd.on(() -> Autograd.grad(recorded.sum(), x, false)).toFloatArray())
                    .containsExactly(gradient, within(1e-5f));
            for (int p : new int[] {0, 17, 59, 60, 83, 119}) {
                double[] end = new double[2];
                for (int side = 0; side < 2; side++) {
                    float[] moved = images.pixels(p / 60);
                    moved[p % 60] += side == 0 ? -1e-3f : 1e-3f;
                    end[side] = byDefinition(moved, train, 10);
                }
                assertThat((double) gradient[p]).isCloseTo((end[1] - end[0]) / 2e-3, within(2e-4));
            }
        }
    }
}
