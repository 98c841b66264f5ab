package memoria.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.nio.ByteBuffer;
import java.util.Arrays;
import memoria.data.Checksum;
import memoria.data.DataSet;
import memoria.diffusion.Forward;
import memoria.diffusion.Noise;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Seeds;
import memoria.network.ResNet;
import memoria.network.ResNetConfig;
import memoria.torch.Tensors;

/**
 * Time-Dependent Knowledge Distillation (SIDE, Sec. 3.3, Eq. 4): a student that is told the time learns to say of a noisy synthetic image
 * what the teacher says of the clean one,
 *
 * <pre>{@code L = E_{x0 synthetic, t, eps} KL( p(. | x0) || p_t(. | x_t) ),   x_t = sqrt(alphaBar_t) x0 + sqrt(1 - alphaBar_t) eps}</pre>
 *
 * up to the entropy of the pseudo-labels, which no student changes. The published text lost the formula; this is its reconstruction.
 *
 * <p>Seven rows of ten draw their time from the first fiftieth of the schedule, uniformly, the others {@code t = T u^2}: near t = 0, where
 * the teacher itself is right, the student shall not fall behind it, and that takes more practice than to beat it elsewhere.
 *
 * <p>Batch normalisation keeps the statistics the student starts with, since those of a batch of
 * mixed times fit none of them; started from the teacher, with a time module that begins as the identity, the student begins as the teacher.
 */
public final class Distillation implements FeatureLoss {

    /** What counts as near t = 0, as a share of the schedule. */
    private static final double NEAR = 0.02;

    /** Share of rows that are drawn there. */
    private static final double OFTEN = 0.7;

    private final float[][] pseudoLabels;
    private final NoiseSchedule schedule;

    /**
     * The objective.
     *
     * @param pseudoLabels {@code p(. | x0)} for every distinct image of the training set, one number per class, each row summing to 1
     * @param schedule of the target
     * @throws IllegalArgumentException if a row is no distribution or the rows differ in length
     */
    public Distillation(float[][] pseudoLabels, NoiseSchedule schedule) {
        for (int i = 0; i < pseudoLabels.length; i++) {
            double sum = 0;
            for (float p : pseudoLabels[i]) {
                sum += p >= 0 ? p : Double.NaN;
            }
            if (!(Math.abs(sum - 1) < 1e-3) || pseudoLabels[i].length != pseudoLabels[0].length) {
                throw new IllegalArgumentException(
                        "pseudoLabels: row "
                                + i
                                + " is "
                                + Arrays.toString(pseudoLabels[i])
                                + "; probabilities of "
                                + pseudoLabels[0].length
                                + " classes that sum to 1 are needed");
            }
        }
        this.pseudoLabels = Arrays.stream(pseudoLabels).map(float[]::clone).toArray(float[][]::new);
        this.schedule = schedule;
    }

    @Override
    public NDArray of(ResNet network, DataSet data, int[] rows, long seed, long step) {
        NDManager manager = network.params().manager();
        int b = rows.length;
        double[] u = Noise.uniform("tdkd/time", seed, step, b);
        double[] which = Noise.uniform("tdkd/near", seed, step, b);
        double[] t = new double[b];
        Arrays.setAll(
                t,
                i -> {
                    double share = which[i] < OFTEN ? NEAR * u[i] : u[i] * u[i];
                    return Math.floor(schedule.steps() * share);
                });
        NDArray x0 = data.distinct().select(rows).tensor(manager);
        Shape shape = x0.getShape();
        NDArray eps =
                Noise.tensor(manager, "tdkd/noise", Seeds.of(seed), step, shape).reshape(shape);
        NDArray xt = new Forward(schedule).sample(x0, t, eps);
        int classes = network.config().outputs();
        float[] weights = new float[b * classes];
        for (int i = 0; i < b; i++) {
            for (int c = 0; c < classes; c++) {
                weights[i * classes + c] = -pseudoLabels[rows[i]][c] / b;
            }
        }
        NDArray log = network.forward(xt, t).logSoftmax(1);
        return log.mul(Tensors.of(manager, weights, new Shape(b, classes))).sum();
    }

    @Override
    public void requireFits(DataSet data, ResNetConfig config) {
        int classes = pseudoLabels.length == 0 ? 0 : pseudoLabels[0].length;
        if (pseudoLabels.length != data.count()
                || classes != config.outputs()
                || config.normalised()
                || config.time() == ResNetConfig.Time.NONE) {
            throw new IllegalArgumentException(
                    "pseudoLabels: "
                            + pseudoLabels.length
                            + " rows of "
                            + classes
                            + " for "
                            + data.count()
                            + " images and a network of "
                            + config.outputs()
                            + " outputs, time "
                            + config.time()
                            + "; one row per image, one output per class and a time module are needed");
        }
    }

    @Override
    public JsonObject spec() {
        ByteBuffer bytes = ByteBuffer.allocate(pseudoLabels.length == 0 ? 0 : 4 * size());
        for (float[] row : pseudoLabels) {
            for (float p : row) {
                bytes.putFloat(p);
            }
        }
        JsonObject spec = new JsonObject();
        spec.addProperty("type", "tdkd");
        spec.addProperty("near", NEAR);
        spec.addProperty("often", OFTEN);
        spec.add("schedule", schedule.spec());
        spec.addProperty("pseudoLabels", Checksum.sha256(bytes.array()));
        return spec;
    }

    private int size() {
        return pseudoLabels.length * pseudoLabels[0].length;
    }
}
