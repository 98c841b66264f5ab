package memoria.metrics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.IntColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;
import tech.tablesaw.columns.Column;

/**
 * How much sets of images copy, one row each, as AMG's tables have it: from the similarity of every image to the training image most alike
 * to it (the "top 1 similarity"), its 95th percentile, its largest value, and the share of images above limits.
 *
 * <pre>{@code
 * CopyTable.against("0.1% null", limit).row("unguided", nl2.of(plain)).row("AMG", nl2.of(guided)).table();
 * }</pre>
 */
public final class CopyTable {

    private static final double TOP = 0.95;

    private final Map<String, Double> limits = new LinkedHashMap<>();
    private final Map<String, double[]> rows = new LinkedHashMap<>();

    private CopyTable() {}

    /**
     * A table with one limit.
     *
     * @param name what its column is called, such as {@code 0.1% null}
     * @param limit a similarity
     * @return the table, without rows
     * @throws IllegalArgumentException if the limit is not a number
     */
    public static CopyTable against(String name, double limit) {
        return new CopyTable().limit(name, limit);
    }

    /**
     * One more limit.
     *
     * @param name what its column is called
     * @param limit a similarity
     * @return this
     * @throws IllegalArgumentException if the limit is not a number or the name is taken
     */
    public CopyTable limit(String name, double limit) {
        if (Double.isNaN(limit) || limits.containsKey(name)) {
            throw new IllegalArgumentException(
                    "limit: "
                            + limit
                            + " for '"
                            + name
                            + "'; a number, and a name that is not among "
                            + limits.keySet());
        }
        limits.put(name, limit);
        return this;
    }

    /**
     * One more set of images.
     *
     * @param name what the row is called
     * @param similarities one per image, at least one
     * @return this
     * @throws IllegalArgumentException if there is none, one is not a number, or the name is taken
     */
    public CopyTable row(String name, double[] similarities) {
        Bootstrap.requireNumbers("similarities", similarities);
        if (rows.containsKey(name)) {
            throw new IllegalArgumentException(
                    "name: '" + name + "' is a row already, among " + rows.keySet());
        }
        rows.put(name, similarities.clone());
        return this;
    }

    /**
     * The 95th percentile of similarities, between order statistics: what 5% of the images exceed.
     *
     * @param similarities at least one
     * @return AMG's "Top5%"
     * @throws IllegalArgumentException if there is none or one is not a number
     */
    public static double top5(double[] similarities) {
        Bootstrap.requireNumbers("similarities", similarities);
        double[] sorted = similarities.clone();
        Arrays.sort(sorted);
        return Bootstrap.quantile(sorted, TOP);
    }

    /**
     * The numbers.
     *
     * @return columns {@code images} (the row's name), {@code count}, {@code top 5%} with its ends {@code from} and {@code to} (a bootstrap at
     *     95%), {@code worst case}, and for each limit {@code above NAME}, a share with its exact interval in words
     */
    public Table table() {
        var name = StringColumn.create("images");
        var count = IntColumn.create("count");
        var top = DoubleColumn.create("top 5%");
        var from = DoubleColumn.create("from");
        var to = DoubleColumn.create("to");
        var worst = DoubleColumn.create("worst case");
        List<Column<?>> columns =
                new ArrayList<>(List.<Column<?>>of(name, count, top, from, to, worst));
        rows.forEach(
                (row, scores) -> {
                    Interval interval = Bootstrap.seed(0).of(scores, CopyTable::top5);
                    name.append(row);
                    count.append(scores.length);
                    top.append(interval.estimate());
                    from.append(interval.low());
                    to.append(interval.high());
                    worst.append(Arrays.stream(scores).max().orElseThrow());
                });
        limits.forEach(
                (limit, level) -> {
                    var above = StringColumn.create("above " + limit);
                    rows.values().forEach(s -> above.append(Interval.above(s, level).percent()));
                    columns.add(above);
                });
        return Table.create("copies", columns);
    }
}
