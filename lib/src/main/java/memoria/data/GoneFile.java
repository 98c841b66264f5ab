package memoria.data;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The table {@code gone.csv} of pictures that did not come: row, address, reason, whether for good. */
final class GoneFile {

    private static final Pattern LINE = Pattern.compile("(\\d+),\"(.*)\",\"(.*)\",(true|false)");

    private GoneFile() {}

    /** What an earlier fetch found, by address; nothing where the file is not there or damaged. */
    static Map<String, ImageReport.Gone> read(Path file) {
        Map<String, ImageReport.Gone> all = new HashMap<>();
        if (!Files.exists(file)) {
            return all;
        }
        try {
            for (String line : Files.readAllLines(file)) {
                Matcher parts = LINE.matcher(line);
                if (parts.matches()) {
                    String url = parts.group(2).replace("\"\"", "\"");
                    all.put(
                            url,
                            new ImageReport.Gone(
                                    Integer.parseInt(parts.group(1)),
                                    url,
                                    parts.group(3).replace("\"\"", "\""),
                                    Boolean.parseBoolean(parts.group(4))));
                }
            }
            return all;
        } catch (IOException | NumberFormatException e) {
            return Map.of();
        }
    }

    static void write(Path file, List<ImageReport.Gone> all) {
        StringBuilder text = new StringBuilder("row,url,reason,for_good\n");
        for (ImageReport.Gone lost : all) {
            text.append(lost.row())
                    .append(',')
                    .append(quoted(lost.url()))
                    .append(',')
                    .append(quoted(lost.reason()))
                    .append(',')
                    .append(lost.forGood())
                    .append('\n');
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(file, out -> out.write(bytes));
    }

    private static String quoted(String field) {
        return '"' + field.replaceAll("[\\r\\n]+", " ").replace("\"", "\"\"") + '"';
    }
}
