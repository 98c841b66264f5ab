package memoria.parquet;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import memoria.Mutations;
import memoria.data.Fetch;
import memoria.data.Manifests;
import memoria.data.TextRows;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Damaged Parquet files; {@link Mutations} says what is held. */
class ParquetFuzzTest {

    @TempDir Path folder;

    private void hold(String name, byte[] good) throws Exception {
        Mutations.hold(
                good, folder.resolve(name), bytes -> bytes, file -> TextRows.read(file, row -> {}));
    }

    @ParameterizedTest
    @ValueSource(strings = {"captions.parquet", "gzip.parquet", "lz4-pages2.parquet"})
    void lists(String name) throws Exception {
        hold(
                name,
                Files.readAllBytes(Path.of(ParquetFuzzTest.class.getResource("/" + name).toURI())));
    }

    private Path pictures(String name) throws Exception {
        byte[] picture =
                Base64.getDecoder().decode("R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=");
        return Table.pictures(
                folder.resolve(name),
                List.of(
                        new Table.Picture(picture, "0.gif", "a black one"),
                        new Table.Picture(null, "elsewhere.gif", "only a path"),
                        new Table.Picture(picture, null, null)));
    }

    @Test
    void rowsOfPictures() throws Exception {
        hold("pictures.parquet", Files.readAllBytes(pictures("good")));
    }

    @Test
    void setsOfPictures() throws Exception {
        byte[] good = Files.readAllBytes(pictures("good"));
        try (MonsterSet set = new MonsterSet(folder)) {
            Mutations.hold(
                    good,
                    set.table(),
                    file -> {
                        // Else every other file than the first is refused by its checksum.
                        set.distrust();
                        Fetch.of(Manifests.of("monsters")).say(line -> {}).images(2).run();
                    });
        }
    }
}
