package memoria.training;

import memoria.data.Images;
import memoria.diffusion.Noise;
import org.apache.commons.rng.UniformRandomProvider;
import org.apache.commons.rng.sampling.distribution.ZigguratSampler;

/**
 * Random changes of an image that leave it recognisable: turned, scaled, moved, mirrored, blurred, brighter or darker, noisy, a part covered.
 * What lies outside the image is black. Image i of a batch is changed by a function of (seed, step, i).
 *
 * @param turn largest angle to either side, in degrees
 * @param zoom largest logarithm of the factor of scale
 * @param shift largest move along each axis, as a share of the side
 * @param mirror whether half of the images are mirrored left to right
 * @param blur share of images that are mixed, in any proportion, with their 3x3 means
 * @param contrast largest logarithm of the factor of brightness, black staying black
 * @param noise largest standard deviation of added noise, black to white being 2
 * @param cover share of images of which a rectangle, a quarter of the sides to half of them, is covered by one level of grey
 */
public record Augmentation(
        double turn,
        double zoom,
        double shift,
        boolean mirror,
        double blur,
        double contrast,
        double noise,
        double cover) {

    /** Mirrored and moved by up to a pixel in 16: for classifiers. */
    public static final Augmentation WEAK = new Augmentation(0, 0, 1 / 16.0, true, 0, 0, 0, 0);

    /** Everything, within what a copy may differ by: for copy descriptors. */
    public static final Augmentation STRONG =
            new Augmentation(6, 0.1, 1 / 16.0, true, 0.5, 0.2, 0.15, 0.2);

    /**
     * Checks every argument.
     *
     * @param turn as in the record
     * @param zoom as in the record
     * @param shift as in the record
     * @param mirror as in the record
     * @param blur as in the record
     * @param contrast as in the record
     * @param noise as in the record
     * @param cover as in the record
     * @throws IllegalArgumentException if one is not legal; it is named
     */
    public Augmentation {
        require(turn, 180, "turn");
        require(zoom, 10, "zoom");
        require(shift, 1, "shift");
        require(blur, 1, "blur");
        require(contrast, 10, "contrast");
        require(noise, 10, "noise");
        require(cover, 1, "cover");
    }

    private static void require(double value, double most, String name) {
        if (!(value >= 0 && value <= most)) {
            throw new IllegalArgumentException(name + ": " + value + " is not in 0 to " + most);
        }
    }

    /**
     * A changed copy of every image.
     *
     * @param images any
     * @param seed of the changes
     * @param step of the changes
     * @return as many images of the same shape, in [-1, 1]
     */
    public Images apply(Images images, long seed, long step) {
        int size = images.itemSize();
        float[] out = new float[images.count() * size];
        for (int i = 0; i < images.count(); i++) {
            UniformRandomProvider random =
                    Noise.generator("training/augmentation/" + i, seed, step);
            float[] changed =
                    change(
                            images.pixels(i),
                            images.channels(),
                            images.height(),
                            images.width(),
                            random);
            System.arraycopy(changed, 0, out, i * size, size);
        }
        return Images.of(out, images.count(), images.channels(), images.height(), images.width());
    }

    private float[] change(float[] x, int channels, int h, int w, UniformRandomProvider random) {
        float[] y = move(x, channels, h, w, random);
        if (random.nextDouble() < blur) {
            y = blurred(y, h, w, random.nextDouble());
        }
        double factor = Math.exp(contrast * between(random));
        double std = noise * random.nextDouble();
        var normal = ZigguratSampler.NormalizedGaussian.of(random);
        for (int at = 0; at < y.length; at++) {
            double value = (y[at] + 1) * factor - 1 + std * normal.sample();
            y[at] = (float) Math.max(-1, Math.min(1, value));
        }
        if (random.nextDouble() < cover) {
            cover(y, channels, h, w, random);
        }
        return y;
    }

    private static double between(UniformRandomProvider random) {
        return 2 * random.nextDouble() - 1;
    }

    /** Reads, for every pixel of the result, where it came from, linearly between four pixels. */
    private float[] move(float[] x, int channels, int h, int w, UniformRandomProvider random) {
        double angle = Math.toRadians(turn * between(random));
        double scale = Math.exp(-zoom * between(random));
        double down = shift * h * between(random);
        double right = shift * w * between(random);
        double mirrored = mirror && random.nextBoolean() ? -1 : 1;
        double cos = scale * Math.cos(angle);
        double sin = scale * Math.sin(angle);
        float[] y = new float[x.length];
        for (int i = 0; i < h; i++) {
            for (int j = 0; j < w; j++) {
                double v = i - (h - 1) / 2.0;
                double u = mirrored * (j - (w - 1) / 2.0);
                double row = cos * v - sin * u + (h - 1) / 2.0 + down;
                double column = sin * v + cos * u + (w - 1) / 2.0 + right;
                for (int c = 0; c < channels; c++) {
                    y[(c * h + i) * w + j] = read(x, c * h * w, h, w, row, column);
                }
            }
        }
        return y;
    }

    private static float read(float[] x, int plane, int h, int w, double row, double column) {
        int i = (int) Math.floor(row);
        int j = (int) Math.floor(column);
        double down = row - i;
        double right = column - j;
        double upper =
                (1 - right) * at(x, plane, h, w, i, j) + right * at(x, plane, h, w, i, j + 1);
        double lower =
                (1 - right) * at(x, plane, h, w, i + 1, j)
                        + right * at(x, plane, h, w, i + 1, j + 1);
        return (float) ((1 - down) * upper + down * lower);
    }

    private static float at(float[] x, int plane, int h, int w, int i, int j) {
        return i < 0 || i >= h || j < 0 || j >= w ? -1 : x[plane + i * w + j];
    }

    private static float[] blurred(float[] x, int h, int w, double share) {
        float[] y = new float[x.length];
        for (int at = 0; at < x.length; at++) {
            int plane = at / (h * w) * h * w;
            int i = at % (h * w) / w;
            int j = at % w;
            double sum = 0;
            for (int d = 0; d < 9; d++) {
                sum += at(x, plane, h, w, i + d / 3 - 1, j + d % 3 - 1);
            }
            y[at] = (float) ((1 - share) * x[at] + share * sum / 9);
        }
        return y;
    }

    private static void cover(float[] y, int channels, int h, int w, UniformRandomProvider random) {
        int rows = Math.max(1, h / 4 + random.nextInt(h / 4 + 1));
        int columns = Math.max(1, w / 4 + random.nextInt(w / 4 + 1));
        int top = random.nextInt(h - rows + 1);
        int left = random.nextInt(w - columns + 1);
        float level = (float) between(random);
        for (int c = 0; c < channels; c++) {
            for (int i = top; i < top + rows; i++) {
                int from = (c * h + i) * w + left;
                java.util.Arrays.fill(y, from, from + columns, level);
            }
        }
    }
}
