package memoria.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * CIFAR-10 files made up for tests: every image is a soft coloured disc on a coloured ground, whose hue tells its class. In the format and
 * under the names of the published files, at any number of images.
 */
public final class SyntheticCifar {

    private static final int SIDE = 32;

    private SyntheticCifar() {}

    /**
     * Writes all six files.
     *
     * @param folder where to
     * @param training number of training images, at least 5
     * @param test number of test images, at least 1
     * @param seed decides the images
     */
    public static void write(Path folder, int training, int test, long seed) {
        Cifar10.write(set(training, seed), set(test, seed + 1), folder);
    }

    /**
     * The images of one set.
     *
     * @param count how many
     * @param seed decides them
     * @return image i is of class i modulo 10
     */
    public static DataSet set(int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] levels = new byte[count * 3 * SIDE * SIDE];
        for (int i = 0; i < count; i++) {
            double x = random.nextDouble(8, 24);
            double y = random.nextDouble(8, 24);
            double radius = random.nextDouble(4, 12);
            for (int c = 0; c < 3; c++) {
                double ground = random.nextDouble(0, 120);
                double disc = 128 + 100 * Math.cos(2 * Math.PI * (i % 10 / 10.0 + c / 3.0));
                for (int p = 0; p < SIDE * SIDE; p++) {
                    double distance = Math.hypot(p % SIDE - x, p / SIDE - y);
                    double inside = 1 / (1 + Math.exp(distance - radius));
                    levels[(i * 3 + c) * SIDE * SIDE + p] =
                            (byte) Math.round(ground + inside * (disc - ground));
                }
            }
        }
        List<String> names = new ArrayList<>();
        IntStream.range(0, 10).forEach(c -> names.add("hue " + c));
        return DataSet.of(
                Images.of(levels, count, 3, SIDE, SIDE),
                IntStream.range(0, count).map(i -> i % 10).toArray(),
                names,
                Provenance.made("discs"));
    }
}
