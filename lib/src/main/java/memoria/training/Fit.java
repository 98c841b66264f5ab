package memoria.training;

import ai.djl.ndarray.NDArray;
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
import memoria.progress.Interrupted;
import memoria.progress.Progress;
import memoria.torch.Scope;
import memoria.torch.Torch;

/**
 * The loop of every training, resumable: steps, a loss curve, saved states, snapshots, the model at the end. A training says what one step
 * is and how its model is written; when its step k depends on k and the learners alone, a run that was killed continues to the same model.
 */
abstract class Fit implements AutoCloseable {

    private static final String STATE = "state.safetensors";
    private static final String MODEL = "model.safetensors";
    private static final int CURVE = 50;

    private final String name;
    private final Recipe recipe;
    private final JsonArray curve = new JsonArray();
    private final List<Double> window = new ArrayList<>();
    private int saveEvery = 250;
    private int snapshotEvery;
    private long step;

    Fit(String name, Recipe recipe) {
        this.name = name;
        this.recipe = recipe;
    }

    /** The networks that are trained. */
    abstract List<Learner> learners();

    /** What decides the result, with the recipe under {@code recipe}: the state of another identity is refused. */
    abstract JsonObject identity();

    /** Step k, counted from 0: updates the learners and answers with the loss. */
    abstract double update(long k);

    /** Writes the model as it stands. */
    abstract void write(Path model, JsonObject made);

    /** How often the state is saved, at least 1. */
    Fit every(int saved) {
        saveEvery = saved;
        return this;
    }

    /** How often the model is kept beside the state, 0 for never. */
    Fit snapshots(int every) {
        snapshotEvery = every;
        return this;
    }

    /** The file of the model after some steps. */
    static Path snapshot(Path folder, long steps) {
        return folder.resolve(String.format(Locale.ROOT, "model-%06d.safetensors", steps));
    }

    /** Trains, or continues where the folder's state left off; answers with the model's file. */
    Path run(Path folder) {
        Path model = folder.resolve(MODEL);
        Path state = folder.resolve(STATE);
        resume(state);
        if (step < recipe.steps() || !Files.exists(model)) {
            forget(model);
            train(folder, state);
            save(state);
            write(model, made());
        }
        return model;
    }

    /** A model of fewer steps must not be taken for the one under way. */
    private static void forget(Path model) {
        try {
            Files.deleteIfExists(model);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot replace " + model, e);
        }
    }

    private void train(Path folder, Path state) {
        try (Progress progress = Progress.start("training " + name, step, recipe.steps())) {
            while (step < recipe.steps()) {
                double loss = update(step);
                requireFinite("loss", loss);
                step++;
                record(loss);
                progress.at(step, String.format(Locale.ROOT, "loss %.4f", loss));
                // Before the state passes it: a run that is killed in between makes it again.
                if (snapshotEvery > 0 && step % snapshotEvery == 0) {
                    write(snapshot(folder, step), made());
                }
                if (Progress.interrupted()) {
                    save(state);
                    Progress.checkpoint();
                }
                if (step % saveEvery == 0) {
                    save(state);
                }
            }
        } catch (Interrupted e) {
            throw e.keeping("step " + step + " in " + state);
        }
    }

    private void record(double loss) {
        window.add(loss);
        if (window.size() == CURVE) {
            curve.add(window.stream().mapToDouble(Double::doubleValue).average().orElseThrow());
            window.clear();
        }
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

    private void save(Path state) {
        // The loss tells a step too late: the update may just have spoilt the weights.
        Map<String, NDArray> tensors = new LinkedHashMap<>();
        for (Learner learner : learners()) {
            requireFinite("norm of the weights", learner.norm());
            tensors.putAll(learner.state());
        }
        TrainingState.write(state, tensors, identity(), step, curve, window);
    }

    private void resume(Path state) {
        if (!Files.exists(state)) {
            return;
        }
        Scope.run(
                () -> {
                    var owner = learners().get(0).manager();
                    TrainingState saved = TrainingState.read(state, owner, identity());
                    if (saved.step() > recipe.steps()) {
                        throw new IllegalStateException(
                                "folder: "
                                        + state
                                        + " is at step "
                                        + saved.step()
                                        + ", beyond the "
                                        + recipe.steps()
                                        + " asked for");
                    }
                    learners().forEach(learner -> learner.restore(saved));
                    step = saved.step();
                    curve.addAll(saved.curve());
                    window.addAll(saved.window());
                });
    }

    /** How the model was made; its number of steps is what it has seen so far, for a shorter training would have given the same. */
    private JsonObject made() {
        JsonObject made = identity();
        made.getAsJsonObject("recipe").addProperty("steps", step);
        made.addProperty("name", name);
        made.addProperty("engine", Torch.version());
        made.addProperty("threads", Torch.threads());
        JsonArray rounded = new JsonArray();
        curve.forEach(v -> rounded.add(Math.round(v.getAsDouble() * 1e5) / 1e5));
        made.add("lossCurve", rounded);
        made.addProperty("lossCurveEvery", CURVE);
        return made;
    }

    @Override
    public void close() {
        learners().forEach(Learner::close);
    }
}
