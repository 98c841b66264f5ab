package memoria.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
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
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
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

    @ParameterizedTest
    @MethodSource("hostile")
    void aFileThatNamesAnythingElseIsRefusedByThatName(String named, String pickle)
            throws IOException {
        Path evil = archive(pickle);
        assertThatThrownBy(() -> TorchFile.read(evil))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("made.pt")
                .hasMessageContaining(named);
        Path old = folder.resolve("old.pt");
        Files.write(
                old,
                ("\u0080\u0002N." + "\u0080\u0002" + pickle).getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> TorchFile.read(old))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("old.pt")
                .hasMessageContaining(named);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "]q\0h\0h\0\u0086a", // a list of itself twice
                "}q\0h\0Ns", // a key that has no hash code
                "](((((((((((((((((((((((((((((((((((((((e"
            })
    void aPickleWithoutAnEndIsRefused(String pickle) throws IOException {
        Path circle = archive("\u0080\u0002" + pickle + ".");
        assertThatThrownBy(() -> TorchFile.read(circle))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("made.pt");
    }

    @Test
    void aSmallFileCannotFillTheMemory() throws IOException {
        // Twenty lists, each ten times in the next: 10^20 values in 800 bytes.
        StringBuilder laughs = new StringBuilder("\u0080\u0002]q\0");
        for (int i = 1; i < 20; i++) {
            laughs.append("](").append(("h" + (char) (i - 1)).repeat(10)).append('e');
            laughs.append('q').append((char) i);
        }
        Path laughing = archive(laughs + ".");
        assertThatThrownBy(() -> TorchFile.read(laughing)).hasMessageContaining("hold more than");
        Path marks = archive("\u0080\u0002" + "(".repeat(1 << 21) + ".");
        assertThatThrownBy(() -> TorchFile.read(marks)).hasMessageContaining("instructions");
        // One number, stated to be 2^28 of them by strides of zero.
        String view =
                "\u0080\u0002}X\u0001\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\u0007\0\0\0storage"
                        + "ctorch\nFloatStorage\nX\u0001\0\0\0"
                        + "0X\u0003\0\0\0cpuK\u0001tQ"
                        + "K\0J\0\0\0\u0010\u0085K\0\u0085tRs.";
        Path stretched = archive(view);
        assertThatThrownBy(() -> TorchFile.read(stretched))
                .hasMessageContaining("times the file's");
    }

    @Test
    void whatTrainersLeaveBesideTensorsIsReadOver() throws IOException {
        String callback = "cpytorch_lightning.callbacks.model_checkpoint\nModelCheckpoint\n";
        String number =
                "cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nX\u0002\0\0\0f8K\0K\u0001\u0087R"
                        + "(K\u0003X\u0001\0\0\0<NNNJ\u00ff\u00ff\u00ff\u00ffJ\u00ff\u00ff\u00ff\u00ffK\0tbX\u0001\0\0\0x\u0086R";
        Path lightning = archive("\u0080\u0002}" + callback + number + "s.");
        assertThat(TorchFile.read(lightning).shapes()).isEmpty();
    }

    @Test
    void aFlippedBitOfATensorIsFoundByTheArchivesChecksum() throws Exception {
        byte[] whole = Files.readAllBytes(golden("tiny_embed.state_dict.pt"));
        Map<String, NDArray> tensors =
                TorchFile.read(golden("tiny_embed.state_dict.pt")).tensors(manager);
        byte[] weights = tensors.get("c.0.weight").toByteArray();
        int at = indexOf(whole, weights);
        for (int bit : new int[] {0, 3, 8 * weights.length - 1}) {
            byte[] flipped = whole.clone();
            flipped[at + bit / 8] ^= (byte) (1 << bit % 8);
            Path file = Files.write(folder.resolve("flipped.pt"), flipped);
            assertThatThrownBy(() -> TorchFile.read(file).tensors(manager))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("flipped.pt")
                    .hasMessageContaining("CRC-32");
        }
    }

    private static int indexOf(byte[] whole, byte[] part) {
        int at = 0;
        while (!java.util.Arrays.equals(whole, at, at + part.length, part, 0, part.length)) {
            at++;
        }
        return at;
    }

    static Stream<Arguments> hostile() {
        return Stream.of(
                arguments("os.system", "\u0080\u0002cos\nsystem\nX\u0004\0\0\0true\u0085R."),
                arguments("posix.system", "cposix\nsystem\n(S'true'\ntR."),
                arguments("__builtin__.eval", "\u0080\u0002c__builtin__\neval\n."),
                arguments(
                        "builtins.eval",
                        "\u0080\u0002cbuiltins\neval\nX\u0001\0\0\0" + "1\u0085R."),
                arguments(
                        "os.system",
                        "\u0080\u0004\u008c\u0002os\u008c\u0006system\u0093\u008c\u0004true\u0085R."),
                arguments("os.system", "(S'true'\nios\nsystem\n."),
                arguments("os.system", "\u0080\u0002(ios\nsystem\n."),
                arguments("torch.nn.Linear", "\u0080\u0002ctorch.nn\nLinear\n)\u0081."),
                arguments("numpy.load", "\u0080\u0002cnumpy\nload\n."),
                arguments("collections.deque", "\u0080\u0002ccollections\ndeque\n)R."));
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
