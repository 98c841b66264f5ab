package memoria.data;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

/** The rows of a list of addresses and captions that a {@link Manifest} describes. */
final class ImageRows {

    /**
     * A picture on the network.
     *
     * @param row its row among the chosen ones of the list, from 0
     * @param url its address
     * @param caption its caption
     */
    record Row(int row, String url, String caption) {}

    private ImageRows() {}

    /**
     * Reads a list.
     *
     * @param file what {@link TextRows} reads; beside a .parquet a .jsonl, .csv or .tsv with the same name is read instead, if there is one
     * @param listed which fields and rows
     * @return the rows that are meant, in order
     * @throws IllegalArgumentException naming the file, and the line, if it is not such a list
     * @throws IllegalStateException if it is a Parquet file without such a copy, and nothing on the class path reads those
     */
    static List<Row> read(Path file, Manifest.Listed listed) {
        Path readable = readable(file);
        List<Row> rows = new ArrayList<>();
        Meant meant = new Meant(readable, listed);
        TextRows.read(
                readable,
                row -> {
                    if (meant.test(row)) {
                        String url = meant.field(row, listed.url());
                        rows.add(new Row(rows.size(), url.trim(), meant.caption(row)));
                    }
                });
        meant.requireAll();
        return rows;
    }

    private static Path readable(Path file) {
        String name = file.getFileName().toString();
        if (!name.endsWith(TextRows.PARQUET)) {
            return file;
        }
        String stem = name.substring(0, name.length() - TextRows.PARQUET.length());
        return List.of(".jsonl", ".csv", ".tsv").stream()
                .map(suffix -> file.resolveSibling(stem + suffix))
                .filter(Files::exists)
                .findFirst()
                .orElseGet(
                        () -> {
                            requireReader(
                                    file,
                                    ". Or put a copy with the same fields beside it as "
                                            + stem
                                            + ".csv or "
                                            + stem
                                            + ".jsonl");
                            return file;
                        });
    }

    /** Demands what reads a file if it is Parquet. */
    static void requireReader(Path file, String otherwise) {
        if (file.toString().endsWith(TextRows.PARQUET) && !readsParquet()) {
            throw new IllegalStateException(
                    file + " cannot be read: " + TextRows.PARQUET_HOW + otherwise);
        }
    }

    private static boolean readsParquet() {
        return ServiceLoader.load(TextRows.Format.class, TextRows.class.getClassLoader()).stream()
                .anyMatch(format -> format.get().ending().equals(".parquet"));
    }

    /**
     * So many rows, spread over the list as if drawn by lot, but always the same ones.
     *
     * @param rows any number
     * @param count how many
     * @return those, in the order of the list
     */
    static List<Row> sample(List<Row> rows, int count) {
        if (count >= rows.size()) {
            return rows;
        }
        return rows.stream()
                .sorted(
                        Comparator.comparing(
                                row -> Checksum.sha256(row.url().getBytes(StandardCharsets.UTF_8))))
                .limit(count)
                .sorted(Comparator.comparingInt(Row::row))
                .toList();
    }

    /** The rows of a list that a manifest means, and their fields. */
    static final class Meant {

        private final Path file;
        private final Manifest.Listed listed;
        private int found;
        private boolean captioned;

        Meant(Path file, Manifest.Listed listed) {
            this.file = file;
            this.listed = listed;
        }

        /** Whether a row is meant; it is counted. */
        boolean test(Map<String, List<String>> row) {
            boolean yes =
                    listed.where() == null
                            || listed.where().entrySet().stream()
                                    .allMatch(
                                            condition ->
                                                    row.getOrDefault(condition.getKey(), List.of())
                                                            .equals(List.of(condition.getValue())));
            found += yes ? 1 : 0;
            return yes;
        }

        String field(Map<String, List<String>> row, String name) {
            List<String> texts = row.get(name);
            if (texts == null) {
                throw new IllegalArgumentException(
                        "file: "
                                + file
                                + " has a row without '"
                                + name
                                + "'; it has "
                                + row.keySet());
            }
            return texts.get(0);
        }

        /** Some rows of large lists have none. */
        String caption(Map<String, List<String>> row) {
            List<String> texts = row.get(listed.caption());
            captioned |= texts != null;
            return texts == null ? "" : texts.get(0);
        }

        void requireAll() {
            if (listed.count() != null && found != listed.count()) {
                throw new IllegalArgumentException(
                        "file: "
                                + file
                                + " has "
                                + found
                                + " rows that are meant instead of "
                                + listed.count());
            }
            if (found > 0 && !captioned) {
                throw new IllegalArgumentException(
                        "file: " + file + " has no row with '" + listed.caption() + "'");
            }
        }
    }
}
