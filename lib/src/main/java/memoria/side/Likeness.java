package memoria.side;

import java.util.Arrays;
import java.util.List;
import memoria.data.Images;
import memoria.metrics.Band;
import memoria.similarity.Descriptor;
import memoria.similarity.DescriptorSimilarity;
import memoria.similarity.Embeddings;
import memoria.similarity.Neighbour;

/**
 * How alike generated images are to the training images of their prompts (SIDE, Table 4), by a copy descriptor z:
 *
 * <pre>
 * M-SSCD    = mean over images x of cos(z(x), z(y)),  y the training image of x's prompt
 * AMS(band) = share of images whose most alike training image lies in the band       (Eq. 5)
 * </pre>
 *
 * <p>The images of one prompt belong together, so both are given prompt by prompt: whoever resamples, resamples prompts.
 */
public final class Likeness {

    private final double[][] own;
    private final double[][] best;

    private Likeness(double[][] own, double[][] best) {
        this.own = own;
        this.best = best;
    }

    /**
     * Compares every generated image with its prompt's training image and with all of them.
     *
     * @param generated those of the first prompt, those of the second and so on, equally many of each
     * @param measure against the training images, one per prompt in the prompts' order
     * @return the likeness
     * @throws IllegalArgumentException if the images are no multiple of the training images, or the shapes differ
     */
    public static Likeness of(Images generated, DescriptorSimilarity measure) {
        Images train = measure.train();
        if (generated.count() == 0 || generated.count() % train.count() != 0) {
            throw new IllegalArgumentException(
                    "generated: "
                            + generated.count()
                            + " images; a multiple of the "
                            + train.count()
                            + " training images is needed");
        }
        Descriptor descriptor = measure.descriptor();
        Embeddings z = descriptor.of(generated);
        Embeddings y = descriptor.of(train);
        List<Neighbour> nearest = measure.nearest(z);
        int n = generated.count() / train.count();
        double[][] own = new double[train.count()][n];
        double[][] best = new double[train.count()][n];
        for (int i = 0; i < z.count(); i++) {
            own[i / n][i % n] = cosine(z.row(i), y.row(i / n));
            best[i / n][i % n] = nearest.get(i).similarity();
        }
        return new Likeness(own, best);
    }

    /**
     * Some of the prompts.
     *
     * @param prompts their places, at least one
     * @return their likeness
     * @throws IllegalArgumentException if there is none
     */
    public Likeness select(int... prompts) {
        if (prompts.length == 0) {
            throw new IllegalArgumentException("prompts: none; at least one is needed");
        }
        return new Likeness(
                Arrays.stream(prompts).mapToObj(i -> own[i]).toArray(double[][]::new),
                Arrays.stream(prompts).mapToObj(i -> best[i]).toArray(double[][]::new));
    }

    private static double cosine(float[] a, float[] b) {
        double dot = 0;
        double aa = 0;
        double bb = 0;
        for (int k = 0; k < a.length; k++) {
            dot += a[k] * b[k];
            aa += a[k] * a[k];
            bb += b[k] * b[k];
        }
        return dot / Math.sqrt(aa * bb);
    }

    /**
     * The cosines with the prompts' own training images: M-SSCD is their mean.
     *
     * @return for each prompt the mean over its images, -1 to 1
     */
    public double[] own() {
        return Arrays.stream(own)
                .mapToDouble(row -> Arrays.stream(row).average().orElseThrow())
                .toArray();
    }

    /**
     * How many images are as alike to any training image as a band says: AMS is their mean.
     *
     * @param band of the descriptor's cosine
     * @return for each prompt the share of its images, 0 to 1
     */
    public double[] ams(Band band) {
        return Arrays.stream(best)
                .mapToDouble(
                        row ->
                                Arrays.stream(row).filter(band::contains).count()
                                        / (double) row.length)
                .toArray();
    }
}
