package memoria.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import memoria.network.Params;
import memoria.torch.Adam;
import memoria.torch.Autograd;
import memoria.torch.Scope;

/** One network while it is trained: its parameters, their running averages, and the optimizer with its moments. */
final class Learner implements AutoCloseable {

    private final String prefix;
    private final Params params;
    private final Recipe recipe;
    private final List<NDArray> weights;
    private final Map<String, NDArray> averages = new LinkedHashMap<>();
    private final Adam adam;

    /**
     * A learner at its first step.
     *
     * @param prefix of its tensors' names in the state; empty where it is the only one
     * @param params of a network that was built on them; closed with this learner
     * @param recipe rates and limits
     */
    Learner(String prefix, Params params, Recipe recipe) {
        this.prefix = prefix;
        this.params = params;
        this.recipe = recipe;
        this.weights = List.copyOf(params.trainable().values());
        params.all().forEach((key, tensor) -> averages.put(key, tensor.duplicate()));
        params.setRequiresGradient(true);
        adam =
                new Adam(params.trainable(), recipe.learningRate())
                        .optWeightDecay(recipe.weightDecay());
        if (recipe.clipNorm() > 0) {
            adam.optClipNorm(recipe.clipNorm());
        }
    }

    /** The decays of the optimizer's moments, where they are not Adam's own. */
    Learner optBetas(double first, double second) {
        adam.optBetas(first, second);
        return this;
    }

    /** One step down a loss, which is computed inside; its value. */
    double descend(long step, Supplier<NDArray> loss) {
        if (recipe.warmup() > 0) {
            adam.optLearningRate(
                    recipe.learningRate() * Math.min(1, (step + 1.0) / recipe.warmup()));
        }
        double value =
                Scope.use(
                        () -> {
                            NDArray scalar = Autograd.on(loss);
                            adam.step(Autograd.grads(scalar, weights));
                            return (double) scalar.getFloat();
                        });
        double decay = Math.min(recipe.ema(), (1.0 + step) / (10.0 + step));
        Adam.average(List.copyOf(averages.values()), List.copyOf(params.all().values()), 1 - decay);
        return value;
    }

    /** The averaged parameters by name. */
    Map<String, NDArray> averages() {
        return averages;
    }

    /** The Euclidean norm of all parameters: not a number as soon as one of them is not. */
    double norm() {
        return Adam.norm(weights);
    }

    /** Owner of the parameters. */
    NDManager manager() {
        return params.manager();
    }

    /** Everything that a resumed training needs. */
    Map<String, NDArray> state() {
        Map<String, NDArray> tensors = new LinkedHashMap<>();
        params.all().forEach((key, tensor) -> tensors.put(prefix + "param." + key, tensor));
        averages.forEach((key, tensor) -> tensors.put(prefix + "average." + key, tensor));
        adam.state().forEach((key, tensor) -> tensors.put(prefix + key, tensor));
        return tensors;
    }

    /** Continues from a saved state. */
    void restore(TrainingState state) {
        state().forEach((key, tensor) -> state.copy(key, tensor));
        adam.restore(adam.state(), state.step());
    }

    @Override
    public void close() {
        adam.close();
        params.manager().close();
    }
}
