package memoria.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonObject;
import java.nio.ByteBuffer;
import memoria.data.Checksum;
import memoria.data.DataSet;
import memoria.diffusion.Noise;
import memoria.diffusion.NoiseSchedule;
import memoria.network.Dropout;
import memoria.network.Network;
import memoria.network.NetworkConfig;
import memoria.torch.Ops;
import memoria.torch.Tensors;

/** The loss of step k: which images, times and noise it sees is a function of the recipe's seed and k alone. */
final class Objective {

    private final DataSet data;
    private final int[] dataLabels;
    private final NetworkConfig config;
    private final NoiseSchedule schedule;
    private final double[] alphaBar;
    private final Recipe recipe;
    private final Batches batches;

    Objective(DataSet data, NetworkConfig config, NoiseSchedule schedule, Recipe recipe) {
        this.data = data;
        this.dataLabels = data.labels();
        this.config = config;
        this.schedule = schedule;
        this.alphaBar = schedule.alphaBars();
        this.recipe = recipe;
        this.batches = new Batches(Math.toIntExact(data.size()), recipe.seed());
    }

    /** Mean squared error of the predicted noise at {@code x_t = sqrt(alphaBar_t) x0 + sqrt(1 - alphaBar_t) eps}; a scalar. */
    NDArray loss(Network network, long step) {
        NDManager manager = network.params().manager();
        int b = recipe.batch();
        int[] rows = new int[b];
        for (int i = 0; i < b; i++) {
            rows[i] = data.index(batches.applyAsLong(step * b + i));
        }
        int[] times = Noise.integers("training/time", recipe.seed(), step, b, alphaBar.length);
        double[] t = new double[b];
        double[] signal = new double[b];
        double[] noiseStd = new double[b];
        for (int i = 0; i < b; i++) {
            t[i] = times[i];
            signal[i] = Math.sqrt(alphaBar[times[i]]);
            noiseStd[i] = Math.sqrt(1 - alphaBar[times[i]]);
        }
        NDArray x0 = data.distinct().select(rows).tensor(manager);
        int axes = x0.getShape().dimension();
        NDArray eps = noise(manager, x0, step);
        NDArray xT =
                Ops.axpby(
                        Tensors.column(manager, signal, axes),
                        x0,
                        Tensors.column(manager, noiseStd, axes),
                        eps);
        Dropout dropout = new Dropout(config.dropout(), recipe.seed(), step);
        NDArray error = network.forward(xT, t, labels(rows, step), dropout).sub(eps);
        return error.mul(error).mean();
    }

    private NDArray noise(NDManager manager, NDArray like, long step) {
        int count = Math.toIntExact(like.size());
        double[] normal = Noise.gaussian("training/noise", recipe.seed(), step, count);
        float[] single = new float[count];
        for (int i = 0; i < count; i++) {
            single[i] = (float) normal[i];
        }
        return Tensors.of(manager, single, like.getShape());
    }

    /** The rows' classes, some of them replaced by the last class, which stands for none. */
    private long[] labels(int[] rows, long step) {
        if (config.numClasses() == 0) {
            return null;
        }
        double[] u = Noise.uniform("training/condition", recipe.seed(), step, rows.length);
        long[] labels = new long[rows.length];
        for (int i = 0; i < rows.length; i++) {
            boolean none = u[i] < recipe.conditionDropout();
            labels[i] = none ? config.numClasses() - 1 : dataLabels[rows[i]];
        }
        return labels;
    }

    /** What decides the result: two trainings with the same identity and steps end in the same weights. */
    JsonObject identity() {
        JsonObject identity = new JsonObject();
        identity.add("recipe", recipe.toJson());
        identity.add("architecture", config.toJson());
        identity.add("schedule", schedule.spec());
        identity.add("data", describeData());
        return identity;
    }

    /** The images by their content: the same title with other pixels is other data. */
    private JsonObject describeData() {
        float[] pixels = data.distinct().all();
        int[] multiplicity = data.multiplicity();
        int bytes = Float.BYTES * pixels.length + 2 * Integer.BYTES * multiplicity.length;
        ByteBuffer content = ByteBuffer.allocate(bytes);
        content.asFloatBuffer().put(pixels);
        content.position(Float.BYTES * pixels.length);
        content.asIntBuffer().put(multiplicity).put(dataLabels);
        JsonObject described = new JsonObject();
        described.addProperty("title", data.provenance().title());
        described.addProperty("distinct", data.count());
        described.addProperty("planted", data.planted().length);
        described.addProperty("size", data.size());
        described.addProperty("sha256", Checksum.sha256(content.array()));
        return described;
    }
}
