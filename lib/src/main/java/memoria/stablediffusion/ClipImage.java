package memoria.stablediffusion;

import static memoria.network.Params.Init.FAN_IN;
import static memoria.network.Params.Init.NORMAL;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import memoria.network.Params;
import memoria.torch.Ops;
import memoria.torch.Scope;
import memoria.torch.Tensors;

/**
 * CLIP's image encoder, a vision transformer (Radford et al., 2021): patches become tokens, one more token collects what is
 * on the image.
 */
public final class ClipImage {

    /** Mean of red, green and blue that CLIP subtracts, of pixels in [0, 1]. */
    private static final double[] MEAN = {0.48145466, 0.4578275, 0.40821073};

    /** Standard deviation that CLIP divides by. */
    private static final double[] STD = {0.26862954, 0.26130258, 0.27577711};

    private static final int HEAD = 64;

    private final int patch;
    private final int side;
    private final NDArray conv;
    private final NDArray classEmbedding;
    private final NDArray positions;
    private final List<NDArray> pre = new ArrayList<>();
    private final List<NDArray> post = new ArrayList<>();
    private final ClipBlocks blocks;
    private final NDArray projection;
    private final boolean transposed;

    /**
     * Builds the tower on its parameters; its architecture is read off them.
     *
     * @param params a checkpoint's: the whole set under Hugging Face's names, what is at {@code visual} under openai's
     * @param names the naming they follow
     * @param heads of every attention; 0 for CLIP's convention, one per 64 channels
     * @throws IllegalArgumentException if a tensor is missing or of another shape, or the heads do not divide the width
     */
    public ClipImage(Params params, ClipNames names, int heads) {
        Map<String, NDArray> all = params.all();
        ClipNames.Image own = names.image();
        String at = params.path();
        int width = ClipTextConfig.size(all, at + own.patches(), 0);
        patch = ClipTextConfig.size(all, at + own.patches(), 2);
        int tokens = ClipTextConfig.size(all, at + own.positions(), 0);
        side = (int) Math.round(Math.sqrt(tokens - 1.0)) * patch;
        conv = params.get(own.patches(), FAN_IN, 3L * patch * patch, width, 3, patch, patch);
        classEmbedding = params.get(own.classEmbedding(), NORMAL, 0, width);
        positions = params.get(own.positions(), NORMAL, 0, tokens, width);
        ClipNames.norm(params.at(own.firstNorm()), width, pre);
        ClipNames.norm(params.at(own.lastNorm()), width, post);
        int count = heads == 0 ? Math.max(1, width / HEAD) : heads;
        ClipTextConfig.require(
                width % count == 0, "heads", count, "a divisor of the width " + width);
        blocks = new ClipBlocks(count, false);
        ClipNames.Block block = names.block();
        int hidden =
                ClipTextConfig.size(all, at + own.layer(0) + "." + block.hidden() + ".weight", 0);
        String norm = "." + block.firstNorm() + ".weight";
        for (int i = 0; all.containsKey(at + own.layer(i) + norm); i++) {
            blocks.add(names.block(params.at(own.layer(i)), width, hidden));
        }
        transposed = names.isTransposed();
        int features = ClipTextConfig.size(all, at + own.projection(), transposed ? 1 : 0);
        projection = names.projection(params, own.projection(), width, features);
    }

    /**
     * A vector per image in the space shared with texts, not normalised.
     *
     * @param images (N, 3, side, side), prepared as by {@link #prepare}
     * @return (N, features)
     * @throws IllegalArgumentException if the images have another shape
     */
    public NDArray features(NDArray images) {
        Shape shape = images.getShape();
        if (!shape.slice(1).equals(new Shape(3, side, side))) {
            throw new IllegalArgumentException(
                    "images: shape " + shape + "; (N, 3, " + side + ", " + side + ") is needed");
        }
        return Scope.keep(
                () -> {
                    NDArray tokens =
                            Ops.call(
                                    "clip_patches", images, conv, classEmbedding, positions, patch);
                    NDArray h = blocks.consume(ClipBlocks.norm(tokens, pre));
                    NDArray first = Ops.narrow(h, 1, 0, 1).squeeze(1);
                    NDArray shared = transposed ? projection : projection.transpose();
                    return ClipBlocks.norm(first, post).matMul(shared);
                });
    }

    /**
     * Images as CLIP wants them: the shorter side resized to its own, cubically with antialiasing, what is beyond the square in the middle cut
     * off, then {@link #normalize}.
     *
     * @param images (N, 3, H, W) in [-1, 1]
     * @return (N, 3, side, side)
     */
    public NDArray prepare(NDArray images) {
        long height = images.getShape().get(2);
        long width = images.getShape().get(3);
        long shorter = Math.min(height, width);
        long h = height * side / shorter;
        long w = width * side / shorter;
        return Scope.keep(
                () -> {
                    NDArray x = images;
                    if (h != height || w != width) {
                        // Cubic weights overshoot; a picture's levels cannot.
                        x = Ops.call("resize_cubic", images, h, w).clip(-1, 1);
                    }
                    x = Ops.narrow(x, 2, (h - side) / 2, side);
                    return normalize(Ops.narrow(x, 3, (w - side) / 2, side));
                });
    }

    /**
     * Images as CLIP wants them: its own mean and standard deviation per colour. They must have its size already.
     *
     * @param images (N, 3, H, W) in [-1, 1]
     * @return same shape
     */
    public static NDArray normalize(NDArray images) {
        float[] scale = new float[3];
        float[] shift = new float[3];
        for (int c = 0; c < 3; c++) {
            scale[c] = (float) (0.5 / STD[c]);
            shift[c] = (float) ((0.5 - MEAN[c]) / STD[c]);
        }
        NDManager manager = images.getManager();
        Shape perColour = new Shape(1, 3, 1, 1);
        return Scope.keep(
                () ->
                        images.mul(Tensors.of(manager, scale, perColour))
                                .add(Tensors.of(manager, shift, perColour)));
    }

    /**
     * How well images and texts fit: cosines times the learned scale.
     *
     * @param imageFeatures (N, features)
     * @param textFeatures (M, features)
     * @param logitScale the checkpoint's {@code logit_scale}, whose exponential is the factor
     * @return (N, M)
     */
    public static NDArray logits(NDArray imageFeatures, NDArray textFeatures, NDArray logitScale) {
        return Ops.call("clip_logits", imageFeatures, textFeatures, logitScale);
    }

    /**
     * Height and width of the images.
     *
     * @return pixels
     */
    public int side() {
        return side;
    }
}
