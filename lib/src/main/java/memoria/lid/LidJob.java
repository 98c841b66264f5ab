package memoria.lid;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import memoria.artifact.Artifact;
import memoria.artifact.ModelId;
import memoria.artifact.Spec;
import memoria.artifact.Store;
import memoria.artifact.Work;
import memoria.data.Checksum;
import memoria.data.Images;
import memoria.diffusion.Condition;
import memoria.diffusion.Denoiser;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;

/**
 * An estimator's measurements as work that is saved, resumed and shared. The spec is estimator, model, the images' checksum and the labels.
 *
 * <pre>{@code
 * var job    = Flipd.at(NoiseLevel.vp(0.05)).gaussian(8).job(ModelId.of("heavy", file), () -> model, images);
 * var values = job.in(Store.ofUser());   // the second time it only reads
 * }</pre>
 *
 * @param <R> what is read from the measurements
 */
public final class LidJob<R> implements Work {

    private static final int SHARD = 256;

    private final Estimator<R> estimator;
    private final ModelId id;
    private final Supplier<? extends Denoiser> source;
    private final Images images;
    private final long[] labels;
    private final String variant;
    private Denoiser model;

    LidJob(Estimator<R> estimator, ModelId id, Supplier<? extends Denoiser> source, Images images) {
        this(estimator, id, source, images, new long[0], "");
        if (images.count() == 0) {
            throw new IllegalArgumentException("images: none; at least one is needed");
        }
        estimator.spec();
    }

    private LidJob(
            Estimator<R> estimator,
            ModelId id,
            Supplier<? extends Denoiser> source,
            Images images,
            long[] labels,
            String variant) {
        this.estimator = estimator;
        this.id = id;
        this.source = source;
        this.images = images;
        this.labels = labels;
        this.variant = variant;
    }

    /**
     * Under a class each.
     *
     * @param classes one per image
     * @return a changed copy
     * @throws IllegalArgumentException if their count differs
     */
    public LidJob<R> labels(long... classes) {
        if (classes.length != images.count()) {
            throw new IllegalArgumentException(
                    "classes: " + classes.length + " for " + images.count() + " images");
        }
        return new LidJob<>(estimator, id, source, images, classes.clone(), variant);
    }

    /**
     * Names what else decides the answers: what is wrapped around the model, such as a guidance scale.
     *
     * @param name part of the spec
     * @return a changed copy
     */
    public LidJob<R> variant(String name) {
        return new LidJob<>(estimator, id, source, images, labels, name);
    }

    @Override
    public Spec spec() {
        JsonObject of = new JsonObject();
        of.addProperty("count", images.count());
        of.addProperty("item", images.item().toString());
        of.addProperty("sha256", checksum());
        JsonArray classes = new JsonArray();
        Arrays.stream(labels).forEach(classes::add);
        JsonObject which = new JsonObject();
        which.addProperty("name", id.name());
        which.addProperty("sha256", id.sha256());
        which.addProperty("variant", variant);
        JsonObject spec = new JsonObject();
        spec.addProperty("kind", "lid-1");
        spec.add("estimator", estimator.spec());
        spec.add("model", which);
        spec.add("images", of);
        spec.add("labels", classes);
        return Spec.of(spec);
    }

    private String checksum() {
        float[] values = images.all();
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length);
        bytes.asFloatBuffer().put(values);
        return Checksum.sha256(bytes.array());
    }

    @Override
    public int shards() {
        return (images.count() + SHARD - 1) / SHARD;
    }

    @Override
    public Map<String, NDArray> shard(int index, NDManager manager) {
        if (model == null) {
            model = source.get();
        }
        int from = index * SHARD;
        int to = Math.min(images.count(), from + SHARD);
        Condition condition =
                labels.length == 0
                        ? Condition.none()
                        : Condition.classes(Arrays.copyOfRange(labels, from, to));
        Map<String, NDArray> tensors = new LinkedHashMap<>();
        Estimators.measure(estimator, model, images.slice(from, to), condition)
                .forEach((name, rows) -> tensors.put(name, tensor(manager, rows)));
        return tensors;
    }

    private static NDArray tensor(NDManager manager, double[][] rows) {
        double[] flat = Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
        return Tensors.of(manager, flat, new Shape(rows.length, flat.length / rows.length));
    }

    /**
     * The result, measured as far as it is missing.
     *
     * @param store where finished shards are kept
     * @return as {@link Estimator#of}
     * @throws memoria.progress.Interrupted if the thread is interrupted; finished shards are kept
     * @throws IllegalArgumentException if model, images and condition do not fit
     * @throws java.io.UncheckedIOException if the store cannot be read or written
     */
    public R in(Store store) {
        return read(store.complete(this));
    }

    /**
     * The result in a finished artifact of this job.
     *
     * @param artifact what {@link Store#complete} returned
     * @return as {@link Estimator#of}
     * @throws IllegalArgumentException if it is another job's
     */
    public R read(Artifact artifact) {
        if (!artifact.spec().equals(spec())) {
            throw new IllegalArgumentException(
                    "artifact: it is of " + artifact.spec() + ", not of " + spec());
        }
        Map<String, List<double[]>> rows = new LinkedHashMap<>();
        try (NDManager manager = Torch.manager()) {
            for (int i = 0; i < shards(); i++) {
                int shard = i;
                Scope.run(
                        () ->
                                artifact.shard(shard, manager)
                                        .forEach((name, tensor) -> append(rows, name, tensor)));
            }
        }
        Map<String, double[][]> all = new LinkedHashMap<>();
        rows.forEach((name, list) -> all.put(name, list.toArray(double[][]::new)));
        return estimator.result(all, images.itemSize());
    }

    private static void append(Map<String, List<double[]>> rows, String name, NDArray tensor) {
        if (tensor.getDataType() != DataType.FLOAT64) {
            throw new IllegalArgumentException("artifact: '" + name + "' is not float64");
        }
        rows.computeIfAbsent(name, key -> new ArrayList<>())
                .addAll(List.of(Estimators.rows(name, tensor, Double.NaN)));
    }
}
