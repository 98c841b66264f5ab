package memoria.similarity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.Map;
import memoria.artifact.Artifact;
import memoria.artifact.Spec;
import memoria.artifact.Store;
import memoria.artifact.Work;
import memoria.data.Images;
import memoria.torch.Tensors;

/**
 * Describing a set of images as work that is saved, resumed and shared: the points that a neighbour index is made of. They have length 1, so
 * that their product is the cosine. The spec is the descriptor, the images by checksum and the size of a shard.
 *
 * <pre>{@code
 * Embeddings points = EmbeddingJob.of(Descriptor.shippedFeatures("fashion-features"), images).in(store);   // the second time it only reads
 * }</pre>
 */
public final class EmbeddingJob implements Work {

    private final Descriptor descriptor;
    private final Images images;
    private final int shardSize;

    private EmbeddingJob(Descriptor descriptor, Images images, int shardSize) {
        this.descriptor = descriptor;
        this.images = images;
        this.shardSize = shardSize;
    }

    /**
     * The descriptors of images, in shards of 1,000.
     *
     * @param descriptor stays the caller's to close
     * @param images at least one
     * @return the job
     * @throws IllegalArgumentException if there is no image or a value is not finite
     */
    public static EmbeddingJob of(Descriptor descriptor, Images images) {
        if (images.count() == 0) {
            throw new IllegalArgumentException("images: none; at least one is needed");
        }
        images.requireFinite("images");
        return new EmbeddingJob(descriptor, images, 1000);
    }

    /**
     * The same in larger or smaller shards: what is lost when the process is killed.
     *
     * @param size images in a shard, at least 1; the last may have fewer
     * @return a changed copy
     * @throws IllegalArgumentException if size is below 1
     */
    public EmbeddingJob shardSize(int size) {
        if (size < 1) {
            throw new IllegalArgumentException("size: " + size + "; a shard has at least 1 image");
        }
        return new EmbeddingJob(descriptor, images, size);
    }

    @Override
    public Spec spec() {
        JsonObject spec = new JsonObject();
        spec.addProperty("kind", "embeddings-1");
        spec.add("descriptor", descriptor.spec());
        spec.addProperty("images", images.sha256());
        spec.addProperty("shardSize", shardSize);
        return Spec.of(spec);
    }

    @Override
    public int shards() {
        return (images.count() + shardSize - 1) / shardSize;
    }

    @Override
    public Map<String, NDArray> shard(int index, NDManager manager) {
        int to = Math.min(images.count(), (index + 1) * shardSize);
        Embeddings points = descriptor.of(images.slice(index * shardSize, to)).unit();
        return Map.of(
                EmbeddingsFile.TENSOR,
                Tensors.of(
                        manager,
                        points.rows(0, points.count()),
                        new Shape(points.count(), points.dimensions())));
    }

    /**
     * The points, made as far as they are missing.
     *
     * @param store where finished shards are kept; they are read from there row by row
     * @return one row of length 1 per image
     * @throws memoria.progress.Interrupted if the thread is interrupted; finished shards are kept
     * @throws IllegalArgumentException if the descriptor does not take such images, or the description of an image is zero
     * @throws java.io.UncheckedIOException if the store cannot be read or written
     */
    public Embeddings in(Store store) {
        Artifact artifact = store.complete(this);
        return Embeddings.open(artifact.shards().toArray(new Path[0]));
    }
}
