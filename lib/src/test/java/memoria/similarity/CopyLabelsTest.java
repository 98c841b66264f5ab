package memoria.similarity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import memoria.data.DataSet;
import memoria.data.Images;
import memoria.data.Provenance;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CopyLabelsTest {

    @TempDir Path folder;

    private static DataSet samples(int first) {
        float[] pixels = new float[6];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (first + i) / 10f;
        }
        return DataSet.of(
                Images.of(pixels, 6, 1, 1, 1),
                new int[6],
                List.of("sample"),
                Provenance.made("samples"));
    }

    private static List<Neighbour> neighbours(int match, double... similarity) {
        List<Neighbour> all = new ArrayList<>();
        for (int i = 0; i < similarity.length; i++) {
            all.add(new Neighbour(match + i, 1, similarity[i]));
        }
        return all;
    }

    private static CopyLabels candidates() {
        return CopyLabels.candidates(
                samples(0),
                2,
                Map.of(
                        "nL2", neighbours(10, -9, -1, -3, -2, -8, -7),
                        "descriptor", neighbours(20, 0.1, 0.9, 0.2, 0.3, 0.4, 0.95)));
    }

    @Test
    void theMostSimilarByEachMeasureAreLookedAtBesideWhatThatMeasureNames() {
        CopyLabels labels = candidates();
        assertThat(labels.images()).containsExactly(5, 1, 3);
        assertThat(labels.nearest(5, 1, 3)).containsExactly(25, 11, 13);
        assertThat(labels.images(CopyKind.NOT_MEMORIZED, "nL2")).containsExactly(1, 3);
        assertThat(labels.images(CopyKind.NOT_MEMORIZED, "descriptor")).containsExactly(5, 1);
        assertThat(labels.images(CopyKind.EXACT)).isEmpty();
    }

    @Test
    void labelsAreKeptWithWhoGaveThem() {
        CopyLabels labels =
                candidates().label(CopyKind.EXACT, "eye", 1).label(CopyKind.RECONSTRUCTIVE, "x", 5);
        Path file = folder.resolve("labels.csv");
        labels.write(file);
        CopyLabels read = CopyLabels.read(file, samples(0));
        assertThat(read.images()).isEqualTo(labels.images());
        assertThat(read.images(CopyKind.EXACT)).containsExactly(1);
        assertThat(read.images(CopyKind.RECONSTRUCTIVE)).containsExactly(5);
        assertThat(read.nearest(read.images())).isEqualTo(labels.nearest(labels.images()));
        assertThat(read.table().stringColumn("labelled by").asList())
                .containsExactly("eye", "nobody", "x");
        assertThat(read.table().intColumn("exact").asList()).containsExactly(1, 0, 0);
        assertThat(read.of(CopyKind.EXACT, new double[] {7, 8, 9})).containsExactly(8);
        assertThatThrownBy(() -> read.of(CopyKind.EXACT, new double[2]))
                .hasMessageContaining("measured: 2 numbers for 3 candidates");
        assertThat(read.few(1).images()).containsExactly(1, 5, 3);
        assertThat(candidates().few(2).images()).containsExactly(5, 1);
        assertThat(candidates().images(CopyKind.EXACT)).as("labelling copies").isEmpty();
    }

    @Test
    void labelsOfOtherImagesAndDamagedFilesAreRefused() throws IOException {
        Path file = folder.resolve("labels.csv");
        candidates().write(file);
        refused(file, samples(1), "line 1: the labels belong to other images");
        List<String> good = Files.readAllLines(file);
        Map<String, String> damage =
                Map.of(
                        "5,25,descriptor,copied,eye", "kind: 'copied' is not one of [exact,",
                        "5,25,descriptor,exact", "4 columns; 5 are needed",
                        "five,25,descriptor,exact,eye", "no number",
                        "6,25,descriptor,exact,eye", "image 6, nearest 25; there are no such",
                        "1,25,descriptor,exact,eye", "image 1 again");
        for (Map.Entry<String, String> line : damage.entrySet()) {
            List<String> bad = new ArrayList<>(good);
            bad.add(3, line.getKey());
            bad.remove(line.getKey().startsWith("1") ? 2 : 4);
            Files.write(file, bad);
            refused(file, samples(0), line.getValue());
        }
        Files.writeString(file, "image,kind\n");
        refused(file, samples(0), "line 1: not a file of labels");
    }

    private static void refused(Path file, DataSet samples, String reason) {
        assertThatThrownBy(() -> CopyLabels.read(file, samples))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("labels.csv")
                .hasMessageContaining(reason);
    }

    @Test
    void whatCannotBeLabelledIsRefused() {
        assertThatThrownBy(() -> candidates().label(CopyKind.EXACT, "eye", 0))
                .hasMessageContaining("images: 0 is not one of the 3 candidates");
        assertThatThrownBy(() -> candidates().label(CopyKind.EXACT, " ", 1))
                .hasMessageContaining("by: ' '");
        assertThatThrownBy(() -> CopyLabels.candidates(samples(0), 0, Map.of()))
                .hasMessageContaining("top: 0");
        assertThatThrownBy(
                        () ->
                                CopyLabels.candidates(
                                        samples(0), 1, Map.of("nL2", neighbours(0, -1))))
                .hasMessageContaining("nearest: 1 neighbours by nL2 of 6 samples");
    }
}
