package memoria.network;

import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import memoria.json.JsonRecord;

/**
 * The architecture of a {@link UNet}: improved-diffusion's {@code UNetModel} arguments under their own names and with their defaults.
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
        double timeFactor)
        implements NetworkConfig {

    private static final int GROUPS = 32;

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
                1);
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

    /** Attention heads on the way up. */
    int headsUp() {
        return numHeadsUpsample == -1 ? numHeads : numHeadsUpsample;
    }
}
