package memoria.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.function.UnaryOperator;
import memoria.data.Images;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scope;

/**
 * A trained {@link ResNet} with the shape of its items: a classifier, a copy descriptor, a judge. It owns its parameters; close it to free
 * them.
 */
public final class FeatureNetwork implements AutoCloseable {

    private static final String KIND = "feature network";
    private static final String ARCHITECTURE = "architecture";
    private static final String ITEM = "item";
    private static final String MADE = "made";
    private static final int BATCH = 256;

    private final ResNet network;
    private final Shape item;
    private final JsonObject metadata;

    /**
     * A network as it stands.
     *
     * @param network its parameters' manager is closed with this object
     * @param item shape of one item
     * @param metadata how it was made
     * @throws IllegalArgumentException if the network does not take such items
     */
    public FeatureNetwork(ResNet network, Shape item, JsonObject metadata) {
        network.config().requireItem(item);
        this.network = network;
        this.item = item;
        this.metadata = metadata.deepCopy();
        network.params().setRequiresGradient(false);
    }

    /**
     * Writes a network; the file appears under its name only when it is whole.
     *
     * @param file where
     * @param parameters by name, buffers included
     * @param config the architecture they belong to
     * @param item shape of one item
     * @param made how it was made
     */
    public static void write(
            Path file,
            Map<String, NDArray> parameters,
            ResNetConfig config,
            Shape item,
            JsonObject made) {
        ModelFile.write(
                file,
                KIND,
                parameters,
                Map.of(ARCHITECTURE, config.toJson(), ITEM, ModelFile.json(item), MADE, made));
    }

    /**
     * Reads a network onto {@link memoria.torch.Torch#device()}.
     *
     * @param file what {@link #write} wrote
     * @return the network; the caller closes it
     * @throws IllegalArgumentException if the file is damaged, foreign, or its tensors do not fit its architecture; the file and the reason
     *     are named
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static FeatureNetwork read(Path file) {
        return ModelFile.read(
                file,
                KIND,
                (params, parts) ->
                        new FeatureNetwork(
                                new ResNet(ResNetConfig.of(parts.object(ARCHITECTURE)), params),
                                parts.shape(ITEM),
                                parts.object(MADE)));
    }

    /**
     * The network's output: class scores before the softmax, or embeddings. Recorded if x is.
     *
     * @param x (N, C, H, W), float32
     * @return (N, outputs)
     * @throws IllegalArgumentException if an argument does not fit the architecture
     * @throws IllegalStateException if the network was closed
     */
    public NDArray output(NDArray x) {
        return open().forward(x);
    }

    /**
     * What the last layer reads. Recorded if x is.
     *
     * @param x (N, C, H, W), float32
     * @return (N, {@link ResNetConfig#features})
     * @throws IllegalArgumentException if an argument does not fit the architecture
     * @throws IllegalStateException if the network was closed
     */
    public NDArray features(NDArray x) {
        return open().features(x, null);
    }

    /**
     * The class of every image: the one with the largest score.
     *
     * @param images of {@link #item}
     * @return one class per image
     * @throws IllegalArgumentException if the images have another shape
     * @throws IllegalStateException if the network was closed
     */
    public int[] classes(Images images) {
        int[] classes = new int[images.count()];
        for (int from = 0; from < classes.length; from += BATCH) {
            Images some = images.slice(from, Math.min(classes.length, from + BATCH));
            long[] best =
                    Scope.use(
                            () ->
                                    Autograd.off(
                                            () -> {
                                                NDArray scores = output(some.tensor(manager()));
                                                return Ops.topk(scores, 1, true)
                                                        .get(1)
                                                        .toLongArray();
                                            }));
            for (int i = 0; i < best.length; i++) {
                classes[from + i] = (int) best[i];
            }
        }
        return classes;
    }

    /**
     * What a classifier believes of every image: {@code softmax(scores)}, of a network without time.
     *
     * @param images of {@link #item}
     * @return one row per image, one number per class
     * @throws IllegalArgumentException if the images have another shape
     * @throws IllegalStateException if the network was closed
     */
    public float[][] probabilities(Images images) {
        return rows(images, x -> output(x).softmax(-1));
    }

    /**
     * What the last layer reads of every image, of a network without time.
     *
     * @param images of {@link #item}
     * @return one row per image
     * @throws IllegalArgumentException if the images have another shape
     * @throws IllegalStateException if the network was closed
     */
    public float[][] features(Images images) {
        return rows(images, this::features);
    }

    private float[][] rows(Images images, UnaryOperator<NDArray> of) {
        float[][] rows = new float[images.count()][];
        for (int from = 0; from < rows.length; from += BATCH) {
            Images some = images.slice(from, Math.min(rows.length, from + BATCH));
            float[] flat =
                    Scope.use(
                            () ->
                                    Autograd.off(
                                            () -> of.apply(some.tensor(manager())).toFloatArray()));
            int width = flat.length / some.count();
            for (int i = 0; i < some.count(); i++) {
                rows[from + i] = Arrays.copyOfRange(flat, i * width, (i + 1) * width);
            }
        }
        return rows;
    }

    private ResNet open() {
        manager();
        return network;
    }

    /**
     * The manager the parameters live on.
     *
     * @return the owner
     * @throws IllegalStateException if the network was closed
     */
    public NDManager manager() {
        NDManager owner = network.params().manager();
        if (!owner.isOpen()) {
            throw new IllegalStateException("network: it was closed; load it again");
        }
        return owner;
    }

    /**
     * Shape of one item.
     *
     * @return (C, H, W)
     */
    public Shape item() {
        return item;
    }

    /**
     * The residual network behind it.
     *
     * @return the network
     */
    public ResNet network() {
        return network;
    }

    /**
     * How it was made: recipe, loss, data, loss curve.
     *
     * @return a copy
     */
    public JsonObject metadata() {
        return metadata.deepCopy();
    }

    /** Frees the parameters; outputs throw {@link IllegalStateException} from then on. */
    @Override
    public void close() {
        network.params().manager().close();
    }
}
