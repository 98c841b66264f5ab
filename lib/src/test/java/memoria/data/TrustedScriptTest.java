package memoria.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrustedScriptTest {

    @TempDir Path folder;
    private Path lock;
    private Path file;
    private String sha256;

    @BeforeEach
    void write() throws IOException {
        lock = folder.resolve("lock.json");
        System.setProperty("memoria.lock", lock.toString());
        byte[] content = new byte[200_000];
        content[123_456] = 7;
        file = Files.write(folder.resolve("net.pt"), content);
        sha256 = Checksum.sha256(content);
    }

    @AfterEach
    void forget() {
        System.clearProperty("memoria.lock");
        System.clearProperty("memoria.manifests");
    }

    private void flipOneBit() throws IOException {
        byte[] content = Files.readAllBytes(file);
        content[199_999] ^= 1;
        Files.write(file, content);
    }

    private void vouchBy(String manifest) throws IOException {
        Path own = Files.createDirectories(folder.resolve("own"));
        Files.writeString(
                own.resolve("mine.json"),
                "{\"name\": \"mine\", \"files\": [{\"name\": \"published.pt\", "
                        + manifest
                        + "}]}");
        System.setProperty("memoria.manifests", own.toString());
    }

    @Test
    void anUnknownFileIsRefusedWithItsChecksumAndWhatToDo() {
        assertThatThrownBy(() -> TrustedScript.require(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("file: " + file)
                .hasMessageContaining("SHA-256, " + sha256)
                .hasMessageContaining("environment/fetch sscd")
                .hasMessageContaining("the argument after the file")
                .hasMessageContaining(lock.toString());
        assertThat(lock).as("asking trusts nothing").doesNotExist();
        assertThatThrownBy(() -> TrustedScript.require(folder.resolve("none.pt")))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("none.pt");
    }

    @Test
    void aManifestsFileIsTakenUnderAnyNameUntilABitChanges() throws IOException {
        vouchBy("\"sha256\": \"" + sha256 + "\"");
        assertThat(TrustedScript.require(file)).isEqualTo(sha256);
        flipOneBit();
        assertThatThrownBy(() -> TrustedScript.require(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(Checksum.sha256(file));
    }

    @Test
    void anMd5VouchesForNothing() throws IOException {
        vouchBy("\"md5\": \"" + Checksum.md5(file) + "\"");
        assertThatThrownBy(() -> TrustedScript.require(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("net.pt");
    }

    @Test
    void theLocksFileIsTakenUntilABitChanges() throws IOException {
        new TrustLock(lock)
                .add("set/other.pt", new TrustLock.Entry(sha256, 200_000, "here", "2020-01-01"));
        assertThat(TrustedScript.require(file)).isEqualTo(sha256);
        flipOneBit();
        assertThatThrownBy(() -> TrustedScript.require(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(Checksum.sha256(file));
    }

    @Test
    void theLinesThatTheRefusalOffersAreALockFile() throws IOException {
        String message = "";
        try {
            TrustedScript.require(file);
        } catch (IllegalArgumentException e) {
            message = e.getMessage();
        }
        Files.writeString(lock, message.substring(message.indexOf("{\"own/net.pt\"")));
        assertThat(TrustedScript.require(file)).isEqualTo(sha256);
        Files.writeString(lock, "{\"own/net.pt\": ");
        assertThatThrownBy(() -> TrustedScript.require(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(lock + " is damaged");
    }

    @Test
    void aStatedChecksumIsTheOnlyOneThatCounts() throws IOException {
        assertThat(TrustedScript.require(file, sha256)).isEqualTo(sha256);
        assertThat(TrustedScript.require(file, sha256.toUpperCase(Locale.ROOT))).isEqualTo(sha256);
        flipOneBit();
        String changed = Checksum.sha256(file);
        vouchBy("\"sha256\": \"" + changed + "\"");
        assertThatThrownBy(() -> TrustedScript.require(file, sha256))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("file: " + file)
                .hasMessageContaining("SHA-256 " + changed + " instead of " + sha256);
        for (String none : new String[] {null, "", "abc", sha256 + "0", "g".repeat(64)}) {
            assertThatThrownBy(() -> TrustedScript.require(file, none))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("sha256: '" + none + "'");
        }
    }
}
