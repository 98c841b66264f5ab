package memoria.side;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import memoria.artifact.Spec;
import memoria.artifact.Store;
import memoria.checkpoint.SafeTensors;
import memoria.data.DataSet;
import memoria.data.Images;
import memoria.data.Provenance;
import memoria.diffusion.Ddim;
import memoria.diffusion.Noise;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Seeds;
import memoria.network.AutoencoderConfig;
import memoria.network.AutoencoderKl;
import memoria.network.Lora;
import memoria.network.NetworkDenoiser;
import memoria.network.Params;
import memoria.network.UNetConfig;
import memoria.stablediffusion.ClipNames;
import memoria.stablediffusion.ClipText;
import memoria.stablediffusion.ClipTextConfig;
import memoria.stablediffusion.Prompts;
import memoria.stablediffusion.TextToImage;
import memoria.stablediffusion.Tokenizer;
import memoria.torch.Ops;
import memoria.torch.Torch;
import memoria.training.Recipe;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tech.tablesaw.api.Table;

/** Fine-tuning and queries as artifacts, on a text-to-image model of random weights. */
class VictimTest {

    private static final int STEPS = 60;
    private static final List<String> STRINGS = RandomStrings.seed(1).range(0, 4);

    @TempDir Path folder;

    private static TextToImage model() {
        Tokenizer tokenizer = Tokenizer.learn(List.of("a dress", "a boot"), 10, 14);
        ClipTextConfig text = new ClipTextConfig(tokenizer.size(), 14, 16, 2, 1, 16, 0);
        UNetConfig network =
                UNetConfig.of(2, 32, 2)
                        .optChannelMult(1)
                        .optNumResBlocks(1)
                        .optAttentionResolutions(1)
                        .optNumHeads(2, -1)
                        .optContext(16, 1);
        AutoencoderConfig small =
                AutoencoderConfig.of(1, 2, 32).optChannelMult(1, 1).optNumResBlocks(1);
        return new TextToImage(
                new Prompts(
                        tokenizer,
                        new ClipText(
                                text, Params.fresh(Torch.manager(), 1), ClipNames.HUGGING_FACE)),
                new NetworkDenoiser(
                        network.build(stirred(network)),
                        NoiseSchedule.scaledLinear(100, 0.00085, 0.1),
                        new Shape(2, 4, 4),
                        new JsonObject()),
                new AutoencoderKl(small, Params.fresh(Torch.manager(), 3)));
    }

    /** Fresh weights with noise: a fresh UNet ends in zeros, through which no gradient comes. */
    private static Params stirred(UNetConfig network) {
        NDManager owner = Torch.manager();
        Map<String, NDArray> weights = new LinkedHashMap<>();
        network.build(Params.fresh(owner, 2))
                .params()
                .all()
                .forEach(
                        (name, w) -> {
                            Shape shape = w.getShape();
                            NDArray noise = Noise.tensor(owner, name, Seeds.of(1), 0, shape);
                            weights.put(name, Ops.axpby(1, w, 0.1, noise.reshape(shape)));
                        });
        return Params.of(owner, weights);
    }

    private static DataSet images() {
        double[] u = Noise.uniform("test/victim", 1, 0, 4 * 64);
        float[] pixels = new float[u.length];
        for (int i = 0; i < u.length; i++) {
            pixels[i] = (float) (2 * u[i] - 1);
        }
        return DataSet.of(
                Images.of(pixels, 4, 1, 8, 8),
                new int[4],
                List.of("noise"),
                Provenance.made("noise"));
    }

    private static Victim victim(TextToImage model) {
        Recipe recipe =
                Recipe.steps(STEPS)
                        .optBatch(4)
                        .optLearningRate(1e-2, 0)
                        .optEma(0.5)
                        .optConditionDropout(0.2);
        return Victim.of(model, images(), STRINGS)
                .optAdapter(Lora.Config.attention(2))
                .optRecipe(recipe)
                .optSaveEvery(5);
    }

    /** What the killed process runs. */
    public static final class Child {
        private Child() {}

        /**
         * Fine-tunes into a store.
         *
         * @param args the store
         */
        public static void main(String[] args) {
            Torch.threads(1);
            try (TextToImage model = model()) {
                victim(model).in(Store.at(Path.of(args[0]))).close();
            }
        }
    }

    @Test
    void aKilledFineTuningThatGoesOnEndsInTheSameAdapter() throws Exception {
        Torch.threads(1);
        Path root = folder.resolve("killed");
        try (TextToImage model = model()) {
            Spec spec = victim(model).spec();
            Path place = Store.at(root).folder(spec);
            Path state = place.resolve("training").resolve("state.safetensors");
            kill(root, state);
            assertThat(shards(place)).as("finished before it was killed").isEmpty();
            long before = Long.parseLong(SafeTensors.read(state).metadata().get("step"));
            assertThat(before).isBetween(5L, STEPS - 1L);
            victim(model).in(Store.at(root)).close();
            Store whole = Store.at(folder.resolve("whole"));
            victim(model).in(whole).close();
            assertThat(Files.exists(state)).as("the state of a finished training").isFalse();
            List<Path> resumed = shards(place);
            assertThat(resumed).hasSize(1);
            // The checksum is in the name.
            assertThat(resumed.get(0).getFileName())
                    .isEqualTo(shards(whole.folder(spec)).get(0).getFileName());
        }
    }

    private void kill(Path root, Path state) throws Exception {
        Process child =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xmx256m",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Child.class.getName(),
                                root.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("log").toFile())
                        .start();
        try {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
            while (!Files.exists(state) && child.isAlive() && System.nanoTime() < deadline) {
                Thread.sleep(2);
            }
        } finally {
            child.destroyForcibly().waitFor();
        }
        assertThat(state).as(Files.readString(folder.resolve("log"))).exists();
    }

    private static List<Path> shards(Path place) throws IOException {
        try (Stream<Path> files = Files.list(place)) {
            return files.filter(f -> f.getFileName().toString().startsWith("shard-")).toList();
        }
    }

    @Test
    void aStoredAdapterIsReadAndItsQueriesAreMadeOnce() {
        Torch.threads(1);
        Store store = Store.at(folder.resolve("store"));
        try (TextToImage model = model();
                Victim.Tuned tuned = victim(model).in(store);
                Victim.Tuned again = victim(model).in(store)) {
            String trained = tuned.model().denoiser().network().params().sha256();
            assertThat(again.model().denoiser().network().params().sha256()).isEqualTo(trained);
            assertThat(model.denoiser().network().params().sha256()).isNotEqualTo(trained);
            assertThat(tuned.loss().rowCount()).isEqualTo(1);
            assertThat(tuned.loss().doubleColumn("step").get(0)).isEqualTo(50);
            assertThat(tuned.loss().doubleColumn("loss").get(0)).isPositive().isFinite();
            assertThat(tuned.parameters()).isPositive().isEqualTo(again.parameters());

            Queries queries = Queries.of(tuned, STRINGS).samples(3).steps(4).guidance(2);
            assertThat(store.finished(queries.work())).isEmpty();
            Repeated seen = queries.in(store);
            assertThat(store.finished(queries.work())).hasSize(1);
            assertThat(seen.prompts()).isEqualTo(4);
            assertThat(seen.samples()).isEqualTo(3);
            assertThat(Queries.of(again, STRINGS).samples(3).steps(4).guidance(2).in(store))
                    .isEqualTo(seen);
            // Image 1 of prompt 2, asked alone.
            Images alone =
                    tuned.model()
                            .generate(Ddim.steps(4).clip(false), Seeds.of(6), 2, STRINGS.get(2))
                            .images();
            assertThat(seen.of(2).slice(1, 2).largestDifference(alone)).isLessThan(0.01);
            assertThat(Arrays.stream(seen.variance()).min().orElseThrow()).isPositive();
        }
    }

    @Test
    void whatDecidesAnAdapterOrItsImagesIsInTheirKeys() {
        Torch.threads(1);
        try (TextToImage model = model()) {
            Victim one = victim(model);
            Recipe other = Recipe.steps(3).optConditionDropout(0.2);
            List<Spec> specs =
                    List.of(
                            one.spec(),
                            one.optRecipe(other).spec(),
                            one.optAdapter(Lora.Config.attention(3)).spec(),
                            Victim.of(model, images(), RandomStrings.seed(2).range(0, 4)).spec(),
                            Victim.of(model, images().first(3), STRINGS.subList(0, 3)).spec());
            assertThat(specs).doesNotHaveDuplicates();
            assertThat(one.optSaveEvery(7).spec()).isEqualTo(one.spec());
            Victim.Tuned tuned = new Victim.Tuned(model, one.spec(), Table.create(), 1);
            Queries asked = Queries.of(tuned, STRINGS);
            assertThat(
                            Stream.of(
                                            asked,
                                            asked.samples(4),
                                            asked.steps(5),
                                            asked.guidance(2),
                                            asked.firstSeed(3),
                                            Queries.of(tuned, STRINGS.subList(1, 4)))
                                    .map(q -> q.work().spec().key()))
                    .doesNotHaveDuplicates();
        }
    }

    @Test
    void promptsMustFitTheImagesAndTheTokenizer() {
        try (TextToImage model = model()) {
            assertThatThrownBy(() -> Victim.of(model, images(), STRINGS.subList(0, 3)))
                    .hasMessageContaining("images, prompts: 4 and 3");
            List<String> longer = RandomStrings.seed(1).letters(50).range(0, 4);
            assertThatThrownBy(() -> Victim.of(model, images(), longer))
                    .hasMessageContaining("at most 12");
            Victim.Tuned tuned = new Victim.Tuned(model, victim(model).spec(), null, 1);
            assertThatThrownBy(() -> Queries.of(tuned, List.of()))
                    .hasMessageContaining("prompts: none");
            assertThatThrownBy(() -> Queries.of(tuned, STRINGS).samples(1))
                    .hasMessageContaining("samples: 1");
            assertThatThrownBy(() -> Queries.of(tuned, STRINGS).guidance(Double.NaN))
                    .hasMessageContaining("scale: NaN");
        }
    }
}
