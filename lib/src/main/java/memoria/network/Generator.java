package memoria.network;

import static memoria.network.Params.Init.FAN_IN;
import static memoria.network.Params.Init.ONE;
import static memoria.network.Params.Init.ZERO;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import memoria.torch.Ops;

/**
 * The generator of a GAN: {@code x = G(z)}, one pass from a latent point to an image.
 *
 * <pre>{@code
 * h_0 = reshape(W z + b, 4x4)
 * h_i = conv(upsample(silu(norm(h_{i-1}))))         i = 1..levels, twice the size, half the channels
 * x   = tanh(conv(silu(norm(h_levels))))
 * }</pre>
 *
 * <p>Its normalisations are over groups of channels, so that an image depends on its own latent point only. Image i belongs to seed i here
 * too. It owns its parameters; close it to free them.
 */
public final class Generator implements ImageGenerator {

    private static final String KIND = "generator";
    private static final String ARCHITECTURE = "architecture";
    private static final String MADE = "made";
    private static final double EPS = 1e-5;

    /** Parameters of one doubling. */
    private record Level(NDArray scale, NDArray shift, NDArray weight, NDArray bias) {}

    private final GeneratorConfig config;
    private final Params params;
    private final JsonObject metadata;
    private final NDArray weight;
    private final NDArray bias;
    private final List<Level> levels = new ArrayList<>();

    /**
     * Builds the generator.
     *
     * @param config the architecture
     * @param params fresh, or a checkpoint's; freed with this generator
     * @param metadata how it was made; empty while it is
     * @throws IllegalArgumentException if a tensor is missing, unknown or of another shape; it is named
     */
    public Generator(GeneratorConfig config, Params params, JsonObject metadata) {
        this.config = config;
        this.params = params;
        this.metadata = metadata.deepCopy();
        long features = (long) config.width(0) * config.smallest() * config.smallest();
        weight = params.get("input.weight", FAN_IN, config.latent(), features, config.latent());
        bias = params.get("input.bias", FAN_IN, config.latent(), features);
        for (int i = 0; i < config.levels(); i++) {
            levels.add(level(params.at("levels." + i), config.width(i), config.width(i + 1)));
        }
        levels.add(level(params.at("output"), config.width(), config.channels()));
        params.requireAllUsed();
    }

    private static Level level(Params p, int in, int out) {
        return new Level(
                p.get("norm.weight", ONE, 0, in),
                p.get("norm.bias", ZERO, 0, in),
                p.get("conv.weight", FAN_IN, 9L * in, out, in, 3, 3),
                p.get("conv.bias", FAN_IN, 9L * in, out));
    }

    /** In [-1, 1]. */
    @Override
    public NDArray forward(NDArray z) {
        Shape shape = z.getShape();
        if (shape.dimension() != 2 || shape.get(1) != config.latent()) {
            throw new IllegalArgumentException(
                    "z: shape " + shape + "; this generator takes (N, " + config.latent() + ")");
        }
        manager();
        int side = config.smallest();
        NDArray h = Ops.linear(z, weight, bias).reshape(shape.get(0), config.width(0), side, side);
        for (int i = 0; i < config.levels(); i++) {
            Level l = levels.get(i);
            h = Ops.silu(Ops.groupNorm(h, config.groups(), l.scale, l.shift, EPS));
            h = Ops.call("upsample_conv", h, l.weight, l.bias);
        }
        Level last = levels.get(config.levels());
        return Ops.call(
                        "norm_silu_conv",
                        h,
                        last.scale,
                        last.shift,
                        last.weight,
                        last.bias,
                        config.groups(),
                        EPS)
                .tanh();
    }

    @Override
    public int latent() {
        return config.latent();
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
     * @return the configuration that builds it again
     */
    public GeneratorConfig config() {
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
     * How it was made: recipe, data, loss curve.
     *
     * @return a copy
     */
    public JsonObject metadata() {
        return metadata.deepCopy();
    }

    /**
     * Writes a generator; the file appears under its name only when it is whole.
     *
     * @param file where
     * @param parameters by name, such as {@code params().all()} or averages of them
     * @param config the architecture they belong to
     * @param made how it was made
     */
    public static void write(
            Path file, Map<String, NDArray> parameters, GeneratorConfig config, JsonObject made) {
        ModelFile.write(file, KIND, parameters, Map.of(ARCHITECTURE, config.toJson(), MADE, made));
    }

    /**
     * Reads a generator onto the current device.
     *
     * @param file what {@link #write} wrote
     * @return the generator; the caller closes it
     * @throws IllegalArgumentException if the file is damaged, foreign, or its tensors do not fit its architecture; the file and the reason
     *     are named
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static Generator read(Path file) {
        return ModelFile.read(
                file,
                KIND,
                (params, parts) ->
                        new Generator(
                                GeneratorConfig.of(parts.object(ARCHITECTURE)),
                                params,
                                parts.object(MADE)));
    }

    @Override
    public void close() {
        params.manager().close();
    }
}
