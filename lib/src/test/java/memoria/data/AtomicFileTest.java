package memoria.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {

    @TempDir Path folder;

    @Test
    void missingFoldersAreMadeAndOldContentIsReplaced() throws IOException {
        Path file = folder.resolve("a/b/c");
        AtomicFile.write(file, out -> out.write(1));
        AtomicFile.write(file, out -> out.write(2));
        assertThat(file).hasBinaryContent(new byte[] {2});
        assertThat(file.getParent()).isDirectoryContaining(file::equals);
        assertThat(Files.list(file.getParent())).hasSize(1);
    }

    @Test
    void aFailureLeavesTheOldFileAndNothingElse() throws IOException {
        Path file = folder.resolve("f");
        AtomicFile.write(file, out -> out.write(1));
        assertThatThrownBy(
                        () ->
                                AtomicFile.write(
                                        file,
                                        out -> {
                                            out.write(2);
                                            throw new IOException("No space left on device");
                                        }))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessage("Cannot write " + file + ": No space left on device");
        assertThat(file).hasBinaryContent(new byte[] {1});
        assertThat(Files.list(folder)).hasSize(1);
    }

    @Test
    void anInterruptDoesNotCutAFileShort() {
        Path file = folder.resolve("f");
        Thread.currentThread().interrupt();
        AtomicFile.write(file, out -> out.write(new byte[100_000]));
        assertThat(Thread.interrupted()).isTrue();
        assertThat(file).hasSize(100_000);
    }

    @Test
    void aFolderWithoutWritePermissionIsNamed() throws IOException {
        Path locked = Files.createDirectory(folder.resolve("locked"));
        assumeThat(Files.getFileStore(locked).supportsFileAttributeView("posix")).isTrue();
        Files.setPosixFilePermissions(locked, PosixFilePermissions.fromString("r-xr-xr-x"));
        assumeThat(Files.isWritable(locked)).as("the superuser may write anywhere").isFalse();
        assertThatThrownBy(() -> AtomicFile.write(locked.resolve("f"), out -> out.write(1)))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("Cannot write " + locked)
                .hasMessageContaining("ermission denied");
    }
}
