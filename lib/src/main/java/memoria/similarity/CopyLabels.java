package memoria.similarity;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import memoria.data.AtomicFile;
import memoria.data.DataSet;
import memoria.data.TextFile;
import tech.tablesaw.api.IntColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * Generated images that may be copies, and what people said about them.
 *
 * <p>As in the LID paper's Appendix F: no measure finds all copies, so the images most similar to the training set by each of several
 * measures are put together, and each is then looked at beside its training image. The images below every cut are not labelled and are
 * counted as nothing. A file of labels belongs to one set of generated images and is refused for another.
 *
 * <pre>{@code
 * var labels = CopyLabels.candidates(samples, 75, Map.of("nL2", nl2.nearest(images), "descriptor", descriptor.nearest(images)));
 * labels = labels.label(CopyKind.EXACT, "eye", 3, 17);          // after looking at Show.pairs(...)
 * labels.write(file);
 * }</pre>
 */
public final class CopyLabels {

    private static final String IMAGES = "# labels of the images with sha256 ";
    private static final String COLUMNS = "image,nearest,found by,kind,labelled by";

    /** One image: the training image it is compared with, the measures that found it, its kind and who said so. */
    private record Row(int nearest, String foundBy, CopyKind kind, String labelledBy) {}

    private final String sha256;
    private final Map<Integer, Row> rows;

    private CopyLabels(String sha256, Map<Integer, Row> rows) {
        this.sha256 = sha256;
        this.rows = rows;
    }

    /**
     * The images to look at: the most similar ones by each measure, all of them labelled "not memorized" by nobody yet.
     *
     * @param samples generated images
     * @param top how many of each measure, at least 1
     * @param nearest by measure's name, the nearest training image of every sample
     * @return the candidates, those first that stand highest by some measure; each beside the training image which that measure names
     * @throws IllegalArgumentException if top is below 1 or a measure has not one neighbour per sample
     */
    public static CopyLabels candidates(
            DataSet samples, int top, Map<String, List<Neighbour>> nearest) {
        if (top < 1) {
            throw new IllegalArgumentException("top: " + top + "; at least 1");
        }
        int count = samples.count();
        Map<Integer, Row> rows = new LinkedHashMap<>();
        Map<String, List<Neighbour>> byName = new TreeMap<>(nearest);
        List<int[]> ranked = new ArrayList<>();
        byName.forEach(
                (name, found) -> {
                    if (found.size() != count) {
                        throw new IllegalArgumentException(
                                "nearest: "
                                        + found.size()
                                        + " neighbours by "
                                        + name
                                        + " of "
                                        + count
                                        + " samples");
                    }
                    ranked.add(ranked(found));
                });
        List<String> names = List.copyOf(byName.keySet());
        for (int place = 0; place < Math.min(top, count); place++) {
            for (int m = 0; m < names.size(); m++) {
                int image = ranked.get(m)[place];
                String name = names.get(m);
                int match = byName.get(name).get(image).index();
                rows.merge(
                        image,
                        new Row(match, name, CopyKind.NOT_MEMORIZED, "nobody"),
                        (first, second) ->
                                new Row(
                                        first.nearest,
                                        first.foundBy + "+" + second.foundBy,
                                        first.kind,
                                        first.labelledBy));
            }
        }
        return new CopyLabels(samples.sha256(), rows);
    }

    private static int[] ranked(List<Neighbour> found) {
        return IntStream.range(0, found.size())
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -found.get(i).similarity()))
                .mapToInt(i -> i)
                .toArray();
    }

    /**
     * The labels with some changed.
     *
     * @param kind what the images are
     * @param by who says so: {@code "eye"}, initials, or the name of a rule
     * @param images some of {@link #images()}
     * @return a changed copy
     * @throws IllegalArgumentException if an image is no candidate, or the name is empty or holds a comma
     */
    public CopyLabels label(CopyKind kind, String by, int... images) {
        if (by.isBlank() || by.contains(",") || by.contains("\n")) {
            throw new IllegalArgumentException(
                    "by: '" + by + "'; a name without commas is legal, and not an empty one");
        }
        Map<Integer, Row> changed = new LinkedHashMap<>(rows);
        for (int image : images) {
            Row row = rows.get(image);
            if (row == null) {
                throw new IllegalArgumentException(
                        "images: " + image + " is not one of the " + rows.size() + " candidates");
            }
            changed.put(image, new Row(row.nearest, row.foundBy, kind, by));
        }
        return new CopyLabels(sha256, changed);
    }

    /**
     * Some candidates of every kind, for measurements that cost too much for all: evenly spread from the most to the least similar.
     *
     * @param each how many of a kind at most, at least 1
     * @return labels of these alone
     * @throws IllegalArgumentException if each is below 1
     */
    public CopyLabels few(int each) {
        if (each < 1) {
            throw new IllegalArgumentException("each: " + each + "; at least 1");
        }
        Map<Integer, Row> kept = new LinkedHashMap<>();
        for (CopyKind kind : CopyKind.values()) {
            int[] all = images(kind);
            int count = Math.min(each, all.length);
            for (int i = 0; i < count; i++) {
                int image = all[(int) ((long) i * all.length / count)];
                kept.put(image, rows.get(image));
            }
        }
        return new CopyLabels(sha256, kept);
    }

    /**
     * The candidates.
     *
     * @return indices among the samples
     */
    public int[] images() {
        return rows.keySet().stream().mapToInt(i -> i).toArray();
    }

    /**
     * The candidates of one kind.
     *
     * @param kind what they are
     * @return indices among the samples
     */
    public int[] images(CopyKind kind) {
        return Arrays.stream(images()).filter(i -> rows.get(i).kind == kind).toArray();
    }

    /**
     * The candidates of one kind that one measure found.
     *
     * @param kind what they are
     * @param measure its name
     * @return indices among the samples
     */
    public int[] images(CopyKind kind, String measure) {
        return Arrays.stream(images(kind))
                .filter(i -> List.of(rows.get(i).foundBy.split("\\+")).contains(measure))
                .toArray();
    }

    /**
     * The part of a measurement that belongs to one kind.
     *
     * @param kind what they are
     * @param measured one number per image of {@link #images()}, in that order
     * @return one per image of {@link #images(CopyKind)}
     * @throws IllegalArgumentException if the number of measurements differs
     */
    public double[] of(CopyKind kind, double[] measured) {
        if (measured.length != rows.size()) {
            throw new IllegalArgumentException(
                    "measured: " + measured.length + " numbers for " + rows.size() + " candidates");
        }
        int[] all = images();
        return IntStream.range(0, all.length)
                .filter(i -> rows.get(all[i]).kind == kind)
                .mapToDouble(i -> measured[i])
                .toArray();
    }

    /**
     * The training images that candidates are compared with.
     *
     * @param images some of {@link #images()}
     * @return indices among the distinct training images
     */
    public int[] nearest(int... images) {
        return Arrays.stream(images).map(i -> rows.get(i).nearest).toArray();
    }

    /**
     * How many candidates of each kind who labelled.
     *
     * @return one row per person or rule
     */
    public Table table() {
        var who = StringColumn.create("labelled by");
        Table table = Table.create("labels", who);
        List<String> people =
                rows.values().stream().map(Row::labelledBy).distinct().sorted().toList();
        people.forEach(who::append);
        for (CopyKind kind : CopyKind.values()) {
            IntColumn counts = IntColumn.create(kind.toString());
            for (String person : people) {
                counts.append(
                        (int)
                                rows.values().stream()
                                        .filter(r -> r.kind == kind)
                                        .filter(r -> r.labelledBy.equals(person))
                                        .count());
            }
            table.addColumns(counts);
        }
        return table;
    }

    /**
     * Writes the labels as CSV, one line per candidate.
     *
     * @param csv where to; replaced as a whole or not at all
     * @throws java.io.UncheckedIOException if the file cannot be written
     */
    public void write(Path csv) {
        StringBuilder text = new StringBuilder(IMAGES).append(sha256).append('\n');
        text.append(COLUMNS).append('\n');
        rows.forEach(
                (image, row) ->
                        text.append(image)
                                .append(',')
                                .append(row.nearest)
                                .append(',')
                                .append(row.foundBy)
                                .append(',')
                                .append(row.kind)
                                .append(',')
                                .append(row.labelledBy)
                                .append('\n'));
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(csv, out -> out.write(bytes));
    }

    /**
     * Reads labels.
     *
     * @param csv what {@link #write} wrote, changed by hand perhaps
     * @param samples the generated images they belong to
     * @return the labels
     * @throws IllegalArgumentException naming the file and the line if it is damaged, or if it belongs to other images
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static CopyLabels read(Path csv, DataSet samples) {
        List<String> lines = TextFile.lines(csv);
        String sha256 = samples.sha256();
        require(
                lines.size() >= 2 && lines.get(0).startsWith(IMAGES),
                csv,
                1,
                "not a file of labels written by this library");
        require(
                lines.get(0).equals(IMAGES + sha256),
                csv,
                1,
                "the labels belong to other images than those with sha256 " + sha256);
        require(lines.get(1).equals(COLUMNS), csv, 2, "the columns are not " + COLUMNS);
        Map<Integer, Row> rows = new LinkedHashMap<>();
        for (int i = 2; i < lines.size(); i++) {
            String[] cells = lines.get(i).split(",", -1);
            require(cells.length == 5, csv, i + 1, cells.length + " columns; 5 are needed");
            try {
                int image = Integer.parseInt(cells[0]);
                int nearest = Integer.parseInt(cells[1]);
                require(
                        image >= 0 && image < samples.count() && nearest >= 0,
                        csv,
                        i + 1,
                        "image " + image + ", nearest " + nearest + "; there are no such images");
                Row row = new Row(nearest, cells[2], CopyKind.of(cells[3]), cells[4]);
                require(rows.put(image, row) == null, csv, i + 1, "image " + image + " again");
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(where(csv, i + 1) + "no number", e);
            } catch (IllegalArgumentException e) {
                throw e.getMessage().startsWith("file: ")
                        ? e
                        : new IllegalArgumentException(where(csv, i + 1) + e.getMessage(), e);
            }
        }
        return new CopyLabels(sha256, rows);
    }

    private static void require(boolean legal, Path csv, int line, String reason) {
        if (!legal) {
            throw new IllegalArgumentException(where(csv, line) + reason);
        }
    }

    private static String where(Path csv, int line) {
        return "file: " + csv + ", line " + line + ": ";
    }
}
