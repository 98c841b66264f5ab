package memoria.network;

import static memoria.network.Params.Init.FAN_IN;
import static memoria.network.Params.Init.ONE;
import static memoria.network.Params.Init.ZERO;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scalars;
import memoria.torch.Scope;

/**
 * The autoencoder of latent diffusion (Rombach et al., "High-Resolution Image Synthesis with Latent Diffusion Models", 2022, section 3.1):
 * an image becomes a Gaussian over latents with sides {@link AutoencoderConfig#factor} times shorter, a latent becomes an image. Parameters
 * are named as in the public checkpoints.
 *
 * <pre>{@code
 * encode:  conv, [residual blocks, halve] per level, middle, conv, 1x1 conv -> mean | log variance
 * decode:  1x1 conv, conv, middle, [residual blocks, double] per level, conv
 * middle:  residual block, attention over the pixels, residual block
 * }</pre>
 */
public final class AutoencoderKl {

    /**
     * What an encoder answers with: a Gaussian over latents, independent in every element.
     *
     * @param mean (N, embedDim, h, w)
     * @param logVariance shaped as the mean, limited to [-30, 20]
     */
    public record Posterior(NDArray mean, NDArray logVariance) {

        private static final double LEAST = -30;
        private static final double MOST = 20;

        static Posterior of(NDArray moments) {
            long channels = moments.getShape().get(1) / 2;
            NDArray raw = Ops.narrow(moments, 1, channels, channels);
            return new Posterior(Ops.narrow(moments, 1, 0, channels), Ops.clamp(raw, LEAST, MOST));
        }

        /**
         * Standard deviation of every element.
         *
         * @return shaped as the mean
         */
        public NDArray std() {
            return Scalars.mul(logVariance, 0.5).exp();
        }

        /**
         * A latent drawn from the Gaussian.
         *
         * @param noise standard normal, shaped as the mean
         * @return {@code mean + std noise}
         */
        public NDArray sample(NDArray noise) {
            return mean.add(std().mul(noise));
        }

        /**
         * Divergence from the standard normal, {@code KL = 1/2 sum (mean^2 + variance - 1 - log variance)}.
         *
         * @return one number per row (N)
         */
        public NDArray kl() {
            NDArray each = mean.mul(mean).add(logVariance.exp()).sub(logVariance);
            NDArray rows = Scalars.add(each, -1).reshape(mean.getShape().get(0), -1);
            return Scalars.mul(rows.sum(new int[] {1}), 0.5);
        }
    }

    /** One layer; rows is how many rows of pixels are computed at a time, 0 for all. */
    private interface Layer {
        NDArray forward(NDArray x, int rows);
    }

    private static final int TILE = 64;

    private final AutoencoderConfig config;
    private final Params params;
    private final List<Layer> encoder = new ArrayList<>();
    private final List<Layer> decoder = new ArrayList<>();
    private int tile = TILE;

    /**
     * Builds the network on its parameters.
     *
     * @param config the architecture
     * @param params fresh, or a checkpoint's
     * @throws IllegalArgumentException if a tensor is missing, unknown or of another shape; it is named
     */
    public AutoencoderKl(AutoencoderConfig config, Params params) {
        this.config = config;
        this.params = params;
        buildEncoder(params.at("encoder"));
        int moments = 2 * config.zChannels();
        encoder.add(conv(params.at("quant_conv"), 1, moments, 2 * config.embedDim()));
        decoder.add(conv(params.at("post_quant_conv"), 1, config.embedDim(), config.zChannels()));
        buildDecoder(params.at("decoder"));
        params.requireAllUsed();
    }

    private void buildEncoder(Params p) {
        int levels = config.channelMult().size();
        encoder.add(conv(p.at("conv_in"), 3, config.inChannels(), config.channels()));
        int channels = config.channels();
        for (int level = 0; level < levels; level++) {
            Params down = p.at("down." + level);
            channels = level(encoder, down, level, channels, config.numResBlocks());
            if (level < levels - 1) {
                Params q = down.at("downsample.conv");
                NDArray weight = q.get("weight", FAN_IN, 9L * channels, channels, channels, 3, 3);
                NDArray bias = q.get("bias", FAN_IN, 9L * channels, channels);
                encoder.add((x, rows) -> Ops.call("downsample_right_bottom", x, weight, bias));
            }
        }
        middle(encoder, p.at("mid"), channels);
        encoder.add(head(p, channels, 2 * config.zChannels()));
    }

    private void buildDecoder(Params p) {
        int top = config.channelMult().size() - 1;
        int channels = config.width(top);
        decoder.add(conv(p.at("conv_in"), 3, config.zChannels(), channels));
        middle(decoder, p.at("mid"), channels);
        for (int level = top; level >= 0; level--) {
            Params up = p.at("up." + level);
            channels = level(decoder, up, level, channels, config.numResBlocks() + 1);
            if (level > 0) {
                Params q = up.at("upsample.conv");
                NDArray weight = q.get("weight", FAN_IN, 9L * channels, channels, channels, 3, 3);
                NDArray bias = q.get("bias", FAN_IN, 9L * channels, channels);
                decoder.add((x, rows) -> Ops.call("upsample_conv_rows", x, weight, bias, rows));
            }
        }
        decoder.add(head(p, channels, config.outChannels()));
    }

    /** A level's residual blocks, each followed by attention where the level attends; returns its width. */
    private int level(List<Layer> layers, Params p, int level, int in, int blocks) {
        int out = config.width(level);
        for (int i = 0; i < blocks; i++) {
            layers.add(resBlock(p.at("block." + i), i == 0 ? in : out, out));
            if (config.attends(level)) {
                layers.add(attention(p.at("attn." + i), out));
            }
        }
        return out;
    }

    private static void middle(List<Layer> layers, Params p, int channels) {
        layers.add(resBlock(p.at("block_1"), channels, channels));
        layers.add(attention(p.at("attn_1"), channels));
        layers.add(resBlock(p.at("block_2"), channels, channels));
    }

    private static Layer resBlock(Params p, int in, int out) {
        List<NDArray> w = new ArrayList<>();
        norm(p.at("norm1"), in, w);
        convolution(p.at("conv1"), 3, in, out, w);
        norm(p.at("norm2"), out, w);
        convolution(p.at("conv2"), 3, out, out, w);
        if (in != out) {
            convolution(p.at("nin_shortcut"), 1, in, out, w);
        }
        return (x, rows) -> Ops.call("plain_resblock", x, w, rows);
    }

    private static Layer attention(Params p, int channels) {
        List<NDArray> w = new ArrayList<>();
        norm(p.at("norm"), channels, w);
        for (String name : List.of("q", "k", "v", "proj_out")) {
            convolution(p.at(name), 1, channels, channels, w);
        }
        return (x, rows) -> Ops.call("plain_attention", x, w, !Autograd.isSecondOrder());
    }

    private static Layer head(Params p, int in, int out) {
        List<NDArray> w = new ArrayList<>();
        norm(p.at("norm_out"), in, w);
        convolution(p.at("conv_out"), 3, in, out, w);
        return (x, rows) -> Ops.call("norm_silu_conv_rows", x, w, 0, rows);
    }

    private static Layer conv(Params p, int size, int in, int out) {
        List<NDArray> w = new ArrayList<>();
        convolution(p, size, in, out, w);
        return (x, rows) -> Ops.conv2d(x, w.get(0), w.get(1), 1, size / 2);
    }

    private static void norm(Params p, int channels, List<NDArray> w) {
        w.add(p.get("weight", ONE, 0, channels));
        w.add(p.get("bias", ZERO, 0, channels));
    }

    private static void convolution(Params p, int size, int in, int out, List<NDArray> w) {
        long fanIn = (long) in * size * size;
        w.add(p.get("weight", FAN_IN, fanIn, out, in, size, size));
        w.add(p.get("bias", FAN_IN, fanIn, out));
    }

    /**
     * The architecture.
     *
     * @return the configuration that builds it again
     */
    public AutoencoderConfig config() {
        return config;
    }

    /**
     * The parameters it was built on.
     *
     * @return the set
     */
    public Params params() {
        return params;
    }

    /**
     * How many rows of pixels the wide layers compute at a time where no gradient is recorded. Each tile is normalised by the statistics of
     * the whole image and sees its neighbours' edge rows, so tiles change the memory a picture takes, and not the picture.
     *
     * @param rows at a time, 64 by default; 0 for all at once
     * @return this
     * @throws IllegalArgumentException if rows is negative
     */
    public AutoencoderKl optTile(int rows) {
        if (rows < 0) {
            throw new IllegalArgumentException("rows: " + rows + " is not 0 or more");
        }
        this.tile = rows;
        return this;
    }

    /**
     * The distribution of an image's latents, not scaled.
     *
     * @param images (N, inChannels, H, W) in [-1, 1]; sides are multiples of {@link AutoencoderConfig#factor}
     * @return a Gaussian over (N, embedDim, H / factor, W / factor)
     * @throws IllegalArgumentException if the shape is another
     */
    public Posterior encode(NDArray images) {
        return Posterior.of(moments(images));
    }

    /** Mean and log variance before it is limited, (N, 2 embedDim, h, w). */
    NDArray moments(NDArray images) {
        Shape shape = images.getShape();
        int factor = config.factor();
        boolean fits = shape.dimension() == 4 && shape.get(1) == config.inChannels();
        if (!fits || shape.get(2) % factor != 0 || shape.get(3) % factor != 0) {
            throw new IllegalArgumentException(
                    "images: shape "
                            + shape
                            + "; this autoencoder takes (N, "
                            + config.inChannels()
                            + ", H, W) with sides that are multiples of "
                            + factor);
        }
        return run(encoder, images);
    }

    /**
     * The image of a latent.
     *
     * @param z (N, embedDim, h, w), not scaled
     * @return (N, outChannels, h factor, w factor), about [-1, 1] and not limited to it
     * @throws IllegalArgumentException if the shape is another
     */
    public NDArray decode(NDArray z) {
        Shape shape = z.getShape();
        if (shape.dimension() != 4 || shape.get(1) != config.embedDim()) {
            throw new IllegalArgumentException(
                    "z: shape "
                            + shape
                            + "; this autoencoder takes latents (N, "
                            + config.embedDim()
                            + ", h, w)");
        }
        return run(decoder, z);
    }

    private NDArray run(List<Layer> layers, NDArray x) {
        int rows = Autograd.isRecording() ? 0 : tile;
        return Scope.keep(
                () -> {
                    NDArray h = layers.get(0).forward(x, rows);
                    for (Layer layer : layers.subList(1, layers.size())) {
                        try (NDArray used = h) {
                            h = layer.forward(used, rows);
                        }
                    }
                    return h;
                });
    }
}
