package memoria.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import memoria.data.DataSet;
import memoria.diffusion.NoiseSchedule;
import memoria.network.DenoiserFile;
import memoria.network.Network;
import memoria.network.NetworkConfig;
import memoria.network.NetworkDenoiser;
import memoria.network.Params;
import memoria.progress.Interrupted;
import memoria.progress.Progress;
import memoria.torch.Adam;
import memoria.torch.Autograd;
import memoria.torch.Scope;
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
public final class Training {

    private static final String STATE = "state.safetensors";
    private static final String MODEL = "model.safetensors";
    private static final int CURVE = 50;

    private final DataSet data;
    private final NetworkConfig config;
    private final NoiseSchedule schedule;
    private final Recipe recipe;
    private int saveEvery = 250;
    private String name = "denoiser";
    private JsonObject origin;

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
        } else if (recipe.conditionDropout() > 0) {
            throw new IllegalArgumentException(
                    "recipe: conditionDropout "
                            + recipe.conditionDropout()
                            + " needs a network with classes");
        }
        config.requireDenoises(data.distinct().item());
        this.data = data;
        this.config = config;
        this.schedule = schedule;
        this.recipe = recipe;
    }

    /**
     * How often the state is saved.
     *
     * @param steps at least 1; 250 by default
     * @return this
     * @throws IllegalArgumentException if it is below 1
     */
    public Training optSaveEvery(int steps) {
        if (steps < 1) {
            throw new IllegalArgumentException("saveEvery: " + steps + " is not at least 1");
        }
        this.saveEvery = steps;
        return this;
    }

    /**
     * What the progress bar and the file's metadata call it.
     *
     * @param label a short name
     * @return this
     */
    public Training optName(String label) {
        this.name = label;
        return this;
    }

    /**
     * Where the images can be had again, for whoever opens the model later.
     *
     * @param where kept in the file's metadata as it is
     * @return this
     */
    public Training optOrigin(JsonObject where) {
        this.origin = where.deepCopy();
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
        Path model = folder.resolve(MODEL);
        try (Run run = new Run(folder.resolve(STATE))) {
            run.resume();
            if (run.step < recipe.steps() || !Files.exists(model)) {
                forget(model);
                run.train();
                run.save();
                run.export(model);
            }
        }
        return DenoiserFile.read(model);
    }

    /** A model of fewer steps must not be taken for the one under way. */
    private static void forget(Path model) {
        try {
            Files.deleteIfExists(model);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot replace " + model, e);
        }
    }

    /** Tensors and counters of a training under way. */
    private final class Run implements AutoCloseable {
        final Path file;
        final Objective objective = new Objective(data, config, schedule, recipe);
        final NDManager owner = Torch.manager();
        final Params params = Params.fresh(owner, recipe.seed());
        final Network network = config.build(params);
        final List<NDArray> weights = List.copyOf(params.all().values());
        final Map<String, NDArray> averages = new LinkedHashMap<>();
        final Adam adam;
        final JsonArray curve = new JsonArray();
        final List<Double> window = new ArrayList<>();
        long step;

        Run(Path file) {
            this.file = file;
            params.all().forEach((key, tensor) -> averages.put(key, tensor.duplicate()));
            params.setRequiresGradient(true);
            adam =
                    new Adam(params.all(), recipe.learningRate())
                            .optWeightDecay(recipe.weightDecay());
            if (recipe.clipNorm() > 0) {
                adam.optClipNorm(recipe.clipNorm());
            }
        }

        void train() {
            try (Progress progress = Progress.start("training " + name, step, recipe.steps())) {
                while (step < recipe.steps()) {
                    double loss = update();
                    step++;
                    window.add(loss);
                    if (window.size() == CURVE) {
                        double mean =
                                window.stream()
                                        .mapToDouble(Double::doubleValue)
                                        .average()
                                        .orElseThrow();
                        curve.add(mean);
                        window.clear();
                    }
                    progress.at(step, String.format(Locale.ROOT, "loss %.4f", loss));
                    if (Progress.interrupted()) {
                        save();
                        Progress.checkpoint();
                    }
                    if (step % saveEvery == 0) {
                        save();
                    }
                }
            } catch (Interrupted e) {
                throw e.keeping("step " + step + " in " + file);
            }
        }

        /** One step: batch, noise, gradient, update, average. */
        double update() {
            if (recipe.warmup() > 0) {
                adam.optLearningRate(
                        recipe.learningRate() * Math.min(1, (step + 1.0) / recipe.warmup()));
            }
            double loss =
                    Scope.use(
                            () -> {
                                NDArray value = Autograd.on(() -> objective.loss(network, step));
                                adam.step(Autograd.grads(value, weights));
                                return (double) value.getFloat();
                            });
            requireFinite("loss", loss);
            double decay = Math.min(recipe.ema(), (1.0 + step) / (10.0 + step));
            Adam.average(List.copyOf(averages.values()), weights, 1 - decay);
            return loss;
        }

        private void requireFinite(String what, double value) {
            if (!Double.isFinite(value)) {
                throw new IllegalStateException(
                        "training "
                                + name
                                + ": the "
                                + what
                                + " is "
                                + value
                                + " at step "
                                + step
                                + "; lower the learning rate or clip the gradient. The last saved state is kept.");
            }
        }

        void save() {
            // The loss tells a step too late: the update may just have spoilt the weights.
            requireFinite("norm of the weights", Adam.norm(weights));
            Map<String, NDArray> tensors = new LinkedHashMap<>();
            params.all().forEach((key, tensor) -> tensors.put("param." + key, tensor));
            averages.forEach((key, tensor) -> tensors.put("average." + key, tensor));
            tensors.putAll(adam.state());
            TrainingState.write(file, tensors, objective.identity(), step, curve, window);
        }

        void resume() {
            if (!Files.exists(file)) {
                return;
            }
            Scope.run(
                    () -> {
                        TrainingState state = TrainingState.read(file, owner, objective.identity());
                        params.all().forEach((key, t) -> state.copy("param." + key, t));
                        averages.forEach((key, t) -> state.copy("average." + key, t));
                        adam.restore(state.tensors(), state.step());
                        step = state.step();
                        if (step > recipe.steps()) {
                            throw new IllegalStateException(
                                    "folder: "
                                            + file
                                            + " is at step "
                                            + step
                                            + ", beyond the "
                                            + recipe.steps()
                                            + " asked for");
                        }
                        curve.addAll(state.curve());
                        window.addAll(state.window());
                    });
        }

        void export(Path model) {
            JsonObject made = objective.identity();
            made.addProperty("name", name);
            if (origin != null) {
                made.add("origin", origin);
            }
            made.addProperty("engine", Torch.version());
            made.addProperty("threads", Torch.threads());
            made.add("lossCurve", rounded());
            made.addProperty("lossCurveEvery", CURVE);
            if (recipe.conditionDropout() > 0) {
                made.addProperty("emptyLabel", config.numClasses() - 1);
            }
            DenoiserFile.write(model, averages, config, schedule, data.distinct().item(), made);
        }

        JsonArray rounded() {
            JsonArray short4 = new JsonArray();
            curve.forEach(v -> short4.add(Math.round(v.getAsDouble() * 1e5) / 1e5));
            return short4;
        }

        @Override
        public void close() {
            adam.close();
            owner.close();
        }
    }
}
