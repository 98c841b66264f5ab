package memoria.lid;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;
import memoria.checkpoint.SafeTensors;
import memoria.torch.Tensors;
import memoria.torch.Torch;

/**
 * One descending row of singular values, or of variances, per image: what the methods measure that count how many are large. A threshold
 * turns them into dimensions, and a sweep over thresholds costs nothing.
 *
 * <p>A threshold by percentile over the set forces the mean dimension: 10% of all values lie below the 10th percentile, whatever the model.
 * Use it to compare ranks, and the largest gap where the value itself matters.
 */
public final class Spectra {

    /** What large values stand for. */
    public enum Large {
        /** Directions off the manifold, as in {@link NormalBundle}: LID is d less their number. */
        NORMAL,
        /** Directions within the manifold, as in {@link LocalPca} and {@link JacobianRank}: LID is their number. */
        TANGENT
    }

    private static final String VALUES = "values";
    private static final String AMBIENT = "ambient";
    private static final String LARGE = "large";

    private final double[][] values;
    private final int d;
    private final Large large;

    Spectra(double[][] values, int d, Large large) {
        this.values = values;
        this.d = d;
        this.large = large;
    }

    /**
     * Spectra measured elsewhere.
     *
     * @param values one descending row per image, at least one value each
     * @param ambient d, the values of an image
     * @param large what large values stand for
     * @return the spectra
     * @throws IllegalArgumentException if there is none, a value is not a number or a row does not descend
     */
    public static Spectra of(double[][] values, int ambient, Large large) {
        if (values.length == 0) {
            throw new IllegalArgumentException("values: none; at least one row is needed");
        }
        for (double[] row : values) {
            for (int i = 0; i < row.length; i++) {
                if (Double.isNaN(row[i]) || (i > 0 && row[i] > row[i - 1])) {
                    throw new IllegalArgumentException(
                            "values: "
                                    + row[i]
                                    + " at place "
                                    + i
                                    + "; descending numbers are legal");
                }
            }
        }
        return new Spectra(values, ambient, large);
    }

    /**
     * Keeps the spectra of a generator or a set in a file, so that thresholds can be tried without measuring again. Those of a denoiser are kept
     * by {@link Estimator#job}.
     *
     * @param file safetensors; it appears under its name only when it is whole
     * @param made how they were made, for whoever opens the file
     * @throws java.io.UncheckedIOException if the file cannot be written
     */
    public void save(Path file, String made) {
        int width = values[0].length;
        double[] flat = Arrays.stream(values).flatMapToDouble(Arrays::stream).toArray();
        try (NDManager manager = Torch.manager()) {
            Map<String, NDArray> tensors =
                    Map.of(VALUES, Tensors.of(manager, flat, new Shape(values.length, width)));
            Map<String, String> notes =
                    Map.of(AMBIENT, Integer.toString(d), LARGE, large.name(), "made", made);
            SafeTensors.write(file, tensors, notes);
        }
    }

    /**
     * Opens kept spectra.
     *
     * @param file what {@link #save} wrote
     * @return the spectra
     * @throws IllegalArgumentException if the file is damaged or holds something else
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static Spectra load(Path file) {
        SafeTensors content = SafeTensors.read(file);
        Map<String, String> notes = content.metadata();
        if (!notes.keySet().containsAll(List.of(AMBIENT, LARGE))) {
            throw new IllegalArgumentException("file: " + file + " holds no spectra");
        }
        try (NDManager manager = Torch.manager()) {
            double[][] rows = Estimators.rows(VALUES, content.tensor(manager, VALUES), 0);
            return of(rows, Integer.parseInt(notes.get(AMBIENT)), Large.valueOf(notes.get(LARGE)));
        } catch (IllegalArgumentException | IllegalStateException e) {
            throw new IllegalArgumentException(
                    "file: " + file + " holds no spectra: " + e.getMessage(), e);
        }
    }

    /**
     * How many images there are.
     *
     * @return the count
     */
    public int count() {
        return values.length;
    }

    /**
     * Values per image in the space around.
     *
     * @return d
     */
    public int ambient() {
        return d;
    }

    /**
     * One image's values.
     *
     * @param image 0 to {@code count() - 1}
     * @return a copy, descending
     */
    public double[] of(int image) {
        return values[image].clone();
    }

    /**
     * Dimensions by a threshold: LID is d less the values at or above it, or the number of values above it, by what large values stand for.
     *
     * @param tau not NaN
     * @return one per image
     * @throws IllegalArgumentException if tau is not a number
     */
    public double[] lid(double tau) {
        if (Double.isNaN(tau)) {
            throw new IllegalArgumentException("tau: not a number; any number is legal");
        }
        boolean normal = large == Large.NORMAL;
        return each(row -> rank(row, value -> normal ? value >= tau : value > tau));
    }

    private static int rank(double[] row, java.util.function.DoublePredicate isLarge) {
        return (int) Arrays.stream(row).filter(isLarge).count();
    }

    private double[] each(ToIntFunction<double[]> rank) {
        return Arrays.stream(values)
                .mapToDouble(
                        row ->
                                large == Large.NORMAL
                                        ? d - rank.applyAsInt(row)
                                        : rank.applyAsInt(row))
                .toArray();
    }

    /**
     * A percentile of all values of all images: the LID paper's threshold is the 10th.
     *
     * @param percent 0 to 100
     * @return the value, linear between neighbours
     * @throws IllegalArgumentException if percent is out of range
     */
    public double percentile(double percent) {
        double[] sorted = Arrays.stream(values).flatMapToDouble(Arrays::stream).sorted().toArray();
        return percentile(sorted, percent);
    }

    static double percentile(double[] sorted, double percent) {
        if (!(percent >= 0 && percent <= 100)) {
            throw new IllegalArgumentException("percent: " + percent + "; 0 to 100 are legal");
        }
        double at = percent / 100 * (sorted.length - 1);
        int below = (int) at;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }

    /**
     * Dimensions by a percentile over the set, {@code lid(percentile(percent))}.
     *
     * @param percent 0 to 100
     * @return one per image
     * @throws IllegalArgumentException if percent is out of range
     */
    public double[] lidByPercentile(double percent) {
        return lid(percentile(percent));
    }

    /**
     * Dimensions by the largest difference of successive values: those before it are large. It finds a rank from 1 to one less than the
     * values' number, so no point mass and no full space.
     *
     * @return one per image
     */
    public double[] lidByLargestGap() {
        return each(row -> largestGap(row, row.length - 1));
    }

    /**
     * As {@link #lidByLargestGap}, with a zero behind the last value: all of them may be large. For score spectra it finds point masses,
     * where all d directions lead off the manifold.
     *
     * @return one per image
     */
    public double[] lidByLargestDrop() {
        return each(row -> largestGap(Arrays.copyOf(row, row.length + 1), row.length));
    }

    private static int largestGap(double[] row, int gaps) {
        return IntStream.range(0, gaps)
                        .boxed()
                        .max(
                                (a, b) ->
                                        row[a] - row[a + 1] == row[b] - row[b + 1]
                                                ? b - a
                                                : Double.compare(
                                                        row[a] - row[a + 1], row[b] - row[b + 1]))
                        .orElse(0)
                + 1;
    }
}
