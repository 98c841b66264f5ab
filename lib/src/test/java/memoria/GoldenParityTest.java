package memoria;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import memoria.amg.AmgGolden;
import memoria.amg.AmgTextGolden;
import memoria.checkpoint.TorchFileGolden;
import memoria.golden.Golden;
import memoria.golden.GoldenFamily;
import memoria.golden.LdmSamplersGolden;
import memoria.golden.LidCfdmGolden;
import memoria.golden.LidGaussianGolden;
import memoria.golden.LidKneeGolden;
import memoria.golden.LidNormalBundleGolden;
import memoria.golden.LidUNet2dGolden;
import memoria.golden.LidVpSdeGolden;
import memoria.golden.Row;
import memoria.golden.ScheduleGolden;
import memoria.golden.SchedulersGolden;
import memoria.golden.StepsGolden;
import memoria.golden.TrajectoryGolden;
import memoria.lid.StyleGan2Golden;
import memoria.network.AutoencoderGolden;
import memoria.network.ResNetGolden;
import memoria.network.UNetGolden;
import memoria.similarity.TinyEmbedGolden;
import memoria.stablediffusion.DiffusersGolden;
import memoria.stablediffusion.LidStableDiffusionGolden;
import memoria.stablediffusion.MemMetricsGolden;
import memoria.stablediffusion.TextGolden;
import memoria.torch.Torch;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Compares the library with numbers that the original projects computed. {@code -Dgolden.dir=DIR} names another directory with an
 * {@code index.json}; {@code target/golden.csv} holds one line per tensor.
 */
class GoldenParityTest {

    private static final List<GoldenFamily> FAMILIES =
            List.of(
                    new ScheduleGolden(),
                    new StepsGolden(),
                    new TrajectoryGolden(),
                    new UNetGolden(),
                    new AutoencoderGolden(),
                    new LdmSamplersGolden(),
                    new SchedulersGolden(),
                    new DiffusersGolden(),
                    new MemMetricsGolden(),
                    new ResNetGolden(),
                    new TinyEmbedGolden(),
                    new TorchFileGolden(),
                    new TextGolden(),
                    new AmgGolden(),
                    new AmgTextGolden(),
                    new LidVpSdeGolden(),
                    new LidGaussianGolden(),
                    new LidNormalBundleGolden(),
                    new LidCfdmGolden(),
                    new LidKneeGolden(),
                    new LidUNet2dGolden(),
                    new StyleGan2Golden(),
                    new LidStableDiffusionGolden());

    @TestFactory
    Stream<DynamicTest> everyTensorOfEveryCaseIsReproduced()
            throws IOException, URISyntaxException {
        Torch.threads(1);
        Golden golden = new Golden(directory());
        assertThat(golden.names()).as("cases in index.json").isNotEmpty();
        List<DynamicTest> tests = new ArrayList<>();
        List<String> lines = new ArrayList<>(List.of(Row.header()));
        for (String name : golden.names()) {
            List<Row> rows = golden.compare(name, FAMILIES);
            rows.forEach(row -> lines.add(row.csv()));
            tests.add(DynamicTest.dynamicTest(name, () -> judge(rows)));
        }
        Files.createDirectories(Path.of("target"));
        Files.write(Path.of("target", "golden.csv"), lines);
        if (System.getProperty("golden.dir") != null) {
            lines.forEach(System.out::println);
        }
        return tests.stream();
    }

    private static void judge(List<Row> rows) {
        boolean implemented =
                rows.stream().noneMatch(row -> row.status() == Row.Status.NOT_IMPLEMENTED);
        assumeTrue(implemented, "not implemented");
        for (Row row : rows) {
            assumeTrue(row.status() != Row.Status.NOT_RUN, row.note());
        }
        assertThat(rows.stream().filter(row -> row.status().miss()).map(Row::csv)).isEmpty();
        assertThat(rows).anyMatch(row -> row.status() == Row.Status.PASS);
    }

    private static Path directory() throws URISyntaxException {
        String given = System.getProperty("golden.dir");
        if (given == null) {
            return Path.of(GoldenParityTest.class.getResource("/golden/index.json").toURI())
                    .getParent();
        }
        Path here = Path.of(given);
        return Files.exists(here)
                ? here
                : Path.of(System.getProperty("memoria.root", ".")).resolve(here);
    }
}
