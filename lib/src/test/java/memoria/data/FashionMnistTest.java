package memoria.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class FashionMnistTest {

    private static final byte[] IDX = {
        0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, (byte) 250
    };

    @TempDir Path folder;

    @AfterEach
    void forget() {
        System.clearProperty("memoria.data");
        System.clearProperty("memoria.cache");
        System.clearProperty("memoria.offline");
    }

    @Test
    void theFolderIsTheFirstThatHasEveryFilePackedOrNot() throws IOException {
        Path half = Files.createDirectories(folder.resolve("fashion-mnist"));
        System.setProperty("memoria.data", folder.toString());
        Files.createFile(half.resolve("train-images-idx3-ubyte"));
        assertThat(FashionMnist.folder()).isNotEqualTo(java.util.Optional.of(half));
        Files.createFile(half.resolve("train-labels-idx1-ubyte.gz"));
        Files.createFile(half.resolve("t10k-images-idx3-ubyte.gz"));
        Files.createFile(half.resolve("t10k-labels-idx1-ubyte"));
        assertThat(FashionMnist.folder()).contains(half);
    }

    @Test
    void theTestSetHasTenClassesOfAThousand() {
        assumeThat(Path.of("/usr/share/datasets/fashion-mnist")).isDirectory();
        DataSet test = FashionMnist.test();
        assertThat(test.count()).isEqualTo(10_000);
        for (int c = 0; c < 10; c++) {
            assertThat(test.where(c).count()).isEqualTo(1000);
        }
        assertThat(test.classNames().get(test.labels()[0])).isEqualTo("Ankle boot");
        assertThat(test).isSameAs(FashionMnist.test());
        Path file = folder.resolve("shipped");
        DataSet small = test.first(1020).resize(16, 16).plant(20, 50);
        small.save(file);
        assertThat(file.toFile().length()).isLessThan(260_000);
        assertThat(DataSet.load(file).distinct()).isEqualTo(small.distinct());
        assertThat(DataSet.load(file))
                .hasToString(
                        "Fashion-MNIST test set: 1020 distinct images (1, 16, 16), 2000 with repetitions");
    }

    @Test
    void idxFilesAreReadPlainAndGzipped() throws IOException {
        for (byte[] content : List.of(IDX, gzip(IDX))) {
            Path file = folder.resolve(content == IDX ? "a" : "a.gz");
            Files.write(file, content);
            Idx idx = Idx.read(file);
            assertThat(idx.sizes()).containsExactly(2, 3);
            assertThat(idx.elements()).containsExactly(1, 2, 3, 4, 5, -6);
            assertThat(idx.sha256()).isEqualTo(Checksum.sha256(IDX));
        }
    }

    private static byte[] gzip(byte[] content) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new GZIPOutputStream(bytes)) {
            out.write(content);
        }
        return bytes.toByteArray();
    }

    static Stream<Arguments> bad() throws IOException {
        byte[] zipped = gzip(IDX);
        byte[] huge = IDX.clone();
        Arrays.fill(huge, 4, 12, (byte) 0x7f);
        byte[] negative = IDX.clone();
        negative[4] = -1;
        byte[] floats = IDX.clone();
        floats[2] = 13;
        return Stream.of(
                arguments("not an IDX file", "f", new byte[0]),
                arguments("not an IDX file", "f", "PNG and so on".getBytes()),
                arguments("truncated or damaged", "f.gz", new byte[0]),
                arguments("truncated or damaged", "f.gz", IDX),
                arguments("truncated or damaged", "f.gz", Arrays.copyOf(zipped, 20)),
                arguments("element type 13", "f", floats),
                arguments("in 2 dimensions", "f", Arrays.copyOf(IDX, 9)),
                arguments("it holds 5 elements", "f", Arrays.copyOf(IDX, 17)),
                arguments("it holds 6 elements", "f", huge),
                arguments("it holds 6 elements", "f", negative));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("bad")
    void damagedFilesAreNamedWithTheReason(String reason, String name, byte[] content)
            throws IOException {
        Path file = Files.write(folder.resolve(name), content);
        assertThatThrownBy(() -> Idx.read(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(reason);
    }

    private static Manifest manifest(List<String> folders, String contentSha256) {
        String places = folders.isEmpty() ? "" : "\"" + String.join("\", \"", folders) + "\"";
        return Manifest.parse(
                """
                {"name": "tiny", "kind": "data", "title": "Tiny", "folders": [%s],
                 "files": [{"name": "f.gz", "mirrors": ["http://localhost:1/f.gz"], "bytes": 10,
                            "sha256": "00", "contentSha256": "%s"}]}
                """
                        .formatted(places, contentSha256));
    }

    @Test
    void theOwnFolderWinsThenTheSystemThenTheCache() throws IOException {
        String sha = Checksum.sha256(IDX);
        System.setProperty("memoria.offline", "true");
        System.setProperty("memoria.cache", folder.resolve("cache").toString());
        Manifest manifest = manifest(List.of(folder.resolve("system").toString()), sha);
        assertThatThrownBy(() -> manifest.idx("f"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("MEMORIA_OFFLINE forbids")
                .hasMessageContaining(folder.resolve("system").toString())
                .hasMessageContaining(folder.resolve("cache").toString());
        put("cache/tiny/f.gz", gzip(IDX));
        assertThat(manifest.idx("f").sizes()).containsExactly(2, 3);
        put("system/f.gz", new byte[] {1});
        assertThatThrownBy(() -> manifest.idx("f")).hasMessageContaining("system");
        System.setProperty("memoria.data", folder.resolve("own").toString());
        put("own/f", IDX);
        assertThat(manifest.idx("f").sizes()).containsExactly(2, 3);
        put("own/tiny/f", new byte[] {1});
        assertThatThrownBy(() -> manifest.idx("f"))
                .hasMessageContaining(Path.of("own", "tiny").toString());
    }

    private void put(String name, byte[] content) throws IOException {
        Files.createDirectories(folder.resolve(name).getParent());
        Files.write(folder.resolve(name), content);
    }

    @Test
    void anotherContentUnderTheSameNameIsRefused() throws IOException {
        System.setProperty("memoria.data", folder.toString());
        put("f", IDX);
        assertThatThrownBy(() -> manifest(List.of(), "ab").idx("f"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the checksum does not match")
                .hasMessageContaining(Checksum.sha256(IDX) + " instead of ab");
    }

    @Test
    void withoutANetworkTheErrorSaysWhatToPutWhere() {
        System.setProperty("memoria.cache", folder.toString());
        assertThatThrownBy(() -> manifest(List.of(), "ab").idx("f"))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("http://localhost:1/f.gz")
                .hasMessageContaining("put the file (SHA-256 00) into " + folder.resolve("tiny"));
    }
}
