package memoria.data;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import memoria.progress.Progress;

/** Reads picture files into a data set, several at a time, and names those that cannot be read. */
final class PictureReader {

    private static final int AT_ONCE = 64;

    private final List<PictureEntry> entries;
    private final Framing framing;

    PictureReader(List<PictureEntry> entries, Framing framing) {
        this.entries = entries;
        this.framing = framing;
    }

    Reading read(Provenance source) {
        long numbers = (long) entries.size() * framing.itemSize();
        if (entries.size() == 0 || numbers > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(
                    "pictures: "
                            + entries.size()
                            + " of "
                            + framing.itemSize()
                            + " numbers each are "
                            + numbers
                            + "; 1 to 2147483639 are legal, choose some by first() or listed()");
        }
        byte[] batch = new byte[(int) numbers];
        String[] reasons = new String[entries.size()];
        try (Progress progress = Progress.start("reading pictures", entries.size())) {
            for (int from = 0; from < entries.size(); from += AT_ONCE) {
                Progress.checkpoint();
                int to = Math.min(entries.size(), from + AT_ONCE);
                IntStream.range(from, to).parallel().forEach(i -> reasons[i] = put(batch, i));
                progress.at(to);
            }
        }
        return reading(batch, reasons, source);
    }

    /** Writes one picture into the batch and answers null, or why not. */
    private String put(byte[] batch, int i) {
        try {
            framing.put(PictureFile.read(entries.get(i).file()), batch, i);
            return null;
        } catch (PictureFile.Unreadable e) {
            return e.getMessage();
        }
    }

    private Reading reading(byte[] batch, String[] reasons, Provenance source) {
        List<PictureEntry> kept = new ArrayList<>();
        List<Reading.Skipped> skipped = new ArrayList<>();
        int size = framing.itemSize();
        for (int i = 0; i < reasons.length; i++) {
            if (reasons[i] != null) {
                skipped.add(new Reading.Skipped(entries.get(i).file(), reasons[i]));
            } else {
                System.arraycopy(batch, i * size, batch, kept.size() * size, size);
                kept.add(entries.get(i));
            }
        }
        if (kept.isEmpty()) {
            throw new IllegalArgumentException(
                    "pictures: none can be read: " + Reading.summary(skipped, entries.size()));
        }
        List<String> classes = classes(kept);
        Map<String, Integer> numbers = new HashMap<>();
        classes.forEach(name -> numbers.put(name, numbers.size()));
        int[] labels = kept.stream().mapToInt(e -> numbers.get(e.label())).toArray();
        Provenance made = source.then(framing.toString());
        DataSet set =
                DataSet.of(
                        Images.wrap(
                                batch,
                                kept.size(),
                                framing.channels(),
                                framing.height(),
                                framing.width()),
                        labels,
                        classes.stream().map(name -> name.isEmpty() ? "picture" : name).toList(),
                        skipped.isEmpty()
                                ? made
                                : made.then(Reading.summary(skipped, entries.size())));
        boolean captioned = kept.stream().anyMatch(e -> !e.captions().isEmpty());
        return new Reading(
                captioned
                        ? set.withAllCaptions(kept.stream().map(PictureEntry::captions).toList())
                        : set,
                kept.stream().map(PictureEntry::file).toList(),
                skipped);
    }

    private static List<String> classes(List<PictureEntry> kept) {
        Set<String> names = kept.stream().map(PictureEntry::label).collect(Collectors.toSet());
        boolean numbers = names.stream().allMatch(name -> name.matches("\\d{1,18}"));
        Comparator<String> order =
                numbers ? Comparator.comparingLong(Long::parseLong) : Comparator.naturalOrder();
        return names.stream().sorted(order.thenComparing(Comparator.naturalOrder())).toList();
    }
}
