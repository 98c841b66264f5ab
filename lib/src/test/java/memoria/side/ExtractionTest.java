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
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import memoria.artifact.Artifact;
import memoria.artifact.Labels;
import memoria.artifact.ModelId;
import memoria.artifact.Spec;
import memoria.artifact.Store;
import memoria.artifact.Work;
import memoria.data.Images;
import memoria.diffusion.Analytic;
import memoria.diffusion.Condition;
import memoria.diffusion.Denoiser;
import memoria.diffusion.Noise;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Prediction;
import memoria.diffusion.Seeds;
import memoria.metrics.Band;
import memoria.metrics.Bootstrap;
import memoria.metrics.Matches;
import memoria.network.FeatureNetwork;
import memoria.network.Params;
import memoria.network.ResNet;
import memoria.network.ResNetConfig;
import memoria.similarity.NormalizedL2;
import memoria.similarity.Similarity;
import memoria.torch.Torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExtractionTest {

    private static final int SHARDS = 5;
    private static final Band BAND = new Band("copies", -1, Double.POSITIVE_INFINITY);

    @TempDir Path folder;

    /** An exact denoiser of six images that pauses before each prediction, and a small random classifier. */
    private static final class Small implements Catalog, Denoiser {
        private final Images train = train();
        private final Analytic exact = Analytic.finite(NoiseSchedule.linear(100), train);
        private final Surrogate surrogate;
        private final long millis;
        int calls;

        Small(long millis, String sum) {
            this.millis = millis;
            ResNetConfig config =
                    ResNetConfig.small(1, 4, 3, 1, 1).optTime(ResNetConfig.Time.ONCE, 10);
            surrogate =
                    Surrogate.of(
                            new ModelId("judge", sum.repeat(32)),
                            new FeatureNetwork(
                                    new ResNet(config, Params.fresh(Torch.manager(), 5)),
                                    new Shape(1, 4, 4),
                                    new JsonObject()));
        }

        private static Images train() {
            double[] u = Noise.uniform("test/extraction", 1, 0, 6 * 16);
            float[] pixels = new float[u.length];
            for (int i = 0; i < u.length; i++) {
                pixels[i] = (float) (2 * u[i] - 1);
            }
            return Images.of(pixels, 6, 1, 4, 4);
        }

        @Override
        public ModelId id(String name) {
            return name.equals("judge") ? surrogate.id() : new ModelId(name, "ab".repeat(32));
        }

        @Override
        public Denoiser target(String name) {
            return this;
        }

        @Override
        public Surrogate classifier(String name) {
            return surrogate;
        }

        @Override
        public Similarity measure(String target) {
            return NormalizedL2.against(train).neighbours(4);
        }

        @Override
        public Prediction predict(NDArray x, double[] t, Condition condition) {
            calls++;
            try {
                Thread.sleep(millis);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return exact.predict(x, t, condition);
        }

        @Override
        public NoiseSchedule schedule() {
            return exact.schedule();
        }

        @Override
        public Shape item() {
            return exact.item();
        }

        @Override
        public NDManager manager() {
            return exact.manager();
        }
    }

    private static Extraction arm() {
        return Extraction.of("six", Seeds.range(100, 119))
                .steps(5)
                .shardSize(4)
                .guidedBy("judge", Labels.seedModulo(3), 2);
    }

    /** What the killed process runs. */
    public static final class Child {
        private Child() {}

        /**
         * Extracts slowly into a store what a spec describes.
         *
         * @param args the store, the spec's file
         * @throws IOException if the file cannot be read
         */
        public static void main(String[] args) throws IOException {
            Torch.threads(1);
            Spec spec = Spec.parse(Files.readString(Path.of(args[1])));
            Store.at(Path.of(args[0])).complete(Extraction.work(spec, new Small(40, "cd")));
        }
    }

    @Test
    void aKilledJobThatGoesOnGivesTheSameScores() throws Exception {
        Small catalog = new Small(0, "cd");
        Path root = folder.resolve("killed");
        Spec spec = arm().spec(catalog);
        Path file = Files.writeString(folder.resolve("spec.json"), spec.json());
        Path place = Store.at(root).folder(spec);
        Process child =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xmx256m",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Child.class.getName(),
                                root.toString(),
                                file.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("log").toFile())
                        .start();
        try {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
            while (shards(place) < 2 && child.isAlive() && System.nanoTime() < deadline) {
                Thread.sleep(5);
            }
        } finally {
            child.destroyForcibly().waitFor();
        }
        assertThat(shards(place))
                .as(Files.readString(folder.resolve("log")))
                .isBetween(2, SHARDS - 1);
        Extraction.Result resumed = arm().in(Store.at(root), catalog);
        Extraction.Result whole = arm().in(Store.at(folder.resolve("whole")), catalog);
        assertThat(resumed.images()).isEqualTo(whole.images());
        sameScores(resumed.matches(), whole.matches());
        assertThat(resumed.seeds()).isEqualTo(Seeds.range(100, 119));
    }

    private static void sameScores(Matches a, Matches b) {
        Bootstrap bootstrap = Bootstrap.seed(1).resamples(100);
        assertThat(a.index()).containsExactly(b.index());
        assertThat(a.similarity()).containsExactly(b.similarity());
        assertThat(a.ams(BAND)).isEqualTo(b.ams(BAND));
        assertThat(a.ums(BAND, 10, bootstrap)).isEqualTo(b.ums(BAND, 10, bootstrap));
    }

    private static int shards(Path place) throws IOException {
        if (!Files.isDirectory(place)) {
            return 0;
        }
        try (Stream<Path> files = Files.list(place)) {
            return (int) files.filter(f -> f.getFileName().toString().startsWith("shard-")).count();
        }
    }

    /** Some shards of a finished arm in a store of their own, as a machine that did a part of the work has them. */
    private Store part(Artifact made, String name, int... which) throws IOException {
        Store store = Store.at(folder.resolve(name));
        Path place = Files.createDirectories(store.folder(made.spec()));
        for (int i : which) {
            Path shard = made.shards().get(i);
            Files.copy(shard, place.resolve(shard.getFileName()));
        }
        Files.writeString(place.resolve("spec.json"), made.spec().json());
        return store;
    }

    @Test
    void mergingTwiceOrInAnotherOrderChangesNothingAndDamageIsNamed() throws IOException {
        Small catalog = new Small(0, "cd");
        Artifact made = Store.at(folder.resolve("all")).complete(arm().work(catalog));
        Store first = part(made, "first", 0, 1, 2);
        Store second = part(made, "second", 2, 3, 4);
        Store forwards = Store.at(folder.resolve("forwards"));
        Store backwards = Store.at(folder.resolve("backwards"));
        forwards.merge(first);
        forwards.merge(second);
        assertThat(forwards.merge(first).copied()).isZero();
        backwards.merge(second);
        backwards.merge(first);
        backwards.merge(second);
        catalog.calls = 0;
        Matches matches = arm().in(forwards, catalog).matches();
        sameScores(matches, arm().in(backwards, catalog).matches());
        assertThat(catalog.calls).as("predictions").isZero();

        Work work = arm().work(catalog);
        Path spoilt = forwards.complete(work).shards().get(3);
        byte[] bytes = Files.readAllBytes(spoilt);
        bytes[bytes.length - 1] ^= 1;
        Files.write(spoilt, bytes);
        assertThat(Store.at(folder.resolve("third")).merge(forwards).refused())
                .containsExactly(spoilt);
        Artifact mended = forwards.complete(work);
        assertThat(mended.damaged()).containsExactly(spoilt);
        assertThat(mended.made()).isEqualTo(1);
        sameScores(arm().in(forwards, catalog).matches(), matches);
    }

    @Test
    void aSpecIsEnoughToDoTheWorkElsewhere() {
        Small catalog = new Small(0, "cd");
        for (Extraction each :
                List.of(
                        arm(),
                        Extraction.of("six", Seeds.of(4, 9)),
                        arm().guidedBy("judge", Labels.all(1), 0))) {
            Spec spec = each.spec(catalog);
            assertThat(Extraction.of(Spec.parse(spec.json())).spec(catalog)).isEqualTo(spec);
        }
        assertThat(arm().guidedBy("judge", Labels.all(1), 0).spec(catalog))
                .as("lambda = 0 is Random")
                .isEqualTo(
                        Extraction.of("six", Seeds.range(100, 119))
                                .steps(5)
                                .shardSize(4)
                                .spec(catalog));
        Spec spec = arm().spec(catalog);
        assertThatThrownBy(() -> Extraction.work(spec, new Small(0, "ef")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the models of these names here");
    }

    @Test
    void theRateCountsTheTimeOfOneShard() {
        Small catalog = new Small(20, "cd");
        double rate = arm().imagesPerSecond(catalog);
        // Four images wait 20 ms at each of five steps.
        assertThat(catalog.calls).isEqualTo(5);
        assertThat(rate).isPositive().isLessThan(4 / 0.1);
    }

    @Test
    void everythingThatDecidesTheImagesIsInTheKey() {
        Small catalog = new Small(0, "cd");
        Seeds seeds = Seeds.range(100, 119);
        Stream<Extraction> arms =
                Stream.of(
                        arm(),
                        arm().steps(20),
                        arm().shardSize(5),
                        arm().guidedBy("judge", Labels.seedModulo(3), 3),
                        arm().guidedBy("judge", Labels.all(1), 2),
                        arm().guidedBy("six", Labels.seedModulo(3), 2),
                        Extraction.of("six", seeds).steps(5).shardSize(4),
                        Extraction.of("seven", seeds).steps(5).shardSize(4),
                        Extraction.of("six", Seeds.range(100, 120)).steps(5).shardSize(4));
        assertThat(arms.map(a -> a.spec(catalog).key())).doesNotHaveDuplicates();
        assertThat(arm().spec(catalog)).isNotEqualTo(arm().spec(new Small(0, "ef")));
    }
}
