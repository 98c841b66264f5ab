package memoria.stablediffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import com.google.gson.JsonObject;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import memoria.checkpoint.SafeTensors;
import memoria.data.HuggingFaceCache;
import memoria.data.Images;
import memoria.data.TextFile;
import memoria.network.Params;
import memoria.similarity.Descriptor;
import memoria.similarity.Embeddings;
import memoria.similarity.Preprocessing;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scope;
import memoria.torch.Torch;

/**
 * CLIP (Radford et al., 2021), both towers of a published checkpoint: how well a picture fits a text.
 *
 * <pre>{@code
 * try (var clip = Clip.read(Models.checkpoint("clip-vit-large-patch14"), Tokenizer.clip())) {
 *     double[] fit = clip.scores(pictures, prompts);
 * }
 * }</pre>
 */
public final class Clip implements AutoCloseable {

    private static final String FILE = "model.safetensors";
    private static final int COLOURS = 3;

    /** Texts are short and their distinct ones few; this many at once take little memory. */
    private static final int TEXTS = 64;

    private final NDManager owner;
    private final Prompts prompts;
    private final Descriptor pictures;

    private Clip(NDManager owner, Prompts prompts, ClipImage image) {
        this.owner = owner;
        this.prompts = prompts;
        this.pictures =
                Descriptor.of(
                        "CLIP",
                        Preprocessing.none(COLOURS),
                        x -> Ops.unitRows(image.features(image.prepare(x))));
    }

    /**
     * Reads a checkpoint in Hugging Face's layout onto {@link Torch#device()}. The heads are those that a {@code config.json} beside it states,
     * else one per 64 channels.
     *
     * @param checkpoint {@code model.safetensors} or the folder it lies in
     * @param tokenizer of the text tower, such as {@link Tokenizer#clip}
     * @return both towers; the caller closes them
     * @throws IllegalArgumentException if a tensor is missing, surplus or of another shape, or the tokenizer has other tokens; it is named
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static Clip read(Path checkpoint, Tokenizer tokenizer) {
        boolean isFolder = Files.isDirectory(checkpoint);
        Path folder = isFolder ? HuggingFaceCache.snapshot(checkpoint) : checkpoint;
        Weights weights =
                isFolder
                        ? Weights.folder(folder, FILE)
                        : Weights.of(checkpoint, SafeTensors.read(checkpoint), name -> true);
        Path config =
                isFolder ? folder.resolve("config.json") : folder.resolveSibling("config.json");
        JsonObject stated = Files.exists(config) ? TextFile.json(config) : new JsonObject();
        NDManager owner = Torch.manager();
        try {
            return build(owner, weights, tokenizer, stated);
        } catch (RuntimeException e) {
            owner.close();
            throw e;
        }
    }

    private static Clip build(
            NDManager owner, Weights weights, Tokenizer tokenizer, JsonObject stated) {
        Params params =
                weights.without("text_model.embeddings.position_ids")
                        .without("vision_model.embeddings.position_ids")
                        .without("logit_scale")
                        .read(
                                owner,
                                NameMap.same(
                                        "text_model",
                                        "vision_model",
                                        "text_projection",
                                        "visual_projection"),
                                DataType.FLOAT32,
                                "reading CLIP");
        ClipNames names = ClipNames.HUGGING_FACE;
        ClipTextConfig config =
                ClipTextConfig.of(params.all(), names, heads(stated, "text_config"));
        ClipText text = new ClipText(config, params, names);
        ClipImage image = new ClipImage(params, names, heads(stated, "vision_config"));
        params.requireAllUsed();
        return new Clip(owner, new Prompts(tokenizer, text), image);
    }

    private static int heads(JsonObject stated, String tower) {
        JsonObject of = stated.has(tower) ? stated.getAsJsonObject(tower) : new JsonObject();
        return of.has("num_attention_heads") ? of.get("num_attention_heads").getAsInt() : 0;
    }

    /**
     * The CLIP score of each picture with its text (Hessel et al., 2021): {@code 100 max(cos(image, text), 0)}. Hessel et al. take 2.5 for the
     * factor; 100 is what papers on generated pictures report.
     *
     * @param images in [-1, 1], any size
     * @param texts one per picture
     * @return 0 to 100, larger fits better
     * @throws IllegalArgumentException if the counts differ
     */
    public double[] scores(Images images, List<String> texts) {
        if (images.count() != texts.size()) {
            throw new IllegalArgumentException(
                    "texts: " + texts.size() + " for " + images.count() + " images");
        }
        List<String> distinct = texts.stream().distinct().toList();
        Embeddings said = describe(distinct);
        Embeddings shown = pictures.of(images);
        return IntStream.range(0, texts.size())
                .mapToDouble(i -> shown.product(i, said, distinct.indexOf(texts.get(i))))
                .map(cosine -> 100 * Math.max(cosine, 0))
                .toArray();
    }

    private Embeddings describe(List<String> texts) {
        List<float[]> parts = new ArrayList<>();
        for (int i = 0; i < texts.size(); i += TEXTS) {
            List<String> some = texts.subList(i, Math.min(texts.size(), i + TEXTS));
            parts.add(Autograd.off(() -> Scope.use(() -> features(some).toFloatArray())));
        }
        int length = parts.stream().mapToInt(part -> part.length).sum();
        FloatBuffer all = FloatBuffer.allocate(length);
        parts.forEach(all::put);
        return Embeddings.of(all.array(), length / texts.size());
    }

    private NDArray features(List<String> texts) {
        NDArray ids = Prompts.ids(owner, prompts.tokenizer(), texts);
        return Ops.unitRows(prompts.text().features(ids));
    }

    /**
     * The image tower as a descriptor: vectors of length 1, near for pictures of the same things.
     *
     * @return the descriptor, closed with this
     */
    public Descriptor pictures() {
        return pictures;
    }

    /** Frees both towers. */
    @Override
    public void close() {
        owner.close();
    }
}
