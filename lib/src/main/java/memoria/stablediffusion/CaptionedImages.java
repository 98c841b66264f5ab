package memoria.stablediffusion;

import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import memoria.data.Captions;
import memoria.data.DataSet;
import memoria.data.Fetch;
import memoria.data.Fetched;
import memoria.data.Framing;
import memoria.data.Images;
import memoria.data.Manifest;
import memoria.data.Manifests;
import memoria.data.Pictures;
import memoria.data.Reading;
import memoria.data.TextFile;
import memoria.similarity.Targets;

/**
 * Captioned images of several sources, what a detector of memorized images has to tell apart: in the LID paper's Figure 6 LAION's memorized
 * images, LAION Aesthetics, COCO and Tuxemon.
 *
 * <pre>{@code
 * var all = ShippedText.images(train, unseen, 60);
 * var tuning = all.half(0);
 * var reported = all.half(1);
 * }</pre>
 *
 * @param images of one shape
 * @param captions one per image
 * @param sources one per image
 */
public record CaptionedImages(Images images, List<String> captions, List<String> sources) {

    private static final String MEMORIZED = "memorized";
    private static final String COCO = "coco-captions-2017";

    /**
     * Checks that there is one of each per image.
     *
     * @param images as in the record
     * @param captions as in the record
     * @param sources as in the record
     * @throws IllegalArgumentException if the counts differ
     */
    public CaptionedImages {
        captions = List.copyOf(captions);
        sources = List.copyOf(sources);
        if (captions.size() != images.count() || sources.size() != images.count()) {
            throw new IllegalArgumentException(
                    "captions, sources: "
                            + captions.size()
                            + " and "
                            + sources.size()
                            + " for "
                            + images.count()
                            + " images; one each is needed");
        }
    }

    /**
     * Images of one source.
     *
     * @param source its name
     * @param images at least one
     * @param captions one per image
     * @return the images
     * @throws IllegalArgumentException if the counts differ
     */
    public static CaptionedImages of(String source, Images images, List<String> captions) {
        List<String> sources = IntStream.range(0, images.count()).mapToObj(i -> source).toList();
        return new CaptionedImages(images, captions, sources);
    }

    /**
     * Images of files, in colour and scaled to a square of one size.
     *
     * @param list a text file in UTF-8; a line holds source, image file (seen from the list's folder) and caption, separated by tabs; empty lines
     *     are skipped
     * @param side of the images, in pixels, at least 1
     * @return the images in the order of the list
     * @throws IllegalArgumentException if a line has other parts, an image cannot be read or there is none; it is named
     * @throws UncheckedIOException if the list cannot be read
     */
    public static CaptionedImages read(Path list, int side) {
        if (side < 1) {
            throw new IllegalArgumentException("side: " + side + "; at least 1 is needed");
        }
        List<String> sources = new ArrayList<>();
        List<String> files = new ArrayList<>();
        List<String> captions = new ArrayList<>();
        for (String line : lines(list)) {
            String[] parts = line.split("\t", -1);
            if (parts.length != 3) {
                throw new IllegalArgumentException(
                        "list: '"
                                + line
                                + "' in "
                                + list
                                + " is not source, image file and caption, separated by tabs");
            }
            sources.add(parts[0]);
            files.add(list.resolveSibling(parts[1]).toString());
            captions.add(parts[2]);
        }
        if (files.isEmpty()) {
            throw new IllegalArgumentException("list: " + list + " names no image");
        }
        Targets read = Targets.square(side).add(files.toArray(String[]::new));
        if (!read.failures().isEmpty()) {
            throw new IllegalArgumentException("list: " + read.failures().get(0) + ", in " + list);
        }
        return new CaptionedImages(read.images(), captions, sources);
    }

    /**
     * Images of published sets, in colour and cut to a square of one size. They are found or fetched; pictures that are gone or cannot be read
     * are left out.
     *
     * @param side of the images, in pixels, at least 1; a thousand images of 512 take 3 GB
     * @param atMost how many of each set, at least 1
     * @param say is told what is left out
     * @param sets names of manifests with captioned pictures: {@code laion-memorized-500}, {@code coco-captions-2017} and so on
     * @return the images, a source per set, which has the set's name; all sets of memorized pictures are one source, {@code memorized}
     * @throws IllegalArgumentException if a name is none of a manifest, its set has no captioned pictures, or a number is below 1
     */
    public static CaptionedImages published(
            int side, int atMost, Consumer<String> say, String... sets) {
        if (side < 1 || atMost < 1 || sets.length == 0) {
            throw new IllegalArgumentException(
                    "side, atMost, sets: "
                            + side
                            + ", "
                            + atMost
                            + ", "
                            + List.of(sets)
                            + "; at least 1 of each is needed");
        }
        CaptionedImages all = null;
        for (String name : sets) {
            Pictures pictures = pictures(Manifests.of(name), atMost, say);
            Reading read =
                    pictures.first(Math.min(atMost, pictures.count())).read(Framing.square(side));
            if (!read.skipped().isEmpty()) {
                say.accept(name + ": " + read.summary());
            }
            String source = name.contains(MEMORIZED) ? MEMORIZED : name;
            DataSet set = read.set();
            CaptionedImages next = of(source, set.distinct(), set.captions());
            all = all == null ? next : all.and(next);
        }
        return all;
    }

    private static Pictures pictures(Manifest manifest, int atMost, Consumer<String> say) {
        if (manifest.name().equals(COCO)) {
            Fetched coco = Manifests.fetch(COCO);
            return Pictures.coco(
                    coco.path("annotations/captions_val2017.json"), coco.path("val2017"));
        }
        return Fetch.of(manifest)
                .images(atMost)
                .say(say)
                .run()
                .images()
                .map(came -> Pictures.folder(came.folder()))
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "sets: '"
                                                + manifest.name()
                                                + "' has no list of pictures; give its pictures in a list of files"));
    }

    private static List<String> lines(Path list) {
        return TextFile.lines(list).stream().filter(line -> !line.isBlank()).toList();
    }

    /**
     * Images of the shipped model, a source per kind, and others that it never saw, captioned by the same rule.
     *
     * @param train of {@link ShippedText#planting}
     * @param unseen of Fashion-MNIST, too
     * @param count how many ordinary and how many unseen ones, the first; each at least 1
     * @return sources {@code planted}, {@code varied}, {@code rare}, {@code ordinary} and {@code unseen}
     * @throws IllegalArgumentException if there are not so many
     */
    public static CaptionedImages shipped(DataSet train, DataSet unseen, int count) {
        List<String> captions = ShippedText.captions(train);
        CaptionedImages all = null;
        for (CaptionKind kind : CaptionKind.values()) {
            int[] of = ShippedText.indices(kind);
            int[] some = kind == CaptionKind.ORDINARY ? Arrays.copyOf(of, count) : of;
            CaptionedImages next =
                    of(
                            kind.toString(),
                            train.distinct().select(some),
                            Arrays.stream(some).mapToObj(captions::get).toList());
            all = all == null ? next : all.and(next);
        }
        DataSet others = unseen.first(count);
        return all.and(of("unseen", others.distinct(), Captions.of(others, List.of())));
    }

    /**
     * These images and others.
     *
     * @param more of the same shape
     * @return both, these first
     * @throws IllegalArgumentException if the shapes differ
     */
    public CaptionedImages and(CaptionedImages more) {
        List<String> words = new ArrayList<>(captions);
        words.addAll(more.captions);
        List<String> from = new ArrayList<>(sources);
        from.addAll(more.sources);
        return new CaptionedImages(Images.concat(images, more.images), words, from);
    }

    /**
     * Half of the images of every source: settings are chosen on one half and reported on the other. Which image is where follows the Thue-Morse
     * sequence (0 1 1 0 1 0 0 1 ...), so that whatever goes by turns within a source, such as how often its images were shown, is in both.
     *
     * @param which 0 or 1
     * @return the images where the sequence has that number
     * @throws IllegalArgumentException if which is neither
     */
    public CaptionedImages half(int which) {
        if (which != 0 && which != 1) {
            throw new IllegalArgumentException("which: " + which + "; 0 or 1 is legal");
        }
        Map<String, Integer> seen = new LinkedHashMap<>();
        int[] rows =
                IntStream.range(0, count())
                        .filter(
                                i -> {
                                    int place = seen.merge(sources.get(i), 1, Integer::sum) - 1;
                                    return Integer.bitCount(place) % 2 == which;
                                })
                        .toArray();
        return select(rows);
    }

    private CaptionedImages select(int... rows) {
        return new CaptionedImages(
                images.select(rows),
                Arrays.stream(rows).mapToObj(captions::get).toList(),
                Arrays.stream(rows).mapToObj(sources::get).toList());
    }

    /**
     * The images of one source.
     *
     * @param source its name
     * @return they alone
     * @throws IllegalArgumentException if there is none
     */
    public CaptionedImages only(String source) {
        return select(rows(source));
    }

    private int[] rows(String source) {
        int[] rows =
                IntStream.range(0, count()).filter(i -> sources.get(i).equals(source)).toArray();
        if (rows.length == 0) {
            throw new IllegalArgumentException("source: '" + source + "' is not one of " + names());
        }
        return rows;
    }

    /**
     * How many images there are.
     *
     * @return the count
     */
    public int count() {
        return images.count();
    }

    /**
     * The captions, as prompts are asked for.
     *
     * @return a new array, one per image
     */
    public String[] prompts() {
        return captions.toArray(String[]::new);
    }

    /**
     * The names of the sources.
     *
     * @return each once, in order
     */
    public List<String> names() {
        return List.copyOf(new LinkedHashSet<>(sources));
    }

    /**
     * The part of a measurement that belongs to a source.
     *
     * @param source its name
     * @param measured one number per image
     * @return one per image of the source
     * @throws IllegalArgumentException if there is no such source or the number of measurements differs
     */
    public double[] of(String source, double[] measured) {
        requireAll(measured);
        return Arrays.stream(rows(source)).mapToDouble(i -> measured[i]).toArray();
    }

    /**
     * The part of a measurement that belongs to all other sources.
     *
     * @param source the one left out
     * @param measured one number per image
     * @return one per image of the others
     * @throws IllegalArgumentException if the number of measurements differs
     */
    public double[] except(String source, double[] measured) {
        requireAll(measured);
        return IntStream.range(0, count())
                .filter(i -> !sources.get(i).equals(source))
                .mapToDouble(i -> measured[i])
                .toArray();
    }

    private void requireAll(double[] measured) {
        if (measured.length != count()) {
            throw new IllegalArgumentException(
                    "measured: " + measured.length + " numbers for " + count() + " images");
        }
    }
}
