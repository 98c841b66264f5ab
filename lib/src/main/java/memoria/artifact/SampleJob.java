package memoria.artifact;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import memoria.data.Images;
import memoria.diffusion.Denoiser;
import memoria.diffusion.Sampler;
import memoria.diffusion.Samples;
import memoria.diffusion.Seeds;
import memoria.progress.Progress;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;

/**
 * Sampling as work that is saved, resumed and shared. The spec is model, sampler, seeds, labels and shard size; with guidances the images
 * of a batch depend on its borders, so the shard size decides the result and belongs to it.
 *
 * <pre>{@code
 * var job     = SampleJob.of(ModelId.of("heavy", file), () -> model, Ddim.steps(50), Seeds.range(0, 10_000));
 * var samples = job.in(Store.ofUser());   // the second time it only reads
 * }</pre>
 */
public final class SampleJob implements Work {

    private static final String IMAGES = "images";
    private static final String SEEDS = "seeds";

    private final ModelId id;
    private final Supplier<Denoiser> model;
    private final Sampler sampler;
    private final Seeds seeds;
    private final Labels labels;
    private final int shardSize;
    private final boolean quantized;

    private SampleJob(
            ModelId id,
            Supplier<Denoiser> model,
            Sampler sampler,
            Seeds seeds,
            Labels labels,
            int shardSize,
            boolean quantized) {
        this.id = id;
        this.model = model;
        this.sampler = sampler;
        this.seeds = seeds;
        this.labels = labels;
        this.shardSize = shardSize;
        this.quantized = quantized;
    }

    /**
     * Unconditional sampling in shards of 64 images.
     *
     * @param id which model
     * @param model gives it, asked once, when the first missing shard is made; the caller closes it
     * @param sampler its {@link Sampler#spec} is part of this job's
     * @param seeds one per image, at least one
     * @return the job
     * @throws IllegalArgumentException if there are no seeds
     * @throws IllegalStateException if the sampler has no spec, as with a guidance that is a lambda
     */
    public static SampleJob of(
            ModelId id, Supplier<? extends Denoiser> model, Sampler sampler, Seeds seeds) {
        if (seeds.count() == 0) {
            throw new IllegalArgumentException("seeds: none; at least one is needed");
        }
        sampler.spec();
        return new SampleJob(id, once(model), sampler, seeds, Labels.none(), 64, false);
    }

    private static Supplier<Denoiser> once(Supplier<? extends Denoiser> model) {
        Denoiser[] loaded = new Denoiser[1];
        return () -> {
            if (loaded[0] == null) {
                loaded[0] = model.get();
            }
            return loaded[0];
        };
    }

    /**
     * Sampling with class labels.
     *
     * @param rule which label a seed has
     * @return a changed copy
     */
    public SampleJob labels(Labels rule) {
        return new SampleJob(id, model, sampler, seeds, rule, shardSize, quantized);
    }

    /**
     * Sampling in larger or smaller shards: what is lost when the process is killed.
     *
     * @param size images in a shard, at least 1; the last may have fewer
     * @return a changed copy
     * @throws IllegalArgumentException if size is below 1
     */
    public SampleJob shardSize(int size) {
        if (size < 1) {
            throw new IllegalArgumentException("size: " + size + "; a shard has at least 1 image");
        }
        return new SampleJob(id, model, sampler, seeds, labels, size, quantized);
    }

    /**
     * Sampling for the 256 levels of an image file: a quarter of the bytes, for sets that are shipped. What is judged is what is stored.
     *
     * @return a changed copy, whose images are {@link Images#quantized}
     */
    public SampleJob quantized() {
        return new SampleJob(id, model, sampler, seeds, labels, shardSize, true);
    }

    @Override
    public Spec spec() {
        JsonObject spec = new JsonObject();
        spec.addProperty("kind", "samples-1");
        spec.add("model", id.spec());
        spec.add("sampler", sampler.spec());
        spec.add("seeds", seeds.spec());
        spec.add("labels", labels.spec());
        spec.addProperty("shardSize", shardSize);
        if (quantized) {
            spec.addProperty("levels", 256);
        }
        return Spec.of(spec);
    }

    @Override
    public int shards() {
        return (seeds.count() + shardSize - 1) / shardSize;
    }

    @Override
    public Map<String, NDArray> shard(int index, NDManager manager) {
        Seeds some = seedsOf(index);
        Samples samples = sampler.sample(model.get(), some, labels.of(some));
        if (!samples.complete()) {
            Progress.checkpoint();
        }
        Images images = samples.images();
        return Map.of(
                IMAGES,
                quantized ? levels(images, manager) : images.tensor(manager),
                SEEDS,
                Tensors.of(manager, some.values()));
    }

    private static NDArray levels(Images images, NDManager manager) {
        Shape shape = new Shape(images.count()).addAll(images.item());
        return Tensors.of(manager, ByteBuffer.wrap(images.bytes()), shape, DataType.UINT8);
    }

    private Seeds seedsOf(int shard) {
        return seeds.slice(shard * shardSize, Math.min(seeds.count(), (shard + 1) * shardSize));
    }

    /**
     * The samples, made as far as they are missing.
     *
     * @param store where finished shards are kept
     * @return all images, without a trajectory
     * @throws memoria.progress.Interrupted if the thread is interrupted; finished shards are kept
     * @throws IllegalArgumentException if sampler, model, seeds and labels do not fit
     * @throws java.io.UncheckedIOException if the store cannot be read or written
     */
    public Samples in(Store store) {
        return read(store.complete(this));
    }

    /**
     * The samples in a finished artifact of this job.
     *
     * @param artifact what {@link Store#complete} returned
     * @return all images, without a trajectory
     * @throws IllegalArgumentException if it is another job's
     */
    public Samples read(Artifact artifact) {
        if (!artifact.spec().equals(spec())) {
            throw new IllegalArgumentException(
                    "artifact: it is of " + artifact.spec() + ", not of " + spec());
        }
        try (NDManager manager = Torch.manager()) {
            List<Images> parts =
                    IntStream.range(0, shards())
                            .mapToObj(i -> images(artifact, i, manager))
                            .toList();
            return new Samples(Images.concat(parts.toArray(Images[]::new)), seeds);
        }
    }

    private static Images images(Artifact artifact, int shard, NDManager manager) {
        return Scope.use(
                () -> {
                    NDArray stored = artifact.shard(shard, manager).get(IMAGES);
                    if (stored.getDataType() != DataType.UINT8) {
                        return Images.from(stored);
                    }
                    int[] size =
                            Arrays.stream(stored.getShape().getShape())
                                    .mapToInt(Math::toIntExact)
                                    .toArray();
                    return Images.of(stored.toByteArray(), size[0], size[1], size[2], size[3]);
                });
    }
}
