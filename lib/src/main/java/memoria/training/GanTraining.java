package memoria.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.List;
import memoria.data.DataSet;
import memoria.diffusion.Noise;
import memoria.diffusion.Seeds;
import memoria.network.Discriminator;
import memoria.network.Generator;
import memoria.network.GeneratorConfig;
import memoria.network.Params;
import memoria.torch.Autograd;
import memoria.torch.Scalars;
import memoria.torch.Torch;

/**
 * Trains a {@link Generator} against a {@link Discriminator} with the non-saturating loss (Goodfellow et al. 2014) and the gradient penalty
 * on real images that makes it converge (Mescheder, Geiger and Nowozin, "Which Training Methods for GANs do actually Converge?", 2018,
 * Eq. 9):
 *
 * <pre>{@code
 * L_D = E softplus(-D(x)) + E softplus(D(G(z))) + gamma / 2 E ||grad D(x)||^2
 * L_G = E softplus(-D(G(z)))
 * }</pre>
 *
 * <p>One step is one update of each, of the discriminator first. The penalty is taken every few steps and weighted up accordingly (Karras et
 * al. 2020). The loss shown is the generator's.
 */
public final class GanTraining extends Trainer<GanTraining> {

    private final DataSet data;
    private final GeneratorConfig config;
    private final Recipe recipe;
    private double penalty = 0.1;
    private int penaltyEvery = 4;

    /**
     * A training; nothing happens before {@link #run}.
     *
     * @param data distinct images and how often each is shown
     * @param config the architecture
     * @param recipe steps, batch, rates and seed; of conditions it knows nothing
     * @throws IllegalArgumentException if the parts do not fit each other
     */
    public GanTraining(DataSet data, GeneratorConfig config, Recipe recipe) {
        if (data.count() == 0) {
            throw new IllegalArgumentException(
                    "data: the set is empty; at least 1 image is needed");
        }
        if (!data.distinct().item().equals(config.item())) {
            throw new IllegalArgumentException(
                    "config: makes images of shape "
                            + config.item()
                            + ", but those of the data have "
                            + data.distinct().item());
        }
        if (recipe.conditionDropout() > 0) {
            throw new IllegalArgumentException(
                    "recipe: conditionDropout "
                            + recipe.conditionDropout()
                            + "; a generator has no condition, only 0 is legal");
        }
        this.data = data;
        this.config = config;
        this.recipe = recipe;
    }

    /**
     * The gradient penalty.
     *
     * @param gamma its weight, 0 or more; 0.1 by default
     * @param every so many steps it is taken, at least 1; 4 by default
     * @return this
     * @throws IllegalArgumentException if an argument is out of range
     */
    public GanTraining optPenalty(double gamma, int every) {
        if (!(gamma >= 0) || Double.isInfinite(gamma)) {
            throw new IllegalArgumentException("gamma: " + gamma + " is not 0 or more");
        }
        if (every < 1) {
            throw new IllegalArgumentException("every: " + every + " is not at least 1");
        }
        this.penalty = gamma;
        this.penaltyEvery = every;
        return this;
    }

    @Override
    GanTraining self() {
        return this;
    }

    /**
     * Trains, or continues where the folder's state left off.
     *
     * @param folder where state and model are kept; made if missing
     * @return the trained generator with averaged weights; the caller closes it
     * @throws memoria.progress.Interrupted if the thread is interrupted: the state is saved, calling again continues
     * @throws IllegalStateException if the folder holds the state of another training, or a loss is no longer a number
     * @throws IllegalArgumentException if the saved state is truncated or damaged; the file is named
     * @throws java.io.UncheckedIOException if the folder cannot be written
     */
    public Generator run(Path folder) {
        return Generator.read(train(folder));
    }

    @Override
    Fit fit() {
        return new Run();
    }

    /** A training under way. */
    private final class Run extends Fit {
        final Batches batches = new Batches(data, recipe);
        final Generator generator =
                new Generator(
                        config, Params.fresh(Torch.manager(), recipe.seed()), new JsonObject());
        final Discriminator discriminator =
                new Discriminator(config, Params.fresh(Torch.manager(), recipe.seed() + 1));
        final Learner maker = learner("", generator.params());
        final Learner judge = learner("discriminator.", discriminator.params());

        Run() {
            super(name(), recipe);
        }

        /** Without momentum, as both chase a moving target. */
        private Learner learner(String prefix, Params params) {
            return new Learner(prefix, params, recipe).optBetas(0, 0.99);
        }

        @Override
        List<Learner> learners() {
            return List.of(maker, judge);
        }

        @Override
        JsonObject identity() {
            JsonObject all = batches.identity();
            all.add("architecture", config.toJson());
            all.addProperty("penalty", penalty);
            all.addProperty("penaltyEvery", penaltyEvery);
            return all;
        }

        @Override
        double update(long k) {
            judge.descend(k, () -> judgesLoss(k));
            return maker.descend(
                    k,
                    () -> {
                        NDArray made = generator.forward(latents("gan/generator", k));
                        return softplus(discriminator.forward(made).neg()).mean();
                    });
        }

        private NDArray judgesLoss(long k) {
            NDManager manager = discriminator.params().manager();
            NDArray real = Autograd.leaf(data.distinct().select(batches.rows(k)).tensor(manager));
            NDArray made = Autograd.off(() -> generator.forward(latents("gan/discriminator", k)));
            NDArray onReal = discriminator.forward(real);
            NDArray onMade = discriminator.forward(made);
            NDArray loss = softplus(onReal.neg()).mean().add(softplus(onMade).mean());
            if (penalty == 0 || k % penaltyEvery != 0) {
                return loss;
            }
            NDArray gradient = Autograd.vjpDifferentiable(onReal, real, onReal.onesLike());
            double weight = penalty / 2 * penaltyEvery / recipe.batch();
            return loss.add(Scalars.mul(gradient.mul(gradient).sum(), weight));
        }

        private NDArray latents(String stream, long k) {
            Shape shape = new Shape(recipe.batch(), config.latent());
            return Noise.tensor(generator.manager(), stream, Seeds.of(recipe.seed()), k, shape)
                    .reshape(shape);
        }

        @Override
        void write(Path model, JsonObject made) {
            Generator.write(model, maker.averages(), config, withOrigin(made));
        }
    }

    /** {@code log(1 + exp(a)) = max(a, 0) + log(1 + exp(-|a|))}, which never overflows. */
    private static NDArray softplus(NDArray a) {
        NDArray size = a.abs();
        NDArray positive = Scalars.mul(a.add(size), 0.5);
        return positive.add(Scalars.add(size.neg().exp(), 1).log());
    }
}
