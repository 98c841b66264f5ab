package memoria.stablediffusion;

import ai.djl.ndarray.NDArray;
import java.util.Map;

/**
 * The architecture of a CLIP text encoder.
 *
 * @param vocabulary how many tokens there are
 * @param length longest row of tokens
 * @param width of a token's embedding, a multiple of the heads
 * @param heads of every attention
 * @param layers how many blocks
 * @param hidden width inside a block's feed-forward part
 * @param features width of the space shared with images, 0 where the checkpoint has no projection into it
 */
public record ClipTextConfig(
        int vocabulary, int length, int width, int heads, int layers, int hidden, int features) {

    /** CLIP's convention: heads of 64 channels. */
    private static final int HEAD = 64;

    /**
     * Checks every argument.
     *
     * @param vocabulary as in the record
     * @param length as in the record
     * @param width as in the record
     * @param heads as in the record
     * @param layers as in the record
     * @param hidden as in the record
     * @param features as in the record
     * @throws IllegalArgumentException if one is not legal; it is named
     */
    public ClipTextConfig {
        require(vocabulary >= 1, "vocabulary", vocabulary, "at least 1");
        require(length >= 1, "length", length, "at least 1");
        require(width >= 1, "width", width, "at least 1");
        require(
                heads >= 1 && width % heads == 0,
                "heads",
                heads,
                "a divisor of the width " + width);
        require(layers >= 1, "layers", layers, "at least 1");
        require(hidden >= 1, "hidden", hidden, "at least 1");
        require(features >= 0, "features", features, "0 or more");
    }

    static void require(boolean legal, String name, int value, String range) {
        if (!legal) {
            throw new IllegalArgumentException(name + ": " + value + " is not " + range);
        }
    }

    /**
     * The text encoder of Stable Diffusion v1: CLIP ViT-L/14's.
     *
     * @return 12 layers of width 768 for prompts of 77 tokens
     */
    public static ClipTextConfig vitL14() {
        return new ClipTextConfig(49_408, Tokenizer.CLIP_LENGTH, 768, 12, 12, 3072, 0);
    }

    /**
     * The architecture a checkpoint's tensors show.
     *
     * @param tensors by name
     * @param names the naming they follow
     * @param heads which no tensor shows; 0 for CLIP's convention, one per 64 channels
     * @return the configuration
     * @throws IllegalArgumentException if the tensors are no text encoder's; the missing one is named
     */
    public static ClipTextConfig of(Map<String, NDArray> tensors, ClipNames names, int heads) {
        ClipNames.Text text = names.text();
        int width = size(tensors, text.tokens(), 1);
        int layers = 0;
        while (tensors.containsKey(
                text.layer(layers) + "." + names.block().firstNorm() + ".weight")) {
            layers++;
        }
        NDArray projection = tensors.get(text.projection());
        return new ClipTextConfig(
                size(tensors, text.tokens(), 0),
                size(tensors, text.positions(), 0),
                width,
                heads == 0 ? Math.max(1, width / HEAD) : heads,
                Math.max(1, layers),
                size(tensors, text.layer(0) + "." + names.block().hidden() + ".weight", 0),
                projection == null
                        ? 0
                        : (int) projection.getShape().get(names.isTransposed() ? 1 : 0));
    }

    static int size(Map<String, NDArray> tensors, String name, int axis) {
        NDArray tensor = tensors.get(name);
        if (tensor == null || tensor.getShape().dimension() <= axis) {
            throw new IllegalArgumentException(
                    "tensors: '"
                            + name
                            + (tensor == null
                                    ? "' is missing; this is no CLIP encoder under these names"
                                    : "' has shape " + tensor.getShape()));
        }
        return Math.toIntExact(tensor.getShape().get(axis));
    }
}
