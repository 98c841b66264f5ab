package memoria.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.types.Shape;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import javax.imageio.ImageIO;
import memoria.checkpoint.TorchArchive;
import memoria.data.Cifar10;
import memoria.data.DataSet;
import memoria.data.Images;
import memoria.data.Provenance;
import memoria.diffusion.Noise;
import memoria.network.ImprovedDiffusion;
import memoria.network.NetworkDenoiser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SubjectTest {

    private static final String FLAGS =
            "--image_size 32 --num_channels 32 --num_res_blocks 1 --num_heads 1";

    @TempDir Path folder;

    private Path checkpoint() throws IOException {
        Path file = folder.resolve("mine.pt");
        try (NetworkDenoiser made = ImprovedDiffusion.flags(FLAGS).fresh(1)) {
            TorchArchive.write(file, made.network().params().all());
        }
        return file;
    }

    private static DataSet noise(int count) {
        double[] u = Noise.uniform("test", 1, count, count * 3 * 32 * 32);
        float[] values = new float[u.length];
        for (int i = 0; i < u.length; i++) {
            values[i] = (float) (2 * u[i] - 1);
        }
        Images images = Images.of(values, count, 3, 32, 32);
        return DataSet.of(images, new int[count], List.of("noise"), Provenance.made("test"));
    }

    @Test
    void aCheckpointWithItsFlagsAndCifarFilesIsASubject() throws IOException {
        Path file = checkpoint();
        Path cifar = folder.resolve("cifar");
        Cifar10.write(noise(10), noise(4), cifar);
        assertThatThrownBy(() -> Models.denoiser(file.toString()))
                .hasMessageContaining("mine.pt")
                .hasMessageContaining("mine.flags");
        Files.writeString(folder.resolve("mine.flags"), FLAGS + "\n");
        try (Subject s = Subject.of("" + file, "" + cifar, "" + cifar)) {
            assertThat(s.model().item()).isEqualTo(new Shape(3, 32, 32));
            assertThat(s.training().count()).isEqualTo(10);
            assertThat(s.unseen().count()).isEqualTo(4);
            assertThat(s.id().name()).isEqualTo("mine.pt");
            assertThat(s).hasToString("mine.pt: (3, 32, 32), trained on 10 images, 4 unseen");
        }
    }

    @Test
    void shippedModelsAndSetsAreSubjectsToo() {
        try (Subject s = Subject.of("fashion-clean", "fashion-train", "fashion-test")) {
            assertThat(s.id()).isEqualTo(Models.id("fashion-clean"));
            assertThat(s.training().distinct().item()).isEqualTo(new Shape(1, 16, 16));
        }
    }

    @Test
    void whatIsNotThereIsNamed() throws IOException {
        assertThatThrownBy(() -> Models.denoiser("nobody"))
                .hasMessageContaining("'nobody'")
                .hasMessageContaining("fashion-heavy")
                .hasMessageContaining("iddpm-cifar10");
        assertThatThrownBy(() -> Models.generator("nobody"))
                .hasMessageContaining("'nobody'")
                .hasMessageContaining("stylegan2-ada-cifar10");
        assertThatThrownBy(() -> Subject.of("fashion-clean", "nobody", "fashion-test"))
                .hasMessageContaining("trainingSet")
                .hasMessageContaining("'nobody'")
                .hasMessageContaining("cifar-10")
                .hasMessageContaining(Path.of("nobody").toAbsolutePath().toString());
        Path cifar = folder.resolve("cifar");
        Cifar10.write(noise(10), noise(4), cifar);
        assertThatThrownBy(() -> Subject.of("fashion-clean", "fashion-train", "" + cifar))
                .hasMessageContaining("unseenSet")
                .hasMessageContaining("3 channels");
        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertThatThrownBy(() -> Models.denoiser("" + empty)).hasMessageContaining("config.json");
    }

    @Test
    void picturesThatCannotBeReadAreNamedInTheLog() throws IOException {
        var picture = new BufferedImage(16, 16, BufferedImage.TYPE_BYTE_GRAY);
        ImageIO.write(picture, "png", folder.resolve("good.png").toFile());
        Files.writeString(folder.resolve("broken.png"), "no picture");
        List<String> told = new ArrayList<>();
        Logger log = Logger.getLogger("memoria.data");
        Handler keeping =
                new Handler() {
                    @Override
                    public void publish(LogRecord line) {
                        told.add(line.getMessage());
                    }

                    @Override
                    public void flush() {}

                    @Override
                    public void close() {}
                };
        log.addHandler(keeping);
        try (Subject s = Subject.of("fashion-clean", "" + folder, "fashion-test")) {
            assertThat(s.training().count()).isEqualTo(1);
        } finally {
            log.removeHandler(keeping);
        }
        assertThat(told).singleElement().asString().contains("1 of 2 files", "broken.png");
    }

    @Test
    void tooFewUnseenImagesAreToldBeforeAnythingIsDrawn() {
        Subject s = Subject.of("fashion-clean", "fashion-train", "fashion-test");
        assertThat(s.judgedAt(0.001)).isSameAs(s);
        assertThatThrownBy(() -> s.judgedAt(0.0001))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("unseenSet: " + s.unseen().count() + " images")
                .hasMessageContaining("at least 10000");
    }

    @Test
    void namesAreLookedUpWithoutOpeningOrFetchingAnything() throws IOException {
        Models.requireNamed("model", "fashion-heavy");
        Models.requireNamed("model", "fashion-gan");
        Models.requireNamed("model", "stylegan2-ada-cifar10");
        Models.requireNamed("model", "" + Files.createFile(folder.resolve("mine.pt")));
        Subject.requireSet("trainingSet", "cifar-10");
        Subject.requireSet("trainingSet", "fashion-test");
        Subject.requireSet("trainingSet", "" + folder);
        assertThatThrownBy(() -> Models.requireNamed("model", "iddpm-cifar"))
                .hasMessageContaining("model: no model 'iddpm-cifar'")
                .hasMessageContaining("iddpm-cifar10");
        assertThatThrownBy(() -> Subject.requireSet("unseenSet", "photos"))
                .hasMessageContaining("unseenSet: no data set 'photos'")
                .hasMessageContaining(Path.of("photos").toAbsolutePath().toString());
    }
}
