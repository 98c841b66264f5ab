package memoria.similarity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.Collections;
import java.util.List;
import memoria.torch.Ops;
import memoria.torch.Tensors;

/**
 * What is done to images before a network describes them, and to the description: similarities measured with different preparations cannot
 * be compared, so a {@link Descriptor} has exactly one.
 *
 * <pre>{@code
 * x in [-1, 1]  ->  shorter side resized, grey repeated to as many channels as mean has
 *               ->  ((x + 1) / 2 - mean) / std  ->  network  ->  divided by its length if unit
 * }</pre>
 *
 * @param side length the shorter side is resized to, linearly with antialiasing; 0 leaves the size
 * @param mean of each channel, of images in [0, 1]
 * @param std of each channel, above 0
 * @param unit whether descriptors are scaled to length 1
 */
public record Preprocessing(int side, List<Double> mean, List<Double> std, boolean unit) {

    /**
     * Checks every argument and copies the lists.
     *
     * @param side as in the record
     * @param mean as in the record
     * @param std as in the record
     * @param unit as in the record
     * @throws IllegalArgumentException if one is not legal; it is named
     */
    public Preprocessing {
        mean = List.copyOf(mean);
        std = List.copyOf(std);
        if (side < 0) {
            throw new IllegalArgumentException("side: " + side + " is not 0 (unchanged) or above");
        }
        if (mean.isEmpty() || mean.size() != std.size()) {
            throw new IllegalArgumentException(
                    "mean, std: "
                            + mean.size()
                            + " and "
                            + std.size()
                            + " channels; as many of both, at least 1");
        }
        if (!std.stream().allMatch(s -> s > 0)) {
            throw new IllegalArgumentException("std: " + std + " is not above 0 throughout");
        }
    }

    /**
     * SSCD's own (Pizzi et al., 2022, the released models): shorter side 288, mean and standard deviation of ImageNet, length 1.
     *
     * @return the preparation
     */
    public static Preprocessing sscd() {
        return new Preprocessing(
                288, List.of(0.485, 0.456, 0.406), List.of(0.229, 0.224, 0.225), true);
    }

    /**
     * None: images as they are, in [-1, 1], and descriptors as the network gives them.
     *
     * @param channels of the images
     * @return the preparation
     */
    public static Preprocessing none(int channels) {
        return new Preprocessing(
                0, Collections.nCopies(channels, 0.5), Collections.nCopies(channels, 0.5), false);
    }

    /** The network's input. */
    NDArray before(NDArray x) {
        Shape shape = x.getShape();
        long channels = shape.get(1);
        if (channels != mean.size() && channels != 1) {
            throw new IllegalArgumentException(
                    "x: "
                            + channels
                            + " channels; this descriptor takes "
                            + mean.size()
                            + ", or 1 that is repeated");
        }
        NDArray h = x;
        long shorter = Math.min(shape.get(2), shape.get(3));
        if (side > 0 && shorter != side) {
            h = Ops.resize(h, scaled(shape.get(2), shorter), scaled(shape.get(3), shorter));
        }
        if (isIdentity() && channels == mean.size()) {
            return h;
        }
        // ((x + 1) / 2 - mean) / std, per channel; the sum repeats a grey channel.
        float[] scale = new float[mean.size()];
        float[] shift = new float[mean.size()];
        for (int c = 0; c < scale.length; c++) {
            scale[c] = (float) (0.5 / std.get(c));
            shift[c] = (float) ((0.5 - mean.get(c)) / std.get(c));
        }
        Shape perChannel = new Shape(1, scale.length, 1, 1);
        return h.mul(Tensors.of(x.getManager(), scale, perChannel))
                .add(Tensors.of(x.getManager(), shift, perChannel));
    }

    private long scaled(long length, long shorter) {
        return length == shorter ? side : length * side / shorter;
    }

    private boolean isIdentity() {
        return mean.stream().allMatch(m -> m == 0.5) && std.stream().allMatch(s -> s == 0.5);
    }

    /** The descriptor of the network's output. */
    NDArray after(NDArray output) {
        NDArray rows =
                output.getShape().dimension() == 2
                        ? output
                        : output.reshape(output.getShape().get(0), -1);
        return unit ? Ops.unitRows(rows) : rows;
    }

    /**
     * The preparation in a few words.
     *
     * @return for example {@code side 288, mean [...], std [...], length 1}
     */
    @Override
    public String toString() {
        return (side == 0 ? "size kept" : "side " + side)
                + (isIdentity() ? ", [-1, 1]" : ", mean " + mean + ", std " + std)
                + (unit ? ", length 1" : "");
    }
}
