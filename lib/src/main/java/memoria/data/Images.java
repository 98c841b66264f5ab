package memoria.data;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import memoria.torch.Ops;
import memoria.torch.Tensors;

/**
 * An immutable batch of equally shaped images on the Java heap: float32, ordered (image, channel, row, column), black at -1 and white at
 * 1. A point of R^d is an image of d channels and one pixel. Values outside [-1, 1] are kept; only {@link #picture} and {@link #bytes}
 * clip them.
 */
public final class Images {

    private final Pixels numbers;
    private final int start;
    private final int count;
    private final int channels;
    private final int height;
    private final int width;

    /** A batch that begins at an image of the numbers: a slice costs nothing because nobody can write. */
    private Images(Pixels numbers, int start, int count, int channels, int height, int width) {
        this.numbers = numbers;
        this.start = start;
        this.count = count;
        this.channels = channels;
        this.height = height;
        this.width = width;
    }

    /**
     * A batch from an array, which is copied.
     *
     * @param data values in the order (image, channel, row, column)
     * @param count number of images, 0 or more
     * @param channels at least 1
     * @param height at least 1
     * @param width at least 1
     * @return the batch
     * @throws IllegalArgumentException if a size is not legal or the array has another length than they need
     */
    public static Images of(float[] data, int count, int channels, int height, int width) {
        return wrap(data.clone(), count, channels, height, width);
    }

    /** As {@link #of(float[], int, int, int, int)}, but keeps the array: whoever made it may not write to it any more. */
    static Images wrap(float[] data, int count, int channels, int height, int width) {
        if (count < 0 || channels < 1 || height < 1 || width < 1) {
            throw new IllegalArgumentException(
                    "count, channels, height, width: "
                            + describe(count, channels, height, width)
                            + "; count may not be negative and the others must be at least 1");
        }
        long needed = (long) count * channels * height * width;
        if (data.length != needed) {
            throw unfit("data", data.length, count, channels, height, width);
        }
        return new Images(new Pixels.Floats(data), 0, count, channels, height, width);
    }

    /** Pictures of 8 bits that stay bytes, as {@link #of(byte[], int, int, int, int)} takes them; the array may be longer. */
    static Images wrap(byte[] levels, int count, int channels, int height, int width) {
        if (levels.length < (long) count * channels * height * width) {
            throw unfit("levels", levels.length, count, channels, height, width);
        }
        return new Images(new Pixels.Levels(levels), 0, count, channels, height, width);
    }

    private static IllegalArgumentException unfit(
            String argument, int length, int count, int channels, int height, int width) {
        return new IllegalArgumentException(
                argument
                        + ": "
                        + length
                        + " values, but "
                        + describe(count, channels, height, width)
                        + " images take "
                        + (long) count * channels * height * width);
    }

    /**
     * A batch of grey or colour images stored in bytes: level p becomes {@code p / 127.5 - 1}.
     *
     * @param levels 0 to 255 each, in the order (image, channel, row, column)
     * @param count number of images, 0 or more
     * @param channels at least 1
     * @param height at least 1
     * @param width at least 1
     * @return the batch
     * @throws IllegalArgumentException if a size is not legal or the array has another length than they need
     */
    public static Images of(byte[] levels, int count, int channels, int height, int width) {
        float[] data = new float[levels.length];
        for (int i = 0; i < data.length; i++) {
            data[i] = Pixels.value(levels[i] & 0xff);
        }
        return wrap(data, count, channels, height, width);
    }

    /**
     * A batch copied from a tensor.
     *
     * @param tensor (N, C, H, W), or (N, d) for points; any floating type
     * @return the batch, rounded to float32
     * @throws IllegalArgumentException if the tensor has another number of dimensions or an empty item
     */
    public static Images from(NDArray tensor) {
        Shape shape = tensor.getShape();
        int dimensions = shape.dimension();
        if (dimensions != 4 && dimensions != 2) {
            throw new IllegalArgumentException(
                    "tensor: shape " + shape + "; images are (N, C, H, W), points (N, d)");
        }
        int height = dimensions == 4 ? Math.toIntExact(shape.get(2)) : 1;
        int width = dimensions == 4 ? Math.toIntExact(shape.get(3)) : 1;
        return wrap(
                floats(tensor),
                Math.toIntExact(shape.get(0)),
                Math.toIntExact(shape.get(1)),
                height,
                width);
    }

    private static float[] floats(NDArray tensor) {
        if (tensor.getDataType() == DataType.FLOAT32) {
            return tensor.toFloatArray();
        }
        try (NDArray single = Ops.cast(tensor, DataType.FLOAT32)) {
            return single.toFloatArray();
        }
    }

    /**
     * Joins batches.
     *
     * @param parts at least one, of equal item shape
     * @return all images in order
     * @throws IllegalArgumentException if there is none or the item shapes differ
     */
    public static Images concat(Images... parts) {
        if (parts.length == 0) {
            throw new IllegalArgumentException("parts: none; at least one batch is needed");
        }
        Images head = parts[0];
        int total = 0;
        for (Images part : parts) {
            head.requireSameItem("parts", part);
            total = Math.addExact(total, part.count);
        }
        Pixels joined =
                Pixels.join(Arrays.stream(parts).map(Images::part).toArray(Pixels.Part[]::new));
        return new Images(joined, 0, total, head.channels, head.height, head.width);
    }

    /** What of the numbers is this batch's. */
    private Pixels.Part part() {
        return new Pixels.Part(numbers, start * itemSize(), count * itemSize());
    }

    /** What of the numbers is one image's. */
    private Pixels.Part part(int i) {
        requireIndex(i);
        return new Pixels.Part(numbers, (start + i) * itemSize(), itemSize());
    }

    private Pixels.Run run() {
        return numbers.run(start * itemSize(), count * itemSize());
    }

    /**
     * How many images there are.
     *
     * @return 0 or more
     */
    public int count() {
        return count;
    }

    /**
     * Channels of an image: 1 for grey, 3 for red, green, blue, d for points of R^d.
     *
     * @return at least 1
     */
    public int channels() {
        return channels;
    }

    /**
     * Rows of an image.
     *
     * @return at least 1
     */
    public int height() {
        return height;
    }

    /**
     * Columns of an image.
     *
     * @return at least 1
     */
    public int width() {
        return width;
    }

    /**
     * Shape of one image.
     *
     * @return (C, H, W)
     */
    public Shape item() {
        return new Shape(channels, height, width);
    }

    /**
     * Numbers in one image.
     *
     * @return C H W
     */
    public int itemSize() {
        return channels * height * width;
    }

    /**
     * The values of one image.
     *
     * @param i which image
     * @return a copy, (C, H, W) in row-major order
     * @throws IllegalArgumentException if there is no such image
     */
    public float[] pixels(int i) {
        requireIndex(i);
        float[] values = new float[itemSize()];
        numbers.copy((start + i) * values.length, values, 0, values.length);
        return values;
    }

    /**
     * The values of all images.
     *
     * @return a copy, (N, C, H, W) in row-major order
     */
    public float[] all() {
        float[] values = new float[count * itemSize()];
        numbers.copy(start * itemSize(), values, 0, values.length);
        return values;
    }

    /**
     * The largest difference of a pixel between two batches: whether they hold the same images, to rounding.
     *
     * @param other as many images of the same item shape
     * @return {@code max |x - y|}
     * @throws IllegalArgumentException if counts or shapes differ
     */
    public double largestDifference(Images other) {
        if (count != other.count || !item().equals(other.item())) {
            throw new IllegalArgumentException(
                    "other: "
                            + other.count
                            + " items of "
                            + other.item()
                            + ", here are "
                            + count
                            + " of "
                            + item());
        }
        return Pixels.largestDifference(part(), other.part());
    }

    /**
     * Euclidean distance between two images, summed in double precision: 0 for an exact copy.
     *
     * @param i which image of this batch
     * @param other a batch of the same item shape
     * @param j which image of it
     * @return {@code |x_i - y_j|_2}
     * @throws IllegalArgumentException if there is no such image or the shapes differ
     */
    public double distance(int i, Images other, int j) {
        requireSameItem("other", other);
        return Pixels.distance(part(i), other.part(j));
    }

    /**
     * Checks that every value is a number.
     *
     * @param argument how the caller names this batch
     * @throws IllegalArgumentException naming the first image that holds not-a-number or an infinity
     */
    public void requireFinite(String argument) {
        int size = itemSize();
        for (int at = start * size; at < (start + count) * size; at++) {
            if (!Float.isFinite(numbers.at(at))) {
                throw new IllegalArgumentException(
                        argument
                                + ": image "
                                + (at / size - start)
                                + " holds "
                                + numbers.at(at)
                                + "; only finite numbers are legal");
            }
        }
    }

    /**
     * The values of all images as 8-bit levels: {@code round((x + 1) 127.5)}, clipped to 0 to 255.
     *
     * @return (N, C, H, W) in row-major order
     */
    public byte[] bytes() {
        return numbers.bytes(start * itemSize(), count * itemSize());
    }

    /**
     * A checksum of sizes and values.
     *
     * @return SHA-256, in lower-case hex, of {@link #toString} in UTF-8 and the values as float32, highest byte first
     */
    public String sha256() {
        MessageDigest digest = Checksum.digest();
        digest.update(toString().getBytes(StandardCharsets.UTF_8));
        update(digest);
        return Checksum.hex(digest.digest());
    }

    /** Adds the values, as float32 with the highest byte first. */
    void update(MessageDigest digest) {
        ByteBuffer image = ByteBuffer.allocate(Float.BYTES * itemSize());
        for (int i = 0; i < count; i++) {
            Pixels.Run run = numbers.run((start + i) * itemSize(), itemSize());
            image.asFloatBuffer().put(run.array(), run.start(), run.length());
            digest.update(image.array());
        }
    }

    /**
     * The same images rounded to the 256 levels of an image file.
     *
     * @return images that {@link #bytes} stores without loss
     */
    public Images quantized() {
        return numbers instanceof Pixels.Levels
                ? this
                : of(bytes(), count, channels, height, width);
    }

    /**
     * The first images.
     *
     * @param n 0 to {@link #count}
     * @return a batch that shares memory with this one
     * @throws IllegalArgumentException if there are not so many
     */
    public Images first(int n) {
        return slice(0, n);
    }

    /**
     * A range of images.
     *
     * @param from first index
     * @param to index after the last
     * @return a batch that shares memory with this one
     * @throws IllegalArgumentException unless {@code 0 <= from <= to <= count}
     */
    public Images slice(int from, int to) {
        if (from < 0 || from > to || to > count) {
            throw new IllegalArgumentException(
                    "from, to: " + from + ", " + to + " in a batch of " + count + " images");
        }
        return new Images(numbers, start + from, to - from, channels, height, width);
    }

    /**
     * Images by index, in the given order; an index may come more than once.
     *
     * @param indices 0 to {@code count - 1} each
     * @return a new batch
     * @throws IllegalArgumentException if an index is out of range
     */
    public Images select(int... indices) {
        int size = itemSize();
        int[] places = new int[indices.length];
        for (int k = 0; k < places.length; k++) {
            requireIndex(indices[k]);
            places[k] = (start + indices[k]) * size;
        }
        return new Images(numbers.gather(places, size), 0, places.length, channels, height, width);
    }

    /**
     * The images at another size by area averages. An image is read as a function that is constant on each pixel; pixel (i, j) of the
     * result is its mean over the rectangle {@code [i H/h, (i+1) H/h) x [j W/w, (j+1) W/w)}, so a pixel of the original counts with the
     * share of it that the rectangle covers. Sums are taken in double precision, rows first.
     *
     * @param h new height, at least 1
     * @param w new width, at least 1
     * @return (N, C, h, w); this batch itself if the size is the same
     * @throws IllegalArgumentException if a size is below 1
     */
    public Images resize(int h, int w) {
        if (h < 1 || w < 1) {
            throw new IllegalArgumentException("h, w: " + h + ", " + w + "; at least 1 each");
        }
        if (h == height && w == width) {
            return this;
        }
        Pixels.Run run = run();
        int planes = count * channels;
        int first = run.start() / (height * width);
        return wrap(
                AreaAverage.resize(run.array(), first, planes, height, width, h, w),
                count,
                channels,
                h,
                w);
    }

    /**
     * The images as a tensor.
     *
     * @param manager its owner
     * @return (N, C, H, W), float32, a copy
     */
    public NDArray tensor(NDManager manager) {
        return Tensors.of(manager, run().exact(), new Shape(count, channels, height, width));
    }

    /**
     * One image as a picture.
     *
     * @param i which image
     * @return 8 bits a channel, clipped to [-1, 1]; not-a-number is black
     * @throws IllegalArgumentException if there is no such image
     * @throws IllegalStateException if the images have neither 1 nor 3 channels
     */
    public BufferedImage picture(int i) {
        requireIndex(i);
        if (channels != 1 && channels != 3) {
            throw new IllegalStateException(
                    "channels: " + channels + "; only 1 (grey) and 3 (colour) make a picture");
        }
        BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        int plane = height * width;
        int red = (start + i) * channels * plane;
        int green = red + (channels == 3 ? plane : 0);
        int blue = red + (channels == 3 ? 2 * plane : 0);
        for (int at = 0; at < plane; at++) {
            int rgb = levelAt(red + at) << 16 | levelAt(green + at) << 8 | levelAt(blue + at);
            picture.setRGB(at % width, at / width, rgb);
        }
        return picture;
    }

    private int levelAt(int place) {
        return Pixels.level(numbers.at(place));
    }

    private void requireIndex(int i) {
        if (i < 0 || i >= count) {
            throw new IllegalArgumentException("i: " + i + " in a batch of " + count + " images");
        }
    }

    /**
     * Checks that another batch has items of the same shape.
     *
     * @param argument how the caller names the other batch
     * @param other the other batch
     * @throws IllegalArgumentException naming both shapes if they differ
     */
    public void requireSameItem(String argument, Images other) {
        if (!sameItem(other)) {
            throw new IllegalArgumentException(
                    argument
                            + ": images of "
                            + other.item()
                            + " (channels, height, width) where "
                            + item()
                            + " is needed");
        }
    }

    private boolean sameItem(Images other) {
        return channels == other.channels && height == other.height && width == other.width;
    }

    /**
     * Whether another batch holds the same numbers in the same shape.
     *
     * @param other anything
     * @return true if it is a batch of equal shape whose values are equal bit by bit
     */
    @Override
    public boolean equals(Object other) {
        return other instanceof Images that
                && count == that.count
                && sameItem(that)
                && Pixels.same(part(), that.part());
    }

    /**
     * A hash of shape and values.
     *
     * @return equal for equal batches
     */
    @Override
    public int hashCode() {
        int hash = Arrays.hashCode(new int[] {channels, height, width});
        for (int at = start * itemSize(); at < (start + count) * itemSize(); at++) {
            hash = 31 * hash + Float.floatToIntBits(numbers.at(at));
        }
        return hash;
    }

    /**
     * The size of the batch.
     *
     * @return for example {@code Images 64 x 1 x 16 x 16}
     */
    @Override
    public String toString() {
        return "Images " + describe(count, channels, height, width);
    }

    private static String describe(int count, int channels, int height, int width) {
        return count + " x " + channels + " x " + height + " x " + width;
    }
}
