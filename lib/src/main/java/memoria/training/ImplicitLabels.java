package memoria.training;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import memoria.diffusion.Noise;
import org.apache.commons.math3.ml.clustering.CentroidCluster;
import org.apache.commons.math3.ml.clustering.Clusterable;
import org.apache.commons.math3.ml.clustering.KMeansPlusPlusClusterer;
import org.apache.commons.math3.ml.distance.EuclideanDistance;
import org.apache.commons.math3.random.JDKRandomGenerator;

/**
 * Labels nobody gave (SIDE, Sec. 3.1 and 3.2): clusters of a feature space, which an unconditional model is believed to have learned
 * implicitly, or random ones. They are given as TDKD takes pseudo-labels: one probability per label.
 */
public final class ImplicitLabels {

    private static final int ROUNDS = 50;

    private ImplicitLabels() {}

    private record Point(int row, double[] getPoint) implements Clusterable {}

    /**
     * Clusters by k-means (k-means++, at most 50 rounds): label c is the c-th largest cluster.
     *
     * @param features one row per image, all of one length
     * @param k number of labels, 2 to the number of images
     * @param seed of the first centres
     * @return a one per row, at the image's cluster
     * @throws IllegalArgumentException if k is out of range
     */
    public static float[][] kMeans(float[][] features, int k, long seed) {
        if (k < 2 || k > features.length) {
            throw new IllegalArgumentException(
                    "k: " + k + " labels for " + features.length + " images; 2 to that many");
        }
        List<Point> points = new ArrayList<>();
        for (int i = 0; i < features.length; i++) {
            double[] at = new double[features[i].length];
            for (int j = 0; j < at.length; j++) {
                at[j] = features[i][j];
            }
            points.add(new Point(i, at));
        }
        JDKRandomGenerator random = new JDKRandomGenerator();
        random.setSeed(seed);
        List<CentroidCluster<Point>> clusters =
                new ArrayList<>(
                        new KMeansPlusPlusClusterer<Point>(
                                        k, ROUNDS, new EuclideanDistance(), random)
                                .cluster(points));
        clusters.sort((a, b) -> b.getPoints().size() - a.getPoints().size());
        int[] labels = new int[features.length];
        for (int c = 0; c < k; c++) {
            for (Point p : clusters.get(c).getPoints()) {
                labels[p.row] = c;
            }
        }
        return certain(labels, k);
    }

    /**
     * Random labels, each with the same probability.
     *
     * @param count number of images
     * @param k number of labels, at least 2
     * @param seed of the draw
     * @return a one per row
     * @throws IllegalArgumentException if k is below 2
     */
    public static float[][] random(int count, int k, long seed) {
        if (k < 2) {
            throw new IllegalArgumentException("k: " + k + " labels; at least 2 are needed");
        }
        return certain(Noise.integers("side/random-labels", seed, 0, count, k), k);
    }

    /**
     * Labels as probabilities.
     *
     * @param labels 0 to {@code k - 1} each
     * @param k number of labels
     * @return a one per row, at its label
     * @throws IllegalArgumentException if a label is out of range
     */
    public static float[][] certain(int[] labels, int k) {
        float[][] one = new float[labels.length][k];
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < 0 || labels[i] >= k) {
                throw new IllegalArgumentException(
                        "labels: "
                                + labels[i]
                                + " in "
                                + Arrays.toString(labels)
                                + "; 0 to "
                                + (k - 1));
            }
            one[i][labels[i]] = 1;
        }
        return one;
    }
}
