package memoria.amg;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import tech.tablesaw.api.BooleanColumn;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.IntColumn;
import tech.tablesaw.api.LongColumn;
import tech.tablesaw.api.Table;

/**
 * What a guidance saw and did, step by step: the data behind the paper's Figs. 1 to 5.
 *
 * <pre>{@code
 * var record = new AmgRecord();
 * Ddim.steps(50).guidedBy(amg.record(record)).sample(model, seeds);
 * Show.table(record.table());
 * }</pre>
 */
public final class AmgRecord {

    private record Entry(
            long seed,
            int stepsDone,
            double tau,
            int nearest,
            double similarity,
            double threshold,
            boolean armed) {}

    private final List<Entry> entries = new ArrayList<>();

    /** A record without entries. */
    public AmgRecord() {}

    synchronized void add(
            long seed,
            int stepsDone,
            double tau,
            int nearest,
            double similarity,
            double threshold,
            boolean armed) {
        entries.add(new Entry(seed, stepsDone, tau, nearest, similarity, threshold, armed));
    }

    /**
     * Everything recorded.
     *
     * @return one row per image and step: {@code seed}, {@code step} from 0, {@code tau} (share of the steps left), {@code nearest} (place
     *     among the training images), {@code similarity}, {@code threshold}, {@code armed} (whether the image was guided at this step)
     */
    public synchronized Table table() {
        return table(entries);
    }

    /**
     * What was recorded of one image.
     *
     * @param seed the image's
     * @return as {@link #table()}, in the order of the steps
     * @throws IllegalArgumentException if nothing was
     */
    public synchronized Table of(long seed) {
        List<Entry> own = entries.stream().filter(e -> e.seed == seed).toList();
        if (own.isEmpty()) {
            throw new IllegalArgumentException(
                    "seed: " + seed + "; nothing was recorded of this image");
        }
        return table(own);
    }

    /**
     * What the guidance did to each image.
     *
     * @return one row per image, in the order recorded: {@code seed}, {@code first armed} (the share of steps left when it was first guided,
     *     missing if it never was), {@code steps armed} (a count), {@code last similarity} (of the last step)
     */
    public synchronized Table summary() {
        var seed = LongColumn.create("seed");
        var first = DoubleColumn.create("first armed");
        var steps = IntColumn.create("steps armed");
        var last = DoubleColumn.create("last similarity");
        Map<Long, List<Entry>> bySeed =
                entries.stream()
                        .collect(
                                Collectors.groupingBy(
                                        Entry::seed, LinkedHashMap::new, Collectors.toList()));
        bySeed.forEach(
                (image, own) -> {
                    List<Entry> armed = own.stream().filter(Entry::armed).toList();
                    seed.append(image);
                    steps.append(armed.size());
                    last.append(own.get(own.size() - 1).similarity);
                    if (armed.isEmpty()) {
                        first.appendMissing();
                    } else {
                        first.append(armed.get(0).tau);
                    }
                });
        return Table.create("guided images", seed, first, steps, last);
    }

    /**
     * The images that were guided at some step.
     *
     * @return their seeds, in the order recorded
     */
    public synchronized long[] armed() {
        return entries.stream().filter(Entry::armed).mapToLong(Entry::seed).distinct().toArray();
    }

    private static Table table(List<Entry> entries) {
        var seed = LongColumn.create("seed");
        var step = IntColumn.create("step");
        var tau = DoubleColumn.create("tau");
        var nearest = IntColumn.create("nearest");
        var similarity = DoubleColumn.create("similarity");
        var threshold = DoubleColumn.create("threshold");
        var armed = BooleanColumn.create("armed");
        for (Entry entry : entries) {
            seed.append(entry.seed);
            step.append(entry.stepsDone);
            tau.append(entry.tau);
            nearest.append(entry.nearest);
            similarity.append(entry.similarity);
            threshold.append(entry.threshold);
            armed.append(entry.armed);
        }
        return Table.create("guidance", seed, step, tau, nearest, similarity, threshold, armed);
    }
}
