package memoria.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import memoria.data.DataSet;
import memoria.data.Images;
import memoria.json.JsonRecord;
import memoria.network.ResNet;
import memoria.network.ResNetConfig;
import memoria.torch.Ops;
import memoria.torch.Scalars;
import memoria.torch.Tensors;

/**
 * The loss of a copy descriptor (Pizzi et al., "A Self-Supervised Descriptor for Image Copy Detection", 2022, Sec. 4): of every image two
 * views are made; each must find the other among all views of the batch, and nearest neighbours are pushed apart so that the descriptors
 * fill the sphere.
 *
 * <pre>{@code
 * L = -mean_i log [ exp(z_i z_p / tau) / sum_{j != i} exp(z_i z_j / tau) ]        p: the other view of i
 *     - entropy mean_i log min_{j not i, p} |z_i - z_j|
 * }</pre>
 *
 * @param temperature tau, above 0; the paper's is 0.05
 * @param entropy weight of the second term, 0 or more; the paper's is 30 for 512 dimensions
 * @param augmentation what makes a view
 */
public record CopyContrast(double temperature, double entropy, Augmentation augmentation)
        implements FeatureLoss {

    /** Beyond any similarity over tau and any squared distance: takes a pair out of a maximum or a minimum. */
    private static final float OUT = 1e4f;

    private static final double SQUARED = 1e-6;

    /**
     * Checks every argument.
     *
     * @param temperature as in the record
     * @param entropy as in the record
     * @param augmentation as in the record
     * @throws IllegalArgumentException if one is not legal; it is named
     */
    public CopyContrast {
        if (!(temperature > 0 && Double.isFinite(temperature))) {
            throw new IllegalArgumentException("temperature: " + temperature + " is not above 0");
        }
        if (!(entropy >= 0 && Double.isFinite(entropy))) {
            throw new IllegalArgumentException("entropy: " + entropy + " is not 0 or more");
        }
    }

    @Override
    public NDArray of(ResNet network, DataSet data, int[] rows, long seed, long step) {
        NDManager manager = network.params().manager();
        Images batch = data.distinct().select(rows);
        // Both views in one batch share its statistics; a batch per view would give each away by
        // them.
        Images views =
                Images.concat(
                        augmentation.apply(batch, seed, 2 * step),
                        augmentation.apply(batch, seed, 2 * step + 1));
        return loss(network.train(views.tensor(manager), null), rows.length);
    }

    /** The loss of 2 n embeddings of length 1, the other view of i being at i + n or i - n. */
    NDArray loss(NDArray z, int n) {
        NDManager manager = z.getManager();
        float[] self = new float[4 * n * n];
        float[] pair = new float[4 * n * n];
        float[] taken = new float[4 * n * n];
        for (int i = 0; i < 2 * n; i++) {
            int other = (i + n) % (2 * n);
            self[i * 2 * n + i] = -OUT;
            taken[i * 2 * n + i] = OUT;
            taken[i * 2 * n + other] = OUT;
            pair[i * 2 * n + other] = -1f / (2 * n);
        }
        Shape square = new Shape(2L * n, 2L * n);
        NDArray alike = z.matMul(z.transpose());
        NDArray log =
                Scalars.mul(alike, 1 / temperature)
                        .add(Tensors.of(manager, self, square))
                        .logSoftmax(1);
        NDArray contrast = log.mul(Tensors.of(manager, pair, square)).sum();
        // |z_i - z_j|^2 = 2 - 2 z_i z_j.
        NDArray squared = Scalars.add(Scalars.mul(alike, -2), 2);
        NDArray nearest = squared.add(Tensors.of(manager, taken, square)).min(new int[] {1});
        NDArray spread = Ops.clamp(nearest, SQUARED, OUT).log().mean();
        return contrast.add(Scalars.mul(spread, -entropy / 2));
    }

    @Override
    public void requireFits(DataSet data, ResNetConfig config) {
        if (!config.normalised()) {
            throw new IllegalArgumentException(
                    "config: its output is not normalised; descriptors have length 1");
        }
    }

    @Override
    public JsonObject spec() {
        JsonObject spec = new JsonObject();
        spec.addProperty("type", "copy-contrast");
        spec.addProperty("temperature", temperature);
        spec.addProperty("entropy", entropy);
        spec.add("augmentation", JsonRecord.write(augmentation));
        return spec;
    }
}
