package memoria.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import memoria.data.Images;
import memoria.diffusion.Analytic;
import memoria.diffusion.Condition;
import memoria.diffusion.Ddim;
import memoria.diffusion.Denoiser;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Prediction;
import memoria.diffusion.Samples;
import memoria.diffusion.Seeds;
import memoria.progress.Interrupted;
import memoria.torch.Torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SampleJobTest {

    private static final ModelId ID = new ModelId("slow", "ab".repeat(32));
    private static final int SHARDS = 8;

    @TempDir Path folder;

    /** The exact denoiser of three images, with a pause before every prediction. */
    private static final class Slow implements Denoiser {
        private final Analytic exact =
                Analytic.finite(
                        NoiseSchedule.linear(100),
                        Images.of(new float[] {1, 0, -1, 0.5f, 0, 1}, 3, 1, 1, 2));
        private final long millis;
        int calls;
        int interruptAt = -1;

        Slow(long millis) {
            this.millis = millis;
        }

        @Override
        public Prediction predict(NDArray x, double[] t, Condition condition) {
            if (calls++ == interruptAt) {
                Thread.currentThread().interrupt();
            }
            try {
                Thread.sleep(Thread.currentThread().isInterrupted() ? 0 : millis);
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

    @Test
    void aQuantizedJobKeepsTheLevelsOfAnImageFileInAQuarterOfTheBytes() {
        Store store = Store.at(folder.resolve("levels"));
        SampleJob whole = job(new Slow(0));
        SampleJob small = whole.quantized();
        assertThat(small.spec()).isNotEqualTo(whole.spec());
        Images images = whole.in(store).images();
        assertThat(images.quantized()).isNotEqualTo(images);
        for (int time = 0; time < 2; time++) {
            assertThat(small.in(store).images()).isEqualTo(images.quantized());
        }
        try (NDManager manager = Torch.manager()) {
            NDArray stored = store.complete(small).shard(0, manager).get("images");
            assertThat(stored.toByteBuffer().remaining()).isEqualTo(4 * 2);
        }
    }

    private static SampleJob job(Denoiser model) {
        return SampleJob.of(ID, () -> model, Ddim.steps(10), Seeds.range(100, 130)).shardSize(4);
    }

    /** What the killed process runs. */
    public static final class Child {
        private Child() {}

        /**
         * Samples slowly into a store.
         *
         * @param args the store
         */
        public static void main(String[] args) {
            Torch.threads(1);
            job(new Slow(20)).in(Store.at(Path.of(args[0])));
        }
    }

    @Test
    void aKilledSamplingLosesAtMostOneShardAndEndsInTheSameImages() throws Exception {
        Path root = folder.resolve("killed");
        Path place = Store.at(root).folder(job(new Slow(0)).spec());
        Process child =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-cp",
                                System.getProperty("java.class.path"),
                                Child.class.getName(),
                                root.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("log").toFile())
                        .start();
        try {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
            while (shards(place).size() < 3 && child.isAlive() && System.nanoTime() < deadline) {
                Thread.sleep(5);
            }
        } finally {
            child.destroyForcibly().waitFor();
        }
        List<Path> kept = shards(place);
        assertThat(kept).as(Files.readString(folder.resolve("log"))).hasSizeBetween(3, SHARDS - 1);

        Slow model = new Slow(0);
        Artifact resumed = Store.at(root).complete(job(model));
        assertThat(resumed.damaged()).isEmpty();
        assertThat(resumed.made()).isEqualTo(SHARDS - kept.size());
        assertThat(resumed.shards()).containsAll(kept);
        assertThat(model.calls).isEqualTo(10 * (SHARDS - kept.size()));

        Artifact undisturbed = Store.at(folder.resolve("whole")).complete(job(new Slow(0)));
        for (int i = 0; i < SHARDS; i++) {
            assertThat(resumed.shards().get(i)).hasSameBinaryContentAs(undisturbed.shards().get(i));
        }
        Samples samples = job(model).read(resumed);
        assertThat(samples.seeds()).isEqualTo(Seeds.range(100, 130));
        assertThat(samples.images())
                .isEqualTo(
                        Ddim.steps(10)
                                .batch(4)
                                .sample(new Slow(0), Seeds.range(100, 130))
                                .images());
    }

    private static List<Path> shards(Path place) throws IOException {
        if (!Files.isDirectory(place)) {
            return new ArrayList<>();
        }
        try (Stream<Path> files = Files.list(place)) {
            return files.filter(f -> f.getFileName().toString().startsWith("shard-")).toList();
        }
    }

    @Test
    void aFinishedJobDoesNotAskForTheModel() {
        Store store = Store.at(folder);
        Samples first = job(new Slow(0)).in(store);
        SampleJob again =
                SampleJob.of(
                                ID,
                                () -> {
                                    throw new AssertionError("the model was asked for");
                                },
                                Ddim.steps(10),
                                Seeds.range(100, 130))
                        .shardSize(4);
        assertThat(again.in(store).images()).isEqualTo(first.images());
    }

    /** In whole-shard batches the sampler throws; in smaller ones it returns what it has of the shard. */
    @ParameterizedTest
    @CsvSource({"64, 25", "2, 52"})
    void anInterruptInsideAShardKeepsTheFinishedOnes(int batch, int call) {
        Store store = Store.at(folder);
        Slow model = new Slow(1);
        model.interruptAt = call;
        SampleJob job =
                SampleJob.of(ID, () -> model, Ddim.steps(10).batch(batch), Seeds.range(100, 130))
                        .shardSize(4);
        assertThatThrownBy(() -> job.in(store))
                .isInstanceOf(Interrupted.class)
                .hasMessageContaining("2 of 8 shards in ");
        assertThat(store.finished(job)).containsExactly(0, 1);
    }

    @Test
    void everythingThatDecidesTheImagesIsInTheKey() {
        SampleJob job = job(new Slow(0));
        Seeds seeds = Seeds.range(100, 130);
        List<SampleJob> others =
                List.of(
                        job.shardSize(5),
                        job.labels(Labels.all(0)),
                        job.labels(Labels.all(1)),
                        job.labels(Labels.seedModulo(10)),
                        SampleJob.of(ID, () -> null, Ddim.steps(20), seeds).shardSize(4),
                        SampleJob.of(ID, () -> null, Ddim.steps(10).eta(1), seeds).shardSize(4),
                        SampleJob.of(ID, () -> null, Ddim.steps(10), Seeds.range(100, 131))
                                .shardSize(4),
                        SampleJob.of(
                                        new ModelId("slow", "ac".repeat(32)),
                                        () -> null,
                                        Ddim.steps(10),
                                        seeds)
                                .shardSize(4));
        assertThat(Stream.concat(Stream.of(job), others.stream()).map(j -> j.spec().key()))
                .doesNotHaveDuplicates();
        assertThat(job(new Slow(5)).spec()).isEqualTo(job.spec());
    }

    @Test
    void labelsFollowTheirRule() {
        Seeds seeds = Seeds.of(7, 10, 23, -1);
        assertThat(((Condition.Classes) Labels.seedModulo(10).of(seeds)).labels())
                .containsExactly(7, 0, 3, 9);
        assertThat(((Condition.Classes) Labels.all(4).of(seeds)).labels())
                .containsExactly(4, 4, 4, 4);
        assertThat(Labels.none().of(seeds).rows()).isZero();
    }

    @Test
    void badInputIsNamed() throws IOException {
        Slow model = new Slow(0);
        Seeds one = Seeds.of(1);
        bad("seeds: none", () -> SampleJob.of(ID, () -> model, Ddim.steps(10), Seeds.of()));
        bad("size: 0", () -> job(model).shardSize(0));
        bad("label: -1", () -> Labels.all(-1));
        bad("classes: 0", () -> Labels.seedModulo(0));
        bad("'x', 'AB'", () -> new ModelId("x", "AB"));
        bad("' '", () -> new ModelId(" ", "ab".repeat(32)));
        Artifact other = Store.at(folder).complete(job(model));
        bad("artifact: it is of ", () -> job(model).shardSize(7).read(other));
        assertThatThrownBy(
                        () ->
                                SampleJob.of(
                                        ID,
                                        () -> model,
                                        Ddim.steps(10).guidedBy(step -> null),
                                        one))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("has no spec()");
        Path file = Files.writeString(folder.resolve("weights"), "w");
        assertThat(ModelId.of("m", file).sha256()).hasSize(64);
    }

    private static void bad(
            String message, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }
}
