package memoria.data;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * What came of reading a list of pictures: the images that could be read, and the names of the others.
 *
 * @param set the images, in the list's order
 * @param read the file of every image
 * @param skipped files that could not be read
 */
public record Reading(DataSet set, List<Path> read, List<Skipped> skipped) {

    private static final int SHOWN = 5;

    /**
     * A file that could not be read.
     *
     * @param file the file
     * @param reason why not
     */
    public record Skipped(Path file, String reason) {}

    /**
     * The report.
     *
     * @return one row for each skipped file: file, reason
     */
    public Table report() {
        StringColumn file = StringColumn.create("file");
        StringColumn reason = StringColumn.create("reason");
        for (Skipped one : skipped) {
            file.append(one.file.toString());
            reason.append(one.reason);
        }
        return Table.create(
                "skipped " + skipped.size() + " of " + (read.size() + skipped.size()),
                file,
                reason);
    }

    /**
     * The report in one line.
     *
     * @return how many files were skipped, and the first of them with reasons
     */
    public String summary() {
        return summary(skipped, read.size() + skipped.size());
    }

    /**
     * The images, for who goes on without looking at the report: a warning in the log names what was skipped.
     *
     * @return the set
     */
    public DataSet setWithWarning() {
        if (!skipped.isEmpty()) {
            System.getLogger(Reading.class.getPackageName())
                    .log(System.Logger.Level.WARNING, summary());
        }
        return set;
    }

    static String summary(List<Skipped> skipped, int of) {
        return skipped.size()
                + " of "
                + of
                + " files skipped"
                + (skipped.isEmpty() ? "" : ": ")
                + skipped.stream()
                        .limit(SHOWN)
                        .map(s -> s.file.getFileName() + " (" + s.reason + ")")
                        .collect(Collectors.joining(", "))
                + (skipped.size() > SHOWN ? ", ..." : "");
    }
}
