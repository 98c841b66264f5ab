package memoria.similarity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import memoria.diffusion.Noise;
import memoria.torch.Torch;
import org.apache.commons.rng.UniformRandomProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExactSearchTest {

    @TempDir Path folder;

    @BeforeAll
    static void oneThread() {
        Torch.threads(1);
    }

    /** Points of length 1, spread evenly over all directions in two dimensions and more or less so in others. */
    static Embeddings points(int count, int dimensions, long seed) {
        UniformRandomProvider random = Noise.generator("points", seed, 0);
        float[] values = new float[count * dimensions];
        for (int i = 0; i < count; i++) {
            double length = 0;
            for (int d = 0; d < dimensions; d++) {
                double value = random.nextDouble() + random.nextDouble() - 1;
                values[i * dimensions + d] = (float) value;
                length += value * value;
            }
            for (int d = 0; d < dimensions; d++) {
                values[i * dimensions + d] /= (float) Math.sqrt(length);
            }
        }
        return Embeddings.of(values, dimensions);
    }

    private static int nearest(Embeddings set, float[] query) {
        int best = 0;
        double largest = -2;
        for (int i = 0; i < set.count(); i++) {
            float[] row = set.row(i);
            double dot = 0;
            for (int d = 0; d < row.length; d++) {
                dot += (double) row[d] * query[d];
            }
            if (dot > largest) {
                largest = dot;
                best = i;
            }
        }
        return best;
    }

    @Test
    void findsWhatComparingOneByOneFinds() {
        Embeddings set = points(3000, 24, 1);
        Embeddings queries = points(300, 24, 2);
        try (ExactSearch search = new ExactSearch(set)) {
            Search.Found found = search.nearest(queries, 5);
            for (int i = 0; i < queries.count(); i += 7) {
                assertThat(found.index()[i][0]).isEqualTo(nearest(set, queries.row(i)));
                assertThat(found.similarity()[i])
                        .isSortedAccordingTo((a, b) -> -Double.compare(a, b));
            }
        }
    }

    @Test
    void streamsMillionsOfRowsFromSeveralFiles() {
        int each = 700_000;
        Embeddings first = points(each, 8, 3);
        Embeddings second = points(each, 8, 4);
        Path[] files = {folder.resolve("a.safetensors"), folder.resolve("b.safetensors")};
        for (int i = 0; i < 2; i++) {
            try (EmbeddingsWriter writer = new EmbeddingsWriter(files[i], 8)) {
                writer.add(i == 0 ? first : second).add(i == 0 ? second : first).finish();
            }
        }
        Embeddings set = Embeddings.open(files);
        assertThat(set.count()).isEqualTo(4 * each);
        // Rows of both files, asked back; equal ones are told by place, the first wins.
        int[] places = {0, 5, each - 1, each, 2 * each - 1};
        float[] asked = new float[places.length * 8];
        for (int i = 0; i < places.length; i++) {
            System.arraycopy(set.row(places[i]), 0, asked, i * 8, 8);
        }
        try (ExactSearch search = new ExactSearch(set)) {
            Search.Found found = search.nearest(Embeddings.of(asked, 8), 2);
            for (int i = 0; i < places.length; i++) {
                assertThat(found.index()[i][0]).isEqualTo(places[i]);
                int copy = places[i] < each ? places[i] + 3 * each : places[i] + each;
                assertThat(found.index()[i][1]).isEqualTo(copy);
                assertThat(found.similarity()[i][1]).isCloseTo(1, within(1e-6));
            }
        }
    }

    @Test
    void anUnfinishedFileLeavesNothing() {
        Path file = folder.resolve("never.safetensors");
        try (EmbeddingsWriter writer = new EmbeddingsWriter(file, 4)) {
            writer.add(points(10, 4, 1));
        }
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void aFileThatIsCutOrForeignIsNamed() throws IOException {
        Path file = folder.resolve("rows.safetensors");
        try (EmbeddingsWriter writer = new EmbeddingsWriter(file, 4)) {
            writer.add(points(100, 4, 1)).finish();
        }
        try (RandomAccessFile cut = new RandomAccessFile(file.toFile(), "rw")) {
            cut.setLength(cut.length() - 16);
        }
        assertThatThrownBy(() -> Embeddings.open(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("rows.safetensors");
        Files.writeString(file, "no such format");
        assertThatThrownBy(() -> Embeddings.open(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("rows.safetensors");
    }

    @Test
    void whatDoesNotFitIsRefused() {
        try (ExactSearch search = new ExactSearch(points(10, 4, 1))) {
            assertThatThrownBy(() -> search.nearest(points(2, 5, 1), 1))
                    .hasMessageContaining("queries: rows of 5");
            assertThatThrownBy(() -> search.nearest(points(2, 4, 1), 11))
                    .hasMessageContaining("k: 11");
        }
        assertThatThrownBy(() -> Embeddings.of(new float[] {1, Float.NaN}, 2))
                .hasMessageContaining("row 0 holds NaN");
        assertThatThrownBy(() -> Embeddings.of(new float[3], 2)).hasMessageContaining("whole rows");
    }
}
