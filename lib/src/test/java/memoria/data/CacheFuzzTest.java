package memoria.data;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import memoria.Mutations;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Damaged archives, and damaged notes of what was fetched; {@link Mutations} says what is held. */
class CacheFuzzTest {

    private static final byte[] TEXT =
            "name identity\n000001.jpg 7\n".repeat(4).getBytes(StandardCharsets.US_ASCII);

    @TempDir Path folder;

    private static byte[] packed(String format) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        if (format.equals("zip")) {
            try (ZipOutputStream out = new ZipOutputStream(bytes)) {
                for (String name : List.of("d/a.txt", "d/b.txt")) {
                    out.putNextEntry(new ZipEntry(name));
                    out.write(TEXT);
                }
            }
            return bytes.toByteArray();
        }
        try (OutputStream out = format.endsWith("gz") ? new GZIPOutputStream(bytes) : bytes) {
            if (format.equals("gz")) {
                out.write(TEXT);
            } else {
                tar(out);
            }
        }
        return bytes.toByteArray();
    }

    private static void tar(OutputStream to) throws Exception {
        try (TarArchiveOutputStream out = new TarArchiveOutputStream(to, 512)) {
            for (String name : List.of("d/a.txt", "d/b.txt")) {
                TarArchiveEntry entry = new TarArchiveEntry(name);
                entry.setSize(TEXT.length);
                out.putArchiveEntry(entry);
                out.write(TEXT);
                out.closeArchiveEntry();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"zip", "tar", "tar.gz", "gz"})
    void archives(String format) throws Exception {
        String inside = format.equals("gz") ? "packed" : "d/a.txt";
        var how = new ManifestFile.Unpack(format, null, 100_000, List.of(inside));
        Mutations.hold(
                packed(format),
                folder.resolve("packed." + format),
                file -> {
                    Path out = folder.resolve("out");
                    Archive.unpack(file, how, out);
                    Files.delete(out.resolve(inside));
                });
    }

    @Test
    void theLockFile() throws Exception {
        String lock =
                "{\"a/b.zip\": {\"sha256\": \"00ff\", \"bytes\": 12, \"from\": \"http://a/b.zip\", \"on\": \"2026-01-02\"}}";
        Mutations.hold(
                lock.getBytes(StandardCharsets.UTF_8),
                folder.resolve("lock.json"),
                file -> {
                    new TrustLock(file).of("a/b.zip");
                    new TrustLock(file).holds("00ff");
                });
    }

    /** Without them something is fetched or checked again. */
    @Test
    void notesAreForgiven() throws Exception {
        Mutations.holdForgiven(
                "row,url,reason,for_good\n7,\"http://a/\"\"1\"\".jpg\",\"404\",true\n8,\"http://b\",\"timeout\",false\n"
                        .getBytes(StandardCharsets.UTF_8),
                folder.resolve("gone.csv"),
                GoneFile::read);
        Path checked = Files.write(folder.resolve("checked"), TEXT);
        Seal seal = new Seal((long) TEXT.length, Checksum.sha256(checked), null);
        new Verified(folder).add(checked, seal);
        Mutations.holdForgiven(
                Files.readAllBytes(folder.resolve(".verified.json")),
                folder.resolve(".verified.json"),
                file -> new Verified(folder).holds(checked, seal));
    }
}
