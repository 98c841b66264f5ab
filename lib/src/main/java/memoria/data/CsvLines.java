package memoria.data;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Comma- or tab-separated rows as RFC 4180 has them: names in the first line; a field in quotes may hold separators, line breaks and doubled
 * quotes; every row has as many fields as the first. Empty lines are passed over.
 */
final class CsvLines {

    private static final int LONGEST_FIELD = 1 << 20;
    private static final int MOST_FIELDS = 1000;

    private final BufferedReader in;
    private final char separator;
    private long line = 1;

    CsvLines(BufferedReader in, char separator) {
        this.in = in;
        this.separator = separator;
    }

    void read(TextRows.Sink sink) throws IOException, TextRows.Bad {
        List<String> names = next();
        if (names == null) {
            throw new TextRows.Bad(
                    line, "it is empty; the first line holds the names of the columns");
        }
        // Some programs begin a file with a mark of its encoding.
        String first = names.get(0);
        names.set(0, first.startsWith("\ufeff") ? first.substring(1) : first);
        long at = line;
        for (List<String> fields = next(); fields != null; fields = next()) {
            if (fields.size() != names.size()) {
                throw new TextRows.Bad(
                        at, fields.size() + " fields where the first line names " + names.size());
            }
            Map<String, List<String>> row = new LinkedHashMap<>();
            for (int i = 0; i < names.size(); i++) {
                row.put(names.get(i), List.of(fields.get(i)));
            }
            sink.row(row);
            at = line;
        }
    }

    /** The fields of the next row that is not empty, or null at the end. */
    private List<String> next() throws IOException, TextRows.Bad {
        List<String> fields = new ArrayList<>();
        StringBuilder field = new StringBuilder();
        long start = line;
        boolean quoted = false;
        boolean closed = false;
        while (true) {
            int c = in.read();
            if (quoted) {
                if (c < 0) {
                    throw new TextRows.Bad(start, "a quote is not closed");
                }
                if (c == '"') {
                    quoted = false;
                    closed = true;
                    continue;
                }
                line += c == '\n' ? 1 : 0;
            } else if (c == '"' && closed) {
                // A doubled quote inside quotes.
                quoted = true;
                closed = false;
            } else if (c == '"' && field.length() == 0) {
                quoted = true;
                continue;
            } else if (c == separator || c == '\n' || c < 0) {
                int end = field.length();
                if (c != separator && !closed && end > 0 && field.charAt(end - 1) == '\r') {
                    field.setLength(end - 1);
                }
                boolean empty = fields.isEmpty() && field.length() == 0 && !closed;
                line += c == '\n' ? 1 : 0;
                if (c != separator && empty) {
                    if (c < 0) {
                        return null;
                    }
                    start = line;
                    continue;
                }
                fields.add(field.toString());
                field.setLength(0);
                closed = false;
                if (fields.size() > MOST_FIELDS) {
                    throw new TextRows.Bad(start, "more than " + MOST_FIELDS + " fields");
                }
                if (c != separator) {
                    return fields;
                }
                continue;
            } else if (closed && c != '\r') {
                throw new TextRows.Bad(start, "a character follows a closing quote");
            } else if (closed) {
                continue;
            }
            field.append((char) c);
            if (field.length() > LONGEST_FIELD) {
                throw new TextRows.Bad(
                        start, "a field is longer than " + LONGEST_FIELD + " characters");
            }
        }
    }
}
