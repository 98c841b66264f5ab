package memoria.lid;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import memoria.data.DataSet;
import memoria.data.Images;
import memoria.data.Planting;
import memoria.metrics.EffectSize;
import memoria.metrics.Interval;
import memoria.metrics.Matching;
import memoria.metrics.Roc;
import memoria.models.Models;
import memoria.network.NetworkDenoiser;

/**
 * Planted training images against equally simple ones that were shown once: what a detector of memorization has to tell apart. A dimension
 * is low for simple images too (LID paper, C.2), so a fair comparison leaves the complexity out: for every planted image it takes the
 * controls whose PNG files are closest to its own in length.
 *
 * <pre>{@code
 * var plants = MatchedPlants.of(model, 40, 5, 400);
 * var roc = plants.roc(Flipd.at(NoiseLevel.std(0.3)).of(model, plants.images()).lid());
 * }</pre>
 *
 * <p>Of a model with nothing planted its first images are taken for planted: a detector must not find them.
 */
public final class MatchedPlants {

    private final Images images;
    private final long[] labels;
    private final int planted;
    private final int[] controls;
    private final double[] png;

    private MatchedPlants(Images images, long[] labels, int planted, int[] controls, double[] png) {
        this.images = images;
        this.labels = labels;
        this.planted = planted;
        this.controls = controls;
        this.png = png;
    }

    /**
     * The comparison on a shipped model's training set.
     *
     * @param model a shipped model
     * @param plants how many planted images at most, at least 2
     * @param each controls for every planted image, at least 1
     * @param pool among how many of the images shown once the controls are looked for
     * @return the comparison
     * @throws IllegalArgumentException if an argument is out of range or the pool is too small
     */
    public static MatchedPlants of(NetworkDenoiser model, int plants, int each, int pool) {
        return of(Models.trainingData(model), Models.planting(model), plants, each, pool);
    }

    static MatchedPlants of(DataSet train, Planting planting, int plants, int each, int pool) {
        int[] once = planting.once();
        if (plants < 2) {
            throw new IllegalArgumentException("plants: " + plants + "; at least 2 are needed");
        }
        if (pool < 1 || pool > once.length) {
            throw new IllegalArgumentException(
                    "pool: " + pool + "; 1 to " + once.length + " images were shown once");
        }
        boolean nothing = planting.planted() == 0;
        int n = nothing ? plants : Math.min(plants, planting.planted());
        int[] all =
                IntStream.concat(
                                IntStream.range(0, n),
                                Arrays.stream(once).filter(i -> i >= n).limit(pool))
                        .toArray();
        Images images = train.distinct().select(all);
        int[] labels = train.labels();
        double[] png = PngLength.of(images);
        int[] controls =
                Matching.closest(
                        Arrays.copyOf(png, n), Arrays.copyOfRange(png, n, png.length), each);
        return new MatchedPlants(
                images, Arrays.stream(all).mapToLong(i -> labels[i]).toArray(), n, controls, png);
    }

    /**
     * What to measure: the planted images, then the whole pool. The same on every machine, whichever of the pool are the controls.
     *
     * @return the images
     */
    public Images images() {
        return images;
    }

    /**
     * Their classes, for a model with conditions.
     *
     * @return a copy, one per image of {@link #images}
     */
    public long[] labels() {
        return labels.clone();
    }

    /**
     * The planted images.
     *
     * @return the first of {@link #images}
     */
    public Images planted() {
        return images.first(planted);
    }

    /**
     * The matched controls.
     *
     * @return {@code each} per planted image
     */
    public Images controls() {
        return images.select(Arrays.stream(controls).map(i -> planted + i).toArray());
    }

    /**
     * Lengths of the PNG files: a detector's rival.
     *
     * @return bytes, one per image of {@link #images}
     */
    public double[] png() {
        return png.clone();
    }

    /**
     * The part of a measurement that belongs to the planted images.
     *
     * @param measured one number per image of {@link #images}
     * @return one per planted image
     * @throws IllegalArgumentException if the number of measurements differs
     */
    public double[] ofPlanted(double[] measured) {
        requireAll(measured);
        return Arrays.copyOf(measured, planted);
    }

    /**
     * The part of a measurement that belongs to the controls.
     *
     * @param measured one number per image of {@link #images}
     * @return one per control
     * @throws IllegalArgumentException if the number of measurements differs
     */
    public double[] ofControls(double[] measured) {
        requireAll(measured);
        return Arrays.stream(controls).mapToDouble(i -> measured[planted + i]).toArray();
    }

    private void requireAll(double[] measured) {
        if (measured.length != images.count()) {
            throw new IllegalArgumentException(
                    "measured: " + measured.length + " numbers for " + images.count() + " images");
        }
    }

    /**
     * How well a measurement tells planted images from controls, low values standing for planted.
     *
     * @param measured one number per image of {@link #images}
     * @return the curve; its area is 0.5 by chance
     * @throws IllegalArgumentException if the number of measurements differs
     */
    public Roc roc(double[] measured) {
        return Roc.ofLow(ofPlanted(measured), ofControls(measured));
    }

    /**
     * How far apart both lie, which goes on where the area is 1 already: what an estimator's settings are chosen by.
     *
     * @param measured one number per image of {@link #images}
     * @return Cohen's d, positive if planted images are low
     * @throws IllegalArgumentException if the number of measurements differs
     */
    public double effect(double[] measured) {
        return EffectSize.cohen(ofControls(measured), ofPlanted(measured));
    }

    /**
     * The detector that sets both farthest apart.
     *
     * @param detectors measurements of {@link #images} by name, at least one
     * @return its name; the first where several are as good
     * @throws IllegalArgumentException if there is none or the number of measurements differs
     */
    public String best(Map<String, double[]> detectors) {
        if (detectors.isEmpty()) {
            throw new IllegalArgumentException("detectors: none; at least one is needed");
        }
        String best = null;
        double largest = Double.NEGATIVE_INFINITY;
        for (Map.Entry<String, double[]> detector : detectors.entrySet()) {
            double effect = effect(detector.getValue());
            if (best == null || effect > largest) {
                best = detector.getKey();
                largest = effect;
            }
        }
        return best;
    }

    /**
     * The areas under the curves of detectors.
     *
     * @param level of the intervals, in (0, 1)
     * @param detectors measurements of {@link #images} by name
     * @return by name, in the same order
     * @throws IllegalArgumentException if the number of measurements differs
     */
    public Map<String, Interval> auc(double level, Map<String, double[]> detectors) {
        Map<String, Interval> areas = new LinkedHashMap<>();
        detectors.forEach((name, measured) -> areas.put(name, roc(measured).auc(level)));
        return areas;
    }

    /**
     * The detectors in a sweep of FLIPD: FLIPD itself at every noise level, and the score's length that is a part of it.
     *
     * @param values of a sweep
     * @return measurements by name, such as {@code FLIPD, noise 0.3}
     */
    public static Map<String, double[]> detectors(FlipdValues values) {
        Map<String, double[]> named = new LinkedHashMap<>();
        double[] noise = values.noiseStds();
        for (int level = 0; level < noise.length; level++) {
            String at = String.format(Locale.ROOT, ", noise %.2f", noise[level]);
            named.put("FLIPD" + at, values.lid(level));
            named.put("score's length" + at, values.norms(level));
        }
        return named;
    }
}
