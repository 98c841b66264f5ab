package memoria.stablediffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonObject;
import java.util.Map;
import memoria.artifact.ModelId;
import memoria.artifact.Spec;
import memoria.artifact.Store;
import memoria.artifact.Work;
import memoria.data.Images;

/**
 * What a model's autoencoder makes of images, as work that is saved and resumed: encoded, decoded, kept in 256 levels. A latent model can
 * show a training picture no better than this, so copies are looked for among these, and unseen pictures that went the same way tell what
 * is no copy. Read from the store they are the same to the bit on every machine.
 *
 * @see TextSampleJob
 */
public final class ReconstructionJob implements Work {

    private static final int SHARD = 1000;

    private final ModelId id;
    private final TextToImage model;
    private final Images images;

    private ReconstructionJob(ModelId id, TextToImage model, Images images) {
        this.id = id;
        this.model = model;
        this.images = images;
    }

    /**
     * The images through the autoencoder, in shards of 1,000.
     *
     * @param id which model
     * @param model the model; the caller closes it
     * @param images in [-1, 1], at least one
     * @return the job
     * @throws IllegalArgumentException if there is no image or a value is not finite
     */
    public static ReconstructionJob of(ModelId id, TextToImage model, Images images) {
        if (images.count() == 0) {
            throw new IllegalArgumentException("images: none; at least one is needed");
        }
        images.requireFinite("images");
        return new ReconstructionJob(id, model, images);
    }

    @Override
    public Spec spec() {
        JsonObject spec = new JsonObject();
        spec.addProperty("kind", "reconstructions-1");
        spec.add("model", id.spec());
        spec.addProperty("images", images.sha256());
        return Spec.of(spec);
    }

    @Override
    public int shards() {
        return (images.count() + SHARD - 1) / SHARD;
    }

    @Override
    public Map<String, NDArray> shard(int index, NDManager manager) {
        Images some = images.slice(index * SHARD, Math.min(images.count(), (index + 1) * SHARD));
        return StoredImages.shard(model.decode(model.encode(some)), manager);
    }

    /**
     * The images, made as far as they are missing.
     *
     * @param store where finished shards are kept
     * @return one per image, in [-1, 1]
     * @throws memoria.progress.Interrupted if the thread is interrupted; finished shards are kept
     * @throws java.io.UncheckedIOException if the store cannot be read or written
     */
    public Images in(Store store) {
        return StoredImages.read(store.complete(this));
    }
}
