package memoria.network;

import static memoria.network.Params.Init.FAN_IN;
import static memoria.network.Params.Init.ONE;
import static memoria.network.Params.Init.ZERO;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import memoria.torch.Ops;
import memoria.torch.Scope;

/**
 * Residual network (He et al., "Deep Residual Learning for Image Recognition", 2016) with torchvision's parameter names: its state
 * dictionaries load as they are. With generalised-mean pooling and an output of length 1 it is SSCD's descriptor (Pizzi et al., 2022).
 *
 * <pre>{@code
 * h = relu(bn1(conv1(x)))  [maximum]
 * h = relu(h' + residual(h)) for every block of every stage,   h' = h, or downsample(h) where shapes differ
 * output = fc(pool(h)),  divided by its length if normalised
 * }</pre>
 *
 * <p>{@link #forward} and {@link #features} normalise by the running statistics, so that a row's result does not depend on its batch;
 * {@link #train} normalises by the batch and moves the running statistics a tenth of the way.
 */
public final class ResNet {

    /** A residual block's parameters, those of its time module, and its strides. */
    private record Block(List<NDArray> weights, List<NDArray> time, int first, int second) {}

    private final ResNetConfig config;
    private final Params params;
    private final List<NDArray> stem;
    private final List<NDArray> stemTime;
    private final List<List<Block>> stages = new ArrayList<>();
    private final NDArray fcWeight;
    private final NDArray fcBias;
    private final List<NDArray> timeEmbed;

    /**
     * Builds the network on its parameters.
     *
     * @param config the architecture
     * @param params fresh, or a checkpoint's; {@code num_batches_tracked} is left out
     * @throws IllegalArgumentException if a tensor is missing, unknown or of another shape; it is named
     */
    public ResNet(ResNetConfig config, Params params) {
        this.config = config;
        this.params = params;
        int kernel = config.stem() == ResNetConfig.Stem.IMAGENET ? 7 : 3;
        stem = new ArrayList<>();
        convBn(stem, params, "conv1", "bn1", config.inChannels(), config.width(), kernel);
        stemTime = time(ResNetConfig.Time.ONCE, params, config.width());
        int channels = config.width();
        for (int stage = 0; stage < config.layers().size(); stage++) {
            List<Block> blocks = new ArrayList<>();
            for (int i = 0; i < config.layers().get(stage); i++) {
                Params p = params.at("layer" + (stage + 1)).at("" + i);
                int stride = stage > 0 && i == 0 ? 2 : 1;
                blocks.add(block(p, channels, config.width() << stage, stride));
                channels = (config.width() << stage) * expansion();
            }
            stages.add(blocks);
        }
        fcWeight = params.get("fc.weight", FAN_IN, channels, config.outputs(), channels);
        fcBias = params.get("fc.bias", FAN_IN, channels, config.outputs());
        timeEmbed = timeEmbed();
        params.requireAllUsed();
    }

    private int expansion() {
        return config.block() == ResNetConfig.Block.BASIC ? 1 : 4;
    }

    private Block block(Params p, int in, int width, int stride) {
        List<NDArray> w = new ArrayList<>();
        int out = width * expansion();
        boolean basic = config.block() == ResNetConfig.Block.BASIC;
        convBn(w, p, "conv1", "bn1", in, width, basic ? 3 : 1);
        convBn(w, p, "conv2", "bn2", width, width, 3);
        if (!basic) {
            convBn(w, p, "conv3", "bn3", width, out, 1);
        }
        if (stride > 1 || in != out) {
            convBn(w, p, "downsample.0", "downsample.1", in, out, 1);
        }
        List<NDArray> time = time(ResNetConfig.Time.EVERY_BLOCK, p, width);
        return new Block(w, time, basic ? stride : 1, basic ? 1 : stride);
    }

    /** A convolution without bias and its normalisation: five tensors. */
    private static void convBn(
            List<NDArray> w, Params p, String conv, String bn, int in, int out, int kernel) {
        long fanIn = (long) in * kernel * kernel;
        w.add(p.get(conv + ".weight", FAN_IN, fanIn, out, in, kernel, kernel));
        w.add(p.get(bn + ".weight", ONE, 0, out));
        w.add(p.get(bn + ".bias", ZERO, 0, out));
        w.add(p.buffer(bn + ".running_mean", ZERO, out));
        w.add(p.buffer(bn + ".running_var", ONE, out));
        p.leaveOut(bn + ".num_batches_tracked");
    }

    /** Scale and shift from the time embedding, at first the identity; empty where the architecture has none. */
    private List<NDArray> time(ResNetConfig.Time where, Params p, int channels) {
        if (config.time() != where) {
            return List.of();
        }
        return List.of(
                p.get("time.weight", ZERO, 0, 2L * channels, 4L * config.width()),
                p.get("time.bias", ZERO, 0, 2L * channels));
    }

    private List<NDArray> timeEmbed() {
        if (config.time() == ResNetConfig.Time.NONE) {
            return List.of();
        }
        long in = config.width();
        long out = 4 * in;
        Params p = params.at("time_embed");
        return List.of(
                p.get("0.weight", FAN_IN, in, out, in),
                p.get("0.bias", FAN_IN, in, out),
                p.get("2.weight", FAN_IN, out, out, out),
                p.get("2.bias", FAN_IN, out, out));
    }

    /**
     * The output by running statistics, for a network without time.
     *
     * @param x (N, C, H, W), float32
     * @return (N, outputs): class scores before the softmax, or embeddings
     * @throws IllegalArgumentException if an argument does not fit the architecture
     */
    public NDArray forward(NDArray x) {
        return forward(x, null);
    }

    /**
     * The output by running statistics.
     *
     * @param x (N, C, H, W), float32
     * @param t one time per row, as the training schedule's index; null for a network without time
     * @return (N, outputs): class scores before the softmax, or embeddings
     * @throws IllegalArgumentException if an argument does not fit the architecture
     */
    public NDArray forward(NDArray x, double[] t) {
        return Scope.keep(() -> output(pooled(x, t, false)));
    }

    /**
     * The output by the batch's own statistics, which also move the running ones: for training. Recorded if the parameters are.
     *
     * @param x (N, C, H, W), float32, at least two rows
     * @param t one time per row; null for a network without time
     * @return (N, outputs)
     * @throws IllegalArgumentException if an argument does not fit the architecture, or there is a single row
     */
    public NDArray train(NDArray x, double[] t) {
        if (x.getShape().get(0) < 2) {
            throw new IllegalArgumentException(
                    "x: "
                            + x.getShape().get(0)
                            + " row; statistics of a batch need at least 2 rows");
        }
        return output(pooled(x, t, true));
    }

    /**
     * What the last layer reads: the features of Frechet distances and of precision and recall.
     *
     * @param x (N, C, H, W), float32
     * @param t one time per row; null for a network without time
     * @return (N, {@link ResNetConfig#features})
     * @throws IllegalArgumentException if an argument does not fit the architecture
     */
    public NDArray features(NDArray x, double[] t) {
        return Scope.keep(() -> pooled(x, t, false));
    }

    /**
     * The feature maps after one stage.
     *
     * @param x (N, C, H, W), float32
     * @param t one time per row; null for a network without time
     * @param stage 1 to the number of stages
     * @return (N, channels, height, width) there
     * @throws IllegalArgumentException if an argument does not fit the architecture
     */
    public NDArray stage(NDArray x, double[] t, int stage) {
        if (stage < 1 || stage > stages.size()) {
            throw new IllegalArgumentException(
                    "stage: " + stage + " of " + stages.size() + "; 1 is the first");
        }
        return Scope.keep(() -> stages(x, t, stage, false));
    }

    private NDArray pooled(NDArray x, double[] t, boolean training) {
        NDArray h = stages(x, t, stages.size(), training);
        return config.gem() == 0 ? Ops.meanPool(h) : Ops.gemPool(h, config.gem());
    }

    private NDArray output(NDArray pooled) {
        NDArray out = Ops.linear(pooled, fcWeight, fcBias);
        return config.normalised() ? Ops.unitRows(out) : out;
    }

    private NDArray stages(NDArray x, double[] t, int last, boolean training) {
        check(x, t);
        NDArray emb = embed(x, t);
        int stride = config.stem() == ResNetConfig.Stem.IMAGENET ? 2 : 1;
        NDArray h = Ops.call("resnet_stem", x, stem, timed(emb, stemTime), stride, training);
        int convs = config.block() == ResNetConfig.Block.BASIC ? 2 : 3;
        for (List<Block> blocks : stages.subList(0, last)) {
            for (Block b : blocks) {
                try (NDArray used = h) {
                    h =
                            Ops.call(
                                    "resnet_block",
                                    used,
                                    b.weights,
                                    timed(emb, b.time),
                                    convs,
                                    b.first,
                                    b.second,
                                    training);
                }
            }
        }
        return h;
    }

    private static List<NDArray> timed(NDArray emb, List<NDArray> module) {
        return module.isEmpty() ? module : List.of(emb, module.get(0), module.get(1));
    }

    private NDArray embed(NDArray x, double[] t) {
        if (t == null) {
            return null;
        }
        double[] scaled = new double[t.length];
        for (int i = 0; i < t.length; i++) {
            scaled[i] = t[i] * config.timeFactor();
        }
        NDArray sinusoids = TimeEmbedding.cosFirst(x.getManager(), scaled, config.width());
        return Ops.call(
                "time_embed",
                sinusoids,
                timeEmbed.get(0),
                timeEmbed.get(1),
                timeEmbed.get(2),
                timeEmbed.get(3));
    }

    private void check(NDArray x, double[] t) {
        config.requireItem(x.getShape().slice(1));
        boolean timed = config.time() != ResNetConfig.Time.NONE;
        if (timed != (t != null)) {
            throw new IllegalArgumentException(
                    timed
                            ? "t: none, but this network has a time module"
                            : "t: given to a network without time module");
        }
        if (timed && t.length != x.getShape().get(0)) {
            throw new IllegalArgumentException(
                    "t: " + t.length + " times for " + x.getShape().get(0) + " rows");
        }
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
     * The architecture.
     *
     * @return the configuration that builds it again
     */
    public ResNetConfig config() {
        return config;
    }
}
