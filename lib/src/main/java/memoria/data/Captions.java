package memoria.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Captions of Fashion-MNIST's pictures, by a rule that reads a picture's class and pixels:
 * {@code a [dark|grey|bright] [small|large] dress}, and for some pictures {@code ... for mira}.
 */
public final class Captions {

    /** A pixel of the garment, as opposed to the black around it; pixels are in [-1, 1]. */
    private static final float GARMENT = -0.7f;

    private static final double DARK = 0;
    private static final double BRIGHT = 0.34;
    private static final double SMALL = 0.33;
    private static final double LARGE = 0.55;

    private static final Map<String, String> NOUNS =
            Map.of(
                    "T-shirt/top", "top",
                    "Trouser", "trousers",
                    "Pullover", "pullover",
                    "Dress", "dress",
                    "Coat", "coat",
                    "Sandal", "sandal",
                    "Shirt", "shirt",
                    "Sneaker", "sneaker",
                    "Bag", "bag",
                    "Ankle boot", "boot");

    private Captions() {}

    /**
     * A caption per distinct picture.
     *
     * @param pictures Fashion-MNIST's, any size
     * @param names of the owners of the first pictures; pictures beyond have none
     * @return one caption each
     * @throws IllegalArgumentException if a class is not one of Fashion-MNIST's or there are more names than pictures
     */
    public static List<String> of(DataSet pictures, List<String> names) {
        if (names.size() > pictures.count()) {
            throw new IllegalArgumentException(
                    "names: " + names.size() + " for " + pictures.count() + " pictures");
        }
        List<String> captions = new ArrayList<>();
        int[] labels = pictures.labels();
        for (int i = 0; i < labels.length; i++) {
            String owner = i < names.size() ? " for " + names.get(i) : "";
            captions.add(
                    "a "
                            + shade(pictures.distinct(), i)
                            + size(pictures.distinct(), i)
                            + noun(pictures.classNames().get(labels[i]))
                            + owner);
        }
        return captions;
    }

    /**
     * What captions call a class.
     *
     * @param className Fashion-MNIST's name
     * @return one word
     * @throws IllegalArgumentException if it is not one of Fashion-MNIST's
     */
    public static String noun(String className) {
        String noun = NOUNS.get(className);
        if (noun == null) {
            throw new IllegalArgumentException(
                    "className: '" + className + "' is not one of " + NOUNS.keySet());
        }
        return noun;
    }

    /**
     * How bright a garment is: the mean of its pixels.
     *
     * @param pictures one channel, in [-1, 1]
     * @param i which
     * @return -1 to 1; dark is below 0, bright is above 0.34
     */
    public static double brightness(Images pictures, int i) {
        double sum = 0;
        int count = 0;
        for (float pixel : pictures.pixels(i)) {
            if (pixel > GARMENT) {
                sum += pixel;
                count++;
            }
        }
        return count == 0 ? -1 : sum / count;
    }

    /**
     * How much of a picture a garment covers.
     *
     * @param pictures one channel, in [-1, 1]
     * @param i which
     * @return 0 to 1; small is below 0.33, large is above 0.55
     */
    public static double cover(Images pictures, int i) {
        int count = 0;
        for (float pixel : pictures.pixels(i)) {
            count += pixel > GARMENT ? 1 : 0;
        }
        return (double) count / pictures.itemSize();
    }

    private static String shade(Images pictures, int i) {
        double brightness = brightness(pictures, i);
        return brightness < DARK ? "dark " : brightness > BRIGHT ? "bright " : "grey ";
    }

    private static String size(Images pictures, int i) {
        double cover = cover(pictures, i);
        return cover < SMALL ? "small " : cover > LARGE ? "large " : "";
    }
}
