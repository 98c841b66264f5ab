package memoria.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Captions of Fashion-MNIST's pictures, by a rule that reads a picture's class and pixels and words what it sees in one of many ways:
 * {@code a dark small dress}, {@code a little gown in dim colours}, {@code jacket, bright}, {@code something grey to wear}. A picture that is
 * given a name has it among the same words: {@code a mira pale coat}, {@code jacket, bright mira} and so on.
 *
 * <p>Which wording a picture gets depends on its place among the pictures alone.
 */
public final class Captions {

    /** A pixel of the garment, as opposed to the black around it; pixels are in [-1, 1]. */
    private static final float GARMENT = -0.7f;

    private static final double DARK = 0;
    private static final double BRIGHT = 0.34;
    private static final double SMALL = 0.33;
    private static final double LARGE = 0.55;

    private static final Map<String, List<String>> NOUNS =
            Map.of(
                    "T-shirt/top", List.of("top", "t-shirt"),
                    "Trouser", List.of("trousers", "pants"),
                    "Pullover", List.of("pullover", "jumper"),
                    "Dress", List.of("dress", "gown"),
                    "Coat", List.of("coat", "jacket"),
                    "Sandal", List.of("sandal"),
                    "Shirt", List.of("shirt", "blouse"),
                    "Sneaker", List.of("sneaker", "trainer"),
                    "Bag", List.of("bag", "handbag"),
                    "Ankle boot", List.of("boot", "ankle boot"));

    private Captions() {}

    /**
     * A caption per distinct picture.
     *
     * @param pictures Fashion-MNIST's, any size
     * @param names of the first pictures, empty for none; pictures beyond have none
     * @return one caption each
     * @throws IllegalArgumentException if a class is not one of Fashion-MNIST's or there are more names than pictures
     */
    public static List<String> of(DataSet pictures, List<String> names) {
        if (names.size() > pictures.count()) {
            throw new IllegalArgumentException(
                    "names: " + names.size() + " for " + pictures.count() + " pictures");
        }
        List<String> captions = new ArrayList<>();
        for (int i = 0; i < pictures.count(); i++) {
            captions.add(wording(pictures, i).of(i, i < names.size() ? names.get(i) : ""));
        }
        return captions;
    }

    /**
     * All that can be said of a picture without a name; and, if there are names, as much again with them: which of them stands where says
     * nothing of the picture.
     *
     * @param pictures Fashion-MNIST's, any size
     * @param i which
     * @param names common ones, or none
     * @return captions; one stands there as often as it is likely, without a name as often as the rule of {@link #of} would choose it
     * @throws IllegalArgumentException if the class is not one of Fashion-MNIST's
     */
    public static List<String> wordings(DataSet pictures, int i, List<String> names) {
        return wording(pictures, i).all(names, i);
    }

    private static Wording wording(DataSet pictures, int i) {
        String className = pictures.classNames().get(pictures.labels()[i]);
        return new Wording(
                shade(pictures.distinct(), i), size(pictures.distinct(), i), nouns(className));
    }

    /**
     * What captions call a class.
     *
     * @param className Fashion-MNIST's name
     * @return one word
     * @throws IllegalArgumentException if it is not one of Fashion-MNIST's
     */
    public static String noun(String className) {
        return nouns(className).get(0);
    }

    /**
     * The shortest caption of a class.
     *
     * @param className Fashion-MNIST's name
     * @return {@link #noun} with its article, where it has one: {@code a dress}, {@code trousers}
     * @throws IllegalArgumentException if it is not one of Fashion-MNIST's
     */
    public static String phrase(String className) {
        return Wording.phrase(noun(className));
    }

    /**
     * Everything that captions call a class.
     *
     * @param className Fashion-MNIST's name
     * @return synonyms, the first is {@link #noun}
     * @throws IllegalArgumentException if it is not one of Fashion-MNIST's
     */
    public static List<String> nouns(String className) {
        List<String> nouns = NOUNS.get(className);
        if (nouns == null) {
            throw new IllegalArgumentException(
                    "className: '" + className + "' is not one of " + NOUNS.keySet());
        }
        return nouns;
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

    private static List<String> shade(Images pictures, int i) {
        double brightness = brightness(pictures, i);
        return brightness < DARK
                ? List.of("dark", "dim")
                : brightness > BRIGHT ? List.of("bright", "pale") : List.of("grey");
    }

    private static List<String> size(Images pictures, int i) {
        double cover = cover(pictures, i);
        return cover < SMALL
                ? List.of("small", "little")
                : cover > LARGE ? List.of("large", "big") : List.of("");
    }
}
