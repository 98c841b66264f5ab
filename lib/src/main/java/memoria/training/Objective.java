package memoria.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.util.Arrays;
import memoria.data.DataSet;
import memoria.diffusion.Condition;
import memoria.diffusion.Forward;
import memoria.diffusion.Losses;
import memoria.diffusion.Noise;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Prediction;
import memoria.diffusion.Seeds;
import memoria.diffusion.Variance;
import memoria.network.Dropout;
import memoria.network.Network;
import memoria.network.NetworkConfig;

/** The loss of step k: which images, times and noise it sees is a function of the recipe's seed and k alone. */
final class Objective {

    private final DataSet data;
    private final int[] dataLabels;
    private final NetworkConfig config;
    private final NoiseSchedule schedule;
    private final Recipe recipe;
    private final Batches batches;
    private final Conditioner conditioner;

    Objective(
            DataSet data,
            NetworkConfig config,
            NoiseSchedule schedule,
            Recipe recipe,
            Conditioner conditioner) {
        this.data = data;
        this.conditioner = conditioner;
        this.dataLabels = data.labels();
        this.config = config;
        this.schedule = schedule;
        this.recipe = recipe;
        this.batches = new Batches(data, recipe);
    }

    /**
     * Mean over the batch of the squared error of the predicted noise, with the variance's bound added where the network predicts one; a
     * scalar.
     */
    NDArray loss(Network network, long step) {
        NDManager manager = network.params().manager();
        int b = recipe.batch();
        int[] rows = batches.rows(step);
        int[] index = Noise.integers("training/time", recipe.seed(), step, b, schedule.steps());
        double[] t = Arrays.stream(index).asDoubleStream().toArray();
        NDArray x0 = data.distinct().select(rows).tensor(manager);
        Shape shape = x0.getShape();
        NDArray eps =
                Noise.tensor(manager, "training/noise", Seeds.of(recipe.seed()), step, shape)
                        .reshape(shape);
        NDArray xt = new Forward(schedule).sample(x0, t, eps);
        Dropout dropout = new Dropout(config.dropout(), recipe.seed(), step);
        Prediction prediction = network.predict(xt, t, condition(rows, step), dropout);
        if (prediction.variance() == null) {
            // As Losses.mse, in one mean: the losses that shipped models record were rounded so.
            NDArray error = prediction.epsilon().sub(eps);
            return error.mul(error).mean();
        }
        Losses losses = new Losses(schedule, Variance.LEARNED_RANGE);
        return losses.hybrid(x0, xt, eps, index, prediction).total().mean();
    }

    /** The rows' conditions, some of them dropped: the last class stands for none, and a conditioner's own. */
    private Condition condition(int[] rows, long step) {
        if (config.numClasses() == 0 && conditioner == null) {
            return Condition.none();
        }
        double[] u = Noise.uniform("training/condition", recipe.seed(), step, rows.length);
        if (conditioner != null) {
            boolean[] dropped = new boolean[rows.length];
            for (int i = 0; i < rows.length; i++) {
                dropped[i] = u[i] < recipe.conditionDropout();
            }
            double[] choice = Noise.uniform("training/choice", recipe.seed(), step, rows.length);
            return conditioner.of(rows, dropped, choice);
        }
        long[] labels = new long[rows.length];
        for (int i = 0; i < rows.length; i++) {
            boolean none = u[i] < recipe.conditionDropout();
            labels[i] = none ? config.numClasses() - 1 : dataLabels[rows[i]];
        }
        return Condition.classes(labels);
    }

    /** What decides the result: two trainings with the same identity and steps end in the same weights. */
    JsonObject identity() {
        JsonObject all = batches.identity();
        all.add("architecture", config.toJson());
        all.add("schedule", schedule.spec());
        if (conditioner != null) {
            all.add("conditioner", conditioner.toJson());
        }
        return all;
    }
}
