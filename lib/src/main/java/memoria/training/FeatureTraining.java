package memoria.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.List;
import memoria.data.Checksum;
import memoria.data.DataSet;
import memoria.network.FeatureNetwork;
import memoria.network.Params;
import memoria.network.ResNet;
import memoria.network.ResNetConfig;
import memoria.torch.Ops;
import memoria.torch.Torch;

/**
 * Trains a {@link ResNet} by a loss: a classifier by {@link CrossEntropy}, a copy descriptor by {@link CopyContrast}. The result holds the
 * averaged weights and the averaged running statistics.
 */
public final class FeatureTraining extends Trainer<FeatureTraining> {

    private final DataSet data;
    private final ResNetConfig config;
    private final FeatureLoss loss;
    private final Recipe recipe;
    private Path start;

    /**
     * A training; nothing happens before {@link #run}.
     *
     * @param data distinct images and how often each is shown
     * @param config the architecture
     * @param loss what is minimised
     * @param recipe steps, batch, rates and seed; of conditions it knows nothing
     * @throws IllegalArgumentException if the parts do not fit each other
     */
    public FeatureTraining(DataSet data, ResNetConfig config, FeatureLoss loss, Recipe recipe) {
        if (data.count() == 0) {
            throw new IllegalArgumentException(
                    "data: the set is empty; at least 1 image is needed");
        }
        if (recipe.batch() < 2) {
            throw new IllegalArgumentException(
                    "recipe: batch "
                            + recipe.batch()
                            + "; statistics of a batch need at least 2 images");
        }
        if (recipe.conditionDropout() > 0) {
            throw new IllegalArgumentException(
                    "recipe: conditionDropout "
                            + recipe.conditionDropout()
                            + "; this network has no condition, only 0 is legal");
        }
        config.requireItem(data.distinct().item());
        loss.requireFits(data, config);
        this.data = data;
        this.config = config;
        this.loss = loss;
        this.recipe = recipe;
    }

    /**
     * Starts from a trained network instead of fresh parameters: a student from its teacher. Parameters that the file lacks, such as those
     * of a time module, are fresh.
     *
     * @param file what {@link FeatureNetwork#write} wrote; its checksum is part of what decides the result
     * @return this
     */
    public FeatureTraining optStart(Path file) {
        this.start = file;
        return this;
    }

    private ResNet network() {
        ResNet network = new ResNet(config, Params.fresh(Torch.manager(), recipe.seed()));
        if (start != null) {
            try (FeatureNetwork from = FeatureNetwork.read(start)) {
                var own = network.params().all();
                from.network()
                        .params()
                        .all()
                        .forEach((name, tensor) -> begin(name, own.get(name), tensor));
            }
        }
        return network;
    }

    /** The network before its first step. */
    FeatureNetwork begin() {
        return new FeatureNetwork(network(), data.distinct().item(), new JsonObject());
    }

    private void begin(String name, NDArray own, NDArray tensor) {
        if (own == null || !own.getShape().equals(tensor.getShape())) {
            throw new IllegalArgumentException(
                    "start: "
                            + start
                            + " has '"
                            + name
                            + "' "
                            + tensor.getShape()
                            + ", this network "
                            + (own == null ? "has none" : "needs " + own.getShape()));
        }
        Ops.assign(own, tensor);
    }

    @Override
    FeatureTraining self() {
        return this;
    }

    /**
     * Trains, or continues where the folder's state left off.
     *
     * @param folder where state and model are kept; made if missing
     * @return the trained network with averaged weights; the caller closes it
     * @throws memoria.progress.Interrupted if the thread is interrupted: the state is saved, calling again continues
     * @throws IllegalStateException if the folder holds the state of another training, or the loss is no longer a number
     * @throws IllegalArgumentException if the saved state is truncated or damaged; the file is named
     * @throws java.io.UncheckedIOException if the folder cannot be written
     */
    public FeatureNetwork run(Path folder) {
        return FeatureNetwork.read(train(folder));
    }

    @Override
    Fit fit() {
        return new Run();
    }

    /** A training under way. */
    private final class Run extends Fit {
        final Batches batches = new Batches(data, recipe);
        final ResNet network = network();
        final Learner learner = new Learner("", network.params(), recipe);

        Run() {
            super(name(), recipe);
        }

        @Override
        List<Learner> learners() {
            return List.of(learner);
        }

        @Override
        JsonObject identity() {
            JsonObject all = batches.identity();
            all.add("architecture", config.toJson());
            all.add("loss", loss.spec());
            if (start != null) {
                all.addProperty("start", Checksum.sha256(start));
            }
            return all;
        }

        @Override
        double update(long k) {
            return learner.descend(
                    k, () -> loss.of(network, data, batches.rows(k), recipe.seed(), k));
        }

        @Override
        void write(Path model, JsonObject made) {
            Shape item = data.distinct().item();
            FeatureNetwork.write(model, learner.averages(), config, item, withOrigin(made));
        }
    }
}
