package memoria.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import memoria.data.DataSet;
import memoria.diffusion.Noise;
import memoria.diffusion.Seeds;
import memoria.network.AutoencoderConfig;
import memoria.network.AutoencoderFile;
import memoria.network.AutoencoderKl;
import memoria.network.Params;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scope;
import memoria.torch.Torch;

/**
 * Trains an autoencoder whose latents are held near a standard normal (Kingma and Welling, "Auto-Encoding Variational Bayes", 2014, Eq. 10,
 * with the weight of Rombach et al., 2022, section 3.1, which is far below 1):
 *
 * <pre>{@code
 * L = mean (x - D(z))^2 + w KL(q(z | x) || N(0, I)) / d,   z drawn from q(z | x), d elements of x
 * }</pre>
 *
 * <p>The file's architecture carries one over the latents' standard deviation over the data as its scale.
 */
public final class AutoencoderTraining extends Trainer<AutoencoderTraining> {

    private static final double WEIGHT = 1e-4;
    private static final int BATCH = 250;

    private final DataSet data;
    private final AutoencoderConfig config;
    private final Recipe recipe;

    /**
     * A training; nothing happens before {@link #run}.
     *
     * @param data distinct images and how often each is shown
     * @param config the architecture
     * @param recipe steps, batch, rates and seed; of conditions it knows nothing
     * @throws IllegalArgumentException if the parts do not fit each other
     */
    public AutoencoderTraining(DataSet data, AutoencoderConfig config, Recipe recipe) {
        Shape item = data.distinct().item();
        if (data.count() == 0 || item.get(0) != config.inChannels()) {
            throw new IllegalArgumentException(
                    "data: "
                            + data.count()
                            + " images of shape "
                            + item
                            + "; at least 1 with "
                            + config.inChannels()
                            + " channels is needed");
        }
        this.data = data;
        this.config = config;
        this.recipe = recipe;
    }

    @Override
    AutoencoderTraining self() {
        return this;
    }

    /**
     * Trains, or continues where the folder's state left off.
     *
     * @param folder where state and model are kept; made if missing
     * @return the trained autoencoder with averaged weights; the caller closes its parameters' manager
     * @throws memoria.progress.Interrupted if the thread is interrupted: the state is saved, calling again continues
     * @throws IllegalStateException if the folder holds the state of another training, or the loss is no longer a number
     * @throws IllegalArgumentException if the saved state is truncated or damaged; the file is named
     * @throws java.io.UncheckedIOException if the folder cannot be written
     */
    public AutoencoderKl run(Path folder) {
        return AutoencoderFile.read(train(folder));
    }

    @Override
    Fit fit() {
        return new Run();
    }

    /** A training under way. */
    private final class Run extends Fit {
        final Batches batches = new Batches(data, recipe);
        final Params params = Params.fresh(Torch.manager(), recipe.seed());
        final AutoencoderKl network = new AutoencoderKl(config, params);
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
            JsonObject all = batches.identity();
            all.add("architecture", config.toJson());
            return all;
        }

        @Override
        double update(long k) {
            return learner.descend(k, () -> loss(k));
        }

        private NDArray loss(long k) {
            NDManager manager = params.manager();
            NDArray x = data.distinct().select(batches.rows(k)).tensor(manager);
            AutoencoderKl.Posterior q = network.encode(x);
            Seeds seed = Seeds.of(recipe.seed());
            Shape shape = q.mean().getShape();
            NDArray noise = Noise.tensor(manager, "training/noise", seed, k, shape).reshape(shape);
            NDArray error = network.decode(q.sample(noise)).sub(x);
            double perElement = WEIGHT / data.distinct().itemSize();
            return Ops.axpby(1, error.mul(error).mean(), perElement, q.kl().mean());
        }

        @Override
        void write(Path model, JsonObject made) {
            AutoencoderConfig scaled = config.optScale(1 / latentStd());
            AutoencoderFile.write(model, learner.averages(), scaled, withOrigin(made));
        }

        /** Standard deviation over all elements of all images' mean latents, by the averaged weights. */
        private double latentStd() {
            NDManager manager = params.manager();
            Map<String, NDArray> averages = new LinkedHashMap<>(learner.averages());
            AutoencoderKl averaged = new AutoencoderKl(config, Params.of(manager, averages));
            double sum = 0;
            double squares = 0;
            long count = 0;
            for (int from = 0; from < data.count(); from += BATCH) {
                int start = from;
                int end = Math.min(from + BATCH, data.count());
                float[] z =
                        Autograd.off(
                                () ->
                                        Scope.use(
                                                () ->
                                                        averaged.encode(
                                                                        data.distinct()
                                                                                .slice(start, end)
                                                                                .tensor(manager))
                                                                .mean()
                                                                .toFloatArray()));
                for (float value : z) {
                    sum += value;
                    squares += (double) value * value;
                }
                count += z.length;
            }
            double mean = sum / count;
            return Math.sqrt(squares / count - mean * mean);
        }
    }
}
