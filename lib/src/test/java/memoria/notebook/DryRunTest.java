package memoria.notebook;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import memoria.notebook.FullSize.Tried;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DryRunTest {

    @TempDir Path folder;

    private Path notebook(String name, String code) throws IOException {
        return Files.writeString(
                folder.resolve(name + ".ipynb"),
                "{\"cells\": [{\"cell_type\": \"code\", \"source\": [\""
                        + code.replace("\"", "\\\"")
                        + "\"]}]}");
    }

    private static List<String> report(Path... notebooks) {
        List<String> lines = new ArrayList<>();
        new DryRun(lines::add).report(List.of(notebooks));
        return lines;
    }

    /** Published numbers of parameters, in millions. */
    @ParameterizedTest
    @CsvSource({
        "iddpm-cifar10, 52.5",
        "ddpm-cifar10-32, 35.7",
        "stylegan2-ada-cifar10, 20.2",
        "sscd, 24.6",
        "inception-fid, 23.9",
        "lpips, 2.5",
        "lpips-vgg, 14.7"
    })
    void networksWithoutWeightsRunAtFullSize(String checkpoint, double millions) {
        for (FullSize network : FullSize.of(checkpoint)) {
            Tried tried = network.attempt(0);
            assertThat(tried.state()).isEqualTo("shapes checked");
            assertThat(tried.parameters() / 1e6).isBetween(millions - 0.5, millions + 0.5);
        }
    }

    @Test
    void whatIsMissingIsListedWithItsSizeAndNothingIsFetched() throws IOException {
        List<String> lines = report(notebook("01-diffusion-on-the-jvm", "p.show();"));
        assertThat(lines).anyMatch(l -> l.matches("\\s+checkpoint inception-fid .*96 MB to fetch"));
        assertThat(lines)
                .anyMatch(l -> l.matches("\\s+Inception: (ran|shapes checked), 23.9 million .*"));
        assertThat(lines).anyMatch(l -> l.contains("missing") && l.contains("inception-fid"));
        assertThat(lines).anyMatch(l -> l.matches("together: .*409 MB to fetch.*"));
    }

    @Test
    void aCheckpointThatIsCodeIsNotBuilt() throws IOException {
        Path own = Files.createDirectories(folder.resolve("own"));
        Files.writeString(
                own.resolve("script.json"),
                "{\"name\": \"script\", \"kind\": \"checkpoint\", \"notebooks\": [\"own\"], \"access\": {\"kind\": \"open\"},"
                        + " \"files\": [{\"name\": \"net.pt\", \"mirrors\": []}]}");
        System.setProperty("memoria.manifests", own.toString());
        try {
            assertThat(report(notebook("own", "p.show();")))
                    .anyMatch(l -> l.contains("not built: its network is in its file"));
        } finally {
            System.clearProperty("memoria.manifests");
        }
    }

    @Test
    void aNotebookThatNeedsNothingSaysSo() throws IOException {
        List<String> lines = report(notebook("06-theory", "p.count(\"samples\", 3, 5, 1);"));
        assertThat(lines).contains("06-theory: needs nothing from elsewhere");
    }

    /** Its formulas ask for parameters by name, which the notebooks must have. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "00-quickstart",
                "01-diffusion-on-the-jvm",
                "03-image-lid",
                "04-anti-memorization-guidance",
                "05-side-extraction",
                "07-stable-diffusion",
                "08-text-detection",
                "09-token-attribution-and-mitigation",
                "10-anti-memorization-text",
                "11-extended-side"
            })
    void everyNotebookWithAPublishedModelHasATime(String name) {
        Path root = Path.of(System.getProperty("memoria.root"));
        Path file = root.resolve("notebooks").resolve(name + ".ipynb");
        assertThat(DryRun.work(name, file).orElseThrow().passes()).isPositive();
    }

    @Test
    void timeIsPassesTimesWhatOneTakes() throws IOException {
        Path file =
                notebook(
                        "00-quickstart",
                        "p.count(\"steps\", 50, 50, 2); p.count(\"ownImages\", 64, 10_000, 8);");
        PaperWork work = DryRun.work("00-quickstart", file).orElseThrow();
        assertThat(work.passes()).isEqualTo(64 * 50);
        assertThat(work.what()).isEqualTo("64 images in 50 steps");
    }

    @Test
    void memoryOfAWhileIsMeasured() {
        // Outside Java's heap and larger than what the C library keeps: memory that nobody had
        // before.
        ByteBuffer[] kept = new ByteBuffer[1];
        OptionalLong bytes =
                PeakMemory.during(() -> kept[0] = ByteBuffer.allocateDirect(300 << 20));
        assertThat(kept[0].get(1 << 20)).isZero();
        bytes.ifPresent(most -> assertThat(most).isBetween(280L << 20, 2000L << 20));
    }
}
