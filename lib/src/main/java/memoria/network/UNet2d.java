package memoria.network;

import static memoria.network.Params.Init.FAN_IN;
import static memoria.network.Params.Init.NORMAL;
import static memoria.network.Params.Init.ONE;
import static memoria.network.Params.Init.ZERO;

import ai.djl.ndarray.NDArray;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import memoria.diffusion.Condition;
import memoria.torch.Autograd;
import memoria.torch.Ops;

/**
 * The unconditional (or class-conditional) UNet of the diffusers library, {@code UNet2DModel}, with its parameter names: the network of
 * {@code google/ddpm-cifar10-32} and its like (Ho et al., "Denoising Diffusion Probabilistic Models", 2020). It differs from {@link UNet} in its
 * embedding of time, its attention's layers, and in that every level has a width and an attention of its own.
 */
public final class UNet2d implements Network {

    /** One step on the way: what it makes of its features. */
    private interface Layer {
        NDArray forward(NDArray x, NDArray emb, Dropout dropout);
    }

    private final UNet2dConfig config;
    private final Params params;
    private final List<NDArray> timeEmbed;
    private final NDArray classes;
    private final Layer first;
    private final List<List<Layer>> down = new ArrayList<>();
    private final List<Layer> middle = new ArrayList<>();
    private final List<List<Layer>> up = new ArrayList<>();
    private final List<NDArray> head;

    /**
     * Builds the network on its parameters.
     *
     * @param config the architecture
     * @param params fresh, or a checkpoint's
     * @throws IllegalArgumentException if a tensor is missing, unknown or of another shape; it is named
     */
    public UNet2d(UNet2dConfig config, Params params) {
        this.config = config;
        this.params = params;
        int width = config.blockOutChannels().get(0);
        int emb = 4 * width;
        timeEmbed =
                List.of(
                        params.get("time_embedding.linear_1.weight", FAN_IN, width, emb, width),
                        params.get("time_embedding.linear_1.bias", FAN_IN, width, emb),
                        params.get("time_embedding.linear_2.weight", FAN_IN, emb, emb, emb),
                        params.get("time_embedding.linear_2.bias", FAN_IN, emb, emb));
        classes =
                config.numClasses() == 0
                        ? null
                        : params.get("class_embedding.weight", NORMAL, 0, config.numClasses(), emb);
        first = conv(params.at("conv_in"), config.inChannels(), width, 1);
        Deque<Integer> kept = new ArrayDeque<>();
        int channels = buildDown(kept);
        Params mid = params.at("mid_block");
        middle.add(residual(mid.at("resnets.0"), channels, channels));
        if (config.addAttention()) {
            middle.add(attention(mid.at("attentions.0"), channels));
        }
        middle.add(residual(mid.at("resnets.1"), channels, channels));
        channels = buildUp(kept, channels);
        head =
                List.of(
                        params.get("conv_norm_out.weight", ONE, 0, channels),
                        params.get("conv_norm_out.bias", ZERO, 0, channels),
                        params.get(
                                "conv_out.weight",
                                FAN_IN,
                                9L * channels,
                                config.outChannels(),
                                channels,
                                3,
                                3),
                        params.get("conv_out.bias", FAN_IN, 9L * channels, config.outChannels()));
        params.requireAllUsed();
    }

    private int buildDown(Deque<Integer> kept) {
        List<Integer> widths = config.blockOutChannels();
        int channels = widths.get(0);
        kept.push(channels);
        for (int level = 0; level < widths.size(); level++) {
            Params p = params.at("down_blocks." + level);
            int out = widths.get(level);
            for (int i = 0; i < config.layersPerBlock(); i++) {
                down.add(layers(p, i, channels, out, config.downAttention().get(level)));
                channels = out;
                kept.push(out);
            }
            if (level < widths.size() - 1) {
                down.add(List.of(downsample(p.at("downsamplers.0.conv"), out)));
                kept.push(out);
            }
        }
        return channels;
    }

    private int buildUp(Deque<Integer> kept, int channelsBelow) {
        List<Integer> widths = config.blockOutChannels();
        int channels = channelsBelow;
        for (int block = 0; block < widths.size(); block++) {
            Params p = params.at("up_blocks." + block);
            int out = widths.get(widths.size() - 1 - block);
            boolean attends = config.upAttention().get(block);
            for (int i = 0; i <= config.layersPerBlock(); i++) {
                List<Layer> layers = layers(p, i, channels + kept.pop(), out, attends);
                channels = out;
                if (i == config.layersPerBlock() && block < widths.size() - 1) {
                    layers.add(upsample(p.at("upsamplers.0.conv"), out));
                }
                up.add(layers);
            }
        }
        return channels;
    }

    private List<Layer> layers(Params p, int i, int in, int out, boolean attends) {
        List<Layer> layers = new ArrayList<>();
        layers.add(residual(p.at("resnets." + i), in, out));
        if (attends) {
            layers.add(attention(p.at("attentions." + i), out));
        }
        return layers;
    }

    private static Layer conv(Params p, int in, int out, int padding) {
        NDArray weight = p.get("weight", FAN_IN, 9L * in, out, in, 3, 3);
        NDArray bias = p.get("bias", FAN_IN, 9L * in, out);
        return (x, emb, dropout) -> Ops.conv2d(x, weight, bias, 1, padding);
    }

    private Layer downsample(Params p, int channels) {
        NDArray weight = p.get("weight", FAN_IN, 9L * channels, channels, channels, 3, 3);
        NDArray bias = p.get("bias", FAN_IN, 9L * channels, channels);
        return (x, emb, dropout) ->
                config.downsamplePadding() == 1
                        ? Ops.conv2d(x, weight, bias, 2, 1)
                        : Ops.call("downsample_right_bottom", x, weight, bias);
    }

    private static Layer upsample(Params p, int channels) {
        NDArray weight = p.get("weight", FAN_IN, 9L * channels, channels, channels, 3, 3);
        NDArray bias = p.get("bias", FAN_IN, 9L * channels, channels);
        return (x, emb, dropout) -> Ops.call("upsample_conv", x, weight, bias);
    }

    private Layer residual(Params p, int in, int out) {
        int emb = 4 * config.blockOutChannels().get(0);
        int embOut = config.scaleShift() ? 2 * out : out;
        List<NDArray> w = new ArrayList<>();
        w.add(p.get("norm1.weight", ONE, 0, in));
        w.add(p.get("norm1.bias", ZERO, 0, in));
        w.add(p.get("conv1.weight", FAN_IN, 9L * in, out, in, 3, 3));
        w.add(p.get("conv1.bias", FAN_IN, 9L * in, out));
        w.add(p.get("time_emb_proj.weight", FAN_IN, emb, embOut, emb));
        w.add(p.get("time_emb_proj.bias", FAN_IN, emb, embOut));
        w.add(p.get("norm2.weight", ONE, 0, out));
        w.add(p.get("norm2.bias", ZERO, 0, out));
        w.add(p.get("conv2.weight", FAN_IN, 9L * out, out, out, 3, 3));
        w.add(p.get("conv2.bias", FAN_IN, 9L * out, out));
        if (in != out) {
            w.add(p.get("conv_shortcut.weight", FAN_IN, in, out, in, 1, 1));
            w.add(p.get("conv_shortcut.bias", FAN_IN, in, out));
        }
        String name = p.name();
        String method = config.scaleShift() ? "resblock_scale_shift" : "resblock";
        return (x, time, dropout) ->
                Ops.call(
                        method,
                        x,
                        time,
                        w,
                        dropout.mask(name, x, out),
                        config.normNumGroups(),
                        config.normEps());
    }

    private Layer attention(Params p, int channels) {
        List<NDArray> w = new ArrayList<>();
        w.add(p.get("group_norm.weight", ONE, 0, channels));
        w.add(p.get("group_norm.bias", ZERO, 0, channels));
        for (String layer : List.of("to_q", "to_k", "to_v", "to_out.0")) {
            w.add(p.get(layer + ".weight", FAN_IN, channels, channels, channels));
            w.add(p.get(layer + ".bias", FAN_IN, channels, channels));
        }
        return (x, emb, dropout) ->
                Ops.call(
                        "linear_attention",
                        x,
                        w,
                        config.heads(channels),
                        config.normNumGroups(),
                        config.normEps(),
                        !Autograd.isSecondOrder());
    }

    @Override
    public NDArray forward(NDArray x, double[] t, Condition condition, Dropout dropout) {
        long rows = x.getShape().get(0);
        config.requireItem(x.getShape().slice(1));
        if (t.length != rows) {
            throw new IllegalArgumentException("t: " + t.length + " times for " + rows + " rows");
        }
        config.requireCondition(condition, rows);
        NDArray emb = embed(x, t, condition);
        NDArray centred = config.centerInputSample() ? Ops.axpby(2, x, -1, x.onesLike()) : x;
        Deque<NDArray> kept = new ArrayDeque<>();
        NDArray h = first.forward(centred, emb, dropout);
        kept.push(h);
        for (List<Layer> layers : down) {
            h = through(layers, h, emb, dropout, false);
            kept.push(h);
        }
        h = through(middle, h, emb, dropout, false);
        for (List<Layer> layers : up) {
            NDArray joined;
            try (NDArray below = h;
                    NDArray skip = kept.pop()) {
                joined = Ops.cat(List.of(below, skip), 1);
            }
            h = through(layers, joined, emb, dropout, true);
        }
        try (NDArray last = h;
                emb) {
            return Ops.call(
                    "norm_silu_conv",
                    last,
                    head.get(0),
                    head.get(1),
                    head.get(2),
                    head.get(3),
                    config.normNumGroups(),
                    config.normEps());
        }
    }

    /** Frees every intermediate as soon as it is used, and the input where nobody else needs it. */
    private static NDArray through(
            List<Layer> layers, NDArray x, NDArray emb, Dropout dropout, boolean consume) {
        NDArray h = x;
        for (Layer layer : layers) {
            NDArray next = layer.forward(h, emb, dropout);
            if (h != x || consume) {
                h.close();
            }
            h = next;
        }
        return h;
    }

    private NDArray embed(NDArray x, double[] t, Condition condition) {
        double[] scaled = Arrays.stream(t).map(i -> i * config.timeFactor()).toArray();
        int width = config.blockOutChannels().get(0);
        try (NDArray sinusoids =
                TimeEmbedding.of(
                        x.getManager(), scaled, width, config.flipSinToCos(), config.freqShift())) {
            NDArray emb =
                    Ops.call(
                            "time_embed",
                            sinusoids,
                            timeEmbed.get(0),
                            timeEmbed.get(1),
                            timeEmbed.get(2),
                            timeEmbed.get(3));
            if (!(condition instanceof Condition.Classes labels)) {
                return emb;
            }
            try (NDArray index = labels.tensor(x.getManager());
                    NDArray rows = Ops.embedding(classes, index);
                    emb) {
                return emb.add(rows);
            }
        }
    }

    @Override
    public UNet2dConfig config() {
        return config;
    }

    @Override
    public Params params() {
        return params;
    }
}
