package memoria.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import memoria.network.Params.Init;
import memoria.network.StyleGan2Config.Activation;
import memoria.torch.Ops;
import memoria.torch.Scalars;
import memoria.torch.Scope;

/**
 * The layers a {@link StyleGan2} is made of, and its operators by StyleGAN2-ADA's names. Weights are stored with variance 1 and scaled when they
 * are used (equalised learning rate).
 */
final class StyleLayers {

    private StyleLayers() {}

    /**
     * Zeros between the pixels, a filter, every n-th pixel: {@code (x with zeros) * f}, as a true convolution.
     *
     * @param x (N, C, H, W)
     * @param f the filter (k, k)
     * @param up how much larger the sides become
     * @param down which pixels remain
     * @param first pixels added (negative: taken) before each axis
     * @param last pixels added after it
     * @param gain factor of the filter
     * @return the images at another size
     */
    static NDArray upfirdn2d(
            NDArray x, NDArray f, int up, int down, int first, int last, double gain) {
        return Ops.call("upfirdn2d", x, f, up, down, first, last, gain);
    }

    /** Sides times a factor, interpolated by the filter. */
    static NDArray upsample2d(NDArray x, NDArray f, int up) {
        int k = size(f);
        return upfirdn2d(x, f, up, 1, (k + up - 1) / 2, (k - up) / 2, (double) up * up);
    }

    /** Sides divided by a factor, smoothed by the filter. */
    static NDArray downsample2d(NDArray x, NDArray f, int down) {
        int k = size(f);
        return upfirdn2d(x, f, 1, down, (k - down + 1) / 2, (k - down) / 2, 1);
    }

    private static int size(NDArray f) {
        return Math.toIntExact(f.getShape().get(0));
    }

    /**
     * {@code min(max(a(x + b) gain, -limit), limit)}.
     *
     * @param x (N, C, ...)
     * @param b (C)
     * @param a the activation
     * @param gain factor, beside the activation's own
     * @param limit -1 for none
     * @return same shape
     */
    static NDArray biasAct(NDArray x, NDArray b, Activation a, double gain, double limit) {
        double clamp = limit < 0 ? -1 : limit * gain;
        return Ops.call("bias_act", x, b, a.ordinal(), a.gain * gain, clamp);
    }

    /**
     * A convolution whose weights are scaled for each image: with style s and weight w it uses {@code w'_oik = s_i w_oik}, and demodulated
     * {@code w'_oik / sqrt(sum_ik w'_oik^2 + 1e-8)} (Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", 2020, Eqs. 1 and
     * 3). Scaling the input by s and the output by the norm is the same.
     *
     * @param x (N, I, H, W)
     * @param weight (O, I, k, k)
     * @param styles (N, I)
     * @param f the filter, used where the size changes
     * @param up 1, or how much larger the sides become: then the convolution is transposed and the filter follows
     * @param demodulate whether the output's variance is kept
     * @return (N, O, up H, up W)
     */
    static NDArray modulatedConv2d(
            NDArray x, NDArray weight, NDArray styles, NDArray f, int up, boolean demodulate) {
        int k = Math.toIntExact(weight.getShape().get(2));
        int padding = k / 2;
        int taps = size(f);
        int first = padding + (taps + up - 1) / 2 - (k - 1);
        int last = padding + (taps - up) / 2 - (k - up);
        return Ops.call(
                "modulated_conv2d", x, weight, styles, f, up, padding, first, last, demodulate);
    }

    /** A linear layer, its weights scaled by {@code rate / sqrt(in)} and its bias by the rate. */
    record Linear(NDArray weight, NDArray bias, Activation activation, double rate) {

        static Linear of(Params p, int in, int out, Activation activation, double rate, Init bias) {
            return new Linear(
                    p.normal("weight", 1 / rate, out, in),
                    p.get("bias", bias, 0, out),
                    activation,
                    rate);
        }

        NDArray forward(NDArray x) {
            double scale = rate / Math.sqrt(weight.getShape().get(1));
            return Ops.call(
                    "equal_linear",
                    x,
                    weight,
                    bias,
                    activation.ordinal(),
                    scale,
                    rate,
                    activation.gain);
        }
    }

    /** The filter of a module: normalised, both axes; long ones are stored as one axis. */
    static NDArray filter(Params p, StyleGan2Config c) {
        double[] taps = c.resampleFilter().stream().mapToDouble(f -> f).toArray();
        double sum = c.resampleFilter().stream().mapToDouble(f -> f).sum();
        int k = taps.length;
        if (k >= 8) {
            double[] axis = Arrays.stream(taps).map(f -> f / sum).toArray();
            NDArray stored = p.constant("resample_filter", axis, k);
            // As long-lived as the parameter it is made of.
            return Scope.release(Scope.keep(() -> stored.reshape(k, 1).mul(stored.reshape(1, k))));
        }
        double[] square = new double[k * k];
        Arrays.setAll(square, i -> taps[i / k] * taps[i % k] / sum / sum);
        return p.constant("resample_filter", square, k, k);
    }

    /** Where a layer's noise comes from. */
    interface NoiseOf {
        /** The noise of a layer, (1 or N, 1, side, side), or null for none. */
        NDArray at(String layer, NDArray constant);
    }

    /** Modulated convolution, noise, bias, activation. */
    static final class SynthesisLayer {
        private final Linear affine;
        private final NDArray weight;
        private final NDArray bias;
        private final NDArray filter;
        private final NDArray noiseConst;
        private final NDArray noiseStrength;
        private final StyleGan2Config config;
        private final int up;
        private final String name;

        SynthesisLayer(Params p, StyleGan2Config c, int in, int out, int side, int up) {
            config = c;
            this.up = up;
            name = p.name();
            affine = Linear.of(p.at("affine"), c.wDim(), in, Activation.LINEAR, 1, Init.ONE);
            weight = p.normal("weight", 1, out, in, 3, 3);
            bias = p.get("bias", Init.ZERO, 0, out);
            filter = filter(p, c);
            noiseConst = c.useNoise() ? p.buffer("noise_const", Init.NORMAL, side, side) : null;
            noiseStrength = c.useNoise() ? p.get("noise_strength", Init.ZERO, 0) : null;
        }

        NDArray forward(NDArray x, NDArray w, NoiseOf noise, double gain) {
            NDArray h = modulatedConv2d(x, weight, affine.forward(w), filter, up, true);
            NDArray added = noiseConst == null ? null : noise.at(name, noiseConst);
            if (added != null) {
                h = h.add(added.mul(noiseStrength));
            }
            return biasAct(h, bias, config.activation(), gain, config.convClamp());
        }
    }

    /** The image that features show: a modulated convolution of one pixel. */
    static final class ToRgb {
        private final Linear affine;
        private final NDArray weight;
        private final NDArray bias;
        private final double limit;

        ToRgb(Params p, StyleGan2Config c, int in) {
            affine = Linear.of(p.at("affine"), c.wDim(), in, Activation.LINEAR, 1, Init.ONE);
            weight = p.normal("weight", 1, c.imgChannels(), in, 1, 1);
            bias = p.get("bias", Init.ZERO, 0, c.imgChannels());
            limit = c.convClamp();
        }

        NDArray forward(NDArray x, NDArray w, NDArray filter) {
            long in = weight.getShape().get(1);
            NDArray styles = Scalars.mul(affine.forward(w), 1 / Math.sqrt(in));
            NDArray y = modulatedConv2d(x, weight, styles, filter, 1, false);
            return biasAct(y, bias, Activation.LINEAR, 1, limit);
        }
    }

    /** Features and image after a block. */
    record State(NDArray x, NDArray image) {}

    /** One size: features are doubled, convolved twice, and shown. */
    static final class Block {
        private final NDArray constant;
        private final SynthesisLayer conv0;
        private final SynthesisLayer conv1;
        private final ToRgb toRgb;
        private final NDArray skip;
        private final NDArray filter;

        Block(Params p, StyleGan2Config c, int side) {
            boolean first = side == 4;
            int in = first ? 0 : c.channels(side / 2);
            int out = c.channels(side);
            boolean last = side == c.imgResolution();
            boolean residual = c.architecture() == StyleGan2Config.Architecture.RESNET;
            boolean shows = last || c.architecture() == StyleGan2Config.Architecture.SKIP;
            filter = filter(p, c);
            constant = first ? p.normal("const", 1, out, side, side) : null;
            conv0 = first ? null : new SynthesisLayer(p.at("conv0"), c, in, out, side, 2);
            conv1 = new SynthesisLayer(p.at("conv1"), c, out, out, side, 1);
            toRgb = shows ? new ToRgb(p.at("torgb"), c, out) : null;
            skip = first || !residual ? null : skip(p.at("skip"), c, in, out);
        }

        private static NDArray skip(Params p, StyleGan2Config c, int in, int out) {
            filter(p, c);
            return p.normal("weight", 1, out, in, 1, 1);
        }

        /** Styles this block uses up; the one of its image is the next block's first. */
        int styles() {
            return conv0 == null ? 1 : 2;
        }

        State forward(State before, List<NDArray> ws, NoiseOf noise) {
            long n = ws.get(0).getShape().get(0);
            NDArray x;
            if (conv0 == null) {
                NDArray start = constant.expandDims(0);
                Shape all = new Shape(n).addAll(constant.getShape());
                x = conv1.forward(start.broadcast(all), ws.get(0), noise, 1);
            } else if (skip == null) {
                x = conv0.forward(before.x, ws.get(0), noise, 1);
                x = conv1.forward(x, ws.get(1), noise, 1);
            } else {
                double half = Math.sqrt(0.5);
                double scale = half / Math.sqrt(skip.getShape().get(1));
                NDArray y = upsample2d(Ops.call("pointwise", before.x, skip, scale), filter, 2);
                x = conv0.forward(before.x, ws.get(0), noise, 1);
                x = conv1.forward(x, ws.get(1), noise, half).add(y);
            }
            NDArray image = before.image == null ? null : upsample2d(before.image, filter, 2);
            if (toRgb != null) {
                NDArray shown = toRgb.forward(x, ws.get(styles()), filter);
                image = image == null ? shown : image.add(shown);
            }
            return new State(x, image);
        }
    }
}
