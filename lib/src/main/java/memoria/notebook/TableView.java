package memoria.notebook;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import tech.tablesaw.api.ColumnType;
import tech.tablesaw.api.NumericColumn;
import tech.tablesaw.api.Table;
import tech.tablesaw.columns.Column;

/** A table as HTML and as text: numbers right-aligned and rounded, words left-aligned. */
final class TableView {

    /** Longer tables are cut after this many rows; what is cut is counted. */
    static final int ROWS = 50;

    private static final String CELL =
            "padding:3px 10px;border:none;vertical-align:top;text-align:";

    private final String caption;
    private final List<String> headers;
    private final List<Boolean> right;
    private final List<List<String>> rows = new ArrayList<>();
    private final List<List<String>> htmlRows = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    /**
     * An empty table.
     *
     * @param caption shown above, may be empty
     * @param headers one per column
     * @param right which columns hold numbers
     */
    TableView(String caption, List<String> headers, List<Boolean> right) {
        this.caption = caption;
        this.headers = headers;
        this.right = right;
    }

    static Displayable of(String caption, Table table) {
        List<Boolean> right =
                table.columns().stream().map(c -> (Boolean) (c instanceof NumericColumn)).toList();
        TableView view = new TableView(caption, table.columnNames(), right);
        List<List<String>> columns = table.columns().stream().map(TableView::texts).toList();
        int shown = Math.min(ROWS, table.rowCount());
        for (int r = 0; r < shown; r++) {
            int row = r;
            view.row(columns.stream().map(c -> c.get(row)).toList());
        }
        if (shown < table.rowCount()) {
            view.note("... and " + (table.rowCount() - shown) + " more rows.");
        }
        return view.displayable();
    }

    private static List<String> texts(Column<?> column) {
        int shown = Math.min(ROWS, column.size());
        if (column instanceof NumericColumn<?> numbers
                && column.type() != ColumnType.LONG
                && column.type() != ColumnType.INTEGER) {
            double[] values = IntStream.range(0, shown).mapToDouble(numbers::getDouble).toArray();
            var format = Numbers.formatter(values);
            return IntStream.range(0, shown).mapToObj(i -> format.apply(values[i])).toList();
        }
        return IntStream.range(0, shown)
                .mapToObj(i -> column.isMissing(i) ? "-" : column.getString(i))
                .toList();
    }

    /**
     * Adds a row.
     *
     * @param cells one text per column
     */
    void row(List<String> cells) {
        row(cells, cells.stream().map(Html::escape).toList());
    }

    /**
     * Adds a row whose HTML is more than its text.
     *
     * @param cells one text per column
     * @param html the same in HTML
     */
    void row(List<String> cells, List<String> html) {
        rows.add(cells);
        htmlRows.add(html);
    }

    /**
     * Adds a line below the table.
     *
     * @param line plain text
     */
    void note(String line) {
        notes.add(line);
    }

    Displayable displayable() {
        return Displayable.of("text/html", html(), text());
    }

    String html() {
        StringBuilder out =
                new StringBuilder("<table style=\"border-collapse:collapse;margin:6px 0\">");
        if (!caption.isEmpty()) {
            out.append("<caption style=\"caption-side:top;text-align:left;font-weight:bold\">")
                    .append(Html.escape(caption))
                    .append("</caption>");
        }
        out.append("<thead><tr style=\"border-bottom:1px solid #888\">");
        for (int c = 0; c < headers.size(); c++) {
            cell(out, "th", c, Html.escape(headers.get(c)));
        }
        out.append("</tr></thead><tbody>");
        for (List<String> row : htmlRows) {
            out.append("<tr>");
            for (int c = 0; c < row.size(); c++) {
                cell(out, "td", c, row.get(c));
            }
            out.append("</tr>");
        }
        out.append("</tbody></table>");
        for (String note : notes) {
            out.append("<div style=\"font-size:90%\">").append(Html.escape(note)).append("</div>");
        }
        return out.toString();
    }

    private void cell(StringBuilder out, String tag, int column, String content) {
        String side = right.get(column) ? "right" : "left";
        out.append('<').append(tag).append(" style=\"").append(CELL).append(side).append("\">");
        out.append(content).append("</").append(tag).append('>');
    }

    String text() {
        int[] widths = new int[headers.size()];
        for (int c = 0; c < widths.length; c++) {
            int column = c;
            widths[c] =
                    Math.max(
                            headers.get(c).length(),
                            rows.stream().mapToInt(r -> r.get(column).length()).max().orElse(0));
        }
        List<String> lines = new ArrayList<>();
        if (!caption.isEmpty()) {
            lines.add(caption);
        }
        lines.add(line(headers, widths));
        lines.add(IntStream.of(widths).mapToObj("-"::repeat).collect(Collectors.joining("  ")));
        rows.forEach(r -> lines.add(line(r, widths)));
        lines.addAll(notes);
        return String.join("\n", lines);
    }

    private String line(List<String> cells, int[] widths) {
        StringBuilder out = new StringBuilder();
        for (int c = 0; c < widths.length; c++) {
            String pad = " ".repeat(widths[c] - cells.get(c).length());
            out.append(right.get(c) ? pad + cells.get(c) : cells.get(c) + pad).append("  ");
        }
        return out.toString().stripTrailing();
    }
}
