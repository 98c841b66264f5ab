package memoria.training;

import com.google.gson.JsonObject;
import memoria.data.DataSet;
import memoria.diffusion.Noise;
import org.apache.commons.rng.UniformRandomProvider;

/**
 * Which images make up which batch: every epoch is a new shuffle of all positions of the data, and position k of the run depends on the
 * recipe's seed and k alone.
 */
final class Batches {

    private final DataSet data;
    private final Recipe recipe;
    private final int size;
    private final JsonObject identity;
    private long epoch = -1;
    private int[] order;

    Batches(DataSet data, Recipe recipe) {
        this.data = data;
        this.recipe = recipe;
        this.size = Math.toIntExact(data.size());
        this.identity = describe();
    }

    /** The images of a step's batch, as indices among the distinct ones. */
    int[] rows(long step) {
        int[] rows = new int[recipe.batch()];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = data.index(position(step * rows.length + i));
        }
        return rows;
    }

    /** The data position at place k of the endless sequence of epochs. */
    private int position(long k) {
        if (k / size != epoch) {
            epoch = k / size;
            order = shuffle();
        }
        return order[(int) (k % size)];
    }

    private int[] shuffle() {
        UniformRandomProvider random = Noise.generator("training/order", recipe.seed(), epoch);
        int[] shuffled = new int[size];
        for (int i = 0; i < size; i++) {
            int j = random.nextInt(i + 1);
            shuffled[i] = shuffled[j];
            shuffled[j] = i;
        }
        return shuffled;
    }

    /** Recipe and data, the part of a training's identity that all have. */
    JsonObject identity() {
        return identity.deepCopy();
    }

    private JsonObject describe() {
        JsonObject described = new JsonObject();
        described.addProperty("title", data.provenance().title());
        described.addProperty("distinct", data.count());
        described.addProperty("planted", data.planted().length);
        described.addProperty("size", data.size());
        described.addProperty("sha256", data.sha256());
        JsonObject all = new JsonObject();
        all.add("recipe", recipe.toJson());
        all.add("data", described);
        return all;
    }
}
