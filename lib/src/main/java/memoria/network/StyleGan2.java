package memoria.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import memoria.network.Params.Init;
import memoria.network.StyleGan2Config.Activation;
import memoria.network.StyleLayers.Block;
import memoria.network.StyleLayers.Linear;
import memoria.network.StyleLayers.State;
import memoria.torch.Ops;
import memoria.torch.Tensors;

/**
 * The generator of StyleGAN2-ADA (Karras et al., "Training Generative Adversarial Networks with Limited Data", 2020), with its parameter names:
 * {@code x = synthesis(mapping(z))}.
 *
 * <pre>{@code
 * w       = MLP(z / rms(z), embed(class) / rms)        one style for every layer
 * w       = wAvg + psi (w - wAvg)                      of the first layers up to the cutoff
 * h_4     = conv(const, w);  h_2s = conv(conv_up(h_s, w), w)      modulated convolutions, noise, leaky ReLU
 * image   = sum over sizes of upsample(toRGB(h_s, w))
 * }</pre>
 *
 * <p>Everything is computed in single precision. Values are about [-1, 1] and not clipped. The noise is the checkpoint's constant one or none, so
 * an image depends on its latent point only. {@link #optTruncation} and the others return another view of the same parameters.
 */
public final class StyleGan2 implements ImageGenerator {

    /** Noise that the layers add. */
    public enum NoiseMode {
        /** The checkpoint's, the same for all images. */
        CONST,
        /** None. */
        NONE
    }

    /** What a view may change. */
    private record View(int label, double psi, int cutoff, NoiseMode noise) {}

    private final StyleGan2Config config;
    private final Params params;
    private final JsonObject metadata;
    private final Linear embed;
    private final List<Linear> mapping;
    private final NDArray wAvg;
    private final List<Block> blocks;
    private final View view;

    /**
     * Builds the generator.
     *
     * @param config the architecture
     * @param params fresh, or a checkpoint's; freed with this generator
     * @param metadata how it was made
     * @throws IllegalArgumentException if a tensor is missing, unknown or of another shape; it is named
     */
    public StyleGan2(StyleGan2Config config, Params params, JsonObject metadata) {
        this.config = config;
        this.params = params;
        this.metadata = metadata.deepCopy();
        Params map = params.at("mapping");
        int embedded = config.embedded();
        embed =
                embedded == 0
                        ? null
                        : Linear.of(
                                map.at("embed"),
                                config.cDim(),
                                embedded,
                                Activation.LINEAR,
                                1,
                                Init.ZERO);
        mapping = new ArrayList<>();
        int in = config.zDim() + embedded;
        for (int i = 0; i < config.mappingLayers(); i++) {
            boolean last = i == config.mappingLayers() - 1;
            int out = last ? config.wDim() : config.layerWidth();
            mapping.add(
                    Linear.of(
                            map.at("fc" + i),
                            in,
                            out,
                            config.activation(),
                            config.lrMultiplier(),
                            Init.ZERO));
            in = out;
        }
        wAvg = map.buffer("w_avg", Init.ZERO, config.wDim());
        blocks = new ArrayList<>();
        for (int side : config.resolutions()) {
            blocks.add(new Block(params.at("synthesis.b" + side), config, side));
        }
        params.requireAllUsed();
        params.setRequiresGradient(false);
        view = new View(-1, 1, config.numWs(), NoiseMode.CONST);
    }

    private StyleGan2(StyleGan2 of, View view) {
        config = of.config;
        params = of.params;
        metadata = of.metadata;
        embed = of.embed;
        mapping = of.mapping;
        wAvg = of.wAvg;
        blocks = of.blocks;
        this.view = view;
    }

    @Override
    public StyleGan2 ofClass(int label) {
        if (label == 0 && config.cDim() == 0) {
            return this;
        }
        if (label < 0 || label >= config.cDim()) {
            throw new IllegalArgumentException(
                    "label: "
                            + label
                            + (config.cDim() == 0
                                    ? "; this generator has no classes"
                                    : " is not one of 0.." + (config.cDim() - 1)));
        }
        return new StyleGan2(this, new View(label, view.psi, view.cutoff, view.noise));
    }

    /**
     * Truncation: styles are drawn towards the mean style, which trades variety for quality.
     *
     * @param psi 1 for none, the default; 0 for the mean style
     * @return a view of the same parameters
     * @throws IllegalArgumentException if psi is not finite
     */
    public StyleGan2 optTruncation(double psi) {
        return optTruncation(psi, config.numWs());
    }

    /**
     * Truncation of the first layers only.
     *
     * @param psi 1 for none
     * @param cutoff how many layers' styles are drawn to the mean
     * @return a view of the same parameters
     * @throws IllegalArgumentException if psi is not finite or there are not as many layers
     */
    public StyleGan2 optTruncation(double psi, int cutoff) {
        if (!Double.isFinite(psi)) {
            throw new IllegalArgumentException("psi: " + psi + " is not finite");
        }
        if (cutoff < 0 || cutoff > config.numWs()) {
            throw new IllegalArgumentException(
                    "cutoff: " + cutoff + " is not one of 0.." + config.numWs());
        }
        return new StyleGan2(this, new View(view.label, psi, cutoff, view.noise));
    }

    /**
     * Noise that the layers add.
     *
     * @param mode the checkpoint's by default
     * @return a view of the same parameters
     */
    public StyleGan2 optNoise(NoiseMode mode) {
        return new StyleGan2(this, new View(view.label, view.psi, view.cutoff, mode));
    }

    @Override
    public NDArray forward(NDArray z) {
        return synthesis(mapping(z));
    }

    /**
     * The styles of latent points of this view's class, truncated as it says.
     *
     * @param z (N, zDim)
     * @return (N, numWs, wDim)
     * @throws IllegalArgumentException if z has another shape, or the generator has classes and the view none
     */
    public NDArray mapping(NDArray z) {
        if (config.cDim() == 0) {
            return mapping(z, null);
        }
        if (view.label < 0) {
            throw new IllegalArgumentException(
                    "z: this generator makes images of "
                            + config.cDim()
                            + " classes; name one with ofClass");
        }
        int n = Math.toIntExact(z.getShape().get(0));
        float[] oneHot = new float[n * config.cDim()];
        for (int i = 0; i < n; i++) {
            oneHot[i * config.cDim() + view.label] = 1;
        }
        return mapping(z, Tensors.of(z.getManager(), oneHot, new Shape(n, config.cDim())));
    }

    /**
     * The styles of latent points and classes, truncated as this view says.
     *
     * @param z (N, zDim)
     * @param c (N, cDim), usually one-hot; null for an unconditional generator
     * @return (N, numWs, wDim)
     * @throws IllegalArgumentException if one has another shape
     */
    public NDArray mapping(NDArray z, NDArray c) {
        manager();
        require("z", z, config.zDim());
        NDArray x = config.zDim() == 0 ? null : Ops.call("second_moment", z);
        if (embed != null) {
            require("c", c, config.cDim());
            NDArray y = Ops.call("second_moment", embed.forward(c));
            x = x == null ? y : Ops.cat(List.of(x, y), 1);
        }
        for (Linear layer : mapping) {
            x = layer.forward(x);
        }
        NDArray w = x;
        NDArray near = view.psi == 1 ? w : Ops.axpby(view.psi, w, 1 - view.psi, wAvg);
        NDArray[] all = new NDArray[config.numWs()];
        Arrays.setAll(all, i -> (i < view.cutoff ? near : w).expandDims(1));
        return Ops.cat(List.of(all), 1);
    }

    private static void require(String name, NDArray given, int width) {
        if (given == null
                || given.getShape().dimension() != 2
                || given.getShape().get(1) != width) {
            throw new IllegalArgumentException(
                    name
                            + ": "
                            + (given == null ? "none" : "shape " + given.getShape())
                            + "; this generator takes (N, "
                            + width
                            + ")");
        }
    }

    /**
     * Images from styles, which may differ from layer to layer.
     *
     * @param ws (N, numWs, wDim)
     * @return (N, C, H, W)
     * @throws IllegalArgumentException if ws has another shape
     */
    public NDArray synthesis(NDArray ws) {
        manager();
        Shape shape = ws.getShape();
        if (shape.dimension() != 3
                || shape.get(1) != config.numWs()
                || shape.get(2) != config.wDim()) {
            throw new IllegalArgumentException(
                    "ws: shape "
                            + shape
                            + "; this generator takes (N, "
                            + config.numWs()
                            + ", "
                            + config.wDim()
                            + ")");
        }
        NDArray[] styles = new NDArray[config.numWs()];
        Arrays.setAll(styles, i -> Ops.narrow(ws, 1, i, 1).squeeze(1));
        StyleLayers.NoiseOf noise =
                (layer, constant) -> view.noise == NoiseMode.CONST ? constant : null;
        State state = new State(null, null);
        int at = 0;
        for (Block block : blocks) {
            state = block.forward(state, List.of(styles).subList(at, styles.length), noise);
            at += block.styles();
        }
        return state.image();
    }

    @Override
    public int latent() {
        return config.zDim();
    }

    @Override
    public Shape item() {
        return config.item();
    }

    @Override
    public NDManager manager() {
        if (!params.manager().isOpen()) {
            throw new IllegalStateException("model: it was closed; load it again");
        }
        return params.manager();
    }

    /**
     * The architecture.
     *
     * @return the configuration
     */
    public StyleGan2Config config() {
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
     * How it was made, as far as its file tells.
     *
     * @return a copy
     */
    public JsonObject metadata() {
        return metadata.deepCopy();
    }

    /** Frees the parameters, those of all views. */
    @Override
    public void close() {
        params.manager().close();
    }
}
