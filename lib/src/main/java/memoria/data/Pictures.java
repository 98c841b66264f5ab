package memoria.data;

import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

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

    private final List<PictureEntry> entries;
    private final Provenance source;

    private Pictures(List<PictureEntry> entries, Provenance source) {
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
        return new Pictures(PictureFolder.list(folder), source);
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
        List<PictureEntry> entries = new ArrayList<>();
        for (CocoCaptions.Captioned image : CocoCaptions.read(annotations)) {
            entries.add(
                    PictureEntry.inside(folder, image.file(), annotations)
                            .captioned(image.captions()));
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
        List<PictureEntry> entries = new ArrayList<>();
        labels.forEach(
                (name, label) -> {
                    entries.add(PictureEntry.inside(folder, name, list).labelled(label));
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
        Map<String, List<String>> texts = PictureFolder.table(table);
        if (entries.stream().noneMatch(e -> texts.containsKey(e.name()))) {
            throw new IllegalArgumentException(
                    "file: "
                            + table
                            + " names none of the "
                            + count()
                            + " pictures, such as "
                            + entries.get(0).name());
        }
        return new Pictures(
                entries.stream()
                        .map(e -> e.captioned(texts.getOrDefault(e.name(), e.captions())))
                        .toList(),
                source);
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
        return entries.stream().map(PictureEntry::file).toList();
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
        Map<String, PictureEntry> byName =
                entries.stream()
                        .collect(
                                Collectors.toMap(
                                        PictureEntry::name, e -> e, (a, b) -> a, HashMap::new));
        List<PictureEntry> chosen = new ArrayList<>();
        NameList.read(index)
                .forEach(
                        (name, label) -> {
                            PictureEntry entry = byName.get(name);
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
                            chosen.add(label.isEmpty() ? entry : entry.labelled(label));
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
                        .collect(Collectors.groupingBy(PictureEntry::label, Collectors.counting()));
        return where(e -> sizes.get(e.label()) >= least, "classes of at least " + least);
    }

    /** Those whose name is in a set. */
    Pictures named(Set<String> names, String step) {
        return where(e -> names.contains(e.name()), step);
    }

    private Pictures where(Predicate<PictureEntry> condition, String step) {
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
        return new PictureReader(entries, framing).read(source);
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
