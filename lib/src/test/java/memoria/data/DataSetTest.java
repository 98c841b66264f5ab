package memoria.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class DataSetTest {

    private static final List<String> CLASSES = List.of("even", "odd");

    @TempDir Path folder;

    private static DataSet set(int count, int channels) {
        byte[] levels = new byte[count * channels * 6 * 4];
        SplittableRandom random = new SplittableRandom(1);
        random.nextBytes(levels);
        return DataSet.of(
                Images.of(levels, count, channels, 6, 4),
                IntStream.range(0, count).map(i -> i % 2).toArray(),
                CLASSES,
                new Provenance("noise", "MIT", "nobody", "", "ab", List.of("made"), "free \u00a9"));
    }

    @Test
    void plantedImagesAreCountedNotCopied() {
        DataSet set = set(10, 1).plant(3, 50);
        assertThat(set.distinct()).isEqualTo(set(10, 1).distinct());
        assertThat(set.size()).isEqualTo(7 + 150);
        assertThat(set.planted()).containsExactly(0, 1, 2);
        int[] shown = new int[10];
        for (long position = 0; position < set.size(); position++) {
            shown[set.index(position)]++;
        }
        assertThat(shown).isEqualTo(set.multiplicity());
        assertThat(set.index(49)).isZero();
        assertThat(set.index(50)).isEqualTo(1);
        assertThat(set.index(156)).isEqualTo(9);
    }

    @Test
    void plantingByTurnsKeepsTheCaptions() {
        List<String> texts = List.of("a", "b", "c");
        DataSet set = set(3, 1).withCaptions(texts).plant(2, List.of(5, 9));
        assertThat(set.multiplicity()).containsExactly(5, 9, 1);
        assertThat(set.captions()).isEqualTo(texts);
    }

    @Test
    void aSeedChoosesTheSameImagesEverywhere() {
        DataSet set = set(1000, 1);
        int[] chosen = set.plant(5, 2, 42).planted();
        assertThat(chosen).hasSize(5).isEqualTo(set.plant(5, 2, 42).planted());
        assertThat(set.plant(5, 2, 43).planted()).isNotEqualTo(chosen);
        assertThat(set.plant(300, 2, 42).planted()).contains(chosen);
        // Pinned: a shipped model names its planted images by this seed.
        assertThat(chosen).containsExactly(48, 137, 503, 758, 917);
    }

    @Test
    void subsetsKeepLabelsAndMultiplicitiesTogether() {
        DataSet set = set(10, 1).plant(4, 7);
        DataSet odd = set.where(1).first(3);
        assertThat(odd.labels()).containsExactly(1, 1, 1);
        assertThat(odd.multiplicity()).containsExactly(7, 7, 1);
        assertThat(odd.distinct()).isEqualTo(set.distinct().select(1, 3, 5));
        assertThat(set.select(9, 0).multiplicity()).containsExactly(1, 7);
        assertThat(odd.provenance().steps())
                .containsExactly(
                        "made", "first 4 images shown 7 times", "class 1 (odd)", "first 3 images");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void savingAndLoadingChangesNothing(int channels) {
        DataSet set = set(70, channels).resize(3, 3).plant(2, 9, 5);
        Path file = folder.resolve("set.zip");
        set.save(file);
        DataSet loaded = DataSet.load(file);
        assertThat(loaded.distinct()).isEqualTo(set.distinct());
        assertThat(loaded.labels()).isEqualTo(set.labels());
        assertThat(loaded.multiplicity()).isEqualTo(set.multiplicity());
        assertThat(loaded.classNames()).isEqualTo(CLASSES);
        assertThat(loaded.provenance()).isEqualTo(set.provenance());
        assertThat(loaded.provenance().steps().get(1))
                .isEqualTo("resized from 6x4 to 3x3 by area averages, rounded to 8 bits");
    }

    static Stream<Arguments> bad() {
        DataSet set = set(4, 1);
        Images images = set.distinct();
        Provenance made = Provenance.made("x");
        return Stream.of(
                bad("labels: 3 for 4", () -> DataSet.of(images, new int[3], CLASSES, made)),
                bad(
                        "labels: image 1 is of class 2",
                        () -> DataSet.of(images, new int[] {0, 2, 0, 0}, CLASSES, made)),
                bad("n: 5", () -> set.first(5)),
                bad("n: -1", () -> set.first(-1)),
                bad("i: 4", () -> set.select(4)),
                bad("an index comes twice", () -> set.select(1, 1)),
                bad("label: 2", () -> set.where(2)),
                bad("count: 5", () -> set.plant(5, 2)),
                bad("times: 0", () -> set.plant(1, 0)),
                bad("position: 4", () -> set.index(4)),
                bad("position: 0", () -> set.first(0).index(0)),
                bad("one is null", () -> new Provenance(null, "", "", "", "", List.of(), "")));
    }

    private static Arguments bad(String message, ThrowingCallable call) {
        return arguments(message, call);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("bad")
    void badInputIsNamed(String message, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void whatAPictureCannotHoldIsNotSaved() {
        Path file = folder.resolve("set.zip");
        DataSet set = set(4, 2);
        Images half = Images.of(new float[] {0.1f}, 1, 1, 1, 1);
        DataSet fine = DataSet.of(half, new int[1], CLASSES, Provenance.made("x"));
        assertThatThrownBy(() -> set.save(file)).hasMessageContaining("2 channels");
        assertThatThrownBy(() -> set(4, 1).first(0).save(file)).hasMessageContaining("empty");
        assertThatThrownBy(() -> fine.save(file)).hasMessageContaining("256 levels");
        assertThat(file).doesNotExist();
    }

    /** A change to the bytes of one entry of a saved set, or null to leave the entry out. */
    private interface Change {
        byte[] of(String entry, byte[] content);
    }

    static Stream<Arguments> damaged() {
        return Stream.of(
                arguments("no entry images.png", leaveOut("images.png")),
                arguments("no entry LICENSE", leaveOut("LICENSE")),
                arguments(
                        "images.png: it is truncated", (Change) (e, c) -> half(e, c, "images.png")),
                arguments(
                        "dataset.json is not readable",
                        (Change) (e, c) -> half(e, c, "dataset.json")),
                arguments("SHA-256", replace("\"sha256\": \"", "\"sha256\": \"0")),
                arguments("pixels instead of 20 x", replace("\"width\": 4", "\"width\": 5")),
                arguments("size that is not legal", replace("\"count\": 4", "\"count\": -4")),
                arguments("format is memoria-dataset-9", replace("dataset-1", "dataset-9")),
                arguments("5 labels for 4", replace("\"0 1 0 1\"", "\"0 1 0 1 1\"")),
                arguments("class 7", replace("\"0 1 0 1\"", "\"0 1 0 7\"")),
                arguments("not a whole number", replace("\"0 1 0 1\"", "\"0 1 0 x\"")),
                arguments("shown 0 times", replace("\"1 1 1 1\"", "\"1 1 0 1\"")));
    }

    private static Change leaveOut(String name) {
        return (entry, content) -> entry.equals(name) ? null : content;
    }

    private static byte[] half(String entry, byte[] content, String name) {
        return entry.equals(name) ? Arrays.copyOf(content, content.length / 2) : content;
    }

    private static Change replace(String from, String to) {
        return (entry, content) -> {
            if (!entry.equals("dataset.json")) {
                return content;
            }
            String json = new String(content, StandardCharsets.UTF_8);
            assertThat(json).contains(from);
            return json.replace(from, to).getBytes(StandardCharsets.UTF_8);
        };
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("damaged")
    void aDamagedFileIsNamedWithTheReason(String reason, Change change) throws IOException {
        Path good = folder.resolve("good.zip");
        set(4, 1).save(good);
        Path file = folder.resolve("bad.zip");
        try (var in = new ZipInputStream(Files.newInputStream(good));
                var out = new ZipOutputStream(Files.newOutputStream(file))) {
            for (ZipEntry e = in.getNextEntry(); e != null; e = in.getNextEntry()) {
                byte[] content = change.of(e.getName(), in.readAllBytes());
                if (content != null) {
                    out.putNextEntry(new ZipEntry(e.getName()));
                    out.write(content);
                }
            }
        }
        assertThatThrownBy(() -> DataSet.load(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("bad.zip")
                .hasMessageContaining(reason);
    }

    @Test
    void foreignTruncatedAndMissingFilesAreNamed() throws IOException {
        Path file = folder.resolve("set.zip");
        assertThatThrownBy(() -> DataSet.load(file))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("no such file");
        set(4, 1).save(file);
        byte[] whole = Files.readAllBytes(file);
        for (int length : new int[] {0, 10, 100, whole.length / 2}) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> DataSet.load(file))
                    .as("cut after %d bytes", length)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("set.zip");
        }
        Files.writeString(file, "something else entirely");
        assertThatThrownBy(() -> DataSet.load(file)).hasMessageContaining("not a data set");
    }
}
