package memoria.similarity;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import memoria.data.Images;

/**
 * Which generated images are copies: more alike to their nearest training image than unseen real images are, but for a stated share of them.
 *
 * <pre>{@code
 * var copies = Copies.among(images, nl2, unseen, 0.001);
 * copies.count();          // how many of the images lie above the level that 1 in 1,000 unseen real images exceeds
 * copies.ranked(8);        // the rows of the eight most alike
 * }</pre>
 */
public final class Copies {

    private final Images train;
    private final List<Neighbour> nearest;
    private final double[] unseenScores;
    private final double limit;

    private Copies(Images train, List<Neighbour> nearest, double[] unseenScores, double limit) {
        this.train = train;
        this.nearest = nearest;
        this.unseenScores = unseenScores;
        this.limit = limit;
    }

    /**
     * Searches the nearest training image of every generated and every unseen image.
     *
     * @param generated images of a model
     * @param measure the similarity to its distinct training images
     * @param unseen real images of the same kind that the model was not trained on, at least {@code 1 / rate}
     * @param rate share of unseen images above the level, in (0, 1)
     * @return the result, on the Java heap
     * @throws IllegalArgumentException if shapes differ or there are too few unseen images for the rate
     */
    public static Copies among(Images generated, Similarity measure, Images unseen, double rate) {
        NullThreshold.allowed(unseen.count(), rate);
        double[] unseenScores = measure.of(unseen);
        double limit = NullThreshold.exceeded(unseenScores, rate);
        return new Copies(measure.train(), measure.nearest(generated), unseenScores, limit);
    }

    /**
     * The level above which an image counts as a copy.
     *
     * @return a similarity
     */
    public double limit() {
        return limit;
    }

    /**
     * The generated images' similarities.
     *
     * @return one per image
     */
    public double[] scores() {
        return nearest.stream().mapToDouble(Neighbour::similarity).toArray();
    }

    /**
     * The unseen real images' similarities: the null.
     *
     * @return one per image
     */
    public double[] unseenScores() {
        return unseenScores.clone();
    }

    /**
     * How many generated images are copies.
     *
     * @return the count
     */
    public int count() {
        return (int) nearest.stream().filter(n -> n.similarity() > limit).count();
    }

    /**
     * Which training images were copied.
     *
     * @return their places in the set, each once, ascending
     */
    public int[] originals() {
        return nearest.stream()
                .filter(n -> n.similarity() > limit)
                .mapToInt(Neighbour::index)
                .distinct()
                .sorted()
                .toArray();
    }

    /**
     * How many copies are of certain training images.
     *
     * @param indices places in the set, for example those planted
     * @return the count
     */
    public int countOf(int... indices) {
        return (int)
                nearest.stream()
                        .filter(n -> n.similarity() > limit)
                        .filter(n -> Arrays.stream(indices).anyMatch(i -> i == n.index()))
                        .count();
    }

    /**
     * The generated images most alike to a training image.
     *
     * @param n how many, at least 1; fewer are given if there are fewer
     * @return their rows, most alike first
     * @throws IllegalArgumentException if n is below 1
     */
    public int[] ranked(int n) {
        if (n < 1) {
            throw new IllegalArgumentException("n: " + n + " rows; at least 1 is legal");
        }
        Comparator<Integer> mostAlike =
                Comparator.comparingDouble(i -> -nearest.get(i).similarity());
        return IntStream.range(0, nearest.size())
                .boxed()
                .sorted(mostAlike)
                .limit(n)
                .mapToInt(i -> i)
                .toArray();
    }

    /**
     * The nearest training images of some generated ones.
     *
     * @param rows of the generated images
     * @return one training image per row
     * @throws IllegalArgumentException if there is no such row
     */
    public Images nearest(int... rows) {
        return train.select(Arrays.stream(rows).map(i -> row(i).index()).toArray());
    }

    /**
     * The similarities of some generated images.
     *
     * @param rows of the generated images
     * @return the similarity of each row
     * @throws IllegalArgumentException if there is no such row
     */
    public double[] scores(int... rows) {
        return Arrays.stream(rows).mapToDouble(i -> row(i).similarity()).toArray();
    }

    private Neighbour row(int i) {
        if (i < 0 || i >= nearest.size()) {
            throw new IllegalArgumentException(
                    "rows: " + i + " of " + nearest.size() + " generated images");
        }
        return nearest.get(i);
    }
}
