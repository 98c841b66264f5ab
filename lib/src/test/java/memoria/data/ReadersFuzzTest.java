package memoria.data;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import memoria.Mutations;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Damaged files of every format that becomes a data set; {@link Mutations} says what is held. */
class ReadersFuzzTest {

    private static final String CSV =
            "url,caption\nhttp://a/1.jpg,\"a \"\"cat\"\", asleep\"\r\nhttp://b/2.png,two\n";
    private static final String JSON_LINES =
            "{\"url\": \"http://a/1.jpg\", \"text\": [\"a\", \"b\"], \"x\": {\"y\": [1, null]}}\n"
                    + "{\"URL\": \"http://a/2.jpg\", \"text\": \"caf\u00e9 \\u00e9\", \"n\": 1.5, \"t\": true}\n";
    private static final String COCO =
            "{\"info\": {\"year\": 2017}, \"images\": [{\"file_name\": \"1.jpg\", \"height\": 426, \"id\": 139}, {\"file_name\": \"2.jpg\","
                    + " \"id\": 285}], \"annotations\": [{\"image_id\": 285, \"id\": 1, \"caption\": \"A bear.\"}, {\"image_id\": 139,"
                    + " \"id\": 2, \"caption\": \"A room.\"}]}";

    @TempDir Path folder;

    private void hold(String name, byte[] good, Mutations.Reader reader) throws Exception {
        Mutations.hold(good, folder.resolve(name), reader);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] resource(String name) throws Exception {
        return Files.readAllBytes(
                Path.of(ReadersFuzzTest.class.getResource("/pictures/" + name).toURI()));
    }

    @Test
    void cifarRecords() throws Exception {
        SyntheticCifar.write(folder, 5, 2, 1);
        hold(
                "test_batch.bin",
                Files.readAllBytes(folder.resolve("test_batch.bin")),
                f -> Cifar10.test(folder));
    }

    @Test
    void idxFiles() throws Exception {
        byte[] idx = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6};
        hold("train-images", idx, Idx::read);
    }

    @Test
    void celebaLists() throws Exception {
        Files.createDirectory(folder.resolve("img_align_celeba"));
        byte[] identities = utf8("000001.jpg 2880\n000002.jpg 17\n000003.jpg 2880\n");
        hold("identity_CelebA.txt", identities, f -> CelebA.aligned(folder));
        Files.write(folder.resolve("identity_CelebA.txt"), identities);
        byte[] parts = utf8("000001.jpg 0\n000002.jpg 1\n000003.jpg 2\n");
        hold("list_eval_partition.txt", parts, f -> CelebA.aligned(folder, CelebA.Part.TRAIN));
        hold(
                "index.txt",
                utf8("# chosen\n000003.jpg 4\n000001.jpg\n"),
                f -> CelebA.aligned(folder).listed(f));
    }

    @Test
    void cocoCaptions() throws Exception {
        hold("captions_val2017.json", utf8(COCO), f -> Pictures.coco(f, folder));
    }

    @Test
    void listsOfAddresses() throws Exception {
        hold("list.csv", utf8(CSV), UrlCaption::read);
        hold("list.tsv", utf8(CSV.replace(',', '\t')), UrlCaption::read);
        hold("list.jsonl", utf8(JSON_LINES), UrlCaption::read);
    }

    @Test
    void captionsOfAFolder() throws Exception {
        byte[] table =
                utf8(
                        JSON_LINES
                                .replace("url", "file_name")
                                .replace("URL", "file_name")
                                .replace("http://", ""));
        hold("metadata.jsonl", table, f -> Pictures.folder(folder));
        Files.delete(folder.resolve("metadata.jsonl"));
        byte[] csv = utf8("file_name,text\nsub/1.jpg,\"a, b\"\n2.jpg,c\n");
        hold("metadata.csv", csv, f -> Pictures.folder(folder));
        Files.delete(folder.resolve("metadata.csv"));
        Files.write(folder.resolve("cat.jpg"), resource("rgb.jpg"));
        Files.write(folder.resolve("cat.txt"), utf8("a cat\ncaf\u00e9\n"));
        hold("cat.txt", utf8("a cat\ncaf\u00e9\n"), f -> Pictures.folder(folder));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "rgb.jpg",
                "progressive.jpg",
                "cmyk.jpg",
                "turned.jpg",
                "grey.jpg",
                "lossy.webp",
                "lossless.webp",
                "alpha.webp",
                "palette.gif",
                "rgb.bmp",
                "rgb.tiff"
            })
    void pictures(String name) throws Exception {
        hold(name, resource(name), this::picture);
    }

    /** With checksums that fit, so that the damage reaches the decoder. */
    @ParameterizedTest
    @ValueSource(strings = {"rgb.png", "grey16.png", "palette-transparent.png", "bit.png"})
    void picturesWithChecksums(String name) throws Exception {
        Mutations.hold(
                resource(name),
                folder.resolve(name),
                ReadersFuzzTest::withChecksums,
                this::picture);
    }

    private void picture(Path file) throws Exception {
        Framing framing = Framing.square(8);
        try {
            framing.put(PictureFile.read(file), new byte[framing.itemSize()], 0);
        } catch (PictureFile.Unreadable documented) {
            throw new IllegalArgumentException(file + ": " + documented.getMessage(), documented);
        }
    }

    private static byte[] withChecksums(byte[] png) {
        ByteBuffer bytes = ByteBuffer.wrap(png.clone());
        for (int at = 8; at + 12 <= png.length; ) {
            int length = bytes.getInt(at);
            if (length < 0 || length > png.length - at - 12) {
                break;
            }
            CRC32 checksum = new CRC32();
            checksum.update(png, at + 4, length + 4);
            bytes.putInt(at + 8 + length, (int) checksum.getValue());
            at += 12 + length;
        }
        return bytes.array();
    }

    @ParameterizedTest
    @ValueSource(strings = {"whole", "dataset.json", "images.png"})
    void shippedDataSets(String part) throws Exception {
        Path good = folder.resolve("good.zip");
        SyntheticCifar.set(6, 1)
                .withCaptions(java.util.List.of("a", "b", "c", "d", "e", "f"))
                .save(good);
        byte[] whole = Files.readAllBytes(good);
        Path file = folder.resolve(part + ".images.zip");
        if (part.equals("whole")) {
            Mutations.hold(whole, file, DataSet::load);
            return;
        }
        Map<String, byte[]> entries = entries(whole);
        boolean png = part.endsWith(".png");
        Mutations.Wrapping zipped = Mutations.zip(entries, part);
        Mutations.hold(
                entries.get(part),
                file,
                bytes -> zipped.around(png ? withChecksums(bytes) : bytes),
                DataSet::load);
    }

    private static Map<String, byte[]> entries(byte[] zip) throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        try (ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(zip))) {
            for (ZipEntry e = in.getNextEntry(); e != null; e = in.getNextEntry()) {
                entries.put(e.getName(), in.readAllBytes());
            }
        }
        return entries;
    }

    @Test
    void manifests() throws Exception {
        byte[] good;
        try (var in = Manifests.class.getResourceAsStream("manifests/coco-captions-2017.json")) {
            good = in.readAllBytes();
        }
        hold("coco-captions-2017.json", good, Manifests::read);
    }

    @Test
    void huggingFaceReferences() throws Exception {
        String commit = "0123456789abcdef".repeat(3).substring(0, 40);
        Path repository = folder.resolve("models--a--b");
        Files.createDirectories(repository.resolve("snapshots/" + commit));
        Path refs = Files.createDirectories(repository.resolve("refs"));
        Mutations.hold(
                utf8(commit + "\n"),
                refs.resolve("main"),
                file -> {
                    try {
                        HuggingFaceCache.snapshot(repository);
                    } catch (IllegalArgumentException documented) {
                        // A commit that was not downloaded is said of the repository's folder.
                        throw new IllegalArgumentException(
                                documented.getMessage() + " main", documented);
                    }
                });
    }
}
