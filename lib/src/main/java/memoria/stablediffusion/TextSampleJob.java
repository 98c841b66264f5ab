package memoria.stablediffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import memoria.artifact.ModelId;
import memoria.artifact.Spec;
import memoria.artifact.Store;
import memoria.artifact.Work;
import memoria.data.Checksum;
import memoria.data.Images;
import memoria.diffusion.Sampler;
import memoria.diffusion.Samples;
import memoria.diffusion.Seeds;
import memoria.progress.Progress;

/**
 * Generating from prompts as work that is saved, resumed and shared. Prompts are used in turn, prompt {@code seed mod prompts}; images are
 * kept decoded, in 256 levels: what is judged is what is stored. The spec is model, sampler with its guidances, scale of classifier-free
 * guidance, seeds, prompts by checksum and shard size.
 *
 * <pre>{@code
 * var job    = TextSampleJob.of(TextToImage.id("fashion-text"), model, Ddim.steps(50).clip(false), Seeds.range(0, 500), 4, prompts);
 * var images = job.in(Models.store());   // the second time it only reads
 * }</pre>
 */
public final class TextSampleJob implements Work {

    private final ModelId id;
    private final TextToImage model;
    private final Sampler sampler;
    private final Seeds seeds;
    private final double guidance;
    private final List<String> prompts;
    private final int shardSize;

    private TextSampleJob(
            ModelId id,
            TextToImage model,
            Sampler sampler,
            Seeds seeds,
            double guidance,
            List<String> prompts,
            int shardSize) {
        this.id = id;
        this.model = model;
        this.sampler = sampler;
        this.seeds = seeds;
        this.guidance = guidance;
        this.prompts = prompts;
        this.shardSize = shardSize;
    }

    /**
     * Generating in shards of 64 images.
     *
     * @param id which model
     * @param model the model; the caller closes it
     * @param sampler not clipping; its {@link Sampler#spec} is part of this job's
     * @param seeds one per image, at least one
     * @param guidance scale of classifier-free guidance, 1 for none
     * @param prompts at least one, used in turn
     * @return the job
     * @throws IllegalArgumentException if there are no seeds or no prompts
     * @throws IllegalStateException if the sampler has no spec, as with a guidance that is a lambda
     */
    public static TextSampleJob of(
            ModelId id,
            TextToImage model,
            Sampler sampler,
            Seeds seeds,
            double guidance,
            List<String> prompts) {
        if (seeds.count() == 0 || prompts.isEmpty()) {
            throw new IllegalArgumentException(
                    "seeds, prompts: "
                            + seeds.count()
                            + " and "
                            + prompts.size()
                            + "; at least one of both is needed");
        }
        sampler.spec();
        return new TextSampleJob(id, model, sampler, seeds, guidance, List.copyOf(prompts), 64);
    }

    /**
     * Generating in larger or smaller shards. With guidances the images of a batch depend on its borders, so the size decides the result.
     *
     * @param size images in a shard, at least 1; the last may have fewer
     * @return a changed copy
     * @throws IllegalArgumentException if size is below 1
     */
    public TextSampleJob shardSize(int size) {
        if (size < 1) {
            throw new IllegalArgumentException("size: " + size + "; a shard has at least 1 image");
        }
        return new TextSampleJob(id, model, sampler, seeds, guidance, prompts, size);
    }

    /**
     * The prompt of every image.
     *
     * @return one per seed
     */
    public List<String> prompts() {
        return IntStream.range(0, seeds.count()).mapToObj(i -> prompt(seeds.at(i))).toList();
    }

    private String prompt(long seed) {
        return prompts.get((int) Math.floorMod(seed, (long) prompts.size()));
    }

    @Override
    public Spec spec() {
        JsonObject spec = new JsonObject();
        spec.addProperty("kind", "text-samples-1");
        spec.add("model", id.spec());
        spec.add("sampler", sampler.spec());
        spec.add("seeds", seeds.spec());
        spec.addProperty("guidance", guidance);
        byte[] all = String.join("\n", prompts).getBytes(StandardCharsets.UTF_8);
        spec.addProperty("prompts", Checksum.sha256(all));
        spec.addProperty("promptCount", prompts.size());
        spec.addProperty("shardSize", shardSize);
        return Spec.of(spec);
    }

    @Override
    public int shards() {
        return (seeds.count() + shardSize - 1) / shardSize;
    }

    @Override
    public Map<String, NDArray> shard(int index, NDManager manager) {
        int to = Math.min(seeds.count(), (index + 1) * shardSize);
        Seeds some = seeds.slice(index * shardSize, to);
        String[] texts = Arrays.stream(some.values()).mapToObj(this::prompt).toArray(String[]::new);
        Samples samples = model.generate(sampler, some, guidance, texts);
        if (!samples.complete()) {
            Progress.checkpoint();
        }
        return StoredImages.shard(samples.images(), manager);
    }

    /**
     * The images, made as far as they are missing.
     *
     * @param store where finished shards are kept
     * @return one per seed, in [-1, 1]
     * @throws memoria.progress.Interrupted if the thread is interrupted; finished shards are kept
     * @throws java.io.UncheckedIOException if the store cannot be read or written
     */
    public Images in(Store store) {
        return StoredImages.read(store.complete(this));
    }
}
