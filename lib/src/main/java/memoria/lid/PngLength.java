package memoria.lid;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import memoria.data.Images;

/**
 * How complex an image is, as the length of its PNG file at compression level 9 (LID paper, C.2). Simple images have low dimensions without
 * being memorized; a dimension divided by the length tells the two apart better.
 */
public final class PngLength {

    private PngLength() {}

    /**
     * The lengths of images.
     *
     * @param images grey or RGB, in [-1, 1]
     * @return bytes, one per image
     */
    public static double[] of(Images images) {
        double[] lengths = new double[images.count()];
        Arrays.setAll(lengths, i -> length(images, i));
        return lengths;
    }

    private static int length(Images images, int i) {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ImageOutputStream out = ImageIO.createImageOutputStream(bytes)) {
            ImageWriteParam level9 = writer.getDefaultWriteParam();
            level9.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            level9.setCompressionQuality(0);
            writer.setOutput(out);
            writer.write(null, new IIOImage(images.picture(i), null, null), level9);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            writer.dispose();
        }
        return bytes.size();
    }

    /**
     * Dimensions per byte of complexity.
     *
     * @param lid one per image
     * @param images the images
     * @return {@code lid / length}
     * @throws IllegalArgumentException if the counts differ
     */
    public static double[] normalize(double[] lid, Images images) {
        if (lid.length != images.count()) {
            throw new IllegalArgumentException(
                    "lid: " + lid.length + " values for " + images.count() + " images");
        }
        double[] lengths = of(images);
        double[] normalized = new double[lid.length];
        Arrays.setAll(normalized, i -> lid[i] / lengths[i]);
        return normalized;
    }
}
