package memoria.training;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.List;
import memoria.data.Checksum;
import memoria.data.DataSet;
import memoria.diffusion.Condition;
import memoria.json.JsonRecord;
import memoria.network.Lora;
import memoria.network.NetworkDenoiser;
import memoria.torch.Ops;

/**
 * Trains a low-rank adapter of a denoiser with the denoiser's own loss ({@link Training}); the denoiser stays as it is, and one of float16
 * is refused, for its gradients need float32.
 */
public final class LoraTraining extends Trainer<LoraTraining> {

    private final DataSet data;
    private final NetworkDenoiser model;
    private final Lora.Config config;
    private final Recipe recipe;
    private Conditioner conditioner;

    /**
     * A training; nothing happens before {@link #run}.
     *
     * @param data what the model denoises: images, or their latents
     * @param model which is adapted
     * @param config layers, rank and scale
     * @param recipe steps, batch, rates and seed
     * @throws IllegalArgumentException if the parts do not fit each other
     */
    public LoraTraining(DataSet data, NetworkDenoiser model, Lora.Config config, Recipe recipe) {
        if (data.count() == 0 || !data.distinct().item().equals(model.item())) {
            throw new IllegalArgumentException(
                    "data: "
                            + data.count()
                            + " images of shape "
                            + data.distinct().item()
                            + "; at least 1 of shape "
                            + model.item()
                            + ", which the model denoises, is needed");
        }
        this.data = data;
        this.model = model;
        this.config = config;
        this.recipe = recipe;
    }

    /**
     * What the model reads while it is adapted.
     *
     * @param each embeddings, one row per distinct image
     * @param none one row, what a dropped condition is replaced with
     * @return this
     * @throws IllegalArgumentException if the numbers of rows are others
     */
    public LoraTraining optCondition(Condition.Embedding each, Condition.Embedding none) {
        if (each.rows() != data.count() || none.rows() != 1) {
            throw new IllegalArgumentException(
                    "each: "
                            + each.rows()
                            + " rows, none: "
                            + none.rows()
                            + "; "
                            + data.count()
                            + " and 1 are needed");
        }
        this.conditioner = new Fixed(each, none);
        return this;
    }

    @Override
    LoraTraining self() {
        return this;
    }

    /**
     * Trains, or continues where the folder's state left off.
     *
     * @param folder where state and adapter are kept; made if missing
     * @return the adapter with averaged matrices; the caller closes it
     * @throws memoria.progress.Interrupted if the thread is interrupted: the state is saved, calling again continues
     * @throws IllegalStateException if the folder holds the state of another training, or the loss is no longer a number
     * @throws IllegalArgumentException if the saved state is truncated or damaged; the file is named
     * @throws java.io.UncheckedIOException if the folder cannot be written
     */
    public Lora run(Path folder) {
        return Lora.load(train(folder), model.network());
    }

    @Override
    Fit fit() {
        return new Run();
    }

    /** Embeddings that were computed before. */
    private record Fixed(Condition.Embedding each, Condition.Embedding none)
            implements Conditioner {

        @Override
        public Condition of(int[] rows, boolean[] dropped, double[] choice) {
            int[] from = rows.clone();
            for (int i = 0; i < from.length; i++) {
                from[i] = dropped[i] ? each.rows() : rows[i];
            }
            return Condition.concat(each, none).select(from);
        }

        @Override
        public JsonObject toJson() {
            JsonObject json = new JsonObject();
            NDArray both = Ops.cat(List.of(each.tensor(), none.tensor()), 0);
            json.addProperty("sha256", Checksum.sha256(both.toByteArray()));
            both.close();
            return json;
        }
    }

    /** A training under way. */
    private final class Run extends Fit {
        final Objective objective =
                new Objective(
                        data, model.network().config(), model.schedule(), recipe, conditioner);
        final Lora lora = Lora.fresh(model.network(), config, recipe.seed());
        final Learner learner = new Learner("", lora.params(), recipe);

        Run() {
            super(name(), recipe);
        }

        @Override
        List<Learner> learners() {
            return List.of(learner);
        }

        @Override
        JsonObject identity() {
            JsonObject all = objective.identity();
            all.add("adapter", JsonRecord.write(config));
            return all;
        }

        @Override
        double update(long k) {
            return learner.descend(
                    k, () -> objective.loss(model.network().config().build(lora.adapted()), k));
        }

        @Override
        void write(Path file, JsonObject made) {
            Lora.write(file, learner.averages(), config, withOrigin(made));
        }
    }
}
