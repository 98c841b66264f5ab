package memoria.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonArray;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import memoria.data.DataSet;
import memoria.data.Images;
import memoria.data.Provenance;
import memoria.diffusion.Ddpm;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Seeds;
import memoria.network.DenoiserFile;
import memoria.network.MlpConfig;
import memoria.network.NetworkDenoiser;
import memoria.network.UNetConfig;
import memoria.progress.Interrupted;
import memoria.torch.Torch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingTest {

    private static final int STEPS = 30;

    @TempDir Path folder;

    @BeforeEach
    void oneThread() {
        Torch.threads(1);
    }

    private static DataSet data() {
        float[] pixels = new float[12 * 64];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (float) Math.sin(0.37 * i);
        }
        int[] labels = new int[12];
        return DataSet.of(
                        Images.of(pixels, 12, 1, 8, 8),
                        labels,
                        List.of("wave"),
                        Provenance.made("waves"))
                .plant(2, 5);
    }

    static Training training(long steps) {
        UNetConfig config =
                UNetConfig.of(1, 32, 1)
                        .optNumResBlocks(1)
                        .optChannelMult(1, 1)
                        .optUseScaleShiftNorm(true)
                        .optDropout(0.1);
        Recipe recipe =
                Recipe.steps(steps)
                        .optBatch(4)
                        .optLearningRate(1e-3, 5)
                        .optClipNorm(1)
                        .optEma(0.99)
                        .optSeed(3);
        return new Training(data(), config, NoiseSchedule.linear(1000), recipe).optSaveEvery(7);
    }

    /** The body of the child process that gets killed. */
    public static void main(String[] arguments) {
        Torch.threads(1);
        training(STEPS).run(Path.of(arguments[0])).close();
    }

    private static Map<String, float[]> weights(NetworkDenoiser model) {
        Map<String, float[]> weights = new TreeMap<>();
        for (Map.Entry<String, NDArray> entry : model.network().params().all().entrySet()) {
            weights.put(entry.getKey(), entry.getValue().toFloatArray());
        }
        return weights;
    }

    private static void assertSame(NetworkDenoiser one, NetworkDenoiser two) {
        Map<String, float[]> expected = weights(one);
        weights(two)
                .forEach(
                        (name, values) ->
                                assertThat(values).as(name).containsExactly(expected.get(name)));
        assertThat(two.metadata().get("lossCurve")).isEqualTo(one.metadata().get("lossCurve"));
    }

    @Test
    void aKilledTrainingContinuesToTheSameWeightsBitByBit()
            throws IOException, InterruptedException {
        Path killed = folder.resolve("killed");
        Path state = killed.resolve("state.safetensors");
        Process child =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-cp",
                                System.getProperty("java.class.path"),
                                "-Dmemoria.quiet=true",
                                TrainingTest.class.getName(),
                                killed.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("child.log").toFile())
                        .start();
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!Files.exists(state) && child.isAlive() && System.nanoTime() < limit) {
            Thread.sleep(5);
        }
        child.destroyForcibly().waitFor();
        assertThat(state).as(Files.readString(folder.resolve("child.log"))).exists();
        assertThat(killed.resolve("model.safetensors")).doesNotExist();

        try (NetworkDenoiser resumed = training(STEPS).run(killed);
                NetworkDenoiser whole = training(STEPS).run(folder.resolve("whole"))) {
            assertSame(whole, resumed);
        }
    }

    @Test
    void anInterruptSavesStopsAndTheNextRunContinues() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> training(STEPS).run(folder))
                .isInstanceOf(Interrupted.class)
                .hasMessageContaining("Kept: step 1 in " + folder);
        assertThat(Thread.interrupted()).isFalse();
        assertThat(folder.resolve("state.safetensors")).exists();
        assertThat(folder.resolve("model.safetensors")).doesNotExist();
        try (NetworkDenoiser resumed = training(STEPS).run(folder);
                NetworkDenoiser whole = training(STEPS).run(folder.resolve("whole"))) {
            assertSame(whole, resumed);
        }
    }

    @Test
    void theLossFallsAndTheModelTellsHowItWasMade() {
        float[] points = new float[2 * 64];
        for (int i = 0; i < 64; i++) {
            points[2 * i] = (float) Math.cos(i);
            points[2 * i + 1] = (float) Math.sin(i);
        }
        DataSet circle =
                DataSet.of(
                        Images.of(points, 64, 2, 1, 1),
                        new int[64],
                        List.of("point"),
                        Provenance.made("circle"));
        Recipe recipe = Recipe.steps(800).optBatch(64).optLearningRate(2e-3, 0).optEma(0.99);
        Training training =
                new Training(circle, MlpConfig.of(2, 64, 32), NoiseSchedule.linear(1000), recipe);
        try (NetworkDenoiser model = training.optName("circle").run(folder)) {
            JsonArray curve = model.metadata().getAsJsonArray("lossCurve");
            assertThat(curve.size()).isEqualTo(16);
            assertThat(curve.get(15).getAsDouble()).isLessThan(0.6 * curve.get(0).getAsDouble());
            assertThat(model.metadata().get("name").getAsString()).isEqualTo("circle");
            assertThat(model.metadata().getAsJsonObject("data").get("title").getAsString())
                    .isEqualTo("circle");
            assertThat(model.item().getShape()).containsExactly(2, 1, 1);
        }
    }

    @Test
    void aNetworkWithTwiceTheChannelsLearnsItsVariance() {
        UNetConfig config = UNetConfig.of(1, 32, 2).optNumResBlocks(1).optChannelMult(1);
        Recipe recipe = Recipe.steps(30).optBatch(8).optLearningRate(1e-3, 0).optEma(0);
        NoiseSchedule schedule = NoiseSchedule.cosine(200);
        try (NetworkDenoiser model = new Training(data(), config, schedule, recipe).run(folder)) {
            float[] bias = model.network().params().all().get("out.2.bias").toFloatArray();
            assertThat(Math.abs(bias[0])).as("trained by the noise").isGreaterThan(1e-4f);
            assertThat(Math.abs(bias[1])).as("trained by the bound").isGreaterThan(1e-4f);
            Images images = Ddpm.steps(20).sample(model, Seeds.range(0, 2)).images();
            images.requireFinite("images");
        }
        assertThatThrownBy(() -> new Training(data(), UNetConfig.of(1, 32, 3), schedule, recipe))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("outChannels: 3")
                .hasMessageContaining("1 (the noise) and 2 (noise and variance) are legal");
    }

    @Test
    void theStateOfAnotherTrainingIsRefused() {
        training(7).run(folder).close();
        DataSet other = data().plant(3, 2);
        Training elsewhere =
                new Training(
                        other,
                        UNetConfig.of(1, 32, 1).optChannelMult(1),
                        NoiseSchedule.linear(1000),
                        Recipe.steps(7));
        assertThatThrownBy(() -> elsewhere.run(folder))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("another training");
    }

    @Test
    void aFinishedTrainingGoesOnForMoreStepsButNotBack() {
        training(9).run(folder).close();
        try (NetworkDenoiser longer = training(14).run(folder);
                NetworkDenoiser whole = training(14).run(folder.resolve("whole"))) {
            assertSame(whole, longer);
        }
        assertThatThrownBy(() -> training(9).run(folder)).hasMessageContaining("step 14");
    }

    @Test
    void aSnapshotIsTheModelOfAShorterTraining() {
        training(14).optSnapshotEvery(7).run(folder).close();
        assertThat(Training.snapshot(folder, 7)).exists();
        assertThat(Training.snapshot(folder, 14)).exists();
        try (NetworkDenoiser kept = DenoiserFile.read(Training.snapshot(folder, 7));
                NetworkDenoiser shorter = training(7).run(folder.resolve("shorter"))) {
            assertSame(shorter, kept);
            assertThat(kept.metadata()).isEqualTo(shorter.metadata());
        }
    }

    @Test
    void everyEpochShowsEveryPositionOnce() {
        DataSet twelve = data();
        Batches batches = new Batches(twelve, Recipe.steps(1).optBatch(5).optSeed(1));
        int[] seen = new int[twelve.count()];
        for (int step = 0; step < 12; step++) {
            for (int row : batches.rows(step)) {
                seen[row]++;
            }
        }
        // 12 batches of 5 are three epochs of 20.
        for (int i = 0; i < seen.length; i++) {
            assertThat(seen[i]).isEqualTo(3 * twelve.multiplicity()[i]);
        }
    }

    @Test
    void partsThatDoNotFitAreRefused() {
        NoiseSchedule schedule = NoiseSchedule.linear(100);
        UNetConfig plain = UNetConfig.of(1, 32, 1).optChannelMult(1);
        assertThatThrownBy(
                        () ->
                                new Training(
                                        data(),
                                        plain,
                                        schedule,
                                        Recipe.steps(1).optConditionDropout(0.1)))
                .hasMessageContaining("conditionDropout");
        assertThatThrownBy(
                        () ->
                                new Training(
                                        data(),
                                        plain.optNumClasses(1),
                                        schedule,
                                        Recipe.steps(1).optConditionDropout(0.1)))
                .hasMessageContaining("label 0");
        assertThatThrownBy(() -> Recipe.steps(0)).hasMessageContaining("steps: 0");
        assertThatThrownBy(() -> Recipe.steps(1).optEma(1)).hasMessageContaining("ema: 1.0");
        assertThatThrownBy(() -> training(1).optSaveEvery(0)).hasMessageContaining("saveEvery: 0");
    }

    @Test
    void aTrainingThatDivergesStopsAndSavesNothing() {
        UNetConfig config = UNetConfig.of(1, 32, 1).optNumResBlocks(1).optChannelMult(1);
        Recipe wild = Recipe.steps(20).optBatch(2).optLearningRate(1e30, 0);
        Training training =
                new Training(data(), config, NoiseSchedule.linear(1000), wild).optSaveEvery(1);
        assertThatThrownBy(() -> training.run(folder))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("lower the learning rate");
        assertThat(folder.resolve("state.safetensors")).doesNotExist();
    }
}
