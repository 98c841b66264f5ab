package memoria.checkpoint;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import memoria.Mutations;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Damaged checkpoints of every format; {@link Mutations} says what is held. */
class CheckpointsFuzzTest {

    @TempDir Path folder;

    private final NDManager manager = Torch.manager();

    @AfterEach
    void free() {
        manager.close();
    }

    private static byte[] golden(String name) throws Exception {
        return Files.readAllBytes(
                Path.of(CheckpointsFuzzTest.class.getResource("/golden/" + name).toURI()));
    }

    private void torch(Path file) {
        Scope.run(() -> TorchFile.read(file).tensors(manager));
    }

    private void safe(Path file) {
        Scope.run(() -> SafeTensors.read(file).tensors(manager));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"awkward.state_dict.pt", "tiny_embed.nested.pt", "tiny_embed.legacy.pt"})
    void torchFiles(String name) throws Exception {
        Mutations.hold(golden(name), folder.resolve(name), this::torch);
    }

    /** With a checksum that fits, so that the damage reaches the pickle's reader. */
    @ParameterizedTest
    @ValueSource(strings = {"awkward.state_dict.pt", "tiny_embed.nested.pt"})
    void picklesInsideArchives(String name) throws Exception {
        Map<String, byte[]> entries = entries(golden(name));
        String pickle =
                entries.keySet().stream()
                        .filter(e -> e.endsWith("data.pkl"))
                        .findFirst()
                        .orElseThrow();
        Mutations.hold(
                entries.get(pickle),
                folder.resolve("pickle-of-" + name),
                Mutations.zip(entries, pickle),
                this::torch);
    }

    /** By the directory at the archive's end: Python's entries are not readable as a stream. */
    private Map<String, byte[]> entries(byte[] bytes) throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        try (ZipFile zip = new ZipFile(Files.write(folder.resolve("good.zip"), bytes).toFile())) {
            for (ZipEntry e : zip.stream().map(ZipEntry.class::cast).toList()) {
                entries.put(e.getName(), zip.getInputStream(e).readAllBytes());
            }
        }
        return entries;
    }

    @Test
    void networksOfStyleGan() throws Exception {
        byte[] good =
                StyleGanPickle.bytes(
                        Map.of("mapping.fc0.weight", Tensors.of(manager, 1f, 2f, 3f)),
                        Map.of("", Map.of("z_dim", 4)));
        Mutations.hold(
                good,
                folder.resolve("network.pkl"),
                file ->
                        Scope.run(
                                () -> {
                                    NetworkPickle read = NetworkPickle.read(file);
                                    for (String network : read.networks()) {
                                        read.attributes(network);
                                        read.tensors(manager, network);
                                    }
                                }));
    }

    private byte[] safetensors() throws IOException {
        Path file = folder.resolve("good");
        SafeTensors.write(
                file,
                Map.of(
                        "a", Tensors.of(manager, 1f, 2f, 3f),
                        "b", Tensors.of(manager, 4L, 5L),
                        "empty", Tensors.of(manager, new float[0])),
                Map.of("recipe", "caf\u00e9", "x", "{}"));
        return Files.readAllBytes(file);
    }

    @Test
    void safetensorsFiles() throws Exception {
        Mutations.hold(safetensors(), folder.resolve("whole.safetensors"), this::safe);
    }

    /** The header alone, under a length that fits. */
    @Test
    void safetensorsHeaders() throws Exception {
        Mutations.holdHeader(safetensors(), folder.resolve("header.safetensors"), this::safe);
    }

    @Test
    void indexesOfShards() throws Exception {
        SafeTensors.write(
                folder.resolve("part-1.safetensors"),
                Map.of("a", Tensors.of(manager, 1f)),
                Map.of());
        SafeTensors.write(
                folder.resolve("part-2.safetensors"),
                Map.of("b.weight", Tensors.of(manager, 2f)),
                Map.of());
        String index =
                "{\"metadata\": {\"total_size\": 8}, \"weight_map\": {\"a\": \"part-1.safetensors\", \"b.weight\": \"part-2.safetensors\"}}";
        Mutations.hold(
                index.getBytes(StandardCharsets.UTF_8),
                folder.resolve("model.safetensors.index.json"),
                file -> ShardIndex.read(file));
    }
}
