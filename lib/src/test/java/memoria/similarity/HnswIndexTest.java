package memoria.similarity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import memoria.torch.Torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HnswIndexTest {

    private static final int QUERIES = 400;

    private final Embeddings set = ExactSearchTest.points(5000, 24, 1);
    private final Embeddings queries = ExactSearchTest.points(QUERIES, 24, 2);
    private Path built;

    @BeforeAll
    void build(@TempDir Path folder) {
        Torch.threads(1);
        built = folder.resolve("index");
        HnswIndex.build(built, set).close();
    }

    @Test
    void theMostAlikeIsFoundForNinetyNineOfAHundredQueriesAfterARestart() {
        Search.Found exact;
        try (ExactSearch search = new ExactSearch(set)) {
            exact = search.nearest(queries, 3);
        }
        try (HnswIndex index = HnswIndex.open(built, set)) {
            // A fiftieth of the points are candidates here; 1,000 of them would be a fifth.
            Search.Found found = index.candidates(100).nearest(queries, 3);
            int same = 0;
            for (int i = 0; i < QUERIES; i++) {
                if (found.index()[i][0] == exact.index()[i][0]) {
                    same++;
                    assertThat(found.similarity()[i][0]).isEqualTo(exact.similarity()[i][0]);
                }
            }
            assertThat(same).isGreaterThanOrEqualTo((int) (0.99 * QUERIES));
        }
    }

    @Test
    void moreThanTheCandidatesCanBeAskedFor() {
        try (HnswIndex index = HnswIndex.open(built, set)) {
            assertThat(index.candidates(5).nearest(queries.first(1), 50).index()[0]).hasSize(50);
            assertThatThrownBy(() -> index.candidates(0)).hasMessageContaining("count: 0");
        }
    }

    @Test
    void anIndexOfOtherPointsIsRefused() {
        assertThatThrownBy(() -> HnswIndex.open(built, set.first(4999)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("5000 points of 24")
                .hasMessageContaining("4999");
    }

    @Test
    void aMissingIndexIsNamed(@TempDir Path empty) {
        assertThatThrownBy(() -> HnswIndex.open(empty, set))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(empty.toString())
                .hasMessageContaining("no index");
    }

    @Test
    void everyDamagedFileIsNoticed(@TempDir Path copies) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(built)) {
            files = all.filter(f -> !f.getFileName().toString().equals("write.lock")).toList();
        }
        assertThat(files).hasSizeGreaterThan(3);
        for (Path file : files) {
            String name = file.getFileName().toString();
            for (boolean cut : new boolean[] {true, false}) {
                Path copy = Files.createDirectories(copies.resolve(name + cut));
                for (Path original : files) {
                    Files.copy(original, copy.resolve(original.getFileName()));
                }
                Path damaged = copy.resolve(name);
                byte[] bytes = Files.readAllBytes(damaged);
                if (cut) {
                    bytes = java.util.Arrays.copyOf(bytes, bytes.length / 2);
                } else {
                    bytes[bytes.length / 2] ^= 0x55;
                }
                Files.write(damaged, bytes);
                assertThatThrownBy(() -> HnswIndex.open(copy, set))
                        .as(name + (cut ? " cut" : " changed"))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining(copy.toString());
            }
        }
    }

    @Test
    void tooManyDimensionsAreRefusedBeforeAnythingIsWritten(@TempDir Path folder) {
        Path none = folder.resolve("none");
        assertThatThrownBy(() -> HnswIndex.build(none, ExactSearchTest.points(2, 1025, 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1024");
        assertThat(none).doesNotExist();
    }
}
