package memoria.network;

import static memoria.network.Params.Init.FAN_IN;
import static memoria.network.Params.Init.ZERO;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import memoria.json.JsonRecord;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scope;
import memoria.torch.Torch;

/**
 * Low-rank adaptation (Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2022, Eq. 3): chosen weights of a network move by a
 * product of two thin matrices, and nothing else is trained.
 *
 * <pre>{@code
 * W' = W + (alpha / rank) B A,   A (rank, in) as a fresh layer, B (out, rank) zero
 * }</pre>
 *
 * <p>A convolution's kernel counts as a matrix of (out, in k k). A and B are float32 whatever the network's type is; the product is taken
 * in float32 and then rounded to it. Files name the matrices {@code LAYER.lora_A.weight} and {@code LAYER.lora_B.weight}.
 */
public final class Lora implements AutoCloseable {

    /** The attention layers of a UNet that reads texts: queries, keys, values and what follows them. */
    public static final String ATTENTION = ".*\\.attn[12]\\.(to_[qkv]|to_out\\.0)\\.weight";

    /** All layers of a UNet's blocks: its attention, what projects into and out of it, and the convolutions of the residual blocks. */
    public static final String BLOCKS =
            ".*(attn[12]\\.(to_[qkv]|to_out\\.0)|ff\\.net\\.(0\\.proj|2)|proj_in|proj_out|in_layers\\.2|out_layers\\.3|emb_layers\\.1)\\.weight";

    private static final String KIND = "low-rank adapter";
    private static final String ADAPTER = "adapter";
    private static final String MADE = "made";
    private static final String WEIGHT = ".weight";

    /**
     * What an adapter is beside its matrices.
     *
     * @param layers regular expression of the weights' names, as the network asks for them
     * @param rank of the product, at least 1
     * @param alpha the product is multiplied with alpha / rank
     */
    public record Config(String layers, int rank, double alpha) {
        /**
         * Checks every argument.
         *
         * @param layers as in the record
         * @param rank as in the record
         * @param alpha as in the record
         * @throws IllegalArgumentException if one is not legal; it is named
         */
        public Config {
            Pattern.compile(layers);
            if (rank < 1) {
                throw new IllegalArgumentException("rank: " + rank + " is not at least 1");
            }
            if (!Double.isFinite(alpha) || alpha == 0) {
                throw new IllegalArgumentException("alpha: " + alpha + " is 0 or not finite");
            }
        }

        /**
         * An adapter of the attention layers with alpha equal to its rank.
         *
         * @param rank at least 1
         * @return the configuration
         */
        public static Config attention(int rank) {
            return new Config(ATTENTION, rank, rank);
        }

        /**
         * An adapter of all layers of the blocks with alpha equal to its rank: it learns many times faster than one of the attention alone.
         *
         * @param rank at least 1
         * @return the configuration
         */
        public static Config blocks(int rank) {
            return new Config(BLOCKS, rank, rank);
        }
    }

    /** The two matrices of one weight. */
    private record Pair(NDArray a, NDArray b) {}

    private final Config config;
    private final Map<String, NDArray> base;
    private final Params params;
    private final Map<String, Pair> pairs = new LinkedHashMap<>();

    /**
     * An adapter that changes nothing yet.
     *
     * @param network whose weights it moves; it stays as it is
     * @param config which layers, rank and scale
     * @param seed of the first matrices
     * @return the adapter; the caller closes it
     * @throws IllegalArgumentException if no layer matches
     */
    public static Lora fresh(Network network, Config config, long seed) {
        return new Lora(network, config, Params.fresh(Torch.manager(), seed));
    }

    private Lora(Network network, Config config, Params params) {
        this.config = config;
        this.params = params;
        this.base = network.params().own();
        Pattern layers = Pattern.compile(config.layers());
        base.forEach(
                (name, weight) -> {
                    if (name.endsWith(WEIGHT) && layers.matcher(name).matches()) {
                        pairs.put(name, pair(name, weight.getShape()));
                    }
                });
        if (pairs.isEmpty()) {
            throw new IllegalArgumentException(
                    "layers: '" + config.layers() + "' matches none of the network's weights");
        }
        params.requireAllUsed();
    }

    private Pair pair(String name, Shape shape) {
        if (shape.dimension() < 2) {
            throw new IllegalArgumentException(
                    "layers: '" + name + "' has shape " + shape + ", it is no matrix");
        }
        Params p = params.at(name.substring(0, name.length() - WEIGHT.length()));
        long out = shape.get(0);
        long in = shape.size() / out;
        return new Pair(
                p.get("lora_A" + WEIGHT, FAN_IN, in, config.rank(), in),
                p.get("lora_B" + WEIGHT, ZERO, 0, out, config.rank()));
    }

    /**
     * The matrices: what is trained.
     *
     * @return their set
     */
    public Params params() {
        return params;
    }

    /**
     * Which layers, rank and scale.
     *
     * @return the configuration
     */
    public Config config() {
        return config;
    }

    /**
     * The network's parameters with the matrices in them, computed anew: inside {@link Autograd#on} gradients reach A and B. A network
     * built on them lives as long as the scope this is called in.
     *
     * @return a set for {@link NetworkConfig#build}
     */
    public Params adapted() {
        Map<String, NDArray> moved = new LinkedHashMap<>(base);
        pairs.forEach((name, pair) -> moved.put(name, moved(base.get(name), pair)));
        return Params.of(params.manager(), moved);
    }

    private NDArray moved(NDArray weight, Pair pair) {
        NDArray product = pair.b().matMul(pair.a()).reshape(weight.getShape());
        NDArray wide = Ops.cast(weight, DataType.FLOAT32);
        NDArray sum = Ops.axpby(1, wide, config.alpha() / config.rank(), product);
        return weight.getDataType() == DataType.FLOAT32 ? sum : Ops.cast(sum, weight.getDataType());
    }

    /**
     * The adapted network as a model of its own, the product added once and for all.
     *
     * @param model the one this adapter was made for
     * @return the merged model; the caller closes it
     */
    public NetworkDenoiser merge(NetworkDenoiser model) {
        NDManager owner = Torch.manager();
        Map<String, NDArray> merged = new LinkedHashMap<>();
        Autograd.off(
                () ->
                        Scope.use(
                                () -> {
                                    adapted()
                                            .all()
                                            .forEach((name, w) -> merged.put(name, copy(owner, w)));
                                    return null;
                                }));
        return new NetworkDenoiser(
                model.network().config().build(Params.of(owner, merged)),
                model.schedule(),
                model.item(),
                model.metadata());
    }

    private static NDArray copy(NDManager owner, NDArray weight) {
        NDArray copy = Scope.release(weight.duplicate());
        copy.attach(owner);
        return copy;
    }

    /**
     * Writes the matrices; the file appears under its name only when it is whole.
     *
     * @param file where
     * @param made how they were made
     */
    public void save(Path file, JsonObject made) {
        write(file, params.all(), config, made);
    }

    /**
     * As {@link #save}, for averages of the matrices.
     *
     * @param file where
     * @param matrices by name
     * @param config of the adapter
     * @param made how they were made
     */
    public static void write(
            Path file, Map<String, NDArray> matrices, Config config, JsonObject made) {
        ModelFile.write(
                file, KIND, matrices, Map.of(ADAPTER, JsonRecord.write(config), MADE, made));
    }

    /**
     * Reads an adapter.
     *
     * @param file what {@link #save} wrote
     * @param network whose weights it moves
     * @return the adapter; the caller closes it
     * @throws IllegalArgumentException if the file is damaged, foreign, or belongs to another network; the file and the reason are named
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static Lora load(Path file, Network network) {
        return ModelFile.read(
                file,
                KIND,
                (params, parts) ->
                        new Lora(
                                network,
                                JsonRecord.read(parts.object(ADAPTER), Config.class),
                                params));
    }

    /**
     * An adapter whose matrices were kept elsewhere than in a file of its own.
     *
     * @param network whose weights it moves; it stays as it is
     * @param config which layers, rank and scale
     * @param matrices by the names that {@link #params} gives them; closed with the adapter
     * @return the adapter; the caller closes it
     * @throws IllegalArgumentException if a matrix is missing, surplus or of another shape; it is named
     */
    public static Lora of(Network network, Config config, Params matrices) {
        return new Lora(network, config, matrices);
    }

    /**
     * The names of the weights that move.
     *
     * @return as the network asks for them
     */
    public List<String> layers() {
        return List.copyOf(pairs.keySet());
    }

    /** Frees the matrices. */
    @Override
    public void close() {
        params.manager().close();
    }
}
