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
import memoria.torch.Tensors;

/**
 * Classification: {@code L = -mean log softmax(net(x))[label of x]}.
 *
 * @param augmentation what is done to the images first
 */
public record CrossEntropy(Augmentation augmentation) implements FeatureLoss {

    @Override
    public NDArray of(ResNet network, DataSet data, int[] rows, long seed, long step) {
        NDManager manager = network.params().manager();
        Images batch = augmentation.apply(data.distinct().select(rows), seed, step);
        int classes = network.config().outputs();
        int[] labels = data.labels();
        float[] chosen = new float[rows.length * classes];
        for (int i = 0; i < rows.length; i++) {
            chosen[i * classes + labels[rows[i]]] = -1f / rows.length;
        }
        NDArray log = network.train(batch.tensor(manager), null).logSoftmax(1);
        return log.mul(Tensors.of(manager, chosen, new Shape(rows.length, classes))).sum();
    }

    @Override
    public void requireFits(DataSet data, ResNetConfig config) {
        int classes = data.classNames().size();
        if (config.outputs() != classes || config.normalised()) {
            throw new IllegalArgumentException(
                    "config: "
                            + config.outputs()
                            + " outputs, normalised "
                            + config.normalised()
                            + "; a classifier of this data has one score for each of its "
                            + classes
                            + " classes, not normalised");
        }
    }

    @Override
    public JsonObject spec() {
        JsonObject spec = new JsonObject();
        spec.addProperty("type", "cross-entropy");
        spec.add("augmentation", JsonRecord.write(augmentation));
        return spec;
    }
}
