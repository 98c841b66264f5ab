package memoria.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import memoria.data.TextRows;
import memoria.data.UrlCaption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The files were written by pyarrow 25: three rows, the last of nulls, with Snappy and with gzip. */
class ParquetRowsTest {

    @TempDir Path folder;

    private static byte[] resource(String name) throws Exception {
        return Files.readAllBytes(Path.of(ParquetRowsTest.class.getResource("/" + name).toURI()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"captions.parquet", "gzip.parquet"})
    void rowsComeWithTheirTextsNumbersAndLists(String name) throws Exception {
        Path file = Files.write(folder.resolve(name), resource(name));
        List<Map<String, List<String>>> rows = new ArrayList<>();
        TextRows.read(file, rows::add);
        assertThat(rows).hasSize(3);
        assertThat(rows.get(0))
                .containsEntry("URL", List.of("http://a/1.jpg"))
                .containsEntry("similarity", List.of("0.3"))
                .containsEntry("caps", List.of("x", "y"));
        assertThat(rows.get(1)).containsEntry("TEXT", List.of("caf\u00e9, \"two\""));
        assertThat(rows.get(2)).containsOnlyKeys("similarity");
        assertThatThrownBy(() -> UrlCaption.read(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(name)
                .hasMessageContaining("row 2 has no address");
    }

    @Test
    void damageIsNeverWorseThanTheDocumentedException() throws Exception {
        byte[] whole = resource("gzip.parquet");
        SplittableRandom random = new SplittableRandom(1);
        int refused = 0;
        ParquetRows.patience = Duration.ofMillis(500);
        for (int i = 0; i < Integer.getInteger("mutations", 300); i++) {
            byte[] bytes = whole.clone();
            for (int change = 0; change <= random.nextInt(3); change++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            if (random.nextInt(5) == 0) {
                bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
            }
            // The reader maps files into memory: none may change under it.
            Path file = Files.write(folder.resolve(i + "mutated.parquet"), bytes);
            try {
                TextRows.read(file, row -> {});
            } catch (IllegalArgumentException documented) {
                refused++;
                assertThat(documented).hasMessageContaining("mutated.parquet");
            }
            Files.delete(file);
        }
        assertThat(refused).isPositive();
    }
}
