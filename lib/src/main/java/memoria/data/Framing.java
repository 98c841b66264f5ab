package memoria.data;

import java.awt.Rectangle;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;

/**
 * How pictures of any size and kind become images of one shape, immutable. In this order:
 *
 * <ol>
 *   <li>A cut-out: by default the largest centred one of the wanted shape, which is what torchvision's {@code Resize(size)} and
 *       {@code CenterCrop(size)} keep; or the whole picture squeezed ({@link #stretched}); or a fixed rectangle ({@link #cutout}).
 *   <li>8-bit levels of red, green and blue, as Pillow's {@code convert("RGB")} gives them: palettes are looked up, grey is repeated, deeper
 *       or flatter samples are scaled to 0 to 255, transparency, colour profiles and the camera's orientation note are not applied.
 *       {@link #grey} makes {@code 0.299 R + 0.587 G + 0.114 B} of them.
 *   <li>Area averages ({@link Images#resize}) to the wanted size, rounded to 8 bits.
 * </ol>
 */
public final class Framing {

    private static final int LARGEST = 1 << 13;

    private final int height;
    private final int width;
    private final int channels;
    private final boolean stretch;
    private final Rectangle box;

    private Framing(int height, int width, int channels, boolean stretch, Rectangle box) {
        this.height = height;
        this.width = width;
        this.channels = channels;
        this.stretch = stretch;
        this.box = box;
    }

    /**
     * Squares in colour.
     *
     * @param size height and width, 1 to 8192
     * @return a framing that cuts out the centre
     * @throws IllegalArgumentException if the size is out of range
     */
    public static Framing square(int size) {
        return of(size, size);
    }

    /**
     * Rectangles in colour.
     *
     * @param height 1 to 8192
     * @param width 1 to 8192
     * @return a framing that cuts out the centre
     * @throws IllegalArgumentException if a size is out of range
     */
    public static Framing of(int height, int width) {
        if (height < 1 || width < 1 || height > LARGEST || width > LARGEST) {
            throw new IllegalArgumentException(
                    "height, width: " + height + ", " + width + "; 1 to " + LARGEST + " are legal");
        }
        return new Framing(height, width, 3, false, null);
    }

    /**
     * Images of one channel.
     *
     * @return the same framing of grey images
     */
    public Framing grey() {
        return new Framing(height, width, 1, stretch, box);
    }

    /**
     * Nothing is cut off: the whole picture is squeezed into the wanted shape.
     *
     * @return the same framing of whole pictures
     */
    public Framing stretched() {
        return new Framing(height, width, channels, true, null);
    }

    /**
     * A fixed rectangle of each picture, squeezed into the wanted shape. A picture that does not contain it is not readable.
     *
     * @param left first column, 0 or more
     * @param top first row, 0 or more
     * @param columns of the rectangle, at least 1
     * @param rows of the rectangle, at least 1
     * @return the same framing of that part
     * @throws IllegalArgumentException if a number is out of range
     */
    public Framing cutout(int left, int top, int columns, int rows) {
        if (left < 0 || top < 0 || columns < 1 || rows < 1) {
            throw new IllegalArgumentException(
                    "left, top, columns, rows: "
                            + left
                            + ", "
                            + top
                            + ", "
                            + columns
                            + ", "
                            + rows
                            + "; the first two may not be negative, the others must be at least 1");
        }
        return new Framing(height, width, channels, true, new Rectangle(left, top, columns, rows));
    }

    int height() {
        return height;
    }

    int width() {
        return width;
    }

    int channels() {
        return channels;
    }

    /** Numbers in one image. */
    int itemSize() {
        return channels * height * width;
    }

    /** Writes one picture as the image {@code i} of a batch. */
    void put(BufferedImage picture, byte[] batch, int i) throws PictureFile.Unreadable {
        Rectangle part = part(picture);
        float[] levels = levels(picture, part);
        float[] resized =
                AreaAverage.resize(levels, 0, channels, part.height, part.width, height, width);
        for (int k = 0; k < resized.length; k++) {
            batch[i * resized.length + k] = (byte) Math.round(resized[k]);
        }
    }

    private Rectangle part(BufferedImage picture) throws PictureFile.Unreadable {
        Rectangle whole = new Rectangle(picture.getWidth(), picture.getHeight());
        if (box != null && !whole.contains(box)) {
            throw new PictureFile.Unreadable(
                    "its "
                            + whole.width
                            + " x "
                            + whole.height
                            + " pixels do not contain the cut-out of "
                            + box.width
                            + " x "
                            + box.height
                            + " at "
                            + box.x
                            + ", "
                            + box.y);
        }
        if (box != null || stretch) {
            return box != null ? box : whole;
        }
        // The largest rectangle of the shape height : width, to the pixel.
        int columns =
                (int) Math.max(1, Math.min(whole.width, (long) whole.height * width / height));
        int rows = (int) Math.max(1, Math.min(whole.height, (long) whole.width * height / width));
        return new Rectangle((whole.width - columns) / 2, (whole.height - rows) / 2, columns, rows);
    }

    /** Levels 0 to 255 of a part, plane by plane. */
    private float[] levels(BufferedImage picture, Rectangle part) throws PictureFile.Unreadable {
        int plane = part.width * part.height;
        float[] levels = new float[Math.multiplyExact(channels, plane)];
        float[][] rgb = new float[3][part.width];
        for (int y = 0; y < part.height; y++) {
            row(picture, part, y, rgb);
            for (int x = 0; x < part.width; x++) {
                int at = y * part.width + x;
                if (channels == 1) {
                    levels[at] =
                            Math.round(
                                    0.299f * rgb[0][x] + 0.587f * rgb[1][x] + 0.114f * rgb[2][x]);
                } else {
                    for (int c = 0; c < 3; c++) {
                        levels[c * plane + at] = rgb[c][x];
                    }
                }
            }
        }
        return levels;
    }

    /** Samples are taken as they are: the picture's own getRGB brightens grey, as if it were linear light. */
    private static void row(BufferedImage picture, Rectangle part, int y, float[][] rgb)
            throws PictureFile.Unreadable {
        if (picture.getColorModel() instanceof IndexColorModel palette) {
            int[] entries = new int[part.width];
            picture.getRaster().getSamples(part.x, part.y + y, part.width, 1, 0, entries);
            for (int x = 0; x < part.width; x++) {
                // An index beyond the palette is black, as in other decoders.
                int color = entries[x] < palette.getMapSize() ? palette.getRGB(entries[x]) : 0;
                rgb[0][x] = color >> 16 & 0xff;
                rgb[1][x] = color >> 8 & 0xff;
                rgb[2][x] = color & 0xff;
            }
            return;
        }
        Raster raster = picture.getRaster();
        int kind = picture.getColorModel().getColorSpace().getType();
        if (kind != ColorSpace.TYPE_GRAY && kind != ColorSpace.TYPE_RGB) {
            throw new PictureFile.Unreadable(
                    "its colours are neither grey nor red, green and blue");
        }
        int[] samples = new int[part.width];
        for (int c = 0; c < 3; c++) {
            int band = kind == ColorSpace.TYPE_GRAY ? 0 : c;
            int bits = raster.getSampleModel().getSampleSize(band);
            if (bits > 16) {
                throw new PictureFile.Unreadable(
                        "its samples have " + bits + " bits; up to 16 are read");
            }
            raster.getSamples(part.x, part.y + y, part.width, 1, band, samples);
            float scale = 255f / ((1 << bits) - 1);
            for (int x = 0; x < part.width; x++) {
                rgb[c][x] = bits == 8 ? samples[x] : Math.round(samples[x] * scale);
            }
        }
    }

    /**
     * The framing in words, for a provenance.
     *
     * @return for example {@code the centre, by area averages to 64x64 in colour, rounded to 8 bits}
     */
    @Override
    public String toString() {
        String part = "the centre";
        if (box != null) {
            part = box.width + "x" + box.height + " at (" + box.x + ", " + box.y + ")";
        } else if (stretch) {
            part = "all";
        }
        return part
                + ", by area averages to "
                + height
                + "x"
                + width
                + (channels == 1 ? " in grey" : " in colour")
                + ", rounded to 8 bits";
    }
}
