package memoria.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import memoria.data.TextRows;
import memoria.data.UrlCaption;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.io.api.Binary;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The files were written by pyarrow 25: three rows, the last of nulls, in several compressions and encodings. */
class ParquetRowsTest {

    @TempDir Path folder;

    private static byte[] resource(String name) throws Exception {
        return Files.readAllBytes(Path.of(ParquetRowsTest.class.getResource("/" + name).toURI()));
    }

    private static List<Map<String, List<String>>> rows(Path file) {
        List<Map<String, List<String>>> rows = new ArrayList<>();
        TextRows.read(file, rows::add);
        return rows;
    }

    @ParameterizedTest
    @ValueSource(strings = {"captions.parquet", "gzip.parquet", "lz4-pages2.parquet"})
    void rowsComeWithTheirTextsNumbersAndLists(String name) throws Exception {
        Path file = Files.write(folder.resolve(name), resource(name));
        List<Map<String, List<String>>> rows = rows(file);
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
    void whatIsNeitherTextNorNumberIsLeftOut() throws Exception {
        String schema =
                "message m { required int32 small (INTEGER(8,true)); required int64 big (INTEGER(64,false)); required boolean yes;"
                        + " required float half; required int32 price (DECIMAL(5,2)); required binary exact (DECIMAL(20,1));"
                        + " required int32 day (DATE); required int64 at (TIMESTAMP(MICROS,true)); required int96 old;"
                        + " repeated binary tags (STRING); required group point { required double x; }"
                        + " required group pairs (MAP) { repeated group key_value { required binary key (STRING); optional int32 value; } } }";
        Path file =
                Table.write(
                        folder.resolve("types.parquet"), schema, List.of(ParquetRowsTest::fill));
        assertThat(rows(file))
                .containsExactly(
                        Map.of(
                                "small", List.of("-3"),
                                "big", List.of("18446744073709551615"),
                                "yes", List.of("true"),
                                "half", List.of("0.5"),
                                "price", List.of("12.34"),
                                "exact", List.of("-0.5"),
                                "tags", List.of("a", "b")));
    }

    private static void fill(Group row) {
        row.add("small", -3);
        row.add("big", -1L);
        row.add("yes", true);
        row.add("half", 0.5f);
        row.add("price", 1234);
        row.add("exact", Binary.fromConstantByteArray(BigInteger.valueOf(-5).toByteArray()));
        row.add("day", 1);
        row.add("at", 1L);
        row.add("old", Binary.fromConstantByteArray(new byte[12]));
        row.add("tags", "a");
        row.add("tags", "b");
        row.addGroup("point").add("x", 1.0);
        Group pair = row.addGroup("pairs").addGroup("key_value");
        pair.add("key", "k");
        pair.add("value", 1);
    }

    @Test
    void refusalsSayWhatIsWrong() throws Exception {
        refused(resource("zstd.parquet"), "Zstandard", "com.github.luben:zstd-jni");
        refused(new byte[0], "truncated, damaged or no Parquet file");
        refused("a page of the web".getBytes(StandardCharsets.US_ASCII), "no Parquet file");
        byte[] whole = resource("lz4-pages2.parquet");
        refused(Arrays.copyOf(whole, whole.length / 2), "truncated");
        assertThatThrownBy(() -> new ParquetRows().read(folder.resolve("none.parquet"), row -> {}))
                .isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void oneFlippedBitOfATextIsFoundByThePagesChecksum() throws Exception {
        Path file =
                Table.write(
                        folder.resolve("whole.parquet"),
                        "message m { required binary text (STRING); }",
                        List.of(row -> row.add("text", "a black square")));
        byte[] whole = Files.readAllBytes(file);
        int at = new String(whole, StandardCharsets.ISO_8859_1).indexOf("black");
        whole[at] ^= 1;
        refused(whole, "damaged", "checksum");
    }

    private void refused(byte[] content, String... parts) throws Exception {
        Path file = Files.write(folder.resolve("refused.parquet"), content);
        var thrown =
                assertThatThrownBy(() -> rows(file))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("refused.parquet");
        for (String part : parts) {
            thrown.hasMessageContaining(part);
        }
    }

    @Test
    void whatTheTakerOfRowsThrowsIsItsOwn() throws Exception {
        Path file = Files.write(folder.resolve("rows.parquet"), resource("gzip.parquet"));
        IllegalStateException own = new IllegalStateException("enough");
        assertThatThrownBy(
                        () ->
                                TextRows.read(
                                        file,
                                        row -> {
                                            throw own;
                                        }))
                .isSameAs(own);
    }
}
