package memoria.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HuggingFaceCacheTest {

    private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    @TempDir Path hub;
    private Path repository;
    private Path snapshot;
    private Path weights;

    @BeforeEach
    void layOut() throws IOException {
        repository = hub.resolve("models--google--ddpm-cifar10-32");
        snapshot = Files.createDirectories(repository.resolve("snapshots/" + COMMIT));
        Files.createDirectories(repository.resolve("refs"));
        Files.createDirectories(repository.resolve("blobs"));
        Files.createDirectories(snapshot.resolve("unet"));
        Files.writeString(repository.resolve("refs/main"), COMMIT);
        byte[] content = {1, 2, 3};
        weights = repository.resolve("blobs/" + Checksum.sha256(content));
        Files.write(weights, content);
        Files.writeString(repository.resolve("blobs/aa"), "{}");
        Files.createSymbolicLink(
                snapshot.resolve("unet/model.safetensors"),
                Path.of("../../../blobs/" + weights.getFileName()));
        Files.createSymbolicLink(snapshot.resolve("config.json"), Path.of("../../blobs/aa"));
    }

    @Test
    void aSnapshotIsFoundByNameByFolderAndByCommit() {
        String name = "google/ddpm-cifar10-32";
        assertThat(HuggingFaceCache.snapshot(hub, name, "main")).isEqualTo(snapshot);
        assertThat(HuggingFaceCache.snapshot(hub, name, COMMIT)).isEqualTo(snapshot);
        assertThat(HuggingFaceCache.snapshot(repository)).isEqualTo(snapshot);
        assertThat(HuggingFaceCache.snapshot(snapshot)).isEqualTo(snapshot);
        assertThat(snapshot.resolve("unet/model.safetensors"))
                .hasBinaryContent(new byte[] {1, 2, 3});
        assertThat(HuggingFaceCache.verify(snapshot)).isEqualTo(1);
    }

    @Test
    void withoutABranchTheOnlySnapshotIsMeant() throws IOException {
        Files.delete(repository.resolve("refs/main"));
        assertThat(HuggingFaceCache.snapshot(repository)).isEqualTo(snapshot);
        Files.createDirectory(repository.resolve("snapshots/other"));
        assertThatThrownBy(() -> HuggingFaceCache.snapshot(repository))
                .hasMessageContaining(repository.toString())
                .hasMessageContaining("other");
    }

    @Test
    void whatIsIncompleteForeignOrChangedIsNamed() throws IOException {
        assertThatThrownBy(() -> HuggingFaceCache.snapshot(hub, "google/other", "main"))
                .hasMessageContaining("google/other is not in " + hub);
        for (String name : new String[] {"../x", "a/b/c", ""}) {
            assertThatThrownBy(() -> HuggingFaceCache.snapshot(hub, name, "main"))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(
                        () ->
                                HuggingFaceCache.snapshot(
                                        hub, "google/ddpm-cifar10-32", "../blobs/aa"))
                .hasMessageContaining("revision");
        Files.write(weights, new byte[] {1, 2, 7});
        assertThatThrownBy(() -> HuggingFaceCache.verify(snapshot))
                .hasMessageContaining("model.safetensors")
                .hasMessageContaining("SHA-256");
        Files.delete(weights);
        assertThatThrownBy(() -> HuggingFaceCache.snapshot(repository))
                .hasMessageContaining("unet")
                .hasMessageContaining("not complete");
        Path outside = Files.writeString(hub.resolve("secret"), "x");
        Files.delete(snapshot.resolve("config.json"));
        Files.delete(snapshot.resolve("unet/model.safetensors"));
        Files.createSymbolicLink(snapshot.resolve("config.json"), outside);
        assertThatThrownBy(() -> HuggingFaceCache.snapshot(repository))
                .hasMessageContaining("config.json points out of the folder");
        Files.writeString(repository.resolve("refs/main"), "../../..");
        assertThatThrownBy(() -> HuggingFaceCache.snapshot(repository))
                .hasMessageContaining("refs")
                .hasMessageContaining("40 hex digits");
    }
}
