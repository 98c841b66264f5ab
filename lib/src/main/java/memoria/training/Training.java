package memoria.training;

import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import memoria.data.DataSet;
import memoria.diffusion.NoiseSchedule;
import memoria.network.DenoiserFile;
import memoria.network.Network;
import memoria.network.NetworkConfig;
import memoria.network.NetworkDenoiser;
import memoria.network.Params;
import memoria.progress.Interrupted;
import memoria.torch.Torch;

/**
 * Trains a denoiser to predict the noise (Ho, Jain and Abbeel, "Denoising Diffusion Probabilistic Models", 2020, Eq. 14):
 *
 * <pre>{@code
 * L = E_{x0, t, eps} mean (eps - epsTheta(sqrt(alphaBar_t) x0 + sqrt(1 - alphaBar_t) eps, t))^2,   t uniform on 0..T-1
 * }</pre>
 *
 * <p>A network with twice the items' channels learns its variance as well: the variational bound times T / 1000 is added, and trains the
 * second half of the channels alone (Nichol and Dhariwal, "Improved Denoising Diffusion Probabilistic Models", 2021, Eq. 16).
 *
 * <p>Images are drawn epoch by epoch with their multiplicity. Every random number is a function of the recipe's seed and the step, and the
 * folder's {@code state.safetensors} holds weights, averages and moments: a run that was killed continues from its last save and ends in
 * the same weights, bit by bit, on the same number of threads. The result is the averaged weights, in {@code model.safetensors}.
 */
public final class Training extends Trainer<Training> {

    private final DataSet data;
    private final NetworkConfig config;
    private final NoiseSchedule schedule;
    private final Recipe recipe;
    private TrainedConditioner.Builder conditioner;

    /**
     * A training; nothing happens before {@link #run}.
     *
     * @param data distinct images and how often each is shown
     * @param config the architecture
     * @param schedule of the noise
     * @param recipe steps, batch, rates and seed
     * @throws IllegalArgumentException if the parts do not fit each other
     */
    public Training(DataSet data, NetworkConfig config, NoiseSchedule schedule, Recipe recipe) {
        if (data.count() == 0) {
            throw new IllegalArgumentException(
                    "data: the set is empty; at least 1 image is needed");
        }
        int labels = config.numClasses() - (recipe.conditionDropout() > 0 ? 1 : 0);
        if (config.numClasses() > 0) {
            for (int label : data.labels()) {
                if (label >= labels) {
                    throw new IllegalArgumentException(
                            "config: "
                                    + config.numClasses()
                                    + " classes, but the data has label "
                                    + label
                                    + (recipe.conditionDropout() > 0
                                            ? " and one more is needed for 'none'"
                                            : ""));
                }
            }
        } else if (config.contextDim() == 0 && recipe.conditionDropout() > 0) {
            throw new IllegalArgumentException(
                    "recipe: conditionDropout "
                            + recipe.conditionDropout()
                            + " needs a network with classes or one that reads texts");
        }
        config.requireDenoises(data.distinct().item());
        this.data = data;
        this.config = config;
        this.schedule = schedule;
        this.recipe = recipe;
    }

    @Override
    Training self() {
        return this;
    }

    /**
     * Trains a text encoder with a network that reads texts.
     *
     * @param builder of the encoder
     * @return this
     * @throws IllegalArgumentException if the network reads no texts
     */
    public Training optConditioner(TrainedConditioner.Builder builder) {
        if (config.contextDim() == 0) {
            throw new IllegalArgumentException(
                    "conditioner: this network reads no texts, its contextDim is 0");
        }
        this.conditioner = builder;
        return this;
    }

    /**
     * Trains, or continues where the folder's state left off.
     *
     * @param folder where state and model are kept; made if missing
     * @return the trained denoiser with averaged weights; the caller closes it
     * @throws Interrupted if the thread is interrupted: the state is saved, calling again continues
     * @throws IllegalStateException if the folder holds the state of another training, or the loss is no longer a number
     * @throws IllegalArgumentException if the saved state is truncated or damaged; the file is named
     * @throws UncheckedIOException if the folder cannot be written
     */
    public NetworkDenoiser run(Path folder) {
        return DenoiserFile.read(train(folder));
    }

    @Override
    Fit fit() {
        return new Run();
    }

    /** A training under way. */
    private final class Run extends Fit {
        final Params params = Params.fresh(Torch.manager(), recipe.seed());
        final TrainedConditioner conditions =
                conditioner == null ? null : conditioner.build(params);
        final Objective objective = new Objective(data, config, schedule, recipe, conditions);
        final Network network =
                config.build(conditions == null ? params : params.at(conditions.network()));
        final Learner learner = new Learner("", params, recipe);

        Run() {
            super(name(), recipe);
        }

        @Override
        List<Learner> learners() {
            return List.of(learner);
        }

        @Override
        JsonObject identity() {
            return objective.identity();
        }

        @Override
        double update(long k) {
            return learner.descend(k, () -> objective.loss(network, k));
        }

        @Override
        void write(Path model, JsonObject made) {
            if (config.numClasses() > 0 && recipe.conditionDropout() > 0) {
                made.addProperty("emptyLabel", config.numClasses() - 1);
            }
            Shape item = data.distinct().item();
            if (conditions != null) {
                conditions.write(
                        model, learner.averages(), config, schedule, item, withOrigin(made));
                return;
            }
            DenoiserFile.write(model, learner.averages(), config, schedule, item, withOrigin(made));
        }
    }
}
