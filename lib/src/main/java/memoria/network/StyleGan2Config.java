package memoria.network;

import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.stream.IntStream;
import memoria.json.JsonRecord;

/**
 * The architecture of a {@link StyleGan2} (Karras et al., "Training Generative Adversarial Networks with Limited Data", 2020), under the names of
 * StyleGAN2-ADA's own arguments and with their defaults.
 *
 * @param zDim numbers of a latent point z
 * @param cDim classes, 0 for an unconditional generator
 * @param wDim numbers of a style w
 * @param imgResolution side of an image, a power of two from 4
 * @param imgChannels channels of an image
 * @param channelBase channels of a block are {@code channelBase / side}, at most {@code channelMax}
 * @param channelMax see channelBase
 * @param mappingLayers layers of the mapping network, at least 1
 * @param embedFeatures numbers the class is embedded in, 0 for wDim
 * @param layerFeatures width of the mapping network between its ends, 0 for wDim
 * @param lrMultiplier rate of the mapping network's weights; what is stored is the weight divided by it
 * @param architecture how images of several sizes are joined
 * @param activation of all layers that have one
 * @param convClamp limit of a convolution's output, -1 for none
 * @param useNoise whether the layers add noise
 * @param resampleFilter the low-pass filter of all resampling, one axis of it
 */
public record StyleGan2Config(
        int zDim,
        int cDim,
        int wDim,
        int imgResolution,
        int imgChannels,
        int channelBase,
        int channelMax,
        int mappingLayers,
        int embedFeatures,
        int layerFeatures,
        double lrMultiplier,
        Architecture architecture,
        Activation activation,
        double convClamp,
        boolean useNoise,
        List<Double> resampleFilter) {

    /** How a block's image joins those of the smaller blocks. */
    public enum Architecture {
        /** Every block makes an image; they are doubled in size and added. */
        SKIP,
        /** The last block makes the image, nothing is skipped. */
        ORIG,
        /** The last block makes the image; every block has a residual connection. */
        RESNET
    }

    /** Activations of {@code bias_act}, each with the gain that keeps the variance. Their order is that of the operator's script. */
    public enum Activation {
        /** The identity. */
        LINEAR(1),
        /** max(x, 0). */
        RELU(Math.sqrt(2)),
        /** max(x, x / 5). */
        LRELU(Math.sqrt(2)),
        /** Hyperbolic tangent. */
        TANH(1),
        /** Logistic function. */
        SIGMOID(1),
        /** Exponential linear unit. */
        ELU(1),
        /** Self-normalising exponential linear unit. */
        SELU(1),
        /** log(1 + exp x). */
        SOFTPLUS(1),
        /** x times its logistic function. */
        SWISH(Math.sqrt(2));

        final double gain;

        Activation(double gain) {
            this.gain = gain;
        }
    }

    /**
     * Checks every argument and copies the filter.
     *
     * @param zDim as in the record
     * @param cDim as in the record
     * @param wDim as in the record
     * @param imgResolution as in the record
     * @param imgChannels as in the record
     * @param channelBase as in the record
     * @param channelMax as in the record
     * @param mappingLayers as in the record
     * @param embedFeatures as in the record
     * @param layerFeatures as in the record
     * @param lrMultiplier as in the record
     * @param architecture as in the record
     * @param activation as in the record
     * @param convClamp as in the record
     * @param useNoise as in the record
     * @param resampleFilter as in the record
     * @throws IllegalArgumentException if one is not legal; it is named
     */
    public StyleGan2Config {
        resampleFilter = List.copyOf(resampleFilter);
        require(zDim >= 0, "zDim", zDim, "0 or more");
        require(cDim >= 0 && cDim + zDim > 0, "cDim", cDim, "0 or more, above 0 without a z");
        require(wDim >= 1, "wDim", wDim, "at least 1");
        require(
                imgResolution >= 4 && imgResolution <= 1024 && Integer.bitCount(imgResolution) == 1,
                "imgResolution",
                imgResolution,
                "a power of two from 4 to 1024");
        require(imgChannels >= 1, "imgChannels", imgChannels, "at least 1");
        require(
                channelBase >= imgResolution,
                "channelBase",
                channelBase,
                "at least the resolution, " + imgResolution);
        require(channelMax >= 1, "channelMax", channelMax, "at least 1");
        require(mappingLayers >= 1, "mappingLayers", mappingLayers, "at least 1");
        require(embedFeatures >= 0, "embedFeatures", embedFeatures, "0 or more");
        require(layerFeatures >= 0, "layerFeatures", layerFeatures, "0 or more");
        require(lrMultiplier > 0, "lrMultiplier", lrMultiplier, "above 0");
        require(convClamp == -1 || convClamp >= 0, "convClamp", convClamp, "-1, or 0 or more");
        require(
                !resampleFilter.isEmpty() && resampleFilter.stream().mapToDouble(f -> f).sum() != 0,
                "resampleFilter",
                resampleFilter,
                "a filter with a sum other than 0");
    }

    private static void require(boolean legal, String name, Object value, String range) {
        if (!legal) {
            throw new IllegalArgumentException(name + ": " + value + " is not " + range);
        }
    }

    /**
     * StyleGAN2-ADA's defaults: 8 mapping layers, the skip architecture, leaky ReLU, at most 512 channels.
     *
     * @param zDim as in the record
     * @param cDim as in the record
     * @param wDim as in the record
     * @param imgResolution as in the record
     * @param imgChannels as in the record
     * @return the configuration
     */
    public static StyleGan2Config of(
            int zDim, int cDim, int wDim, int imgResolution, int imgChannels) {
        return new StyleGan2Config(
                zDim,
                cDim,
                wDim,
                imgResolution,
                imgChannels,
                32768,
                512,
                8,
                0,
                0,
                0.01,
                Architecture.SKIP,
                Activation.LRELU,
                -1,
                true,
                List.of(1.0, 3.0, 3.0, 1.0));
    }

    /**
     * The generator of the CIFAR-10 checkpoints ({@code --cfg cifar}): 512 numbers of z and of w, two mapping layers, convolutions limited to
     * 256.
     *
     * @param classes 10, or 0 for the unconditional one
     * @return the configuration
     */
    public static StyleGan2Config cifar10(int classes) {
        return of(512, classes, 512, 32, 3).with("mappingLayers", 2).with("convClamp", 256);
    }

    /**
     * A copy with one argument changed.
     *
     * @param argument its name, as in the record
     * @param value its new value
     * @return the copy
     * @throws IllegalArgumentException if there is no such argument, or the value is not legal
     */
    public StyleGan2Config with(String argument, Object value) {
        if (!toJson().has(argument)) {
            throw new IllegalArgumentException(
                    "argument: '" + argument + "' is not one of " + toJson().keySet());
        }
        return JsonRecord.with(this, argument, value);
    }

    /**
     * Shape of one image.
     *
     * @return (imgChannels, imgResolution, imgResolution)
     */
    public Shape item() {
        return new Shape(imgChannels, imgResolution, imgResolution);
    }

    /**
     * How many styles an image takes: one per convolution, and one for the last block's conversion to an image.
     *
     * @return the count
     */
    public int numWs() {
        return 2 * resolutions().length;
    }

    /** Sides of the blocks, ascending. */
    int[] resolutions() {
        int blocks = Integer.numberOfTrailingZeros(imgResolution) - 1;
        return IntStream.range(0, blocks).map(i -> 4 << i).toArray();
    }

    /** Channels of the block of a side. */
    int channels(int side) {
        return Math.min(channelBase / side, channelMax);
    }

    int embedded() {
        return cDim == 0 ? 0 : embedFeatures == 0 ? wDim : embedFeatures;
    }

    int layerWidth() {
        return layerFeatures == 0 ? wDim : layerFeatures;
    }

    /**
     * The configuration as JSON.
     *
     * @return what {@link #of(JsonObject)} reads
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
    public static StyleGan2Config of(JsonObject json) {
        return JsonRecord.read(json, StyleGan2Config.class);
    }
}
