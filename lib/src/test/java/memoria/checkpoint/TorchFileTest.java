package memoria.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import memoria.diffusion.Noise;
import memoria.torch.Scope;
import memoria.torch.Torch;
import org.apache.commons.rng.UniformRandomProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TorchFileTest {

    @TempDir Path folder;

    private final NDManager manager = Torch.manager();

    @AfterEach
    void free() {
        manager.close();
    }

    private static Path golden(String name) throws URISyntaxException {
        return Path.of(TorchFileTest.class.getResource("/golden/" + name).toURI());
    }

    /** An archive whose pickle is the text, in Latin-1. */
    private Path archive(String pickle) throws IOException {
        Path file = folder.resolve("made.pt");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            zip.putNextEntry(new ZipEntry("made/data.pkl"));
            zip.write(pickle.getBytes(StandardCharsets.ISO_8859_1));
            zip.closeEntry();
        }
        return file;
    }

    @Test
    void oldAndNewFilesOfTheSameNetworkHoldTheSame() throws URISyntaxException {
        Map<String, NDArray> today =
                TorchFile.read(golden("tiny_embed.state_dict.pt")).tensors(manager);
        Map<String, NDArray> before =
                TorchFile.read(golden("tiny_embed.legacy.pt")).tensors(manager);
        assertThat(before.keySet()).isEqualTo(today.keySet()).contains("c.1.running_mean");
        today.forEach(
                (name, tensor) ->
                        assertThat(before.get(name).toByteArray())
                                .as(name)
                                .isEqualTo(tensor.toByteArray()));
    }

    @Test
    void aDictionaryInsideACheckpointIsLoadedByItsKey() throws URISyntaxException {
        TorchFile nested = TorchFile.read(golden("tiny_embed.nested.pt"));
        String some =
                nested.shapes().keySet().stream()
                        .filter(n -> n.endsWith("c.0.weight"))
                        .findFirst()
                        .orElseThrow();
        String dictionary = some.substring(0, some.length() - ".c.0.weight".length());
        assertThat(nested.tensors(manager, dictionary)).containsKey("c.0.weight");
        assertThatThrownBy(() -> nested.tensors(manager, "nobody"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("tiny_embed.nested.pt")
                .hasMessageContaining("'nobody'");
    }

    @Test
    void aFileThatCallsAnythingElseIsRefusedByItsName() throws IOException {
        Path evil = archive("\u0080\u0002cos\nsystem\nX\u0004\0\0\0true\u0085R.");
        assertThatThrownBy(() -> TorchFile.read(evil))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("made.pt")
                .hasMessageContaining("os.system");
    }

    @Test
    void aPickleThatHoldsItselfIsRefused() throws IOException {
        Path circle = archive("\u0080\u0002]q\0h\0a.");
        assertThatThrownBy(() -> TorchFile.read(circle))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("nested deeper");
    }

    @Test
    void otherFilesAreToldApart() throws IOException, URISyntaxException {
        Path text = Files.writeString(folder.resolve("text.pt"), "no checkpoint");
        assertThatThrownBy(() -> TorchFile.read(text)).hasMessageContaining("not a PyTorch");
        Path script = golden("tiny_embed_script.torchscript.pt");
        assertThatThrownBy(() -> TorchFile.read(script)).hasMessageContaining("TorchScript");
        Path empty = Files.createFile(folder.resolve("empty.pt"));
        assertThatThrownBy(() -> TorchFile.read(empty)).hasMessageContaining("not a PyTorch");
    }

    /** {@code -Dmutations=10000} for the long run. */
    @ParameterizedTest
    @ValueSource(strings = {"awkward.state_dict.pt", "tiny_embed.legacy.pt"})
    void damageIsNeverWorseThanTheDocumentedException(String name)
            throws IOException, URISyntaxException {
        byte[] whole = Files.readAllBytes(golden(name));
        UniformRandomProvider random = Noise.generator("mutations " + name, 1, 0);
        Path file = folder.resolve("mutated.pt");
        for (int i = 0; i < Integer.getInteger("mutations", 100); i++) {
            byte[] bytes = whole.clone();
            for (int change = 0; change <= random.nextInt(3); change++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            if (random.nextInt(5) == 0) {
                bytes = java.util.Arrays.copyOf(bytes, random.nextInt(bytes.length));
            }
            Files.write(file, bytes);
            try {
                Scope.run(() -> TorchFile.read(file).tensors(manager));
            } catch (IllegalArgumentException documented) {
                assertThat(documented).hasMessageContaining("mutated.pt");
            }
        }
    }
}
