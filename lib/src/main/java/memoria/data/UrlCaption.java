package memoria.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A picture on the network and its caption: a row of lists such as LAION's.
 *
 * @param url its address
 * @param caption its caption, or empty
 */
public record UrlCaption(String url, String caption) {

    private static final List<String> URLS = List.of("url", "image_url", "imageurl", "link");
    static final List<String> CAPTIONS =
            List.of("caption", "text", "captions", "prompt", "title", "description");

    /**
     * Reads a list: CSV, TSV, JSON lines, or what else {@link TextRows} reads. The address stands under {@code url}, {@code image_url} or
     * {@code link}, the caption under {@code caption}, {@code text}, {@code prompt}, {@code title} or {@code description}, in any case of
     * letters.
     *
     * @param file the list
     * @return its rows in order
     * @throws IllegalArgumentException naming the file and the reason if it is damaged, of a format not known, or has a row without an
     *     address
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static List<UrlCaption> read(Path file) {
        List<UrlCaption> rows = new ArrayList<>();
        TextRows.read(file, row -> rows.add(of(file, rows.size(), row)));
        return rows;
    }

    private static UrlCaption of(Path file, int number, Map<String, List<String>> row) {
        List<String> url = TextRows.find(row, URLS);
        if (url.isEmpty() || url.get(0).isBlank()) {
            throw new IllegalArgumentException(
                    "file: "
                            + file
                            + ": row "
                            + number
                            + " has no address; it has "
                            + row.keySet()
                            + ", one of "
                            + URLS
                            + " is needed");
        }
        List<String> caption = TextRows.find(row, CAPTIONS);
        return new UrlCaption(url.get(0).trim(), caption.isEmpty() ? "" : caption.get(0));
    }
}
