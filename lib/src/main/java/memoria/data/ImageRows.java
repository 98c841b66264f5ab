package memoria.data;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import memoria.json.Json;
import tech.tablesaw.api.ColumnType;
import tech.tablesaw.api.Table;
import tech.tablesaw.io.csv.CsvReadOptions;

/** The rows of a list of addresses and captions that a {@link Manifest} describes. */
final class ImageRows {

    /** Captions in LAION's lists are longer than what a table takes for a field. */
    private static final int LONGEST = 1_000_000;

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
     * @param file .jsonl, .csv or .tsv; beside a .parquet one of these with the same name is read
     * @param listed which fields and rows
     * @return the rows that are meant, in order
     * @throws IllegalArgumentException naming the file, and the line, if it is not such a list
     * @throws IllegalStateException if it is a Parquet file without such a copy beside it
     */
    static List<Row> read(Path file, Manifest.Listed listed) {
        Path readable = readable(file);
        String name = readable.getFileName().toString();
        List<Row> rows =
                name.endsWith(".jsonl")
                        ? lines(readable, listed)
                        : table(readable, listed, name.endsWith(".tsv") ? '\t' : ',');
        if (listed.count() != null && rows.size() != listed.count()) {
            throw new IllegalArgumentException(
                    "file: "
                            + readable
                            + " has "
                            + rows.size()
                            + " rows that are meant instead of "
                            + listed.count());
        }
        return rows;
    }

    private static Path readable(Path file) {
        String name = file.getFileName().toString();
        if (!name.endsWith(".parquet")) {
            return file;
        }
        String stem = name.substring(0, name.length() - ".parquet".length());
        return List.of(".jsonl", ".csv", ".tsv").stream()
                .map(suffix -> file.resolveSibling(stem + suffix))
                .filter(Files::exists)
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalStateException(
                                        file
                                                + " is a Parquet file; put a copy of it as "
                                                + stem
                                                + ".csv or "
                                                + stem
                                                + ".jsonl, with the same fields, beside it"));
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

    private static List<Row> lines(Path file, Manifest.Listed listed) {
        List<Row> rows = new ArrayList<>();
        int number = 0;
        try {
            for (String line : Files.readAllLines(file)) {
                number++;
                if (!line.isBlank()) {
                    JsonObject json = Json.parse(line).getAsJsonObject();
                    if (meant(json, listed)) {
                        rows.add(
                                new Row(
                                        rows.size(),
                                        json.get(listed.url()).getAsString(),
                                        json.get(listed.caption()).getAsString()));
                    }
                }
            }
        } catch (IOException e) {
            throw AtomicFile.failure("read", file, e);
        } catch (RuntimeException e) {
            throw new IllegalArgumentException(
                    "file: "
                            + file
                            + ", line "
                            + number
                            + ": no JSON object with '"
                            + listed.url()
                            + "' and '"
                            + listed.caption()
                            + "'",
                    e);
        }
        return rows;
    }

    private static boolean meant(JsonObject json, Manifest.Listed listed) {
        return conditions(listed).entrySet().stream()
                .allMatch(
                        condition -> {
                            JsonElement value = json.get(condition.getKey());
                            return value != null
                                    && value.getAsString().equals(condition.getValue());
                        });
    }

    private static Map<String, String> conditions(Manifest.Listed listed) {
        return listed.where() == null ? Map.of() : listed.where();
    }

    private static List<Row> table(Path file, Manifest.Listed listed, char separator) {
        try {
            Table table =
                    Table.read()
                            .usingOptions(
                                    CsvReadOptions.builder(file.toFile())
                                            .separator(separator)
                                            .maxCharsPerColumn(LONGEST)
                                            .columnTypes(column -> ColumnType.STRING)
                                            .build());
            List<Row> rows = new ArrayList<>();
            for (int i = 0; i < table.rowCount(); i++) {
                int at = i;
                boolean meant =
                        conditions(listed).entrySet().stream()
                                .allMatch(
                                        c ->
                                                table.stringColumn(c.getKey())
                                                        .get(at)
                                                        .equals(c.getValue()));
                if (meant) {
                    String url = table.stringColumn(listed.url()).get(i);
                    rows.add(
                            new Row(rows.size(), url, table.stringColumn(listed.caption()).get(i)));
                }
            }
            return rows;
        } catch (RuntimeException e) {
            throw new IllegalArgumentException(
                    "file: "
                            + file
                            + " is no table with columns '"
                            + listed.url()
                            + "' and '"
                            + listed.caption()
                            + "': "
                            + e.getMessage(),
                    e);
        }
    }
}
