package memoria.training;

import com.google.gson.JsonObject;
import java.nio.file.Path;

/**
 * What all trainings have in common: where the model says it came from, how often it is saved.
 *
 * <p>A training runs in a folder. Its {@code state.safetensors} holds weights, averages and moments, so that a run that was killed continues
 * from its last save and ends in the same weights, bit by bit, on the same number of threads; its {@code model.safetensors} is the result.
 *
 * @param <S> the training
 */
public abstract class Trainer<S extends Trainer<S>> {

    private int saveEvery = 250;
    private int snapshotEvery;
    private String name = "model";
    private JsonObject origin;

    Trainer() {}

    abstract S self();

    /**
     * How often the state is saved.
     *
     * @param steps at least 1; 250 by default
     * @return this
     * @throws IllegalArgumentException if it is below 1
     */
    public S optSaveEvery(int steps) {
        if (steps < 1) {
            throw new IllegalArgumentException("saveEvery: " + steps + " is not at least 1");
        }
        this.saveEvery = steps;
        return self();
    }

    /**
     * Keeps the model as it is every so many steps, in {@code model-000500.safetensors} and so on, beside the state: each is the model that
     * a training of so many steps would have given.
     *
     * @param steps 0 for never, the default
     * @return this
     * @throws IllegalArgumentException if it is negative
     */
    public S optSnapshotEvery(int steps) {
        if (steps < 0) {
            throw new IllegalArgumentException("snapshotEvery: " + steps + " is not 0 or more");
        }
        this.snapshotEvery = steps;
        return self();
    }

    /**
     * The file of a snapshot.
     *
     * @param folder of the training
     * @param steps after which it was kept
     * @return where {@link #optSnapshotEvery} keeps it
     */
    public static Path snapshot(Path folder, long steps) {
        return Fit.snapshot(folder, steps);
    }

    /**
     * What the progress bar and the file's metadata call it.
     *
     * @param label a short name
     * @return this
     */
    public S optName(String label) {
        this.name = label;
        return self();
    }

    /**
     * Where the images can be had again, for whoever opens the model later.
     *
     * @param where kept in the file's metadata as it is
     * @return this
     */
    public S optOrigin(JsonObject where) {
        this.origin = where.deepCopy();
        return self();
    }

    /** What the progress bar calls it. */
    final String name() {
        return name;
    }

    /** The loop, at its first step. */
    abstract Fit fit();

    /**
     * Trains, or continues where the folder's state left off.
     *
     * @param folder where state and model are kept; made if missing
     * @return the model's file
     * @throws memoria.progress.Interrupted if the thread is interrupted: the state is saved, calling again continues
     * @throws IllegalStateException if the folder holds the state of another training, or the loss is no longer a number
     * @throws IllegalArgumentException if the saved state is truncated or damaged; the file is named
     * @throws java.io.UncheckedIOException if the folder cannot be written
     */
    public final Path train(Path folder) {
        try (Fit fit = fit()) {
            return fit.every(saveEvery).snapshots(snapshotEvery).run(folder);
        }
    }

    /** How the model was made, with its origin where it has one. */
    final JsonObject withOrigin(JsonObject made) {
        if (origin != null) {
            made.add("origin", origin);
        }
        return made;
    }
}
