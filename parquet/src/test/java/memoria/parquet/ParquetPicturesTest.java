package memoria.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.imageio.ImageIO;
import memoria.data.Fetch;
import memoria.data.Fetched;
import memoria.data.ImageReport;
import memoria.data.Manifests;
import memoria.data.TextRows;
import memoria.stablediffusion.CaptionedImages;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pictures inside Parquet rows, as Hugging Face's data sets have them. */
class ParquetPicturesTest {

    @TempDir Path folder;

    private final List<String> said = new ArrayList<>();

    private MonsterSet set;

    @BeforeEach
    void set() throws Exception {
        set = new MonsterSet(folder);
    }

    @AfterEach
    void unset() {
        set.close();
    }

    private static byte[] png(int red) throws Exception {
        BufferedImage image = new BufferedImage(6, 4, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 24; i++) {
            image.setRGB(i % 6, i / 6, red << 16);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(image, "png", out);
        return out.toByteArray();
    }

    private Path table(Table.Picture... rows) throws Exception {
        return Table.pictures(folder.resolve("data/monsters/train.parquet"), Arrays.asList(rows));
    }

    private Path five() throws Exception {
        return table(
                new Table.Picture(png(0), "0.png", "a black one"),
                new Table.Picture(png(51), null, "a dark one"),
                new Table.Picture(null, "elsewhere.png", "only a path"),
                new Table.Picture(
                        "<html>".getBytes(StandardCharsets.US_ASCII), "3.png", "a web page"),
                new Table.Picture(png(255), "4.png", null));
    }

    @Test
    void rowsComeWithTheirBytes() throws Exception {
        Path file = five();
        List<Map<String, List<String>>> texts = new ArrayList<>();
        List<Map<String, byte[]>> bytes = new ArrayList<>();
        TextRows.read(
                file,
                new TextRows.Sink() {
                    @Override
                    public void row(Map<String, List<String>> row) {
                        throw new AssertionError("the other one is called");
                    }

                    @Override
                    public void row(Map<String, List<String>> row, Map<String, byte[]> files) {
                        texts.add(row);
                        bytes.add(files);
                    }
                });
        assertThat(texts).hasSize(5);
        assertThat(texts.get(0)).containsExactly(Map.entry("text", List.of("a black one")));
        assertThat(bytes.get(0)).containsOnlyKeys("image").containsEntry("image", png(0));
        assertThat(bytes.get(2)).isEmpty();
        List<Map<String, List<String>>> only = new ArrayList<>();
        TextRows.read(file, only::add);
        assertThat(only).isEqualTo(texts);
    }

    @Test
    void aSetsPicturesAndCaptionsAreTaken() throws Exception {
        five();
        CaptionedImages all = CaptionedImages.published(4, 10, said::add, "monsters");
        assertThat(all.captions()).containsExactly("a black one", "a dark one", "");
        assertThat(all.names()).containsExactly("monsters");
        for (int i = 0; i < 3; i++) {
            assertThat(all.images().picture(i).getRGB(1, 1) >> 16 & 0xFF)
                    .isEqualTo(new int[] {0, 51, 255}[i]);
        }
        assertThat(said).anyMatch(line -> line.contains("3 of 5 pictures are here"));
        assertThat(said).anyMatch(line -> line.contains("2 no picture"));
    }

    @Test
    void someAreAlwaysTheSameAndWhatIsThereStays() throws Exception {
        Table.Picture[] rows = new Table.Picture[40];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = new Table.Picture(png(6 * i), null, "number " + i);
        }
        table(rows);
        ImageReport first = take(12);
        assertThat(first.here()).isEqualTo(12);
        Map<String, Long> before = times();
        assertThat(before).hasSize(12);
        assertThat(take(12)).isEqualTo(first);
        assertThat(times()).isEqualTo(before);
        assertThat(take(40).here()).isEqualTo(40);
        assertThat(times()).containsAllEntriesOf(before).hasSize(40);
    }

    private ImageReport take(int atMost) {
        Fetched fetched = Fetch.of(Manifests.of("monsters")).say(said::add).images(atMost).run();
        return fetched.images().orElseThrow();
    }

    private Map<String, Long> times() throws Exception {
        Map<String, Long> times = new TreeMap<>();
        try (var files = Files.list(folder.resolve("cache/monsters/images"))) {
            for (Path file : files.toList()) {
                times.put(
                        file.getFileName().toString(), Files.getLastModifiedTime(file).toMillis());
            }
        }
        return times;
    }

    @Test
    void anotherFileIsNamedWithWhatItHas() throws Exception {
        five();
        set.describe("\"picture\": \"photo\"", "null");
        refused("no row with bytes under 'photo'", "bytes under [image]");
        set.describe("\"picture\": \"image\"", "251");
        refused("has 5 rows that are meant instead of 251");
    }

    private void refused(String... parts) {
        var thrown = assertThatThrownBy(() -> take(5)).isInstanceOf(IllegalArgumentException.class);
        for (String part : parts) {
            thrown.hasMessageContaining(part).hasMessageContaining("train.parquet");
        }
    }
}
