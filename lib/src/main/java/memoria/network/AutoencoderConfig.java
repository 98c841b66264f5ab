package memoria.network;

import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.List;
import memoria.json.JsonRecord;

/**
 * The architecture of an {@link AutoencoderKl}: latent diffusion's arguments under Java's spelling.
 *
 * <p>Required are the channels of images and latents and the base width; the rest is set by the {@code opt} methods, each of which returns
 * a changed copy, and starts as in Stable Diffusion.
 *
 * @param inChannels channels of an image
 * @param outChannels channels of a decoded image
 * @param zChannels channels between the encoder and the layer that makes moments of them
 * @param embedDim channels of a latent
 * @param channels width of the first level, a multiple of 32
 * @param channelMult width of each level as a multiple of {@code channels}; a latent's sides are {@code 2^(levels - 1)} times shorter
 * @param numResBlocks residual blocks per level on the way in; one more on the way out
 * @param attentionFactors downsampling factors (1, 2, 4, ...) at which levels attend; the middle always does
 * @param scale what latents are multiplied with before a diffusion model sees them, so that their variance is about 1
 */
public record AutoencoderConfig(
        int inChannels,
        int outChannels,
        int zChannels,
        int embedDim,
        int channels,
        List<Integer> channelMult,
        int numResBlocks,
        List<Integer> attentionFactors,
        double scale) {

    private static final int GROUPS = 32;

    /**
     * Checks every argument and copies the lists.
     *
     * @param inChannels as in the record
     * @param outChannels as in the record
     * @param zChannels as in the record
     * @param embedDim as in the record
     * @param channels as in the record
     * @param channelMult as in the record
     * @param numResBlocks as in the record
     * @param attentionFactors as in the record
     * @param scale as in the record
     * @throws IllegalArgumentException if one is not legal; it is named
     */
    public AutoencoderConfig {
        channelMult = List.copyOf(channelMult);
        attentionFactors = List.copyOf(attentionFactors);
        require(inChannels >= 1, "inChannels", inChannels, "at least 1");
        require(outChannels >= 1, "outChannels", outChannels, "at least 1");
        require(zChannels >= 1, "zChannels", zChannels, "at least 1");
        require(embedDim >= 1, "embedDim", embedDim, "at least 1");
        require(
                channels >= GROUPS && channels % GROUPS == 0,
                "channels",
                channels,
                "a multiple of " + GROUPS + ", the groups of its normalisations");
        require(
                !channelMult.isEmpty() && channelMult.stream().allMatch(m -> m >= 1),
                "channelMult",
                channelMult,
                "at least one level, each 1 or more");
        require(numResBlocks >= 1, "numResBlocks", numResBlocks, "at least 1");
        require(
                attentionFactors.stream().allMatch(f -> f >= 1 && Integer.bitCount(f) == 1),
                "attentionFactors",
                attentionFactors,
                "downsampling factors, powers of two");
        require(scale > 0 && Double.isFinite(scale), "scale", scale, "above 0");
    }

    private static void require(boolean legal, String name, Object value, String range) {
        if (!legal) {
            throw new IllegalArgumentException(name + ": " + value + " is not " + range);
        }
    }

    /**
     * An autoencoder with Stable Diffusion's levels (1, 2, 4, 4), two residual blocks each, and its scale of 0.18215.
     *
     * @param imageChannels of images in and out
     * @param latentChannels of a latent
     * @param channels width of the first level, 128 in Stable Diffusion
     * @return the configuration
     * @throws IllegalArgumentException if an argument is not legal; it is named
     */
    public static AutoencoderConfig of(int imageChannels, int latentChannels, int channels) {
        return new AutoencoderConfig(
                imageChannels,
                imageChannels,
                latentChannels,
                latentChannels,
                channels,
                List.of(1, 2, 4, 4),
                2,
                List.of(),
                0.18215);
    }

    /**
     * The autoencoder of Stable Diffusion 1: 3x512x512 to 4x64x64 and back.
     *
     * @return the configuration
     */
    public static AutoencoderConfig stableDiffusion() {
        return of(3, 4, 128);
    }

    /**
     * Channels between the encoder and the moments.
     *
     * @param count of the encoder's output
     * @return a changed copy
     */
    public AutoencoderConfig optZChannels(int count) {
        return changed("zChannels", count);
    }

    /**
     * Width of each level.
     *
     * @param multiples of the base width, first level first
     * @return a changed copy
     */
    public AutoencoderConfig optChannelMult(Integer... multiples) {
        return changed("channelMult", Arrays.asList(multiples));
    }

    /**
     * Residual blocks per level.
     *
     * @param count of each level on the way in
     * @return a changed copy
     */
    public AutoencoderConfig optNumResBlocks(int count) {
        return changed("numResBlocks", count);
    }

    /**
     * Levels that attend.
     *
     * @param factors by which they are smaller than the image
     * @return a changed copy
     */
    public AutoencoderConfig optAttentionFactors(Integer... factors) {
        return changed("attentionFactors", Arrays.asList(factors));
    }

    /**
     * What a diffusion model sees latents multiplied with.
     *
     * @param factor one over the latents' standard deviation over a data set
     * @return a changed copy
     */
    public AutoencoderConfig optScale(double factor) {
        return changed("scale", factor);
    }

    private AutoencoderConfig changed(String field, Object value) {
        return JsonRecord.with(this, field, value);
    }

    /**
     * The configuration as JSON.
     *
     * @return the object {@link #of(JsonObject)} reads
     */
    public JsonObject toJson() {
        return JsonRecord.write(this);
    }

    /**
     * Reads a configuration.
     *
     * @param json what {@link #toJson} wrote
     * @return the configuration
     * @throws IllegalArgumentException if an entry is missing or not legal
     */
    public static AutoencoderConfig of(JsonObject json) {
        return JsonRecord.read(json, AutoencoderConfig.class);
    }

    /**
     * How many times shorter a latent's sides are.
     *
     * @return a power of two
     */
    public int factor() {
        return 1 << (channelMult.size() - 1);
    }

    /** Channels of a level. */
    int width(int level) {
        return channelMult.get(level) * channels;
    }

    /** Whether a level attends. */
    boolean attends(int level) {
        return attentionFactors.contains(1 << level);
    }
}
