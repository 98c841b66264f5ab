package memoria.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import memoria.artifact.ModelId;
import memoria.data.DataSet;
import memoria.data.Images;
import memoria.diffusion.Ddim;
import memoria.diffusion.Ddpm;
import memoria.diffusion.Sampler;
import memoria.diffusion.Seeds;
import memoria.network.Generator;
import memoria.network.NetworkDenoiser;
import memoria.torch.Torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What must hold of every model that is shipped. */
class ModelsTest {

    private static final long SEED = 105;
    private static final double ROUNDING = 1e-4;
    private static final List<Sampler> SAMPLERS = List.of(Ddim.steps(10), Ddpm.steps(10));

    @TempDir Path folder;

    @BeforeAll
    static void oneThread() {
        Torch.threads(1);
    }

    static List<String> names() {
        return Models.names();
    }

    /** The child process: the seed's image by every sampler, as bytes. */
    public static void main(String[] arguments) throws IOException {
        Torch.threads(1);
        try (NetworkDenoiser model = Models.denoiser(arguments[0])) {
            Images[] images = SAMPLERS.stream().map(s -> alone(s, model)).toArray(Images[]::new);
            float[] pixels = Images.concat(images).all();
            ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * pixels.length);
            bytes.asFloatBuffer().put(pixels);
            Files.write(Path.of(arguments[1]), bytes.array());
        }
    }

    private static Images alone(Sampler sampler, NetworkDenoiser model) {
        return sampler.sample(model, Seeds.of(SEED)).images();
    }

    private Images inAnotherProcess(String name, NetworkDenoiser model)
            throws IOException, InterruptedException {
        Path file = folder.resolve(name);
        Path log = folder.resolve("log");
        Process child =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-cp",
                                System.getProperty("java.class.path"),
                                "-Dmemoria.quiet=true",
                                "-Dmemoria.checkpoints=" + Models.folder(),
                                ModelsTest.class.getName(),
                                name,
                                file.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        assertThat(child.waitFor()).as(Files.readString(log)).isZero();
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
        float[] pixels = new float[bytes.capacity() / Float.BYTES];
        bytes.asFloatBuffer().get(pixels);
        long[] item = model.item().getShape();
        return Images.of(pixels, SAMPLERS.size(), (int) item[0], (int) item[1], (int) item[2]);
    }

    @ParameterizedTest
    @MethodSource("names")
    void aSeedGivesItsImageAloneInAnyBatchAndInAnotherProcess(String name) throws Exception {
        try (NetworkDenoiser model = Models.denoiser(name)) {
            Images elsewhere = inAnotherProcess(name, model);
            for (int i = 0; i < SAMPLERS.size(); i++) {
                Sampler sampler = SAMPLERS.get(i);
                Images alone = alone(sampler, model);
                Images of7 = sampler.sample(model, Seeds.range(SEED - 3, SEED + 4)).images();
                Images of64 = sampler.sample(model, Seeds.range(SEED - 50, SEED + 14)).images();
                assertThat(alone.largestDifference(of7.slice(3, 4))).isLessThan(ROUNDING);
                assertThat(alone.largestDifference(of64.slice(50, 51))).isLessThan(ROUNDING);
                assertThat(alone.largestDifference(elsewhere.slice(i, i + 1))).isLessThan(ROUNDING);
                assertThat(alone.largestDifference(of7.slice(4, 5)))
                        .as("another seed gives another image")
                        .isGreaterThan(0.1);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void itsTrainingImagesAreThoseItsFileNames(String name) {
        try (NetworkDenoiser model = Models.denoiser(name)) {
            JsonObject data = model.metadata().getAsJsonObject("data");
            DataSet images = Models.trainingData(model);
            assertThat(images.sha256()).isEqualTo(data.get("sha256").getAsString());
            assertThat(images.count()).isEqualTo(data.get("distinct").getAsInt());
            assertThat(images.size()).isEqualTo(data.get("size").getAsLong());
            assertThat(images.planted()).hasSize(data.get("planted").getAsInt());
            assertThat(images.distinct().item()).isEqualTo(model.item());
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void itsFileIsBelowFourMegabytesAndTellsHowItWasMade(String name) {
        assertThat(Models.folder().resolve(name + ".safetensors").toFile().length())
                .isLessThan(4_000_000);
        try (NetworkDenoiser model = Models.denoiser(name)) {
            assertThat(model.metadata().keySet())
                    .contains("name", "recipe", "architecture", "schedule", "data", "lossCurve");
            assertThat(model.metadata().get("name").getAsString()).isEqualTo(name);
            var row = Models.describe(model);
            assertThat(row.stringColumn("model").get(0)).isEqualTo(name);
            assertThat(row.longColumn("parameters").get(0))
                    .isEqualTo(model.network().params().count());
        }
    }

    @Test
    void theShippedGeneratorMakesGarmentsOfTheSetItsFileNames() {
        try (Generator generator = (Generator) Models.generator("fashion-gan")) {
            JsonObject data = generator.metadata().getAsJsonObject("data");
            DataSet train = Models.trainingData(generator);
            assertThat(train.sha256()).isEqualTo(data.get("sha256").getAsString());
            assertThat(
                            Models.folder()
                                    .resolve("fashion-gan.generator.safetensors")
                                    .toFile()
                                    .length())
                    .isLessThan(4_000_000);
            // Drawn elsewhere and kept in 8 bits, which may round a pixel to the neighbouring
            // level.
            Images kept = Models.images("fashion-gan-samples").distinct().first(8);
            Images now = generator.sample(Seeds.range(0, 8));
            assertThat(now.largestDifference(kept)).isLessThan(2.5 / 255);
        }
    }

    @Test
    void theIdOfAModelIsItsNameAndItsFilesChecksum() {
        Path file = Models.folder().resolve("fashion-clean.safetensors");
        assertThat(Models.id("fashion-clean")).isEqualTo(ModelId.of("fashion-clean", file));
        assertThatThrownBy(() -> Models.id("fashion")).hasMessageContaining("no model 'fashion'");
        assertThatThrownBy(() -> Models.generator("fashion"))
                .hasMessageContaining("no generator 'fashion'");
    }

    @Test
    void anUnknownNameIsAnsweredWithTheNamesThereAre() {
        assertThat(Models.names()).contains("fashion-heavy");
        assertThatThrownBy(() -> Models.denoiser("fashion-heavier"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'fashion-heavier'")
                .hasMessageContaining(Models.names().toString());
        assertThatThrownBy(() -> Models.images("fashion"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'fashion'")
                .hasMessageContaining("fashion-test, fashion-train");
    }
}
