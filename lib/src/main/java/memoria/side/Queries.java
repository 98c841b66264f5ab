package memoria.side;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import memoria.artifact.Artifact;
import memoria.artifact.Spec;
import memoria.artifact.Store;
import memoria.artifact.Work;
import memoria.data.Images;
import memoria.diffusion.Ddim;
import memoria.diffusion.Samples;
import memoria.diffusion.Seeds;
import memoria.progress.Progress;
import memoria.stablediffusion.TextToImage;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;

/**
 * The attacker's queries to a fine-tuned model (SIDE, Appendix G.2, Eq. 34): every prompt is asked N times, each time from other noise. It
 * is work cut into shards of 16 prompts; the images are kept in 8 bits, and what is judged is what is kept.
 *
 * <pre>{@code
 * Repeated seen = Queries.of(tuned, strings).samples(8).in(Models.store());
 * double[] variance = seen.variance();
 * }</pre>
 */
public final class Queries implements Work {

    private static final String KIND = "queries-1";
    private static final String IMAGES = "images";
    private static final int SHARD = 16;

    private final Spec victim;
    private final Supplier<TextToImage> model;
    private final List<String> prompts;
    private final int samples;
    private final int steps;
    private final double guidance;
    private final long firstSeed;

    private Queries(
            Spec victim,
            Supplier<TextToImage> model,
            List<String> prompts,
            int samples,
            int steps,
            double guidance,
            long firstSeed) {
        this.victim = victim;
        this.model = model;
        this.prompts = prompts;
        this.samples = samples;
        this.steps = steps;
        this.guidance = guidance;
        this.firstSeed = firstSeed;
    }

    /**
     * Eight images per prompt by 25 steps of DDIM under guidance of scale 4.
     *
     * @param tuned the fine-tuned model; it stays the caller's
     * @param prompts at least one; equal ones are asked with other seeds
     * @return the queries; nothing is generated before {@link #in}
     * @throws IllegalArgumentException if there is no prompt, or one is too long for the model's tokenizer
     */
    public static Queries of(Victim.Tuned tuned, List<String> prompts) {
        if (prompts.isEmpty()) {
            throw new IllegalArgumentException("prompts: none; at least one is needed");
        }
        prompts.forEach(tuned.model().prompts().tokenizer()::requireFits);
        return new Queries(tuned.spec(), tuned::model, List.copyOf(prompts), 8, 25, 4, 10_000);
    }

    /**
     * More or fewer images per prompt.
     *
     * @param count N, at least 2
     * @return a changed copy
     * @throws IllegalArgumentException if it is below 2
     */
    public Queries samples(int count) {
        if (count < 2) {
            throw new IllegalArgumentException(
                    "samples: " + count + "; a variance needs at least 2");
        }
        return new Queries(victim, model, prompts, count, steps, guidance, firstSeed);
    }

    /**
     * More or fewer steps.
     *
     * @param count of DDIM, at least 1
     * @return a changed copy
     * @throws IllegalArgumentException if it is below 1
     */
    public Queries steps(int count) {
        Ddim.steps(count);
        return new Queries(victim, model, prompts, samples, count, guidance, firstSeed);
    }

    /**
     * Another guidance.
     *
     * @param scale of the classifier-free guidance, 1 for none
     * @return a changed copy
     * @throws IllegalArgumentException if it is not finite
     */
    public Queries guidance(double scale) {
        if (!Double.isFinite(scale)) {
            throw new IllegalArgumentException("scale: " + scale + "; a finite one is needed");
        }
        return new Queries(victim, model, prompts, samples, steps, scale, firstSeed);
    }

    /**
     * Other noise.
     *
     * @param seed of the first prompt's first image; image j of prompt i has {@code seed + i N + j}
     * @return a changed copy
     */
    public Queries firstSeed(long seed) {
        return new Queries(victim, model, prompts, samples, steps, guidance, seed);
    }

    @Override
    public Spec spec() {
        JsonObject spec = new JsonObject();
        spec.addProperty("kind", KIND);
        spec.addProperty("victim", victim.key());
        spec.addProperty("prompts", Victim.checksum(prompts));
        spec.addProperty("count", prompts.size());
        spec.addProperty("samples", samples);
        spec.addProperty("steps", steps);
        spec.addProperty("guidance", guidance);
        spec.addProperty("firstSeed", firstSeed);
        return Spec.of(spec);
    }

    @Override
    public int shards() {
        return (prompts.size() + SHARD - 1) / SHARD;
    }

    @Override
    public Map<String, NDArray> shard(int index, NDManager manager) {
        int from = index * SHARD;
        List<String> some = prompts.subList(from, Math.min(prompts.size(), from + SHARD));
        String[] asked =
                some.stream()
                        .flatMap(prompt -> Collections.nCopies(samples, prompt).stream())
                        .toArray(String[]::new);
        long seed = firstSeed + (long) from * samples;
        Samples made =
                model.get()
                        .generate(
                                Ddim.steps(steps).clip(false),
                                Seeds.range(seed, seed + asked.length),
                                guidance,
                                asked);
        if (!made.complete()) {
            Progress.checkpoint();
        }
        Images images = made.images().quantized();
        Shape shape = new Shape(images.count()).addAll(images.item());
        return Map.of(
                IMAGES,
                Tensors.of(manager, ByteBuffer.wrap(images.bytes()), shape, DataType.UINT8));
    }

    /**
     * The images, generated as far as they are missing.
     *
     * @param store where finished shards are kept
     * @return N images per prompt
     * @throws memoria.progress.Interrupted if the thread is interrupted; finished shards are kept
     * @throws java.io.UncheckedIOException if the store cannot be read or written
     */
    public Repeated in(Store store) {
        Artifact artifact = store.complete(this);
        Images[] parts = new Images[shards()];
        try (NDManager manager = Torch.manager()) {
            for (int i = 0; i < parts.length; i++) {
                int shard = i;
                parts[i] = Scope.use(() -> images(artifact.shard(shard, manager).get(IMAGES)));
            }
        }
        return new Repeated(Images.concat(parts), samples);
    }

    private static Images images(NDArray pixels) {
        int[] size =
                Arrays.stream(pixels.getShape().getShape()).mapToInt(Math::toIntExact).toArray();
        return Images.of(pixels.toByteArray(), size[0], size[1], size[2], size[3]);
    }
}
