package memoria.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import memoria.data.Checksum;
import memoria.diffusion.Noise;
import memoria.torch.Tensors;

/**
 * The parameters of a network by name. A network asks for each once, with the shape it needs and how a fresh one starts: a loaded set
 * answers with the checkpoint's tensor or an error that names it, a fresh set makes it. {@link #at} gives a sub-module its own view.
 */
public final class Params {

    /** How a parameter starts when it is not loaded. */
    public enum Init {
        /** 0. */
        ZERO,
        /** 1. */
        ONE,
        /** Standard normal: tables of embeddings. */
        NORMAL,
        /** Uniform in +-1/sqrt(fan-in), PyTorch's default of linear and convolution layers. */
        FAN_IN
    }

    /** What all views of one set share. */
    private static final class Shared {
        final NDManager owner;
        final Map<String, NDArray> tensors;
        final Set<String> asked = new LinkedHashSet<>();
        final Set<String> buffers = new HashSet<>();
        final Long seed;
        final UnaryOperator<String> called;
        boolean shapesOnly;

        Shared(
                NDManager owner,
                Map<String, NDArray> tensors,
                Long seed,
                UnaryOperator<String> called) {
            this.owner = owner;
            this.tensors = tensors;
            this.seed = seed;
            this.called = called;
        }
    }

    private final Shared set;
    private final String prefix;

    private Params(Shared set, String prefix) {
        this.set = set;
        this.prefix = prefix;
    }

    /**
     * Parameters from a checkpoint.
     *
     * @param owner the manager they live on
     * @param tensors by name, float32
     * @return the set
     */
    public static Params of(NDManager owner, Map<String, NDArray> tensors) {
        return of(owner, tensors, UnaryOperator.identity());
    }

    /**
     * Parameters from a checkpoint that calls them otherwise.
     *
     * @param owner the manager they live on
     * @param tensors by our names
     * @param called what the checkpoint calls a parameter of ours, for messages
     * @return the set
     */
    public static Params of(
            NDManager owner, Map<String, NDArray> tensors, UnaryOperator<String> called) {
        return new Params(new Shared(owner, new LinkedHashMap<>(tensors), null, called), "");
    }

    /**
     * Parameters made when they are first asked for. The values depend on the seed and each parameter's name only.
     *
     * @param owner the manager they live on
     * @param seed of the initial values
     * @return the set
     */
    public static Params fresh(NDManager owner, long seed) {
        return new Params(
                new Shared(owner, new LinkedHashMap<>(), seed, UnaryOperator.identity()), "");
    }

    /**
     * Parameters without values: a network of any size is built on them in no memory, to count what it takes or to check its shapes. Each is one
     * zero, seen in the shape that was asked for.
     *
     * @param owner the manager they live on
     * @return the set
     */
    public static Params shapes(NDManager owner) {
        Params params = fresh(owner, 0);
        params.set.shapesOnly = true;
        return params;
    }

    /**
     * A view in which every name starts with a prefix.
     *
     * @param child name of the sub-module, without the dot
     * @return the view
     */
    public Params at(String child) {
        return new Params(set, prefix + child + ".");
    }

    /**
     * What the full names of this view start with.
     *
     * @return the prefix with its last dot; empty for the whole set
     */
    public String path() {
        return prefix;
    }

    /** The path of this view, without the last dot. */
    String name() {
        return prefix.isEmpty() ? "" : prefix.substring(0, prefix.length() - 1);
    }

    /**
     * A parameter.
     *
     * @param name within this view
     * @param init how a fresh one starts
     * @param fanIn inputs per output, for {@link Init#FAN_IN}; ignored otherwise
     * @param shape the shape the network needs
     * @return the tensor; the set keeps owning it
     * @throws IllegalArgumentException if a loaded set lacks it or holds another shape
     */
    public NDArray get(String name, Init init, long fanIn, long... shape) {
        Shape wanted = new Shape(shape);
        return get(name, wanted, () -> fresh(prefix + name, init, fanIn, wanted));
    }

    /**
     * A parameter that starts normally distributed.
     *
     * @param name within this view
     * @param std standard deviation of a fresh one
     * @param shape the shape the network needs
     * @return the tensor; the set keeps owning it
     * @throws IllegalArgumentException if a loaded set lacks it or holds another shape
     */
    public NDArray normal(String name, double std, long... shape) {
        Shape wanted = new Shape(shape);
        return get(name, wanted, () -> gaussian(prefix + name, std, wanted));
    }

    /**
     * A tensor that is not trained and starts with given values, such as a filter.
     *
     * @param name within this view
     * @param values of a fresh one, in row-major order
     * @param shape the shape the network needs
     * @return the tensor; the set keeps owning it
     * @throws IllegalArgumentException if a loaded set lacks it or holds another shape
     */
    public NDArray constant(String name, double[] values, long... shape) {
        Shape wanted = new Shape(shape);
        set.buffers.add(prefix + name);
        return get(name, wanted, () -> make(values, 1, 0, wanted));
    }

    private NDArray get(String name, Shape wanted, Supplier<NDArray> start) {
        String full = prefix + name;
        set.asked.add(full);
        NDArray tensor = set.tensors.get(full);
        if (tensor == null && set.seed != null) {
            tensor = set.shapesOnly ? Tensors.spread(set.owner, wanted) : start.get();
            set.tensors.put(full, tensor);
        }
        if (tensor == null) {
            throw new IllegalArgumentException(
                    "params: the checkpoint has no tensor '"
                            + set.called.apply(full)
                            + "' "
                            + wanted
                            + ", which this network needs");
        }
        if (!tensor.getShape().equals(wanted)) {
            throw new IllegalArgumentException(
                    "params: tensor '"
                            + set.called.apply(full)
                            + "' has shape "
                            + tensor.getShape()
                            + ", this network needs "
                            + wanted);
        }
        return tensor;
    }

    /**
     * A tensor that belongs to the network's state but is not trained by gradients, such as running statistics.
     *
     * @param name within this view
     * @param init how a fresh one starts
     * @param shape the shape the network needs
     * @return the tensor; the set keeps owning it
     * @throws IllegalArgumentException if a loaded set lacks it or holds another shape
     */
    public NDArray buffer(String name, Init init, long... shape) {
        set.buffers.add(prefix + name);
        return get(name, init, 1, shape);
    }

    /**
     * Takes the tensors asked for so far in this view as they are: from now on they are buffers.
     *
     * @return this view
     */
    public Params freeze() {
        set.asked.stream().filter(name -> name.startsWith(prefix)).forEach(set.buffers::add);
        return this;
    }

    /**
     * Leaves out a tensor that public checkpoints hold and the network has no use for.
     *
     * @param name within this view; it need not be there
     */
    public void leaveOut(String name) {
        set.tensors.remove(prefix + name);
    }

    private NDArray fresh(String name, Init init, long fanIn, Shape shape) {
        int count = Math.toIntExact(shape.size());
        return switch (init) {
            case ZERO -> set.owner.zeros(shape);
            case ONE -> set.owner.ones(shape);
            case NORMAL -> gaussian(name, 1, shape);
            case FAN_IN -> {
                double bound = 1 / Math.sqrt(fanIn);
                yield make(
                        Noise.uniform("init." + name, set.seed, 0, count),
                        2 * bound,
                        -bound,
                        shape);
            }
        };
    }

    private NDArray gaussian(String name, double std, Shape shape) {
        int count = Math.toIntExact(shape.size());
        return make(Noise.gaussian("init." + name, set.seed, 0, count), std, 0, shape);
    }

    private NDArray make(double[] values, double scale, double shift, Shape shape) {
        float[] out = new float[values.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) (scale * values[i] + shift);
        }
        return Tensors.of(set.owner, out, shape);
    }

    /**
     * Checks that the network asked for everything there is.
     *
     * @throws IllegalArgumentException naming the tensors nobody asked for
     */
    public void requireAllUsed() {
        List<String> unknown = new ArrayList<>(set.tensors.keySet());
        unknown.removeAll(set.asked);
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(
                    "params: "
                            + unknown.size()
                            + " tensor(s) this network does not know: "
                            + unknown.subList(0, Math.min(5, unknown.size()))
                            + (unknown.size() > 5 ? ", ..." : "")
                            + "; the architecture is another one");
        }
    }

    /**
     * All tensors of the set, in the order they were made or loaded.
     *
     * @return full name to tensor, unmodifiable
     */
    public Map<String, NDArray> all() {
        return Collections.unmodifiableMap(set.tensors);
    }

    /**
     * The tensors of this view, under the names it asks for them with.
     *
     * @return name without the view's prefix to tensor; a new map
     */
    public Map<String, NDArray> own() {
        Map<String, NDArray> own = new LinkedHashMap<>();
        set.tensors.forEach(
                (name, tensor) -> {
                    if (name.startsWith(prefix)) {
                        own.put(name.substring(prefix.length()), tensor);
                    }
                });
        return own;
    }

    /**
     * What gradients train: all tensors but the buffers.
     *
     * @return full name to tensor, in the order of {@link #all}
     */
    public Map<String, NDArray> trainable() {
        Map<String, NDArray> trained = new LinkedHashMap<>(set.tensors);
        trained.keySet().removeAll(set.buffers);
        return trained;
    }

    /**
     * Whether gradients with respect to the parameters are recorded; with respect to buffers they never are.
     *
     * @param recording true while training
     */
    public void setRequiresGradient(boolean recording) {
        trainable().values().forEach(t -> t.setRequiresGradient(recording));
    }

    /**
     * The manager the parameters live on.
     *
     * @return the owner
     */
    public NDManager manager() {
        return set.owner;
    }

    /**
     * A checksum of everything in the set: which network this is, for the spec of what is made with it.
     *
     * @return SHA-256, in lower-case hex, of names, shapes and values in the order of the names
     */
    public String sha256() {
        MessageDigest digest = Checksum.digest();
        for (Map.Entry<String, NDArray> entry : new TreeMap<>(set.tensors).entrySet()) {
            NDArray tensor = entry.getValue();
            digest.update((entry.getKey() + tensor.getShape()).getBytes(StandardCharsets.UTF_8));
            digest.update(tensor.toByteArray());
        }
        return Checksum.hex(digest.digest());
    }

    /**
     * How many numbers the set holds.
     *
     * @return the count over all tensors
     */
    public long count() {
        return set.tensors.values().stream().mapToLong(NDArray::size).sum();
    }
}
