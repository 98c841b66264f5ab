package memoria.notebook;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorTest {

    @TempDir Path folder;

    @AfterEach
    void forget() {
        System.clearProperty("memoria.cache");
        System.clearProperty("memoria.checkpoints");
        System.clearProperty("memoria.device");
    }

    @Test
    void asksOneLineOfEverythingAndFindsTheEngineWorking() {
        Map<String, String[]> lines = examine(Map.of());
        assertThat(lines.keySet())
                .containsExactlyInAnyOrder(
                        "engine", "device", "flavor", "fonts", "models", "data", "cache");
        assertThat(lines.get("engine")[0]).isEqualTo("ok");
        assertThat(lines.get("engine")[2]).startsWith("PyTorch 2");
        assertThat(lines.get("device")[2]).isEqualTo("cpu(), computes");
    }

    @Test
    void aCacheThatCannotBeAFolderIsAFaultWithARemedy() throws Exception {
        Path file = Files.createFile(folder.resolve("cache"));
        System.setProperty("memoria.cache", file.toString());
        assertThat(examine(Map.of()).get("cache"))
                .containsExactly(
                        "FAULT",
                        "cache",
                        file + " is a file, not a folder",
                        "set MEMORIA_CACHE to a folder of yours with a few GB");
    }

    @Test
    void theCacheSaysWhichSetsItHoldsAndWhatIsUnfinished() throws Exception {
        System.setProperty("memoria.cache", folder.toString());
        assertThat(examine(Map.of()).get("cache")[2]).endsWith(" GB free");
        Files.createDirectories(folder.resolve("cifar-10"));
        Files.write(folder.resolve("cifar-10/whole.bin"), new byte[30_000]);
        Files.write(folder.resolve("cifar-10/rest.tar.gz.part"), new byte[2000]);
        Files.createDirectories(folder.resolve("artifacts"));
        assertThat(examine(Map.of()).get("cache")[2])
                .endsWith(" GB free; holds cifar-10 30 kB (2.0 kB unfinished)");
    }

    @Test
    void missingModelsAreAFault() {
        System.setProperty("memoria.checkpoints", folder.toString());
        assertThat(examine(Map.of()).get("models")).contains("FAULT", "none in " + folder);
    }

    @Test
    void aGpuThatIsNotThereIsAFaultThatSaysHowToGetIt() {
        System.setProperty("memoria.device", "gpu:99");
        String[] line = examine(Map.of()).get("device");
        assertThat(line[0]).isEqualTo("FAULT");
        assertThat(line[3]).contains("nvidia-smi");
    }

    @Test
    void aHalfSetFlavorIsAFault() {
        String here = folder.toString();
        assertThat(examine(Map.of("PYTORCH_LIBRARY_PATH", here)).get("flavor")[0])
                .isEqualTo("FAULT");
        assertThat(examine(Map.of("PYTORCH_LIBRARY_PATH", here + "/no")).get("flavor")[2])
                .endsWith("/no, which is no folder");
        assertThat(
                        examine(Map.of("PYTORCH_LIBRARY_PATH", here, "PYTORCH_FLAVOR", "cu128"))
                                .get("flavor"))
                .contains("ok", "cu128 from " + here);
    }

    private static Map<String, String[]> examine(Map<String, String> environment) {
        List<String> lines = new ArrayList<>();
        new Doctor(environment, lines::add).examine();
        Map<String, String[]> found = new HashMap<>();
        for (String line : lines) {
            String[] parts = line.split("\t", -1);
            assertThat(parts).hasSize(4);
            assertThat(found.put(parts[1], parts)).isNull();
        }
        return found;
    }
}
