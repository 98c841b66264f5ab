package memoria.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * AdamW (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, Algorithm 2) that owns its moments, so that they can be
 * saved with the weights and a resumed training continues as if it had never stopped. Without weight decay it is Adam.
 *
 * <pre>{@code
 * m <- beta1 m + (1 - beta1) g          v <- beta2 v + (1 - beta2) g^2
 * w <- (1 - lr decay) w - lr (m / (1 - beta1^k)) / (sqrt(v / (1 - beta2^k)) + eps)
 * }</pre>
 *
 * <p>All tensors are updated in one engine call. Defaults are PyTorch's: beta 0.9 and 0.999, eps 1e-8, no decay, no clipping.
 */
public final class Adam implements AutoCloseable {

    private final NDManager owner;
    private final List<String> names;
    private final List<NDArray> params;
    private final List<NDArray> means;
    private final List<NDArray> squares;
    private double learningRate;
    private double beta1 = 0.9;
    private double beta2 = 0.999;
    private double eps = 1e-8;
    private double weightDecay;
    private double maxNorm = Double.POSITIVE_INFINITY;
    private long steps;

    /**
     * An optimizer with moments of zero.
     *
     * @param params what it updates in place, by name
     * @param learningRate above 0
     * @throws IllegalArgumentException if there is nothing to update or the rate is not positive
     */
    public Adam(Map<String, NDArray> params, double learningRate) {
        if (params.isEmpty()) {
            throw new IllegalArgumentException("params: nothing to optimize");
        }
        this.params = List.copyOf(params.values());
        this.names = List.copyOf(params.keySet());
        this.owner = this.params.get(0).getManager().newSubManager();
        this.means = this.params.stream().map(this::zerosLike).toList();
        this.squares = this.params.stream().map(this::zerosLike).toList();
        optLearningRate(learningRate);
    }

    private NDArray zerosLike(NDArray param) {
        return Scope.release(owner.zeros(param.getShape(), param.getDataType()));
    }

    /**
     * The step size from now on: for warm-up and decay.
     *
     * @param rate above 0
     * @return this
     * @throws IllegalArgumentException if it is not positive
     */
    public Adam optLearningRate(double rate) {
        if (!(rate > 0) || Double.isInfinite(rate)) {
            throw new IllegalArgumentException("learningRate: " + rate + " is not above 0");
        }
        this.learningRate = rate;
        return this;
    }

    /**
     * Decay of the moments.
     *
     * @param first of the mean, 0 to below 1
     * @param second of the square, 0 to below 1
     * @return this
     * @throws IllegalArgumentException if one is out of range
     */
    public Adam optBetas(double first, double second) {
        if (!(first >= 0 && first < 1 && second >= 0 && second < 1)) {
            throw new IllegalArgumentException(
                    "betas: " + first + ", " + second + " are not in [0, 1)");
        }
        this.beta1 = first;
        this.beta2 = second;
        return this;
    }

    /**
     * Decoupled weight decay.
     *
     * @param decay 0 or more
     * @return this
     * @throws IllegalArgumentException if it is negative
     */
    public Adam optWeightDecay(double decay) {
        if (!(decay >= 0)) {
            throw new IllegalArgumentException("weightDecay: " + decay + " is not 0 or more");
        }
        this.weightDecay = decay;
        return this;
    }

    /**
     * Scales gradients down whose norm over all tensors is larger.
     *
     * @param norm above 0
     * @return this
     * @throws IllegalArgumentException if it is not positive
     */
    public Adam optClipNorm(double norm) {
        if (!(norm > 0)) {
            throw new IllegalArgumentException("clipNorm: " + norm + " is not above 0");
        }
        this.maxNorm = norm;
        return this;
    }

    /**
     * One update.
     *
     * @param grads one gradient per parameter, in the order of the map given at construction
     * @throws IllegalArgumentException if their number differs
     */
    public void step(List<NDArray> grads) {
        if (grads.size() != params.size()) {
            throw new IllegalArgumentException(
                    "grads: " + grads.size() + " for " + params.size() + " parameters");
        }
        steps++;
        double clip =
                maxNorm == Double.POSITIVE_INFINITY
                        ? 1
                        : Math.min(1, maxNorm / (norm(grads) + 1e-6));
        double correction1 = 1 - Math.pow(beta1, steps);
        double correction2 = 1 - Math.pow(beta2, steps);
        Autograd.off(
                () ->
                        Scope.use(
                                () ->
                                        Ops.script(params.get(0))
                                                .run(
                                                        "adam",
                                                        params,
                                                        grads,
                                                        means,
                                                        squares,
                                                        beta1,
                                                        1 - beta1,
                                                        beta2,
                                                        1 - beta2,
                                                        1 - learningRate * weightDecay,
                                                        -learningRate / correction1,
                                                        Math.sqrt(correction2),
                                                        eps,
                                                        clip)));
    }

    /**
     * The Euclidean norm over all elements of all tensors: not a number, or infinite, as soon as one element is.
     *
     * @param tensors at least one
     * @return {@code sqrt(sum x^2)}
     */
    public static double norm(List<NDArray> tensors) {
        return Scope.use(
                () -> {
                    NDArray sum = Ops.script(tensors.get(0)).run("square_sum", tensors);
                    return Math.sqrt(Ops.cast(sum, DataType.FLOAT64).getDouble());
                });
    }

    /**
     * Everything a resumed training needs beside the weights.
     *
     * @return {@code mean.NAME} and {@code square.NAME} of every parameter; the optimizer keeps owning them
     */
    public Map<String, NDArray> state() {
        Map<String, NDArray> state = new LinkedHashMap<>();
        for (int i = 0; i < names.size(); i++) {
            state.put("mean." + names.get(i), means.get(i));
            state.put("square." + names.get(i), squares.get(i));
        }
        return state;
    }

    /**
     * How many updates were made: part of the state, for it scales the moments.
     *
     * @return the count
     */
    public long steps() {
        return steps;
    }

    /**
     * Continues from a saved state.
     *
     * @param state what {@link #state} gave
     * @param stepsDone what {@link #steps} gave
     * @throws IllegalArgumentException if a tensor is missing or has another shape
     */
    public void restore(Map<String, NDArray> state, long stepsDone) {
        state().forEach(
                        (name, mine) -> {
                            NDArray saved = state.get(name);
                            if (saved == null || !saved.getShape().equals(mine.getShape())) {
                                throw new IllegalArgumentException(
                                        "state: '"
                                                + name
                                                + "' "
                                                + (saved == null
                                                        ? "is missing"
                                                        : "has shape " + saved.getShape())
                                                + ", needed is "
                                                + mine.getShape());
                            }
                            Ops.assign(mine, saved);
                        });
        steps = stepsDone;
    }

    /**
     * Moves tensors a fraction of the way towards others, in place: {@code x <- x + weight (target - x)}, an exponential moving average.
     *
     * @param averages what is moved
     * @param targets as many, of the same shapes
     * @param weight 0 to 1
     */
    public static void average(List<NDArray> averages, List<NDArray> targets, double weight) {
        Autograd.off(
                () ->
                        Scope.use(
                                () ->
                                        Ops.script(averages.get(0))
                                                .run("move_towards", averages, targets, weight)));
    }

    /** Frees the moments. */
    @Override
    public void close() {
        owner.close();
    }
}
