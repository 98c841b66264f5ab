package memoria.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The files in the resources were written by Pillow 12.3; "expected" ones are what it reads from their namesakes as RGB. */
class PicturesTest {

    private static final int W = 24;
    private static final int H = 16;

    @TempDir Path folder;

    private static Path resource(String name) throws URISyntaxException {
        return Path.of(PicturesTest.class.getResource("/pictures/" + name).toURI());
    }

    private static int[] levels(Path file, Framing framing) throws PictureFile.Unreadable {
        byte[] values = new byte[framing.itemSize()];
        framing.put(PictureFile.read(file), values, 0);
        int[] levels = new int[values.length];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = values[i] & 0xff;
        }
        return levels;
    }

    private static int[] levels(String name) throws Exception {
        return levels(resource(name), Framing.of(H, W));
    }

    /** Red rises to the right, green downwards, blue falls. */
    private static int[] gradient() {
        int[] levels = new int[3 * H * W];
        for (int y = 0; y < H; y++) {
            for (int x = 0; x < W; x++) {
                levels[y * W + x] = 10 * x;
                levels[(H + y) * W + x] = 15 * y;
                levels[(2 * H + y) * W + x] = 255 - 5 * (x + y);
            }
        }
        return levels;
    }

    private static int[] grey() {
        int[] levels = new int[3 * H * W];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = 10 * (i % W) + i / W % H;
        }
        return levels;
    }

    private static int largestDifference(int[] a, int[] b) {
        assertThat(a).hasSameSizeAs(b);
        int largest = 0;
        for (int i = 0; i < a.length; i++) {
            largest = Math.max(largest, Math.abs(a[i] - b[i]));
        }
        return largest;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "rgb.png",
                "rgb.bmp",
                "rgb.tiff",
                "lossless.webp",
                "alpha.png",
                "alpha.webp"
            })
    void colourIsReadExactlyAndTransparencyIsNotApplied(String name) throws Exception {
        assertThat(levels(name)).isEqualTo(gradient());
    }

    @ParameterizedTest
    @ValueSource(strings = {"grey.png", "grey16.png", "grey-alpha.png"})
    void greyIsNeitherBrightenedNorScaled(String name) throws Exception {
        assertThat(levels(name)).isEqualTo(grey());
        int[] one = levels(resource(name), Framing.of(H, W).grey());
        assertThat(one).isEqualTo(Arrays.copyOf(grey(), H * W));
    }

    @ParameterizedTest
    @ValueSource(strings = {"palette.png", "palette-transparent.png", "palette.gif"})
    void palettesAreLookedUp(String name) throws Exception {
        assertThat(levels(name)).isEqualTo(levels("palette-expected.png"));
    }

    @Test
    void picturesOfOneBitAreBlackAndWhite() throws Exception {
        int[] expected = Arrays.stream(grey()).map(v -> v > 120 ? 255 : 0).toArray();
        assertThat(levels("bit.png")).isEqualTo(expected);
    }

    /** Decoders round differently, and WebP's repeats colours at half size where Pillow's blends them: its picture is smooth. */
    @ParameterizedTest
    @CsvSource({
        "rgb.jpg, jpg-expected.png, 2",
        "progressive.jpg, jpg-expected.png, 2",
        "turned.jpg, jpg-expected.png, 2",
        "lossy.webp, lossy-expected.png, 6",
        "cmyk.jpg, cmyk-expected.png, 3"
    })
    void lossyFilesAreReadAsPillowReadsThem(String name, String expected, int most)
            throws Exception {
        assertThat(largestDifference(levels(name), levels(expected))).isLessThanOrEqualTo(most);
    }

    @Test
    void colourOfSixteenBitsIsScaledToEight() throws Exception {
        WritableRaster raster =
                Raster.createInterleavedRaster(
                        java.awt.image.DataBuffer.TYPE_USHORT, W, H, 3, null);
        int[] levels = gradient();
        for (int i = 0; i < levels.length; i++) {
            raster.setSample(i % W, i / W % H, i / (W * H), levels[i] * 257);
        }
        var space = java.awt.color.ColorSpace.getInstance(java.awt.color.ColorSpace.CS_sRGB);
        var model =
                new java.awt.image.ComponentColorModel(
                        space,
                        false,
                        false,
                        java.awt.Transparency.OPAQUE,
                        java.awt.image.DataBuffer.TYPE_USHORT);
        Path file = folder.resolve("deep.png");
        ImageIO.write(new BufferedImage(model, raster, false, null), "png", file.toFile());
        assertThat(levels(file, Framing.of(H, W))).isEqualTo(levels);
    }

    /** Four planes as Photoshop writes them: inverted, and for YCCK turned to luma and colour differences. */
    private Path inks(String name, boolean ycck) throws IOException {
        int[] rgb = gradient();
        int plane = W * H;
        WritableRaster raster = Raster.createBandedRaster(0, W, H, 4, null);
        for (int i = 0; i < plane; i++) {
            double r = rgb[i];
            double g = rgb[plane + i];
            double b = rgb[2 * plane + i];
            double[] stored = {r, g, b, 200};
            if (ycck) {
                // The differences are those of the inks, which the inverted form hides.
                stored[0] = 255 - (0.299 * r + 0.587 * g + 0.114 * b);
                stored[1] = 128 + 0.168736 * r + 0.331264 * g - 0.5 * b;
                stored[2] = 128 - 0.5 * r + 0.418688 * g + 0.081312 * b;
            }
            for (int c = 0; c < 4; c++) {
                raster.setSample(i % W, i / W, c, (int) Math.round(Math.min(255, stored[c])));
            }
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        try (ImageOutputStream out = ImageIO.createImageOutputStream(bytes)) {
            writer.setOutput(out);
            var param = writer.getDefaultWriteParam();
            param.setCompressionMode(javax.imageio.ImageWriteParam.MODE_EXPLICIT);
            param.setCompressionQuality(1);
            writer.write(null, new IIOImage(raster, null, null), param);
        }
        byte[] whole = bytes.toByteArray();
        byte[] adobe = {
            (byte) 0xff,
            (byte) 0xee,
            0,
            14,
            'A',
            'd',
            'o',
            'b',
            'e',
            0,
            100,
            0,
            0,
            0,
            0,
            (byte) (ycck ? 2 : 0)
        };
        ByteArrayOutputStream marked = new ByteArrayOutputStream();
        marked.write(whole, 0, 2);
        marked.write(adobe);
        marked.write(whole, 2, whole.length - 2);
        return Files.write(folder.resolve(name), marked.toByteArray());
    }

    @Test
    void inksAndTheirLumaFormGiveTheSameColours() throws Exception {
        int[] cmyk = levels(inks("cmyk.jpg", false), Framing.of(H, W));
        int[] ycck = levels(inks("ycck.jpg", true), Framing.of(H, W));
        int[] expected = Arrays.stream(gradient()).map(v -> v * 200 / 255).toArray();
        assertThat(largestDifference(cmyk, ycck)).isLessThanOrEqualTo(4);
        assertThat(largestDifference(cmyk, expected)).isLessThanOrEqualTo(4);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "rgb.png",
                "grey16.png",
                "palette.png",
                "rgb.jpg",
                "progressive.jpg",
                "cmyk.jpg",
                "lossy.webp",
                "lossless.webp",
                "alpha.webp",
                "palette.gif",
                "rgb.bmp"
            })
    void aTruncatedPictureIsRefusedWhereverItEnds(String name) throws Exception {
        byte[] whole = Files.readAllBytes(resource(name));
        for (int length = 0; length < whole.length; length += length < 40 ? 1 : 7) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> PictureFile.decode(cut))
                    .as(name + " of " + length + " bytes")
                    .isInstanceOf(PictureFile.Unreadable.class);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rgb.png", "grey.png", "palette.png"})
    void everyFlippedBitOfAPngIsFound(String name) throws Exception {
        byte[] whole = Files.readAllBytes(resource(name));
        for (int bit = 0; bit < 8 * whole.length; bit++) {
            byte[] flipped = whole.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            assertThatThrownBy(() -> PictureFile.decode(flipped))
                    .as("bit " + bit)
                    .isInstanceOf(PictureFile.Unreadable.class);
        }
    }

    @Test
    void aHugePictureIsRefusedBeforeItIsDecoded() throws Exception {
        byte[] png = Files.readAllBytes(resource("grey.png"));
        java.nio.ByteBuffer.wrap(png).putInt(16, 100_000).putInt(20, 100_000);
        var checksum = new java.util.zip.CRC32();
        checksum.update(png, 12, 17);
        java.nio.ByteBuffer.wrap(png).putInt(29, (int) checksum.getValue());
        assertThatThrownBy(() -> PictureFile.decode(png))
                .isInstanceOf(PictureFile.Unreadable.class)
                .hasMessageContaining("100000 x 100000");
    }

    @Test
    void framingsKeepTheCentreOrEverythingOrACutOut() throws Exception {
        int[] centre = levels(resource("rgb.png"), Framing.square(H));
        assertThat(centre[0]).isEqualTo(40);
        assertThat(centre[H - 1]).isEqualTo(190);
        int[] halved = levels(resource("rgb.png"), Framing.of(H / 2, W / 2));
        assertThat(halved[0]).isEqualTo(5);
        int[] squeezed = levels(resource("rgb.png"), Framing.square(8).stretched());
        assertThat(squeezed[0]).isEqualTo(10);
        int[] part = levels(resource("rgb.png"), Framing.square(4).cutout(3, 5, 4, 4));
        assertThat(part[0]).isEqualTo(30);
        assertThat(part[16]).isEqualTo(75);
        assertThatThrownBy(() -> levels(resource("rgb.png"), CelebA.face(64)))
                .hasMessageContaining("128 x 128 at 25, 57");
        assertThatThrownBy(() -> Framing.square(0)).hasMessageContaining("0, 0");
        int[] grey = levels(resource("rgb.png"), Framing.of(H, W).grey());
        assertThat((double) grey[W + 1])
                .isCloseTo(0.299 * 10 + 0.587 * 15 + 0.114 * 245, within(0.5));
    }

    private void copy(String name, String to) throws Exception {
        Path target = folder.resolve(to);
        Files.createDirectories(target.getParent());
        Files.copy(resource(name), target);
    }

    @Test
    void aFolderIsADataSetInOneCallAndWhatCannotBeReadIsNamed() throws Exception {
        copy("rgb.png", "cats/b.PNG");
        copy("cmyk.jpg", "cats/a.jpg");
        copy("lossy.webp", "dogs/deep/c.webp");
        Files.writeString(folder.resolve("cats/a.txt"), "a cat\na grey cat\n");
        Files.write(
                folder.resolve("dogs/cut.png"),
                Arrays.copyOf(Files.readAllBytes(resource("rgb.png")), 80));
        Files.writeString(folder.resolve("dogs/text.jpg"), "no picture");
        DataSet set = DataSet.folder(folder, 8);
        assertThat(set.count()).isEqualTo(3);
        assertThat(set.distinct().item().getShape()).containsExactly(3, 8, 8);
        assertThat(set.classNames()).containsExactly("cats", "dogs");
        assertThat(set.labels()).containsExactly(0, 0, 1);
        assertThat(set.captions()).containsExactly("a cat", "", "");
        assertThat(set.allCaptions().get(0)).containsExactly("a cat", "a grey cat");
        assertThat(set.provenance().steps().toString())
                .contains(
                        "2 of 5 files skipped",
                        "cut.png (it is truncated)",
                        "text.jpg (it is not a picture");
        Reading reading = Pictures.folder(folder).read(Framing.square(8));
        assertThat(reading.report().rowCount()).isEqualTo(2);
        assertThat(reading.report().column("file").get(0).toString()).endsWith("cut.png");
        assertThat(reading.read()).hasSize(3);
        // Of 8-bit levels, so it can be saved, with its captions.
        Path file = folder.resolve("saved.zip");
        set.plant(1, 5).save(file);
        DataSet again = DataSet.load(file);
        assertThat(again.distinct()).isEqualTo(set.distinct());
        assertThat(again.allCaptions()).isEqualTo(set.allCaptions());
    }

    @Test
    void captionsStayWithTheirPictures() {
        DataSet set = SyntheticCifar.set(5, 1).withCaptions(List.of("a", "b", "c", "d", "e"));
        assertThat(set.select(3, 1).captions()).containsExactly("d", "b");
        assertThat(set.first(2).plant(1, 4).resize(8, 8).captions()).containsExactly("a", "b");
        assertThat(set.where(4).captions()).containsExactly("e");
        assertThat(set.sha256()).isNotEqualTo(SyntheticCifar.set(5, 1).sha256());
        assertThat(SyntheticCifar.set(5, 1).captions()).isEmpty();
        assertThatThrownBy(() -> set.withCaptions(List.of("a"))).hasMessageContaining("1 for 5");
    }

    @Test
    void aTableNamesFilesAndCaptions() throws Exception {
        copy("rgb.png", "images/1.png");
        copy("grey.png", "images/2.png");
        Files.writeString(
                folder.resolve("metadata.jsonl"),
                "{\"file_name\": \"images/2.png\", \"text\": \"grey, \\\"quoted\\\"\", \"url\": null}\n\n"
                        + "{\"file_name\": \"images/1.png\", \"text\": [\"one\", \"two\"], \"x\": {\"y\": 1}}\n"
                        + "{\"file_name\": \"images/3.png\", \"text\": \"gone\"}\n");
        Reading reading = Pictures.folder(folder).read(Framing.square(8));
        assertThat(reading.set().captions()).containsExactly("grey, \"quoted\"", "one");
        assertThat(reading.skipped().get(0).reason()).contains("no such file");
        Path table =
                Files.writeString(
                        folder.resolve("other.csv"),
                        "\ufeffImage,Caption\r\nimages/1.png,\"a \"\"b\"\",\nc\"\r\nimages/1.png,second\r\n");
        assertThat(
                        Pictures.folder(folder)
                                .captions(table)
                                .read(Framing.square(8))
                                .set()
                                .allCaptions())
                .containsExactly(List.of("grey, \"quoted\""), List.of("a \"b\",\nc", "second"));
        Path tsv =
                Files.writeString(
                        folder.resolve("list.tsv"), "URL\tTEXT\nhttp://a/b\tsome \"text\"\n");
        assertThat(UrlCaption.read(tsv))
                .containsExactly(new UrlCaption("http://a/b", "some \"text\""));
        assertThatThrownBy(() -> UrlCaption.read(table)).hasMessageContaining("no address");
        assertThatThrownBy(() -> UrlCaption.read(folder.resolve("x.parquet")))
                .hasMessageContaining("memoria-parquet");
    }

    @ParameterizedTest
    @CsvSource({
        "'file,text\na.png,b,c\n', line 2: 3 fields",
        "'file,text\na.png,\"b\n', line 2: a quote is not closed",
        "'file,text\na.png,\"b\"c\n', follows a closing quote",
        "'', it is empty",
        "'file,text\n', it has no rows",
        "'name,text\na,b\n', names no file",
        "'file,text\n../../etc/passwd,b\n', not inside",
        "'file,text\n/etc/passwd,b\n', not inside"
    })
    void aDamagedTableIsRefusedWithItsLine(String content, String reason) throws IOException {
        Path table =
                Files.writeString(folder.resolve("captions.csv"), content == null ? "" : content);
        assertThatThrownBy(() -> Pictures.folder(folder))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(table.toString())
                .hasMessageContaining(reason);
    }

    @Test
    void cocosImagesComeWithAllTheirCaptions() throws Exception {
        copy("rgb.jpg", "val/000000000139.jpg");
        copy("grey.jpg", "val/000000000285.jpg");
        Path json =
                Files.writeString(
                        folder.resolve("captions_val2017.json"),
                        "{\"info\": {\"year\": 2017}, \"licenses\": [], \"annotations\": ["
                                + "{\"image_id\": 285, \"id\": 1, \"caption\": \"A bear. \"}, {\"image_id\": 139, \"id\": 2,"
                                + " \"caption\": \"A room.\"}, {\"image_id\": 139, \"id\": 3, \"caption\": \"A TV.\"}],"
                                + " \"images\": [{\"license\": 2, \"file_name\": \"000000000139.jpg\", \"height\": 426, \"id\": 139},"
                                + " {\"file_name\": \"000000000285.jpg\", \"id\": 285}]}");
        DataSet set = Pictures.coco(json, folder.resolve("val")).read(Framing.square(16)).set();
        assertThat(set.allCaptions())
                .containsExactly(List.of("A room.", "A TV."), List.of("A bear."));
        String text = Files.readString(json);
        for (String damaged :
                List.of(
                        text.substring(0, text.length() - 9),
                        text + "x",
                        text.replace("285,", "286,"),
                        text.replace("\"file_name\": \"000000000285.jpg\", ", ""),
                        text.replace("000000000285.jpg", "../x.jpg"),
                        text.replace("\"id\": 285", "\"id\": 139"),
                        "{\"images\": []}",
                        "[]")) {
            Files.writeString(json, damaged);
            assertThatThrownBy(() -> Pictures.coco(json, folder))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(json.toString());
        }
    }

    @Test
    void celebaIsChosenByIdentityPartAndIndex() throws Exception {
        BufferedImage face = new BufferedImage(178, 218, BufferedImage.TYPE_INT_RGB);
        face.setRGB(25, 57, 0xff0000);
        for (int i = 1; i <= 4; i++) {
            Path file = folder.resolve("img_align_celeba/00000" + i + ".png");
            Files.createDirectories(file.getParent());
            ImageIO.write(face, "png", file.toFile());
        }
        Files.createDirectory(folder.resolve("Anno"));
        Path list = folder.resolve("Anno/identity_CelebA.txt");
        Files.writeString(
                list,
                "000001.png 2880\n000002.png 9\n000003.png 2880\n000004.png 10\n000005.png 9\n");
        Reading reading = CelebA.aligned(folder).read(CelebA.face(128));
        assertThat(reading.set().classNames()).containsExactly("9", "10", "2880");
        assertThat(reading.set().labels()).containsExactly(2, 0, 2, 1);
        assertThat(reading.skipped()).hasSize(1);
        assertThat(reading.set().distinct().pixels(0)[0]).isEqualTo(1);
        assertThat(
                        CelebA.aligned(folder)
                                .read(CelebA.centre(89))
                                .set()
                                .distinct()
                                .item()
                                .getShape())
                .containsExactly(3, 89, 89);
        assertThat(CelebA.aligned(folder).ofClassesWithAtLeast(2).count()).isEqualTo(4);
        Files.writeString(
                folder.resolve("list_eval_partition.txt"),
                "000001.png 0\n000002.png 2\n000003.png 1\n");
        assertThat(CelebA.aligned(folder, CelebA.Part.TEST).files())
                .containsExactly(folder.resolve("img_align_celeba/000002.png"));
        Path index =
                Files.writeString(
                        folder.resolve("index.txt"), "# chosen\n000003.png\n000001.png 7\n");
        assertThat(CelebA.aligned(folder).listed(index).read(CelebA.centre(8)).set().classNames())
                .containsExactly("7", "2880");
        Files.writeString(index, "000009.png\n");
        assertThatThrownBy(() -> CelebA.aligned(folder).listed(index))
                .hasMessageContaining("'000009.png', which is not among");
        Files.writeString(list, "000001.png abc\n");
        assertThatThrownBy(() -> CelebA.aligned(folder)).hasMessageContaining(list.toString());
        Files.delete(list);
        assertThatThrownBy(() -> CelebA.aligned(folder))
                .hasMessageContaining("identity_CelebA.txt");
    }

    @Test
    void picturesAreReadOnAThreadThatKnowsNoPlugin() throws Exception {
        Thread[] reader = new Thread[1];
        int[][] read = new int[1][];
        reader[0] =
                new Thread(
                        () -> {
                            try {
                                read[0] = levels("lossless.webp");
                            } catch (Exception e) {
                                throw new IllegalStateException(e);
                            }
                        });
        reader[0].setContextClassLoader(ClassLoader.getPlatformClassLoader());
        reader[0].start();
        reader[0].join();
        assertThat(read[0]).isEqualTo(gradient());
    }

    @Test
    void aFolderWithoutPicturesSaysWhatIsLookedFor() {
        assertThatThrownBy(() -> DataSet.folder(folder, 8)).hasMessageContaining("webp");
        assertThatThrownBy(() -> DataSet.folder(folder.resolve("nowhere"), 8))
                .hasMessageContaining("is no folder");
    }
}
