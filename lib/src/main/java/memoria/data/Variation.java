package memoria.data;

import java.util.SplittableRandom;

/**
 * How the images of a template differ: they share one garment, and one thing about it changes. A model that learns the garment by heart and
 * leaves that one thing free gives reconstructive copies (Somepalli et al. 2023): near none of the images it saw, and yet a copy.
 */
public enum Variation {
    /** A print on the middle of the garment: a square of 2x2 fields, each of a grey level of its own. Four numbers. */
    PATCH {
        @Override
        void change(float[] pixels, Images like, SplittableRandom random) {
            int half = Math.max(1, Math.min(like.height(), like.width()) * 3 / 16);
            int top = like.height() / 2 - half;
            int left = like.width() / 2 - half;
            for (int row = 0; row < 2; row++) {
                for (int column = 0; column < 2; column++) {
                    float level = (float) (2 * random.nextDouble() - 1);
                    fill(pixels, like, top + row * half, left + column * half, half, level);
                }
            }
        }
    },
    /** The light: every pixel's distance from black times one factor between 0.35 and 1. One number. */
    BRIGHTNESS {
        @Override
        void change(float[] pixels, Images like, SplittableRandom random) {
            double factor = 0.35 + 0.65 * random.nextDouble();
            for (int i = 0; i < pixels.length; i++) {
                pixels[i] = (float) (factor * (pixels[i] + 1) - 1);
            }
        }
    };

    /** Changes one image in place, by the next numbers of a generator. */
    abstract void change(float[] pixels, Images like, SplittableRandom random);

    private static void fill(
            float[] pixels, Images like, int top, int left, int size, float level) {
        for (int c = 0; c < like.channels(); c++) {
            for (int y = Math.max(0, top); y < top + size; y++) {
                for (int x = Math.max(0, left); x < left + size; x++) {
                    pixels[(c * like.height() + y) * like.width() + x] = level;
                }
            }
        }
    }

    /**
     * Changed versions of one image.
     *
     * @param image exactly one
     * @param count how many, 0 or more
     * @param seed decides them; the first versions are the same whatever the count
     * @return {@code count} images, rounded to 8 bits
     * @throws IllegalArgumentException if there is not exactly one image or the count is negative
     */
    public Images of(Images image, int count, long seed) {
        if (image.count() != 1) {
            throw new IllegalArgumentException(
                    "image: " + image.count() + " images; exactly 1 is varied");
        }
        if (count < 0) {
            throw new IllegalArgumentException("count: " + count + "; 0 or more");
        }
        SplittableRandom random = new SplittableRandom(seed);
        float[] all = new float[count * image.itemSize()];
        for (int i = 0; i < count; i++) {
            float[] pixels = image.pixels(0);
            change(pixels, image, random);
            System.arraycopy(pixels, 0, all, i * pixels.length, pixels.length);
        }
        return Images.of(all, count, image.channels(), image.height(), image.width()).quantized();
    }
}
