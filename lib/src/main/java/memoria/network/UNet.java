package memoria.network;

import static memoria.network.Params.Init.FAN_IN;
import static memoria.network.Params.Init.NORMAL;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import memoria.diffusion.Condition;
import memoria.network.Layers.Layer;
import memoria.network.Layers.Pass;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scope;

/**
 * improved-diffusion's UNet (Nichol and Dhariwal, "Improved Denoising Diffusion Probabilistic Models", 2021), with its parameter names:
 * a checkpoint of that project loads as it is. With a {@link UNetConfig#contextDim} it is the denoiser of latent diffusion and Stable
 * Diffusion, under the names of their checkpoints: {@link Transformer}s that read a text stand where the attention was.
 *
 * <pre>{@code
 * emb = time_embed(t) [+ label_emb(y)]
 * down:    h_0 = conv(x); h_i = block_i(h_{i-1}, emb)       every h_i is kept
 * middle:  residual, attention, residual
 * up:      h = block_j(cat(h, kept h_i), emb)
 * out:     conv(silu(norm(h)))
 * }</pre>
 */
public final class UNet implements Network {

    /** Layers that run one after another: one entry of the checkpoint's {@code input_blocks} and {@code output_blocks}. */
    private record Block(List<Layer> layers) {
        /** Runs all layers; every intermediate but the input and the result is freed as soon as it is used. */
        NDArray forward(NDArray x, Pass pass) {
            return rest(layers.get(0).forward(x, pass), pass);
        }

        /** As {@link #forward}, for an input that nobody else needs: it is freed as well. */
        NDArray consume(NDArray x, Pass pass) {
            NDArray h;
            try (x) {
                h = layers.get(0).forward(x, pass);
            }
            return rest(h, pass);
        }

        private NDArray rest(NDArray first, Pass pass) {
            NDArray h = first;
            for (Layer layer : layers.subList(1, layers.size())) {
                try (NDArray used = h) {
                    h = layer.forward(used, pass);
                }
            }
            return h;
        }
    }

    /** The features improved-diffusion's {@code get_feature_vectors} names. */
    public enum Features {
        /** After the first convolution, (N, C, H, W). */
        FIRST,
        /** After the middle block, the coarsest. */
        MIDDLE,
        /** Before the output layers, (N, C, H, W). */
        LAST
    }

    private final UNetConfig config;
    private final Params params;
    private final List<NDArray> timeEmbed;
    private final NDArray labelEmb;
    private final List<Block> down = new ArrayList<>();
    private final Block middle;
    private final List<Block> up = new ArrayList<>();
    private final Layer head;
    private final DataType type;
    private int slice;

    /**
     * Builds the network on its parameters.
     *
     * @param config the architecture
     * @param params fresh, or a checkpoint's
     * @throws IllegalArgumentException if a tensor is missing, unknown or of another shape; it is named
     */
    public UNet(UNetConfig config, Params params) {
        this.config = config;
        this.params = params;
        int width = config.modelChannels();
        int emb = 4 * width;
        timeEmbed =
                List.of(
                        params.get("time_embed.0.weight", FAN_IN, width, emb, width),
                        params.get("time_embed.0.bias", FAN_IN, width, emb),
                        params.get("time_embed.2.weight", FAN_IN, emb, emb, emb),
                        params.get("time_embed.2.bias", FAN_IN, emb, emb));
        type = timeEmbed.get(0).getDataType();
        labelEmb =
                config.numClasses() == 0
                        ? null
                        : params.get("label_emb.weight", NORMAL, 0, config.numClasses(), emb);

        Deque<Integer> kept = new ArrayDeque<>();
        int channels = buildDown(params, kept);
        Params mid = params.at("middle_block");
        middle =
                new Block(
                        List.of(
                                Layers.resBlock(mid.at("0"), config, channels, channels),
                                Layers.attention(mid.at("1"), config, channels, config.numHeads()),
                                Layers.resBlock(mid.at("2"), config, channels, channels)));
        head = Layers.head(params.at("out"), config, buildUp(params, kept, channels));
        params.requireAllUsed();
    }

    private int buildDown(Params params, Deque<Integer> kept) {
        int channels = config.modelChannels();
        down.add(
                new Block(
                        List.of(
                                Layers.conv(
                                        params.at("input_blocks.0.0"),
                                        config.inChannels(),
                                        channels))));
        kept.push(channels);
        int factor = 1;
        int levels = config.channelMult().size();
        for (int level = 0; level < levels; level++) {
            int out = config.channelMult().get(level) * config.modelChannels();
            for (int i = 0; i < config.numResBlocks(); i++) {
                Params p = params.at("input_blocks." + down.size());
                List<Layer> layers = new ArrayList<>();
                layers.add(Layers.resBlock(p.at("0"), config, channels, out));
                channels = out;
                if (config.attentionResolutions().contains(factor)) {
                    layers.add(Layers.attention(p.at("1"), config, channels, config.numHeads()));
                }
                down.add(new Block(layers));
                kept.push(channels);
            }
            if (level < levels - 1) {
                Params p = params.at("input_blocks." + down.size() + ".0");
                down.add(new Block(List.of(Layers.downsample(p, config.convResample(), channels))));
                kept.push(channels);
                factor *= 2;
            }
        }
        return channels;
    }

    private int buildUp(Params params, Deque<Integer> kept, int middleChannels) {
        int channels = middleChannels;
        int levels = config.channelMult().size();
        int factor = 1 << (levels - 1);
        for (int level = levels - 1; level >= 0; level--) {
            int out = config.channelMult().get(level) * config.modelChannels();
            for (int i = 0; i <= config.numResBlocks(); i++) {
                Params p = params.at("output_blocks." + up.size());
                List<Layer> layers = new ArrayList<>();
                layers.add(Layers.resBlock(p.at("0"), config, channels + kept.pop(), out));
                channels = out;
                if (config.attentionResolutions().contains(factor)) {
                    layers.add(Layers.attention(p.at("1"), config, channels, config.headsUp()));
                }
                if (level > 0 && i == config.numResBlocks()) {
                    layers.add(
                            Layers.upsample(
                                    p.at("" + layers.size()), config.convResample(), channels));
                    factor /= 2;
                }
                up.add(new Block(layers));
            }
        }
        return channels;
    }

    @Override
    public UNetConfig config() {
        return config;
    }

    @Override
    public Params params() {
        return params;
    }

    @Override
    public NDArray forward(NDArray x, double[] t, Condition condition, Dropout dropout) {
        check(x, t, condition);
        return type == DataType.FLOAT32
                ? run(x, pass(x, t, condition, dropout, null))
                : half(x, t, condition);
    }

    /** In half precision between inputs and output of single precision. */
    private NDArray half(NDArray x, double[] t, Condition condition) {
        if (Autograd.isRecording()) {
            throw new IllegalStateException(
                    "network: its parameters are "
                            + type
                            + ", which gives no usable gradients; read it in FLOAT32");
        }
        return Scope.keep(
                () -> {
                    Pass pass = pass(x, t, condition, Dropout.NONE, null);
                    NDArray context = pass.context();
                    NDArray text = context == null ? null : Ops.cast(context, type);
                    Pass half = new Pass(pass.emb(), text, Dropout.NONE, slice, null, false);
                    return Ops.cast(run(Ops.cast(x, type), half), DataType.FLOAT32);
                });
    }

    private NDArray run(NDArray x, Pass pass) {
        Deque<NDArray> kept = new ArrayDeque<>();
        NDArray last = upward(middleOf(x, pass, kept), pass, kept);
        NDArray out = head.forward(last, pass);
        last.close();
        pass.emb().close();
        return out;
    }

    /**
     * Lets fewer heads attend at a time: less memory where attention is not fused, at some cost in time. The result is the same.
     *
     * @param heads at a time; 0 for all, the default
     * @return this
     * @throws IllegalArgumentException if heads is negative
     */
    public UNet optAttentionSlice(int heads) {
        if (heads < 0) {
            throw new IllegalArgumentException("heads: " + heads + " is not 0 or more");
        }
        this.slice = heads;
        return this;
    }

    /**
     * How much each pixel attends to each token of the text, in every transformer's last block.
     *
     * @param x as in {@link #forward}
     * @param t as in {@link #forward}
     * @param condition embeddings (N, L, contextDim)
     * @return by the layer's name, (N, heads, pixels, L), each row summing to 1; in the order the layers run
     * @throws IllegalArgumentException if an argument does not fit the architecture, or the network reads no text
     */
    public Map<String, NDArray> attentionMaps(NDArray x, double[] t, Condition condition) {
        check(x, t, condition);
        if (config.contextDim() == 0) {
            throw new IllegalArgumentException(
                    "condition: this network reads no text, so it attends to none");
        }
        Map<String, NDArray> maps = new LinkedHashMap<>();
        List<NDArray> kept =
                Scope.keepAll(
                        () -> {
                            Pass pass = pass(x, t, condition, Dropout.NONE, maps);
                            Deque<NDArray> skips = new ArrayDeque<>();
                            upward(middleOf(x, pass, skips), pass, skips);
                            return List.copyOf(maps.values());
                        });
        Iterator<NDArray> each = kept.iterator();
        maps.replaceAll((layer, map) -> each.next());
        return maps;
    }

    /**
     * The features at one depth: for descriptors, feature distances and surrogate labels.
     *
     * @param x as in {@link #forward}
     * @param t as in {@link #forward}
     * @param condition as in {@link #forward}
     * @param which the depth
     * @return (N, channels, height, width) there
     * @throws IllegalArgumentException if an argument does not fit the architecture
     */
    public NDArray features(NDArray x, double[] t, Condition condition, Features which) {
        check(x, t, condition);
        return Scope.keep(
                () -> {
                    Pass pass = pass(x, t, condition, Dropout.NONE, null);
                    if (which == Features.FIRST) {
                        return down.get(0).forward(x, pass);
                    }
                    Deque<NDArray> kept = new ArrayDeque<>();
                    NDArray mid = middleOf(x, pass, kept);
                    return which == Features.MIDDLE ? mid : upward(mid, pass, kept);
                });
    }

    private Pass pass(
            NDArray x,
            double[] t,
            Condition condition,
            Dropout dropout,
            Map<String, NDArray> maps) {
        NDArray context = condition instanceof Condition.Embedding text ? text.tensor() : null;
        boolean pulled =
                Autograd.isRecording()
                        && !Autograd.isSecondOrder()
                        && x.hasGradient()
                        && !timeEmbed.get(0).hasGradient();
        return new Pass(embed(x, t, condition), context, dropout, slice, maps, pulled);
    }

    private NDArray embed(NDArray x, double[] t, Condition condition) {
        double[] scaled = new double[t.length];
        for (int i = 0; i < t.length; i++) {
            scaled[i] = t[i] * config.timeFactor();
        }
        try (NDArray single =
                        TimeEmbedding.cosFirst(x.getManager(), scaled, config.modelChannels());
                NDArray sinusoids = type == DataType.FLOAT32 ? single : Ops.cast(single, type)) {
            NDArray emb =
                    Ops.call(
                            "time_embed",
                            sinusoids,
                            timeEmbed.get(0),
                            timeEmbed.get(1),
                            timeEmbed.get(2),
                            timeEmbed.get(3));
            if (!(condition instanceof Condition.Classes classes)) {
                return emb;
            }
            try (NDArray index = classes.tensor(x.getManager());
                    NDArray rows = Ops.embedding(labelEmb, index);
                    emb) {
                return emb.add(rows);
            }
        }
    }

    private NDArray middleOf(NDArray x, Pass pass, Deque<NDArray> kept) {
        NDArray h = x;
        for (Block block : down) {
            h = block.forward(h, pass);
            kept.push(h);
        }
        return middle.forward(h, pass);
    }

    private NDArray upward(NDArray mid, Pass pass, Deque<NDArray> kept) {
        NDArray h = mid;
        for (Block block : up) {
            h = block.consume(join(h, kept.pop()), pass);
        }
        return h;
    }

    private static NDArray join(NDArray below, NDArray skip) {
        try (below;
                skip) {
            return Ops.cat(List.of(below, skip), 1);
        }
    }

    private void check(NDArray x, double[] t, Condition condition) {
        long rows = x.getShape().get(0);
        config.requireItem(x.getShape().slice(1));
        if (t.length != rows) {
            throw new IllegalArgumentException("t: " + t.length + " times for " + rows + " rows");
        }
        config.requireCondition(condition, rows);
    }
}
