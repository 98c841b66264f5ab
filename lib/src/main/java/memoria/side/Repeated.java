package memoria.side;

import memoria.data.Images;

/**
 * Images generated again and again under the same prompts, and what the attacker reads off them without any training image (SIDE, Appendix
 * G.2, Eqs. 35 and 36). The formulas of the paper's text are lost; its words are "the mean image and the sample variance":
 *
 * <pre>{@code
 * xbar_i  = 1/N sum_j x_ij
 * sigma_i^2 = 1/(N - 1) sum_j |x_ij - xbar_i|^2 / d,     d numbers in an image
 * }</pre>
 *
 * <p>so that a variance is per pixel, of pixels in [-1, 1].
 *
 * @param images N of the first prompt, N of the second, and so on
 * @param samples N, images per prompt, at least 2
 */
public record Repeated(Images images, int samples) {

    /**
     * Checks the counts.
     *
     * @param images as in the record
     * @param samples as in the record
     * @throws IllegalArgumentException if there are fewer than two samples, or the images are not so many per prompt
     */
    public Repeated {
        if (samples < 2 || images.count() == 0 || images.count() % samples != 0) {
            throw new IllegalArgumentException(
                    "samples: "
                            + samples
                            + " per prompt, of "
                            + images.count()
                            + " images; at least 2, and a multiple of it in images, is needed");
        }
    }

    /**
     * How many prompts were asked.
     *
     * @return at least 1
     */
    public int prompts() {
        return images.count() / samples;
    }

    /**
     * The images of one prompt.
     *
     * @param prompt its place, 0 to {@code prompts() - 1}
     * @return N images
     * @throws IllegalArgumentException if there is no such prompt
     */
    public Images of(int prompt) {
        return images.slice(prompt * samples, (prompt + 1) * samples);
    }

    /**
     * As if fewer images had been generated.
     *
     * @param n of each prompt's images, 2 to N
     * @return the first n of each
     * @throws IllegalArgumentException if n is out of range
     */
    public Repeated first(int n) {
        if (n < 2 || n > samples) {
            throw new IllegalArgumentException(
                    "n: " + n + " of " + samples + " samples per prompt; 2 to that many are legal");
        }
        int[] kept = new int[prompts() * n];
        for (int i = 0; i < kept.length; i++) {
            kept[i] = i / n * samples + i % n;
        }
        return new Repeated(images.select(kept), n);
    }

    /**
     * The mean images (Eq. 35): what the attacker takes for the training images.
     *
     * @return one per prompt
     */
    public Images mean() {
        float[] all = new float[prompts() * images.itemSize()];
        for (int i = 0; i < prompts(); i++) {
            double[] mean = mean(i);
            for (int k = 0; k < mean.length; k++) {
                all[i * mean.length + k] = (float) mean[k];
            }
        }
        return Images.of(all, prompts(), images.channels(), images.height(), images.width());
    }

    private double[] mean(int prompt) {
        double[] mean = new double[images.itemSize()];
        for (int j = 0; j < samples; j++) {
            float[] x = images.pixels(prompt * samples + j);
            for (int k = 0; k < mean.length; k++) {
                mean[k] += x[k] / (double) samples;
            }
        }
        return mean;
    }

    /**
     * The sample variances (Eq. 36): low where a prompt always gives the same image.
     *
     * @return one per prompt, per pixel, 0 or more
     */
    public double[] variance() {
        double[] variance = new double[prompts()];
        for (int i = 0; i < variance.length; i++) {
            double[] mean = mean(i);
            double sum = 0;
            for (int j = 0; j < samples; j++) {
                float[] x = images.pixels(i * samples + j);
                for (int k = 0; k < mean.length; k++) {
                    sum += (x[k] - mean[k]) * (x[k] - mean[k]);
                }
            }
            variance[i] = sum / (samples - 1) / mean.length;
        }
        return variance;
    }
}
