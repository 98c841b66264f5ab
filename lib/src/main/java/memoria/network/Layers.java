package memoria.network;

import static memoria.network.Params.Init.FAN_IN;
import static memoria.network.Params.Init.ONE;
import static memoria.network.Params.Init.ZERO;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import memoria.torch.Autograd;
import memoria.torch.Ops;

/** The layers improved-diffusion's UNet is made of. Each takes its parameters by the public checkpoints' names when it is built. */
final class Layers {

    private static final double EPS = 1e-5;
    private static final long FEW_PIXELS = 64;

    private Layers() {}

    /**
     * What all layers of one forward pass see beside their features.
     *
     * @param emb the embedding of time (and class), (N, 4 C)
     * @param context the embeddings of a text's tokens (N, L, contextDim), or null
     * @param dropout what is dropped
     * @param slice how many heads attend at a time, 0 for all
     * @param maps where the transformers leave their attention to the text, by layer, or null
     * @param pulled whether a product with the Jacobian in x follows, and no gradient in the parameters: forms of the layers with a
     *     cheaper way back run, equal but for rounding
     */
    record Pass(
            NDArray emb,
            NDArray context,
            Dropout dropout,
            int slice,
            Map<String, NDArray> maps,
            boolean pulled) {}

    /** One layer: features in, features out. */
    interface Layer {
        NDArray forward(NDArray x, Pass pass);
    }

    /** A 3x3 convolution that keeps the size. */
    static Layer conv(Params p, int in, int out) {
        NDArray weight = p.get("weight", FAN_IN, 9L * in, out, in, 3, 3);
        NDArray bias = p.get("bias", FAN_IN, 9L * in, out);
        // Back to so few channels, a convolution's own kernel takes four times its way forward.
        boolean widens = out >= 32 * in;
        return (x, pass) ->
                widens && pass.pulled()
                        ? Ops.call("conv_by_columns", x, weight, bias)
                        : Ops.conv2d(x, weight, bias, 1, 1);
    }

    /** Residual block; time enters as summand, or as scale and shift of the second normalisation. */
    static Layer resBlock(Params p, UNetConfig c, int in, int out) {
        int emb = 4 * c.modelChannels();
        int embOut = c.useScaleShiftNorm() ? 2 * out : out;
        List<NDArray> w = new ArrayList<>();
        w.add(p.get("in_layers.0.weight", ONE, 0, in));
        w.add(p.get("in_layers.0.bias", ZERO, 0, in));
        w.add(p.get("in_layers.2.weight", FAN_IN, 9L * in, out, in, 3, 3));
        w.add(p.get("in_layers.2.bias", FAN_IN, 9L * in, out));
        w.add(p.get("emb_layers.1.weight", FAN_IN, emb, embOut, emb));
        w.add(p.get("emb_layers.1.bias", FAN_IN, emb, embOut));
        w.add(p.get("out_layers.0.weight", ONE, 0, out));
        w.add(p.get("out_layers.0.bias", ZERO, 0, out));
        w.add(p.get("out_layers.3.weight", ZERO, 0, out, out, 3, 3));
        w.add(p.get("out_layers.3.bias", ZERO, 0, out));
        if (in != out) {
            w.add(p.get("skip_connection.weight", FAN_IN, in, out, in, 1, 1));
            w.add(p.get("skip_connection.bias", FAN_IN, in, out));
        }
        String name = p.name();
        boolean scales = c.useScaleShiftNorm();
        return (x, pass) ->
                Ops.call(
                        !scales
                                ? "resblock"
                                : pass.pulled() ? "resblock_affine_rows" : "resblock_scale_shift",
                        x,
                        pass.emb(),
                        w,
                        pass.dropout().mask(name, x, out),
                        c.groups(),
                        EPS);
    }

    /** Self-attention over the pixels, with a residual connection. */
    private static Layer selfAttention(Params p, UNetConfig c, int channels, int heads) {
        List<NDArray> w =
                List.of(
                        p.get("norm.weight", ONE, 0, channels),
                        p.get("norm.bias", ZERO, 0, channels),
                        p.get("qkv.weight", FAN_IN, channels, 3L * channels, channels, 1),
                        p.get("qkv.bias", FAN_IN, channels, 3L * channels),
                        p.get("proj_out.weight", ZERO, 0, channels, channels, 1),
                        p.get("proj_out.bias", ZERO, 0, channels));
        return (x, pass) -> {
            // Between few pixels the fused kernel's way back is slower than the products'.
            boolean few = x.getShape().slice(2).size() <= FEW_PIXELS;
            boolean fused = !Autograd.isSecondOrder() && !(pass.pulled() && few);
            return Ops.call("attention_block", x, w, heads, c.groups(), EPS, fused);
        };
    }

    /** The attention of a level: over the pixels, and to the text if there is one. */
    static Layer attention(Params p, UNetConfig c, int channels, int heads) {
        return c.contextDim() == 0
                ? selfAttention(p, c, channels, heads)
                : Transformer.of(p, c, channels);
    }

    /** Half the size: a convolution of stride 2, or the mean of 2x2 pixels. */
    static Layer downsample(Params p, boolean convolves, int channels) {
        if (!convolves) {
            return (x, pass) -> Ops.avgPool(x);
        }
        NDArray weight = p.get("op.weight", FAN_IN, 9L * channels, channels, channels, 3, 3);
        NDArray bias = p.get("op.bias", FAN_IN, 9L * channels, channels);
        return (x, pass) -> Ops.conv2d(x, weight, bias, 2, 1);
    }

    /** Twice the size: every pixel repeated, then a convolution if wanted. */
    static Layer upsample(Params p, boolean convolves, int channels) {
        if (!convolves) {
            return (x, pass) -> Ops.upsample(x);
        }
        NDArray weight = p.get("conv.weight", FAN_IN, 9L * channels, channels, channels, 3, 3);
        NDArray bias = p.get("conv.bias", FAN_IN, 9L * channels, channels);
        return (x, pass) -> Ops.call("upsample_conv", x, weight, bias);
    }

    /** Normalisation, SiLU and the last convolution. */
    static Layer head(Params p, UNetConfig c, int in) {
        NDArray normWeight = p.get("0.weight", ONE, 0, in);
        NDArray normBias = p.get("0.bias", ZERO, 0, in);
        NDArray weight = p.get("2.weight", ZERO, 0, c.outChannels(), in, 3, 3);
        NDArray bias = p.get("2.bias", ZERO, 0, c.outChannels());
        // To so few channels, a convolution's own kernel is slow both ways.
        boolean narrows = in >= 8 * c.outChannels();
        return (x, pass) ->
                Ops.call(
                        narrows && pass.pulled() ? "norm_silu_conv_by_columns" : "norm_silu_conv",
                        x,
                        normWeight,
                        normBias,
                        weight,
                        bias,
                        c.groups(),
                        EPS);
    }
}
