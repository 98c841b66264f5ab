package memoria.network;

import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.List;
import memoria.json.JsonRecord;

/**
 * The architecture of a {@link UNet}: improved-diffusion's {@code UNetModel} arguments under their own names and with their defaults, and
 * those by which latent diffusion (Rombach et al., "High-Resolution Image Synthesis with Latent Diffusion Models", 2022) lets the network
 * read a text: with {@code contextDim} above 0 its attention layers are transformers that attend to the embeddings of a prompt's tokens.
 *
 * <p>Required are the channels in and out and the base width; the rest is set by the {@code opt} methods, each of which returns a changed
 * copy.
 *
 * @param inChannels channels of x
 * @param modelChannels width C of the first level, a multiple of 32
 * @param outChannels channels of the output: {@code inChannels}, or twice as many with learned variance
 * @param numResBlocks residual blocks per level
 * @param attentionResolutions downsampling <em>factors</em> (1, 2, 4, ...) at which attention is used; the middle always has it
 * @param channelMult width of each level as a multiple of C; its length is the number of levels
 * @param convResample whether resampling convolves (else average pooling and plain repetition)
 * @param numClasses number of class labels, 0 for an unconditional network
 * @param numHeads attention heads on the way down and in the middle
 * @param numHeadsUpsample attention heads on the way up, -1 for {@code numHeads}
 * @param useScaleShiftNorm whether time enters as scale and shift of the second normalisation (else as a summand)
 * @param dropout probability in residual blocks while training, 0 to below 1
 * @param timeFactor what t is multiplied with before it is embedded: 1, or 1000/T where a checkpoint was trained with
 *     {@code rescale_timesteps}
 * @param contextDim width of a token's embedding, 0 for a network that reads no text
 * @param transformerDepth transformer blocks per attention layer of a network that reads texts
 * @param numHeadChannels channels of one head of such a network; -1 where {@code numHeads} says how many heads share the channels
 */
public record UNetConfig(
        int inChannels,
        int modelChannels,
        int outChannels,
        int numResBlocks,
        List<Integer> attentionResolutions,
        List<Integer> channelMult,
        boolean convResample,
        int numClasses,
        int numHeads,
        int numHeadsUpsample,
        boolean useScaleShiftNorm,
        double dropout,
        double timeFactor,
        int contextDim,
        int transformerDepth,
        int numHeadChannels)
        implements NetworkConfig {

    private static final int GROUPS = 32;
    private static final JsonObject OF_TEXTS = new JsonObject();

    static {
        OF_TEXTS.addProperty("contextDim", 0);
        OF_TEXTS.addProperty("transformerDepth", 1);
        OF_TEXTS.addProperty("numHeadChannels", -1);
    }

    /**
     * Checks every argument and copies the lists.
     *
     * @param inChannels as in the record
     * @param modelChannels as in the record
     * @param outChannels as in the record
     * @param numResBlocks as in the record
     * @param attentionResolutions as in the record
     * @param channelMult as in the record
     * @param convResample as in the record
     * @param numClasses as in the record
     * @param numHeads as in the record
     * @param numHeadsUpsample as in the record
     * @param useScaleShiftNorm as in the record
     * @param dropout as in the record
     * @param timeFactor as in the record
     * @param contextDim as in the record
     * @param transformerDepth as in the record
     * @param numHeadChannels as in the record
     * @throws IllegalArgumentException if one is not legal; it is named
     */
    public UNetConfig {
        attentionResolutions = List.copyOf(attentionResolutions);
        channelMult = List.copyOf(channelMult);
        require(inChannels >= 1, "inChannels", inChannels, "at least 1");
        require(
                modelChannels >= GROUPS && modelChannels % GROUPS == 0,
                "modelChannels",
                modelChannels,
                "a multiple of " + GROUPS + ", the groups of its normalisations");
        require(outChannels >= 1, "outChannels", outChannels, "at least 1");
        require(numResBlocks >= 1, "numResBlocks", numResBlocks, "at least 1");
        require(
                !channelMult.isEmpty() && channelMult.stream().allMatch(m -> m >= 1),
                "channelMult",
                channelMult,
                "at least one level, each 1 or more");
        require(
                attentionResolutions.stream().allMatch(f -> f >= 1 && Integer.bitCount(f) == 1),
                "attentionResolutions",
                attentionResolutions,
                "downsampling factors, powers of two");
        require(numClasses >= 0, "numClasses", numClasses, "0 or more");
        require(
                numHeads >= 1 && modelChannels % numHeads == 0,
                "numHeads",
                numHeads,
                "a divisor of modelChannels");
        require(
                numHeadsUpsample == -1
                        || numHeadsUpsample >= 1 && modelChannels % numHeadsUpsample == 0,
                "numHeadsUpsample",
                numHeadsUpsample,
                "-1 or a divisor of modelChannels");
        require(dropout >= 0 && dropout < 1, "dropout", dropout, "0 to below 1");
        require(timeFactor > 0 && Double.isFinite(timeFactor), "timeFactor", timeFactor, "above 0");
        require(contextDim >= 0, "contextDim", contextDim, "0 or more");
        require(
                contextDim == 0 || numClasses == 0,
                "numClasses",
                numClasses,
                "0, as for every network with a contextDim: a condition is a class or a text");
        require(transformerDepth >= 1, "transformerDepth", transformerDepth, "at least 1");
        require(
                numHeadChannels == -1
                        || contextDim > 0
                                && numHeadChannels >= 1
                                && modelChannels % numHeadChannels == 0,
                "numHeadChannels",
                numHeadChannels,
                "-1 or, for a network with a contextDim, a divisor of modelChannels");
    }

    private static void require(boolean legal, String name, Object value, String range) {
        if (!legal) {
            throw new IllegalArgumentException(name + ": " + value + " is not " + range);
        }
    }

    /**
     * A network with two residual blocks per level, channel multiples 1, 2, 4, 8, no attention but in the middle, one head.
     *
     * @param inChannels channels of x
     * @param modelChannels width of the first level, a multiple of 32
     * @param outChannels channels of the output
     * @return the configuration
     */
    public static UNetConfig of(int inChannels, int modelChannels, int outChannels) {
        return new UNetConfig(
                inChannels,
                modelChannels,
                outChannels,
                2,
                List.of(),
                List.of(1, 2, 4, 8),
                true,
                0,
                1,
                -1,
                false,
                0,
                1,
                0,
                1,
                -1);
    }

    /**
     * Residual blocks per level.
     *
     * @param count at least 1
     * @return a changed copy
     */
    public UNetConfig optNumResBlocks(int count) {
        return changed("numResBlocks", count);
    }

    /**
     * Where attention is used.
     *
     * @param factors downsampling factors, powers of two
     * @return a changed copy
     */
    public UNetConfig optAttentionResolutions(Integer... factors) {
        return changed("attentionResolutions", Arrays.asList(factors));
    }

    /**
     * Width of each level.
     *
     * @param multiples of the base width
     * @return a changed copy
     */
    public UNetConfig optChannelMult(Integer... multiples) {
        return changed("channelMult", Arrays.asList(multiples));
    }

    /**
     * Whether resampling convolves.
     *
     * @param convolves true by default
     * @return a changed copy
     */
    public UNetConfig optConvResample(boolean convolves) {
        return changed("convResample", convolves);
    }

    /**
     * Number of class labels.
     *
     * @param count 0 for an unconditional network
     * @return a changed copy
     */
    public UNetConfig optNumClasses(int count) {
        return changed("numClasses", count);
    }

    /**
     * Attention heads.
     *
     * @param heads on the way down and in the middle
     * @param headsUpsample on the way up, -1 for the same
     * @return a changed copy
     */
    public UNetConfig optNumHeads(int heads, int headsUpsample) {
        return changed("numHeads", heads).changed("numHeadsUpsample", headsUpsample);
    }

    /**
     * Whether time enters as scale and shift.
     *
     * @param use false by default
     * @return a changed copy
     */
    public UNetConfig optUseScaleShiftNorm(boolean use) {
        return changed("useScaleShiftNorm", use);
    }

    /**
     * Dropout in residual blocks while training.
     *
     * @param probability 0 to below 1
     * @return a changed copy
     */
    public UNetConfig optDropout(double probability) {
        return changed("dropout", probability);
    }

    /**
     * What t is multiplied with before it is embedded.
     *
     * @param factor above 0
     * @return a changed copy
     */
    public UNetConfig optTimeFactor(double factor) {
        return changed("timeFactor", factor);
    }

    /**
     * A network that reads texts: its attention layers become transformers whose tokens are the pixels, each block attending to the pixels
     * and then to the text.
     *
     * @param width of a token's embedding, 768 in Stable Diffusion 1; 0 for none
     * @param depth blocks per layer, 1 in Stable Diffusion 1
     * @return a changed copy
     */
    public UNetConfig optContext(int width, int depth) {
        return changed("contextDim", width).changed("transformerDepth", depth);
    }

    /**
     * Heads of a set width, instead of a set number of heads, in a network that reads texts.
     *
     * @param channels of one head, or -1
     * @return a changed copy
     */
    public UNetConfig optNumHeadChannels(int channels) {
        return changed("numHeadChannels", channels);
    }

    private UNetConfig changed(String field, Object value) {
        return JsonRecord.with(this, field, value);
    }

    @Override
    public UNet build(Params params) {
        return new UNet(this, params);
    }

    @Override
    public long outChannels(Shape item) {
        return outChannels;
    }

    @Override
    public void requireItem(Shape item) {
        long[] shape = item.getShape();
        if (shape.length != 3 || shape[0] != inChannels) {
            throw new IllegalArgumentException(
                    "x: items of shape "
                            + item
                            + "; this network takes ("
                            + inChannels
                            + ", H, W)");
        }
        int multiple = 1 << (channelMult.size() - 1);
        if (shape[1] < 1 || shape[2] < 1 || shape[1] % multiple != 0 || shape[2] % multiple != 0) {
            throw new IllegalArgumentException(
                    "x: "
                            + shape[1]
                            + "x"
                            + shape[2]
                            + " pixels; height and width must be multiples of "
                            + multiple);
        }
    }

    /** Groups of every normalisation. */
    int groups() {
        return GROUPS;
    }

    /** Attention heads on the way up; latent diffusion's transformers have as many there as on the way down. */
    int headsUp() {
        return numHeadsUpsample == -1 || contextDim > 0 ? numHeads : numHeadsUpsample;
    }

    /** Heads of a transformer over so many channels. */
    int transformerHeads(int channels) {
        return numHeadChannels == -1 ? numHeads : channels / numHeadChannels;
    }

    /** As {@link NetworkConfig#toJson}, without the entries of a network that reads texts where it is none: older files have none either. */
    @Override
    public JsonObject toJson() {
        JsonObject json = NetworkConfig.super.toJson();
        if (contextDim == 0) {
            OF_TEXTS.keySet().forEach(json::remove);
        }
        return json;
    }

    /** Reads what {@link #toJson} wrote. */
    static UNetConfig of(JsonObject json) {
        JsonObject whole = OF_TEXTS.deepCopy();
        json.entrySet().forEach(entry -> whole.add(entry.getKey(), entry.getValue()));
        return JsonRecord.read(whole, UNetConfig.class);
    }
}
