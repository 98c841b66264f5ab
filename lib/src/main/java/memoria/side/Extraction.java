package memoria.side;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import memoria.artifact.Artifact;
import memoria.artifact.Labels;
import memoria.artifact.Spec;
import memoria.artifact.Store;
import memoria.artifact.Work;
import memoria.data.Images;
import memoria.diffusion.Ddim;
import memoria.diffusion.Samples;
import memoria.diffusion.Seeds;
import memoria.metrics.Matches;
import memoria.progress.Progress;
import memoria.similarity.Neighbour;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;

/**
 * One arm of the attack (SIDE, Algorithm 1, for one lambda): images sampled from the target under guidance, rounded to 8 bits, each with its
 * best match among the target's training images. It is work cut into shards, and a pure function of its JSON spec: a shard made anywhere, in
 * any order, again after a crash, is the same to the machine's rounding.
 *
 * <pre>{@code
 * var random = Extraction.of("fashion-mild", Seeds.range(0, 1000));                        // lambda = 0
 * var side   = random.guidedBy("mild-tdkd", Labels.seedModulo(10), 5);
 * var hits   = side.in(Store.ofUser(), catalog).matches().ams(band);
 * }</pre>
 */
public final class Extraction {

    private static final String KIND = "extraction-1";

    private final String target;
    private final Seeds seeds;
    private final int steps;
    private final int shardSize;
    private final String classifier;
    private final Labels labels;
    private final double lambda;

    private Extraction(
            String target,
            Seeds seeds,
            int steps,
            int shardSize,
            String classifier,
            Labels labels,
            double lambda) {
        this.target = target;
        this.seeds = seeds;
        this.steps = steps;
        this.shardSize = shardSize;
        this.classifier = classifier;
        this.labels = labels;
        this.lambda = lambda;
    }

    /**
     * The baseline Random: the target as it is, 50 DDIM steps, shards of 50 images.
     *
     * @param target its name in the catalog
     * @param seeds one per image, at least one
     * @return the arm
     * @throws IllegalArgumentException if there are no seeds
     */
    public static Extraction of(String target, Seeds seeds) {
        if (seeds.count() == 0) {
            throw new IllegalArgumentException("seeds: none; at least one is needed");
        }
        return new Extraction(target, seeds, 50, 50, "", Labels.none(), 0);
    }

    /**
     * Guidance by a surrogate condition: SIDE with a time-dependent classifier, OL-TI with one that knows no time.
     *
     * @param name of the classifier in the catalog
     * @param rule which label each seed's image is driven to
     * @param strength lambda, 0 or above; with 0 the arm is Random whatever the classifier
     * @return a changed copy
     * @throws IllegalArgumentException if the strength is negative or no number, or the rule gives no labels
     */
    public Extraction guidedBy(String name, Labels rule, double strength) {
        if (!(strength >= 0 && Double.isFinite(strength))) {
            throw new IllegalArgumentException("lambda: " + strength + "; 0 or above is legal");
        }
        if (rule.of(seeds).rows() == 0) {
            throw new IllegalArgumentException("labels: none; guidance needs one per seed");
        }
        return strength == 0
                ? new Extraction(target, seeds, steps, shardSize, "", Labels.none(), 0)
                : new Extraction(target, seeds, steps, shardSize, name, rule, strength);
    }

    /**
     * Another number of DDIM steps.
     *
     * @param count at least 1, such that the model's steps can be divided so
     * @return a changed copy
     * @throws IllegalArgumentException if it is below 1
     */
    public Extraction steps(int count) {
        Ddim.steps(count);
        return new Extraction(target, seeds, count, shardSize, classifier, labels, lambda);
    }

    /**
     * Another shard size: what is lost when the process is killed. Images of a shard are made in one batch.
     *
     * @param size images in a shard, at least 1; the last may have fewer
     * @return a changed copy
     * @throws IllegalArgumentException if size is below 1
     */
    public Extraction shardSize(int size) {
        if (size < 1) {
            throw new IllegalArgumentException("size: " + size + "; a shard has at least 1 image");
        }
        return new Extraction(target, seeds, steps, size, classifier, labels, lambda);
    }

    /**
     * The arm that a spec describes.
     *
     * @param spec as {@link #spec} wrote it, here or on another machine
     * @return the arm
     * @throws IllegalArgumentException if the spec is of another kind of work, or an entry is missing
     */
    public static Extraction of(Spec spec) {
        JsonObject json = spec.object();
        try {
            if (!json.get("kind").getAsString().equals(KIND)) {
                throw new IllegalArgumentException(
                        "spec: kind " + json.get("kind") + "; " + KIND + " is needed");
            }
            Extraction arm =
                    of(name(json, "target"), Seeds.of(json.getAsJsonObject("seeds")))
                            .steps(json.get("steps").getAsInt())
                            .shardSize(json.get("shardSize").getAsInt());
            return !json.has("classifier")
                    ? arm
                    : arm.guidedBy(
                            name(json, "classifier"),
                            Labels.of(json.getAsJsonObject("labels")),
                            json.get("lambda").getAsDouble());
        } catch (NullPointerException | UnsupportedOperationException | ClassCastException e) {
            throw new IllegalArgumentException("spec: an entry is missing in " + spec, e);
        }
    }

    private static String name(JsonObject json, String entry) {
        return json.getAsJsonObject(entry).get("name").getAsString();
    }

    /**
     * Everything that decides the result: names and checksums of the models, seeds, steps, shard size, labels and lambda.
     *
     * @param catalog knows the checksums
     * @return the spec
     * @throws IllegalArgumentException if the catalog does not know a model
     */
    public Spec spec(Catalog catalog) {
        JsonObject spec = new JsonObject();
        spec.addProperty("kind", KIND);
        spec.add("target", catalog.id(target).spec());
        spec.addProperty("steps", steps);
        spec.add("seeds", seeds.spec());
        spec.addProperty("shardSize", shardSize);
        if (!classifier.isEmpty()) {
            spec.add("classifier", catalog.id(classifier).spec());
            spec.add("labels", labels.spec());
            spec.addProperty("lambda", lambda);
        }
        return Spec.of(spec);
    }

    /**
     * The arm as work on this machine.
     *
     * @param catalog opens the models
     * @return the work
     * @throws IllegalArgumentException if the catalog does not know a model
     */
    public Work work(Catalog catalog) {
        Spec spec = spec(catalog);
        return new Work() {
            @Override
            public Spec spec() {
                return spec;
            }

            @Override
            public int shards() {
                return (seeds.count() + shardSize - 1) / shardSize;
            }

            @Override
            public Map<String, NDArray> shard(int index, NDManager manager) {
                return Extraction.this.shard(index, manager, catalog);
            }
        };
    }

    /**
     * The work that a spec describes, if this machine has the same models.
     *
     * @param spec as {@link #spec} wrote it
     * @param catalog opens the models
     * @return the work
     * @throws IllegalArgumentException if the spec is no extraction's, or a model of this name has another checksum here
     */
    public static Work work(Spec spec, Catalog catalog) {
        Work work = of(spec).work(catalog);
        if (!work.spec().equals(spec)) {
            throw new IllegalArgumentException(
                    "spec: " + spec + "; the models of these names here make " + work.spec());
        }
        return work;
    }

    private Map<String, NDArray> shard(int index, NDManager manager, Catalog catalog) {
        Seeds some =
                seeds.slice(index * shardSize, Math.min(seeds.count(), (index + 1) * shardSize));
        Ddim sampler = Ddim.steps(steps).batch(shardSize);
        if (lambda > 0) {
            sampler =
                    sampler.guidedBy(
                            ClassifierGuidance.by(catalog.classifier(classifier), labels, lambda));
        }
        Samples samples = sampler.sample(catalog.target(target), some);
        if (!samples.complete()) {
            Progress.checkpoint();
        }
        Images images = samples.images().quantized();
        List<Neighbour> nearest = catalog.measure(target).nearest(images);
        Shape shape = new Shape(images.count()).addAll(images.item());
        return Map.of(
                "images",
                Tensors.of(manager, ByteBuffer.wrap(images.bytes()), shape, DataType.UINT8),
                "index",
                Tensors.of(manager, nearest.stream().mapToLong(Neighbour::index).toArray()),
                "similarity",
                Tensors.of(
                        manager,
                        nearest.stream().mapToDouble(Neighbour::similarity).toArray(),
                        new Shape(images.count())));
    }

    /**
     * How fast the whole attack runs here: sampling, guidance and the search for matches. The first shard is made, timed and forgotten;
     * opening the models is not counted.
     *
     * @param catalog opens the models
     * @return images per second
     * @throws memoria.progress.Interrupted if the thread is interrupted
     * @throws IllegalArgumentException if the catalog does not know a model
     */
    public double imagesPerSecond(Catalog catalog) {
        catalog.target(target);
        catalog.measure(target);
        if (lambda > 0) {
            catalog.classifier(classifier);
        }
        long start = System.nanoTime();
        try (NDManager manager = Torch.manager()) {
            Scope.run(() -> shard(0, manager, catalog));
        }
        return Math.min(seeds.count(), shardSize) * 1e9 / (System.nanoTime() - start);
    }

    /**
     * What an arm extracted.
     *
     * @param images the generated images, 8 bits deep
     * @param seeds of the images
     * @param matches of every image with its best training image
     */
    public record Result(Images images, Seeds seeds, Matches matches) {}

    /**
     * The arm's result, made as far as it is missing.
     *
     * @param store where finished shards are kept
     * @param catalog opens the models
     * @return images and matches
     * @throws memoria.progress.Interrupted if the thread is interrupted; finished shards are kept
     * @throws IllegalArgumentException if the catalog does not know a model
     * @throws java.io.UncheckedIOException if the store cannot be read or written
     */
    public Result in(Store store, Catalog catalog) {
        return read(store.complete(work(catalog)));
    }

    private Result read(Artifact artifact) {
        Images[] images = new Images[artifact.shards().size()];
        Matches matches = null;
        try (NDManager manager = Torch.manager()) {
            for (int i = 0; i < images.length; i++) {
                int shard = i;
                Matches some =
                        Scope.use(
                                () -> {
                                    var tensors = artifact.shard(shard, manager);
                                    images[shard] = images(tensors.get("images"));
                                    return matches(tensors);
                                });
                matches = matches == null ? some : matches.and(some);
            }
        }
        return new Result(Images.concat(images), seeds, matches);
    }

    private static Images images(NDArray pixels) {
        int[] shape =
                Arrays.stream(pixels.getShape().getShape()).mapToInt(Math::toIntExact).toArray();
        ByteBuffer bytes = pixels.toByteBuffer();
        byte[] levels = new byte[bytes.remaining()];
        bytes.get(levels);
        return Images.of(levels, shape[0], shape[1], shape[2], shape[3]);
    }

    private static Matches matches(Map<String, NDArray> tensors) {
        int[] index =
                Arrays.stream(tensors.get("index").toLongArray())
                        .mapToInt(Math::toIntExact)
                        .toArray();
        return Matches.of(index, tensors.get("similarity").toDoubleArray());
    }
}
