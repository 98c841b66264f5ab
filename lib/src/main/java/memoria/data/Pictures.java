package memoria.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import memoria.progress.Progress;

/**
 * Picture files with a class and captions each, not read yet: choose among them first, then read those. Immutable.
 *
 * <pre>{@code
 * var mine = Pictures.folder(Path.of("photos")).read(Framing.square(64));
 * var coco = Pictures.coco(Path.of("annotations/captions_val2017.json"), Path.of("val2017")).first(2000).read(Framing.square(512)).set();
 * mine.report();                                              // files that could not be read, and why
 * }</pre>
 */
public final class Pictures {

    private static final Set<String> ENDINGS =
            Set.of("jpg", "jpeg", "jpe", "png", "webp", "gif", "bmp", "tif", "tiff");
    private static final List<String> TABLES =
            List.of("metadata.jsonl", "metadata.csv", "captions.jsonl", "captions.csv");
    private static final List<String> NAMES =
            List.of("file_name", "filename", "file", "image", "path", "key");
    private static final int DEEPEST = 16;
    private static final int AT_ONCE = 64;

    /** One file. */
    private record Entry(String name, Path file, String label, List<String> captions) {}

    private final List<Entry> entries;
    private final Provenance source;

    private Pictures(List<Entry> entries, Provenance source) {
        this.entries = List.copyOf(entries);
        this.source = source;
    }

    /**
     * The pictures of a folder and its subfolders.
     *
     * <p>If the folder has {@code metadata.jsonl}, {@code metadata.csv}, {@code captions.jsonl} or {@code captions.csv} (the first of them
     * counts), these are the files it names, in its order, with its captions, as {@link #captions(Path)} reads them. Else these are all files
     * with the ending of a picture, sorted by name; the caption of {@code cat.jpg} is what {@code cat.txt} beside it says, a line each. The
     * class of a picture is the first subfolder it lies in; those outside of any are of one class.
     *
     * @param folder the folder
     * @return its pictures
     * @throws IllegalArgumentException if it is no folder, has no picture, or its table is damaged or names a file outside
     * @throws UncheckedIOException if it cannot be read
     */
    public static Pictures folder(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new IllegalArgumentException("folder: " + folder + " is no folder");
        }
        Provenance source =
                Provenance.made("pictures of " + folder.toAbsolutePath().normalize().getFileName());
        for (String table : TABLES) {
            Path file = folder.resolve(table);
            if (Files.exists(file)) {
                List<Entry> entries = new ArrayList<>();
                table(file).forEach((name, texts) -> entries.add(entry(file, folder, name, texts)));
                return new Pictures(entries, source);
            }
        }
        List<Entry> entries =
                walk(folder).stream()
                        .map(name -> entry(folder, folder, name, beside(folder.resolve(name))))
                        .toList();
        if (entries.isEmpty()) {
            throw new IllegalArgumentException(
                    "folder: "
                            + folder
                            + " has no file that ends in one of "
                            + new TreeSet<>(ENDINGS));
        }
        return new Pictures(entries, source);
    }

    private static List<String> walk(Path folder) {
        try (Stream<Path> files = Files.walk(folder, DEEPEST)) {
            return files.filter(Pictures::isPicture)
                    .map(file -> folder.relativize(file).toString().replace('\\', '/'))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw AtomicFile.failure("read", folder, e);
        } catch (UncheckedIOException e) {
            throw AtomicFile.failure("read", folder, e.getCause());
        }
    }

    private static boolean isPicture(Path file) {
        String name = file.getFileName().toString();
        String ending = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        return ENDINGS.contains(ending) && !name.startsWith(".") && Files.isRegularFile(file);
    }

    private static List<String> beside(Path picture) {
        String name = picture.getFileName().toString();
        Path text = picture.resolveSibling(name.substring(0, name.lastIndexOf('.')) + ".txt");
        if (!Files.isRegularFile(text)) {
            return List.of();
        }
        return TextFile.lines(text).stream().map(String::strip).filter(t -> !t.isEmpty()).toList();
    }

    private static Entry entry(Path named, Path folder, String name, List<String> captions) {
        Path inside;
        try {
            inside = Path.of(name.replace('\\', '/')).normalize();
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException(
                    "file: " + named + " names no file: " + e.getMessage());
        }
        if (name.isBlank() || inside.isAbsolute() || inside.startsWith("..")) {
            throw new IllegalArgumentException(
                    "file: " + named + " names '" + name + "', which is not inside " + folder);
        }
        String label = inside.getNameCount() > 1 ? inside.getName(0).toString() : "";
        return new Entry(name, folder.resolve(inside), label, List.copyOf(captions));
    }

    /**
     * COCO's captions (2014 or 2017).
     *
     * @param annotations {@code captions_train2017.json} or {@code captions_val2017.json}
     * @param folder with the images it names
     * @return all images in the file's order, of one class, with their captions (mostly five)
     * @throws IllegalArgumentException naming the file and the reason if it is truncated, damaged or something else
     * @throws UncheckedIOException if it cannot be read
     */
    public static Pictures coco(Path annotations, Path folder) {
        List<Entry> entries = new ArrayList<>();
        for (CocoCaptions.Captioned image : CocoCaptions.read(annotations)) {
            entries.add(entry(annotations, folder, image.file(), image.captions()));
        }
        return new Pictures(
                entries,
                new Provenance(
                        "COCO " + annotations.getFileName(),
                        "CC-BY-4.0 (annotations)",
                        "COCO Consortium",
                        "https://cocodataset.org",
                        "",
                        List.of(),
                        ""));
    }

    /** Files of a set with a class each; names are relative to the folder. */
    static Pictures of(Path list, Path folder, Map<String, String> labels, Provenance source) {
        List<Entry> entries = new ArrayList<>();
        labels.forEach(
                (name, label) -> {
                    Entry entry = entry(list, folder, name, List.of());
                    entries.add(new Entry(name, entry.file, label, List.of()));
                });
        return new Pictures(entries, source);
    }

    /**
     * The same pictures with the captions of a table: CSV, TSV, JSON lines or what else {@link TextRows} reads. The file stands under
     * {@code file_name}, {@code filename}, {@code file}, {@code image}, {@code path} or {@code key}, the caption under {@code caption},
     * {@code text}, {@code captions}, {@code prompt}, {@code title} or {@code description}; a file may come in several rows.
     *
     * @param table the table; a picture it does not name keeps its captions
     * @return captioned pictures
     * @throws IllegalArgumentException naming the file and the reason if it is damaged, or names none of these pictures
     * @throws UncheckedIOException if it cannot be read
     */
    public Pictures captions(Path table) {
        Map<String, List<String>> texts = table(table);
        if (entries.stream().noneMatch(e -> texts.containsKey(e.name))) {
            throw new IllegalArgumentException(
                    "file: "
                            + table
                            + " names none of the "
                            + count()
                            + " pictures, such as "
                            + entries.get(0).name);
        }
        return new Pictures(
                entries.stream()
                        .map(
                                e ->
                                        new Entry(
                                                e.name,
                                                e.file,
                                                e.label,
                                                texts.getOrDefault(e.name, e.captions)))
                        .toList(),
                source);
    }

    private static Map<String, List<String>> table(Path file) {
        Map<String, List<String>> found = new java.util.LinkedHashMap<>();
        TextRows.read(
                file,
                row -> {
                    List<String> name = TextRows.find(row, NAMES);
                    if (name.isEmpty()) {
                        throw new IllegalArgumentException(
                                "a row names no file; it has "
                                        + row.keySet()
                                        + ", one of "
                                        + NAMES
                                        + " is needed");
                    }
                    List<String> texts =
                            found.computeIfAbsent(name.get(0), any -> new ArrayList<>());
                    TextRows.find(row, UrlCaption.CAPTIONS).stream()
                            .map(String::strip)
                            .filter(text -> !text.isEmpty())
                            .forEach(texts::add);
                });
        if (found.isEmpty()) {
            throw new IllegalArgumentException("file: " + file + ": it has no rows");
        }
        return found;
    }

    /**
     * How many there are.
     *
     * @return 0 or more
     */
    public int count() {
        return entries.size();
    }

    /**
     * Their files.
     *
     * @return in order
     */
    public List<Path> files() {
        return entries.stream().map(Entry::file).toList();
    }

    /**
     * The first pictures.
     *
     * @param n 0 to {@link #count}
     * @return those
     * @throws IllegalArgumentException if there are not so many
     */
    public Pictures first(int n) {
        if (n < 0 || n > count()) {
            throw new IllegalArgumentException("n: " + n + " of " + count() + " pictures");
        }
        return new Pictures(entries.subList(0, n), source.then("first " + n + " of " + count()));
    }

    /**
     * The pictures that an index names.
     *
     * @param index a text with a file name a line, relative to the pictures' folder, and perhaps, behind a blank, its class; lines that begin
     *     with # are passed over
     * @return those, in the index's order
     * @throws IllegalArgumentException naming the index and the line if it names a file that is not among these, or one twice
     * @throws UncheckedIOException if it cannot be read
     */
    public Pictures listed(Path index) {
        Map<String, Entry> byName =
                entries.stream()
                        .collect(Collectors.toMap(Entry::name, e -> e, (a, b) -> a, HashMap::new));
        List<Entry> chosen = new ArrayList<>();
        NameList.read(index)
                .forEach(
                        (name, label) -> {
                            Entry entry = byName.get(name);
                            if (entry == null) {
                                throw new IllegalArgumentException(
                                        "file: "
                                                + index
                                                + " names '"
                                                + name
                                                + "', which is not among the "
                                                + count()
                                                + " pictures");
                            }
                            String known = label.isEmpty() ? entry.label : label;
                            chosen.add(new Entry(name, entry.file, known, entry.captions));
                        });
        return new Pictures(
                chosen, source.then(chosen.size() + " listed in " + index.getFileName()));
    }

    /**
     * The pictures of the classes that have many.
     *
     * @param least how many a class must have, at least 1
     * @return those, in the same order
     * @throws IllegalArgumentException if {@code least} is below 1
     */
    public Pictures ofClassesWithAtLeast(int least) {
        if (least < 1) {
            throw new IllegalArgumentException("least: " + least + "; at least 1");
        }
        Map<String, Long> sizes =
                entries.stream()
                        .collect(Collectors.groupingBy(Entry::label, Collectors.counting()));
        return where(e -> sizes.get(e.label) >= least, "classes of at least " + least);
    }

    /** Those whose name is in a set. */
    Pictures named(Set<String> names, String step) {
        return where(e -> names.contains(e.name), step);
    }

    private Pictures where(Predicate<Entry> condition, String step) {
        return new Pictures(entries.stream().filter(condition).toList(), source.then(step));
    }

    /**
     * Reads the pictures. Those that cannot be read (missing, truncated, damaged, no picture, smaller than a fixed cut-out) are left out and
     * named in what is returned, and in the set's provenance.
     *
     * @param framing what becomes of each
     * @return the set, of the classes that were met, sorted (by number if all are numbers), and what was skipped
     * @throws IllegalArgumentException if there is nothing that can be read, or more than fits into a set: 2^31 numbers
     */
    public Reading read(Framing framing) {
        long numbers = (long) count() * framing.itemSize();
        if (count() == 0 || numbers > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(
                    "pictures: "
                            + count()
                            + " of "
                            + framing.itemSize()
                            + " numbers each are "
                            + numbers
                            + "; 1 to 2147483639 are legal, choose some by first() or listed()");
        }
        byte[] batch = new byte[(int) numbers];
        String[] reasons = new String[count()];
        try (Progress progress = Progress.start("reading pictures", count())) {
            for (int from = 0; from < count(); from += AT_ONCE) {
                Progress.checkpoint();
                int to = Math.min(count(), from + AT_ONCE);
                IntStream.range(from, to)
                        .parallel()
                        .forEach(i -> reasons[i] = put(framing, batch, i));
                progress.at(to);
            }
        }
        return reading(framing, batch, reasons);
    }

    /** Writes one picture into the batch and answers null, or why not. */
    private String put(Framing framing, byte[] batch, int i) {
        try {
            framing.put(PictureFile.read(entries.get(i).file), batch, i);
            return null;
        } catch (PictureFile.Unreadable e) {
            return e.getMessage();
        }
    }

    private Reading reading(Framing framing, byte[] batch, String[] reasons) {
        List<Entry> kept = new ArrayList<>();
        List<Reading.Skipped> skipped = new ArrayList<>();
        int size = framing.itemSize();
        for (int i = 0; i < reasons.length; i++) {
            if (reasons[i] != null) {
                skipped.add(new Reading.Skipped(entries.get(i).file, reasons[i]));
            } else {
                System.arraycopy(batch, i * size, batch, kept.size() * size, size);
                kept.add(entries.get(i));
            }
        }
        if (kept.isEmpty()) {
            throw new IllegalArgumentException(
                    "pictures: none can be read: " + Reading.summary(skipped, count()));
        }
        List<String> classes = classes(kept);
        Map<String, Integer> numbers = new HashMap<>();
        classes.forEach(name -> numbers.put(name, numbers.size()));
        int[] labels = kept.stream().mapToInt(e -> numbers.get(e.label)).toArray();
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
                        skipped.isEmpty() ? made : made.then(Reading.summary(skipped, count())));
        boolean captioned = kept.stream().anyMatch(e -> !e.captions.isEmpty());
        return new Reading(
                captioned ? set.withAllCaptions(kept.stream().map(Entry::captions).toList()) : set,
                kept.stream().map(Entry::file).toList(),
                skipped);
    }

    private static List<String> classes(List<Entry> kept) {
        Set<String> names = kept.stream().map(Entry::label).collect(Collectors.toSet());
        boolean numbers = names.stream().allMatch(name -> name.matches("\\d{1,18}"));
        Comparator<String> order =
                numbers ? Comparator.comparingLong(Long::parseLong) : Comparator.naturalOrder();
        return names.stream().sorted(order.thenComparing(Comparator.naturalOrder())).toList();
    }

    /**
     * The list in one line.
     *
     * @return for example {@code pictures of photos: 120 files}
     */
    @Override
    public String toString() {
        return source.title() + ": " + count() + " files";
    }
}
