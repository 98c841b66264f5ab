package memoria.diffusion;

import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import memoria.data.DataSet;
import memoria.data.Images;
import memoria.json.JsonRecord;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.stat.correlation.Covariance;

/**
 * A target whose memorized images hide in rare classes: an exact denoiser, no trained network. Of each common class it has learned a normal
 * distribution (mean and principal directions of its images), of the rare classes a few images by heart; the rare classes together make a
 * small part of what it generates. Whoever samples it at random finds common garments; whoever can name a rare class finds training images.
 *
 * @param first how many images of the source are used
 * @param rare the rare classes
 * @param each images of every rare class, all of them memorized
 * @param mass share of the rare classes together in what is generated, in (0, 1)
 * @param directions principal directions kept of every common class
 */
public record RareClasses(int first, List<Integer> rare, int each, double mass, int directions) {

    /**
     * A target.
     *
     * @param first as in the record
     * @param rare as in the record, at least one, none twice
     * @param each as in the record, at least 1
     * @param mass as in the record
     * @param directions as in the record, at least 1
     * @throws IllegalArgumentException if an argument is out of range
     */
    public RareClasses {
        rare = List.copyOf(rare);
        if (first < 1 || each < 1 || directions < 1 || !(mass > 0 && mass < 1)) {
            throw new IllegalArgumentException(
                    "first, each, mass, directions: "
                            + first
                            + ", "
                            + each
                            + ", "
                            + mass
                            + ", "
                            + directions
                            + "; counts of at least 1 and a mass between 0 and 1 are needed");
        }
        if (rare.isEmpty() || rare.stream().distinct().count() < rare.size()) {
            throw new IllegalArgumentException(
                    "rare: " + rare + "; at least one class, none twice");
        }
    }

    /**
     * The training images: those of the rare classes first, class by class, then all of the others.
     *
     * @param source images with classes
     * @return the set, each image once
     * @throws IllegalArgumentException if the source has too few images, or a class too few
     */
    public DataSet train(DataSet source) {
        DataSet taken = source.first(first);
        int[] labels = taken.labels();
        List<Integer> chosen = new ArrayList<>();
        for (int label : rare) {
            int[] rows = rows(labels, label).limit(each).toArray();
            if (rows.length < each) {
                throw new IllegalArgumentException(
                        "each: "
                                + each
                                + " images of class "
                                + label
                                + ", which has "
                                + rows.length);
            }
            Arrays.stream(rows).forEach(chosen::add);
        }
        IntStream.range(0, labels.length)
                .filter(i -> !rare.contains(labels[i]))
                .forEach(chosen::add);
        return taken.select(chosen.stream().mapToInt(i -> i).toArray());
    }

    private static IntStream rows(int[] labels, int label) {
        return IntStream.range(0, labels.length).filter(i -> labels[i] == label);
    }

    /**
     * The denoiser.
     *
     * @param source images with classes, as for {@link #train}
     * @param schedule of the diffusion
     * @return the exact denoiser of the mixture; the caller closes it
     * @throws IllegalArgumentException as for {@link #train}
     */
    public Analytic denoiser(DataSet source, NoiseSchedule schedule) {
        DataSet train = train(source);
        int known = rare.size() * each;
        int common = train.count() - known;
        List<Analytic> parts = new ArrayList<>();
        List<Double> weights = new ArrayList<>();
        parts.add(Analytic.finite(schedule, train.distinct().first(known)));
        weights.add(mass);
        int[] labels = train.labels();
        for (int label = 0; label < train.classNames().size(); label++) {
            int[] rows = rows(labels, label).filter(i -> i >= known).toArray();
            if (rows.length > 1) {
                parts.add(gaussian(schedule, train.distinct().select(rows)));
                weights.add((1 - mass) * rows.length / common);
            }
        }
        return Analytic.mixture(
                weights.stream().mapToDouble(w -> w).toArray(), parts.toArray(Analytic[]::new));
    }

    private Analytic gaussian(NoiseSchedule schedule, Images images) {
        int d = images.itemSize();
        double[][] pixels = new double[images.count()][d];
        double[] mean = new double[d];
        for (int i = 0; i < pixels.length; i++) {
            float[] image = images.pixels(i);
            for (int j = 0; j < d; j++) {
                pixels[i][j] = image[j];
                mean[j] += image[j] / (double) pixels.length;
            }
        }
        // Sorted: the largest eigenvalues first.
        EigenDecomposition eigen =
                new EigenDecomposition(
                        new Covariance(new Array2DRowRealMatrix(pixels, false))
                                .getCovarianceMatrix());
        int k = Math.min(directions, Math.min(d, pixels.length - 1));
        double[][] basis = new double[k][];
        double[] variances = new double[k];
        for (int j = 0; j < k; j++) {
            basis[j] = eigen.getEigenvector(j).toArray();
            variances[j] = Math.max(0, eigen.getRealEigenvalue(j));
        }
        return Analytic.gaussian(schedule, images.item(), mean, basis, variances);
    }

    /**
     * The target as JSON, for specs.
     *
     * @return a new object, one entry per component
     */
    public JsonObject toJson() {
        return JsonRecord.write(this);
    }
}
