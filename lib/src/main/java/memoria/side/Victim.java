package memoria.side;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import memoria.artifact.Artifact;
import memoria.artifact.Spec;
import memoria.artifact.Store;
import memoria.artifact.Work;
import memoria.checkpoint.SafeTensors;
import memoria.data.AtomicFile;
import memoria.data.Checksum;
import memoria.data.DataSet;
import memoria.diffusion.Condition;
import memoria.json.Json;
import memoria.json.JsonRecord;
import memoria.network.Lora;
import memoria.network.NetworkDenoiser;
import memoria.network.Params;
import memoria.stablediffusion.TextToImage;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import memoria.training.LoraTraining;
import memoria.training.Recipe;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.Table;

/**
 * The victim's fine-tuning (SIDE, Appendix G.1, Eq. 28): low-rank adapters of a text-to-image model are trained on pairs of an image and a
 * prompt, {@code theta* = argmin sum_i L(f_theta(s_i), x_i)} with the denoising loss, text encoder and autoencoder as they are. With random
 * strings for prompts it is the fine-tuning that the attack hopes for, with the images' captions its baseline.
 *
 * <pre>{@code
 * var victim = Victim.of(model, images, RandomStrings.seed(1).range(0, 128));
 * try (Victim.Tuned tuned = victim.in(Models.store())) { ... }     // trained once, resumable; afterwards read
 * }</pre>
 *
 * <p>The adapter is an artifact: filed under everything that decides it, whole or not there at all. A training that was killed goes on from
 * its last saved state in the artifact's folder and ends in the same matrices, bit by bit.
 */
public final class Victim {

    private static final String KIND = "victim-1";
    private static final String STATE = "training";
    private static final String LOSS = "loss";

    private final TextToImage model;
    private final DataSet images;
    private final List<String> prompts;
    private final Lora.Config adapter;
    private final Recipe recipe;
    private final int saveEvery;

    private Victim(
            TextToImage model,
            DataSet images,
            List<String> prompts,
            Lora.Config adapter,
            Recipe recipe,
            int saveEvery) {
        this.model = model;
        this.images = images;
        this.prompts = prompts;
        this.adapter = adapter;
        this.recipe = recipe;
        this.saveEvery = saveEvery;
    }

    /**
     * A fine-tuning by adapters of rank 8 of all layers of the blocks, 4,000 updates on 64 pairs each.
     *
     * @param model which is adapted; it stays the caller's
     * @param images the victim's, each shown as often as its multiplicity says
     * @param prompts one per distinct image; equal ones are legal, as captions are
     * @return the fine-tuning; nothing is trained before {@link #in}
     * @throws IllegalArgumentException if there are not as many prompts as images, or one is too long for the model's tokenizer
     */
    public static Victim of(TextToImage model, DataSet images, List<String> prompts) {
        if (images.count() == 0 || prompts.size() != images.count()) {
            throw new IllegalArgumentException(
                    "images, prompts: "
                            + images.count()
                            + " and "
                            + prompts.size()
                            + "; at least one, and one prompt per image, are needed");
        }
        prompts.forEach(model.prompts().tokenizer()::requireFits);
        Recipe recipe =
                Recipe.steps(4000)
                        .optBatch(64)
                        .optLearningRate(3e-3, 50)
                        .optClipNorm(1)
                        .optEma(0.995)
                        .optConditionDropout(0.1);
        return new Victim(model, images, List.copyOf(prompts), Lora.Config.blocks(8), recipe, 250);
    }

    /**
     * Other adapters.
     *
     * @param config which layers, rank and scale
     * @return a changed copy
     */
    public Victim optAdapter(Lora.Config config) {
        return new Victim(model, images, prompts, config, recipe, saveEvery);
    }

    /**
     * Another recipe.
     *
     * @param changed steps, batch, rates and seed
     * @return a changed copy
     */
    public Victim optRecipe(Recipe changed) {
        return new Victim(model, images, prompts, adapter, changed, saveEvery);
    }

    /**
     * A longer or shorter training by the same recipe.
     *
     * @param steps updates, at least 1
     * @return a changed copy
     * @throws IllegalArgumentException if it is below 1
     */
    public Victim optSteps(long steps) {
        return optRecipe(JsonRecord.with(recipe, "steps", steps));
    }

    /**
     * How often the training's state is saved: what a kill costs.
     *
     * @param steps at least 1; 250 by default
     * @return a changed copy
     * @throws IllegalArgumentException if it is below 1
     */
    public Victim optSaveEvery(int steps) {
        if (steps < 1) {
            throw new IllegalArgumentException("steps: " + steps + "; at least 1 is legal");
        }
        return new Victim(model, images, prompts, adapter, recipe, steps);
    }

    /**
     * The victim's images.
     *
     * @return as given
     */
    public DataSet images() {
        return images;
    }

    /**
     * The prompts they were trained under.
     *
     * @return one per distinct image
     */
    public List<String> prompts() {
        return prompts;
    }

    /**
     * Everything that decides the adapter: checksums of the model's parts, of images and prompts, the adapter's layers and rank, the recipe.
     *
     * @return the spec
     */
    public Spec spec() {
        JsonObject spec = new JsonObject();
        spec.addProperty("kind", KIND);
        spec.add("model", model(model));
        spec.addProperty("images", images.sha256());
        spec.addProperty("pairs", images.count());
        spec.addProperty("prompts", checksum(prompts));
        spec.add("adapter", JsonRecord.write(adapter));
        spec.add("recipe", recipe.toJson());
        return Spec.of(spec);
    }

    private static JsonObject model(TextToImage model) {
        JsonObject parts = new JsonObject();
        parts.addProperty("denoiser", model.denoiser().network().params().sha256());
        parts.addProperty("text", model.prompts().text().params().sha256());
        parts.addProperty("autoencoder", model.autoencoder().params().sha256());
        parts.add("schedule", model.denoiser().schedule().spec());
        return parts;
    }

    /** Which prompts, in which order: each ends with a zero, which no prompt holds. */
    static String checksum(List<String> prompts) {
        byte[] text = (String.join("\0", prompts) + "\0").getBytes(StandardCharsets.UTF_8);
        return Checksum.sha256(text);
    }

    /**
     * A fine-tuned model.
     *
     * @param model the model with its adapter merged; it shares text encoder and autoencoder with the one that was adapted
     * @param spec of the adapter, part of the spec of what is made with it
     * @param loss of the training: columns {@code step} and {@code loss}, each row the mean over the updates since the row before
     * @param parameters numbers in the adapter
     */
    public record Tuned(TextToImage model, Spec spec, Table loss, long parameters)
            implements AutoCloseable {

        /** Frees the merged denoiser; the parts that are shared stay. */
        @Override
        public void close() {
            model.denoiser().close();
        }
    }

    /**
     * The fine-tuned model: its adapter is read, or trained where the store has none, from the last saved state on.
     *
     * @param store where the adapter is filed
     * @return the model; the caller closes it
     * @throws memoria.progress.Interrupted if the thread is interrupted: the training's state is kept, calling again continues
     * @throws IllegalArgumentException if the saved state is damaged; the file is named
     * @throws java.io.UncheckedIOException if the store cannot be read or written
     */
    public Tuned in(Store store) {
        Spec spec = spec();
        Path state = store.folder(spec).resolve(STATE);
        Artifact artifact = store.complete(new Training(spec, state));
        forget(state);
        return read(artifact);
    }

    /** The training as work of one shard, whose state lies beside the shard. */
    private final class Training implements Work {
        private final Spec spec;
        private final Path state;

        Training(Spec spec, Path state) {
            this.spec = spec;
            this.state = state;
        }

        @Override
        public Spec spec() {
            return spec;
        }

        @Override
        public int shards() {
            return 1;
        }

        @Override
        public Map<String, NDArray> shard(int index, NDManager manager) {
            SafeTensors trained = SafeTensors.read(training().train(state));
            Map<String, NDArray> tensors = new LinkedHashMap<>(trained.tensors(manager));
            JsonObject made = Json.parse(trained.metadata().get("made")).getAsJsonObject();
            JsonArray curve = made.getAsJsonArray("lossCurve");
            if (curve.size() > 0) {
                tensors.put(
                        LOSS,
                        Tensors.of(
                                manager,
                                rows(curve, made.get("lossCurveEvery").getAsInt()),
                                new Shape(curve.size(), 2)));
            }
            return tensors;
        }

        /** Step and loss by turns. */
        private double[] rows(JsonArray curve, int every) {
            double[] rows = new double[2 * curve.size()];
            for (int i = 0; i < curve.size(); i++) {
                rows[2 * i] = (i + 1.0) * every;
                rows[2 * i + 1] = curve.get(i).getAsDouble();
            }
            return rows;
        }
    }

    private LoraTraining training() {
        DataSet latents = images.as(model.encode(images.distinct()), "latents, mean, scaled");
        Condition each = model.prompts().of(prompts.toArray(String[]::new));
        return new LoraTraining(latents, model.denoiser(), adapter, recipe)
                .optCondition(
                        (Condition.Embedding) each, (Condition.Embedding) model.prompts().empty())
                .optName("victim of " + images.count() + " pairs")
                .optSaveEvery(saveEvery);
    }

    private Tuned read(Artifact artifact) {
        NDManager owner = Torch.manager();
        Map<String, NDArray> matrices = new LinkedHashMap<>(artifact.shard(0, owner));
        matrices.values().forEach(Scope::release);
        Table loss = loss(matrices.remove(LOSS));
        try (Lora lora = Lora.of(model.denoiser().network(), adapter, Params.of(owner, matrices))) {
            NetworkDenoiser merged = lora.merge(model.denoiser());
            return new Tuned(model.with(merged), artifact.spec(), loss, lora.params().count());
        }
    }

    private static Table loss(NDArray rows) {
        var step = DoubleColumn.create("step");
        var loss = DoubleColumn.create("loss");
        double[] values = rows == null ? new double[0] : rows.toDoubleArray();
        for (int i = 0; i < values.length; i += 2) {
            step.append(values[i]);
            loss.append(values[i + 1]);
        }
        return Table.create("loss curve", step, loss);
    }

    /** A finished training needs no state. */
    private static void forget(Path folder) {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw AtomicFile.failure("write", folder, e);
        }
    }
}
