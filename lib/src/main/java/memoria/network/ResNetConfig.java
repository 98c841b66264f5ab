package memoria.network;

import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.List;
import memoria.json.JsonRecord;

/**
 * The architecture of a {@link ResNet}.
 *
 * <p>{@link #ofDepth} gives the public ones, {@link #small} one for small images; the {@code opt} methods return changed copies.
 *
 * @param inChannels channels of x
 * @param width channels C of the first stage; stage i has {@code 2^i C}, four times that behind bottlenecks
 * @param block what the stages are made of
 * @param layers blocks of each stage; every stage but the first halves height and width
 * @param stem what precedes the stages
 * @param gem exponent p of the generalised-mean pooling, 0 for the plain mean
 * @param outputs numbers in the output: classes, or dimensions of an embedding
 * @param normalised whether the output is scaled to length 1
 * @param time where the network learns how noisy its input is
 * @param timeFactor what t is multiplied with before it is embedded: 1 for a schedule of 1,000 steps, 1000/T for one of T
 */
public record ResNetConfig(
        int inChannels,
        int width,
        Block block,
        List<Integer> layers,
        Stem stem,
        double gem,
        int outputs,
        boolean normalised,
        Time time,
        double timeFactor) {

    /** Residual blocks (He et al., "Deep Residual Learning for Image Recognition", 2016, Fig. 5). */
    public enum Block {
        /** Two 3x3 convolutions: ResNet-18 and 34. */
        BASIC,
        /** 1x1, 3x3 (which carries the stride, as torchvision has it) and 1x1 to four times the channels: ResNet-50 and deeper. */
        BOTTLENECK
    }

    /** The first layers. */
    public enum Stem {
        /** 7x7 of stride 2, then a 3x3 maximum of stride 2: a quarter of the size. */
        IMAGENET,
        /** 3x3 of stride 1: the size is kept, for small images. */
        SMALL
    }

    /**
     * Where the time module stands: a scale and a shift of every channel, computed from an embedding of t, directly after a batch
     * normalisation (SIDE, Appendix C).
     */
    public enum Time {
        /** The network takes no time. */
        NONE,
        /** Once, after the first batch normalisation of the network: the paper's "singular point". */
        ONCE,
        /** In every residual block, after its first batch normalisation. */
        EVERY_BLOCK
    }

    /**
     * Checks every argument and copies the list.
     *
     * @param inChannels as in the record
     * @param width as in the record
     * @param block as in the record
     * @param layers as in the record
     * @param stem as in the record
     * @param gem as in the record
     * @param outputs as in the record
     * @param normalised as in the record
     * @param time as in the record
     * @param timeFactor as in the record
     * @throws IllegalArgumentException if one is not legal; it is named
     */
    public ResNetConfig {
        layers = List.copyOf(layers);
        require(inChannels >= 1, "inChannels", inChannels, "at least 1");
        require(width >= 2 && width % 2 == 0, "width", width, "even and at least 2");
        require(block != null, "block", block, "one of " + Arrays.toString(Block.values()));
        require(
                !layers.isEmpty() && layers.stream().allMatch(n -> n >= 1),
                "layers",
                layers,
                "at least one stage, each of 1 block or more");
        require(stem != null, "stem", stem, "one of " + Arrays.toString(Stem.values()));
        require(gem >= 0 && Double.isFinite(gem), "gem", gem, "0 (the mean) or above");
        require(outputs >= 1, "outputs", outputs, "at least 1");
        require(time != null, "time", time, "one of " + Arrays.toString(Time.values()));
        require(timeFactor > 0 && Double.isFinite(timeFactor), "timeFactor", timeFactor, "above 0");
    }

    private static void require(boolean legal, String name, Object value, String range) {
        if (!legal) {
            throw new IllegalArgumentException(name + ": " + value + " is not " + range);
        }
    }

    /**
     * A public architecture for colour images, with the names and numbers of torchvision's.
     *
     * @param depth 18, 34, 50, 101 or 152
     * @param outputs classes, or dimensions of an embedding
     * @return the configuration
     * @throws IllegalArgumentException if there is no such depth
     */
    public static ResNetConfig ofDepth(int depth, int outputs) {
        List<Integer> layers =
                switch (depth) {
                    case 18 -> List.of(2, 2, 2, 2);
                    case 34, 50 -> List.of(3, 4, 6, 3);
                    case 101 -> List.of(3, 4, 23, 3);
                    case 152 -> List.of(3, 8, 36, 3);
                    default ->
                            throw new IllegalArgumentException(
                                    "depth: " + depth + " is not one of 18, 34, 50, 101, 152");
                };
        Block block = depth < 50 ? Block.BASIC : Block.BOTTLENECK;
        return new ResNetConfig(
                3, 64, block, layers, Stem.IMAGENET, 0, outputs, false, Time.NONE, 1);
    }

    /**
     * A network of basic blocks for small images, whose stem keeps the size.
     *
     * @param inChannels 1 for grey, 3 for colour
     * @param width channels of the first stage, even
     * @param outputs classes, or dimensions of an embedding
     * @param layers blocks of each stage
     * @return the configuration
     */
    public static ResNetConfig small(int inChannels, int width, int outputs, Integer... layers) {
        return new ResNetConfig(
                inChannels,
                width,
                Block.BASIC,
                Arrays.asList(layers),
                Stem.SMALL,
                0,
                outputs,
                false,
                Time.NONE,
                1);
    }

    /**
     * Channels of x.
     *
     * @param channels at least 1
     * @return a changed copy
     */
    public ResNetConfig optInChannels(int channels) {
        return JsonRecord.with(this, "inChannels", channels);
    }

    /**
     * Channels of the first stage.
     *
     * @param channels even
     * @return a changed copy
     */
    public ResNetConfig optWidth(int channels) {
        return JsonRecord.with(this, "width", channels);
    }

    /**
     * What precedes the stages.
     *
     * @param kind the stem
     * @return a changed copy
     */
    public ResNetConfig optStem(Stem kind) {
        return JsonRecord.with(this, "stem", kind);
    }

    /**
     * Pooling by the generalised mean, as copy descriptors have it.
     *
     * @param p its exponent, 0 for the plain mean
     * @return a changed copy
     */
    public ResNetConfig optGem(double p) {
        return JsonRecord.with(this, "gem", p);
    }

    /**
     * Whether the output is scaled to length 1.
     *
     * @param unit true for descriptors
     * @return a changed copy
     */
    public ResNetConfig optNormalised(boolean unit) {
        return JsonRecord.with(this, "normalised", unit);
    }

    /**
     * Where time enters.
     *
     * @param where the places
     * @param factor of t before it is embedded
     * @return a changed copy
     */
    public ResNetConfig optTime(Time where, double factor) {
        return JsonRecord.with(JsonRecord.with(this, "time", where), "timeFactor", factor);
    }

    /**
     * Channels after the last stage: the width of {@link ResNet#features}.
     *
     * @return the count
     */
    public int features() {
        return (width << (layers.size() - 1)) * (block == Block.BASIC ? 1 : 4);
    }

    /**
     * Checks that items of a shape can be fed to the network.
     *
     * @param item shape of one item
     * @throws IllegalArgumentException if they are not images of its channels
     */
    public void requireItem(Shape item) {
        if (item.dimension() != 3 || item.get(0) != inChannels) {
            throw new IllegalArgumentException(
                    "x: items of shape "
                            + item
                            + "; this network takes ("
                            + inChannels
                            + ", height, width)");
        }
    }

    /**
     * The configuration as JSON, field by field.
     *
     * @return the object {@link #of} reads
     */
    public JsonObject toJson() {
        return JsonRecord.write(this);
    }

    /**
     * Reads a configuration.
     *
     * @param json what {@link #toJson} wrote
     * @return the configuration
     * @throws IllegalArgumentException if a value is missing or not legal
     */
    public static ResNetConfig of(JsonObject json) {
        return JsonRecord.read(json, ResNetConfig.class);
    }
}
