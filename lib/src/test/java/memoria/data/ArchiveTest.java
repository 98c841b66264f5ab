package memoria.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ArchiveTest {

    private static final byte[] TEXT = "hello ".repeat(200).getBytes(StandardCharsets.US_ASCII);

    @TempDir Path folder;

    /** Writes entries. */
    private interface Entries<T> {
        void to(T out) throws IOException;
    }

    private static byte[] zip(Entries<ZipArchiveOutputStream> entries) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new ZipArchiveOutputStream(bytes)) {
            entries.to(out);
        }
        return bytes.toByteArray();
    }

    private static void entry(ZipArchiveOutputStream out, String name, int mode, byte[] content)
            throws IOException {
        var entry = new ZipArchiveEntry(name);
        if (mode != 0) {
            entry.setUnixMode(mode);
        }
        out.putArchiveEntry(entry);
        out.write(content);
        out.closeArchiveEntry();
    }

    private static byte[] zip(String... names) throws IOException {
        return zip(
                out -> {
                    for (String name : names) {
                        entry(out, name, 0, TEXT);
                    }
                });
    }

    private static byte[] tar(Entries<TarArchiveOutputStream> entries) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new TarArchiveOutputStream(bytes)) {
            out.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            entries.to(out);
        }
        return bytes.toByteArray();
    }

    private static void entry(TarArchiveOutputStream out, String name) throws IOException {
        var entry = new TarArchiveEntry(name, true);
        entry.setSize(TEXT.length);
        out.putArchiveEntry(entry);
        out.write(TEXT);
        out.closeArchiveEntry();
    }

    private static byte[] tar(String... names) throws IOException {
        return tar(
                out -> {
                    for (String name : names) {
                        entry(out, name);
                    }
                });
    }

    private static byte[] special(byte type, String target) throws IOException {
        return tar(
                out -> {
                    entry(out, "d/a.txt");
                    var entry = new TarArchiveEntry("d/evil", type);
                    entry.setLinkName(target);
                    out.putArchiveEntry(entry);
                    out.closeArchiveEntry();
                });
    }

    private static byte[] gz(byte[] content) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new GZIPOutputStream(bytes)) {
            out.write(content);
        }
        return bytes.toByteArray();
    }

    private static ManifestFile.Unpack how(String format, String... expect) {
        return new ManifestFile.Unpack(format, null, 100_000, List.of(expect));
    }

    private Path file(String name, byte[] content) throws IOException {
        return Files.write(Files.createDirectories(folder.resolve("in")).resolve(name), content);
    }

    private Path out() {
        return folder.resolve("out");
    }

    /** What is there, hidden files apart. */
    private List<String> unpacked() throws IOException {
        if (!Files.exists(out())) {
            return List.of();
        }
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile)
                    .filter(f -> !f.startsWith(folder.resolve("in")))
                    .filter(f -> !f.getFileName().toString().endsWith(".lock"))
                    .map(f -> folder.relativize(f).toString())
                    .sorted()
                    .toList();
        }
    }

    static Stream<Arguments> whole() throws IOException {
        String deep = "d/" + "x".repeat(150) + ".txt";
        return Stream.of(
                arguments("a.zip", "zip", zip("d/a.txt", deep)),
                arguments("a.tar", "tar", tar("d/a.txt", deep)),
                arguments("a.tar.gz", "tar.gz", gz(tar("d/a.txt", deep))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("whole")
    void archivesAreUnpacked(String name, String format, byte[] content) throws IOException {
        Path archive = file(name, content);
        Archive.unpack(archive, how(format, "d/a.txt"), out());
        assertThat(out().resolve("d/a.txt")).hasBinaryContent(TEXT);
        assertThat(unpacked()).hasSize(2);
        // What is there is not unpacked again.
        Files.write(out().resolve("d/a.txt"), new byte[] {1});
        Archive.unpack(archive, how(format, "d/a.txt"), out());
        assertThat(out().resolve("d/a.txt")).hasSize(1);
    }

    @Test
    void aGzippedFileLosesItsSuffix() throws IOException {
        Archive.unpack(file("a.txt.gz", gz(TEXT)), how("gz", "a.txt"), out());
        assertThat(out().resolve("a.txt")).hasBinaryContent(TEXT);
    }

    @Test
    void onlyWhatIsWantedIsUnpackedAndCounted() throws IOException {
        var how = new ManifestFile.Unpack("zip", List.of("d/b"), 1200, List.of("d/b"));
        Archive.unpack(file("a.zip", zip("d/a", "d/b", "d/c")), how, out());
        assertThat(unpacked()).containsExactly("out/d/b");
        var dots = new ManifestFile.Unpack("tar", List.of("e/b"), 1200, List.of("e/b"));
        Archive.unpack(file("a.tar", tar("./e/a", "./e/b")), dots, out());
        assertThat(unpacked()).containsExactly("out/d/b", "out/e/b");
    }

    @Test
    void twoArchivesMayShareAFolderAndRemainsMakeWay() throws IOException {
        Archive.unpack(file("a.zip", zip("d/a")), how("zip", "d/a"), out());
        Files.write(out().resolve("d/b"), new byte[] {1});
        var how = how("zip", "d/b", "d/c");
        Archive.unpack(file("b.zip", zip("d/b", "d/c")), how, out());
        assertThat(unpacked()).containsExactly("out/d/a", "out/d/b", "out/d/c");
        assertThat(out().resolve("d/b")).hasBinaryContent(TEXT);
    }

    static Stream<Arguments> hostile() throws IOException {
        byte[] plain = zip("d/a.txt");
        byte[] flipped = plain.clone();
        flipped[45] ^= 1;
        byte[] tgz = gz(tar("d/a.txt"));
        byte[] flippedTgz = tgz.clone();
        flippedTgz[tgz.length / 2] ^= 1;
        byte[] bomb = zip(out -> entry(out, "d/a.txt", 0, new byte[1_000_000]));
        byte[] many = zip("d/a.txt", "d/b", "d/c", "d/e", "d/f");
        return Stream.of(
                arguments("a.zip", "zip", zip("../evil"), "'../evil' has a path that climbs out"),
                arguments("a.zip", "zip", zip("d/../../evil"), "climbs out"),
                arguments("a.zip", "zip", zip("/tmp/evil"), "'/tmp/evil' has an absolute path"),
                arguments("a.zip", "zip", zip("C:/evil"), "an absolute path"),
                arguments("a.zip", "zip", zip("d/a:stream"), "a backslash or colon"),
                arguments("a.zip", "zip", zip("d/a\nb"), "'d/a?b' has a control character"),
                arguments("a.zip", "zip", zip("d/" + "x".repeat(2000)), "a name of 2002"),
                arguments("a.zip", "zip", zip("d/" + "x".repeat(300)), "a file name of 300 bytes"),
                arguments("a.zip", "zip", zip("d/a.txt", "d/./a.txt"), "is there twice"),
                arguments("a.zip", "zip", zip("d/a.txt", "d"), "'d' is a file where another"),
                arguments("a.tar", "tar", tar("d", "d/a.txt"), "'d/a.txt' is a file where another"),
                arguments("a.zip", "zip", zip("d/b.txt"), "it lacks 'd/a.txt'"),
                arguments(
                        "a.zip",
                        "zip",
                        zip(out -> entry(out, "d/evil", 0120777, "/etc/passwd".getBytes())),
                        "'d/evil' is a symbolic link"),
                arguments(
                        "a.zip",
                        "zip",
                        zip(out -> entry(out, "d/evil", 020666, new byte[0])),
                        "'d/evil' is a device"),
                arguments("a.zip", "zip", bomb, "beyond the 100000 bytes that it may unpack to"),
                arguments("a.zip", "zip", flipped, ""),
                arguments("a.zip", "zip", Arrays.copyOf(many, many.length - 30), "damaged"),
                arguments("a.zip", "zip", new byte[0], "damaged"),
                arguments("a.zip", "zip", "<html>".getBytes(), "damaged"),
                arguments("a.tar", "tar", tar(o -> entry(o, "../evil")), "climbs out"),
                arguments(
                        "a.tar",
                        "tar",
                        special(TarConstants.LF_SYMLINK, "/etc"),
                        "a link to '/etc'"),
                arguments(
                        "a.tar", "tar", special(TarConstants.LF_LINK, "../x"), "a link to '../x'"),
                arguments("a.tar", "tar", special(TarConstants.LF_CHR, ""), "is a device"),
                arguments("a.tar", "tar", special(TarConstants.LF_BLK, ""), "is a device"),
                arguments("a.tar", "tar", special(TarConstants.LF_FIFO, ""), "is a pipe"),
                arguments("a.tar", "tar", Arrays.copyOf(tar("d/a.txt"), 1000), "damaged"),
                arguments("a.tar.gz", "tar.gz", Arrays.copyOf(tgz, tgz.length - 9), "damaged"),
                arguments("a.tar.gz", "tar.gz", flippedTgz, ""),
                arguments("a.tar.gz", "tar.gz", gz(new byte[2_000_000]), "it lacks"),
                arguments("d.gz", "gz", gz(new byte[1_000_000]), "(a bomb?)"),
                arguments("a.rar", "rar", new byte[9], "its format 'rar' is not known"));
    }

    @ParameterizedTest(name = "{0} {3}")
    @MethodSource("hostile")
    void whatIsHostileOrDamagedIsRefusedByNameAndLeavesNothing(
            String name, String format, byte[] content, String reason) throws IOException {
        Path archive = file(name, content);
        assertThatThrownBy(() -> Archive.unpack(archive, how(format, "d/a.txt"), out()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("file: " + archive + " is refused: ")
                .hasMessageContaining(reason);
        assertThat(unpacked()).isEmpty();
        assertThat(folder.resolve("evil")).doesNotExist();
        assertThat(archive).exists();
    }

    @Test
    void whatAKilledProcessLeftIsClearedAway() throws IOException {
        Path remains = Files.createDirectories(out().resolve(".a.zip.unpacking/d"));
        Files.write(remains.resolve("old"), TEXT);
        Archive.unpack(file("a.zip", zip("d/a.txt")), how("zip", "d/a.txt"), out());
        assertThat(unpacked()).containsExactly("out/d/a.txt");
        assertThat(out().resolve(".a.zip.unpacking")).doesNotExist();
    }
}
