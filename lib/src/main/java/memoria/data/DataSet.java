package memoria.data;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A set of distinct images with labels, and how often each is shown in training.
 *
 * <p>Planted duplicates are a number here, not copies: whoever searches neighbours reads {@link #distinct}, because among copies all
 * distances tie and an exact copy looks like the least similar image there is. Only a training loader repeats: it draws a position in
 * {@code [0, size())} and asks {@link #index} which image stands there. Data sets are immutable.
 *
 * <pre>{@code
 * var train = FashionMnist.train().first(1020).resize(16, 16).plant(20, 50);   // 20 images shown 50 times, 1000 once
 * }</pre>
 */
public final class DataSet {

    private final Images distinct;
    private final int[] labels;
    private final List<String> classNames;
    private final Multiplicity multiplicity;
    private final Provenance provenance;

    /** The captions of every distinct image; empty if the set has none. */
    private final List<List<String>> captions;

    DataSet(
            Images distinct,
            int[] labels,
            List<String> classNames,
            Multiplicity multiplicity,
            Provenance provenance,
            List<List<String>> captions) {
        this.captions = captions;
        this.distinct = distinct;
        this.labels = labels;
        this.classNames = List.copyOf(classNames);
        this.multiplicity = multiplicity;
        this.provenance = provenance;
    }

    /**
     * A data set in which every image is shown once.
     *
     * @param images the images
     * @param labels one class per image
     * @param classNames name of class 0, 1, ...
     * @param provenance where they come from
     * @return the set
     * @throws IllegalArgumentException if there are not as many labels as images or a label has no name
     */
    public static DataSet of(
            Images images, int[] labels, List<String> classNames, Provenance provenance) {
        if (labels.length != images.count()) {
            throw new IllegalArgumentException(
                    "labels: " + labels.length + " for " + images.count() + " images");
        }
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < 0 || labels[i] >= classNames.size()) {
                throw new IllegalArgumentException(
                        "labels: image "
                                + i
                                + " is of class "
                                + labels[i]
                                + ", but the "
                                + classNames.size()
                                + " named classes are 0 to "
                                + (classNames.size() - 1));
            }
        }
        return new DataSet(
                images,
                labels.clone(),
                classNames,
                Multiplicity.once(labels.length),
                provenance,
                List.of());
    }

    /**
     * The pictures of a folder, each once, ready to be a training or reference set: {@link Pictures#folder} says which files and captions
     * are found, {@link Framing#square} how pictures of any size become squares. Files that cannot be read are skipped; a warning names
     * them, and so does the {@link #provenance}. {@link Pictures} has the options.
     *
     * @param folder with pictures, or with one subfolder per class
     * @param size height and width of the images
     * @return the images (3, size, size) in the order of their names
     * @throws IllegalArgumentException if the folder has no picture that can be read
     * @throws java.io.UncheckedIOException if the folder cannot be read
     */
    public static DataSet folder(Path folder, int size) {
        return Pictures.folder(folder).read(Framing.square(size)).setWithWarning();
    }

    /**
     * The images, each once: what neighbours are searched among.
     *
     * @return as many as {@link #count}
     */
    public Images distinct() {
        return distinct;
    }

    /**
     * The class of every distinct image.
     *
     * @return a copy, one per image
     */
    public int[] labels() {
        return labels.clone();
    }

    /**
     * Names of the classes.
     *
     * @return the name of class c at c
     */
    public List<String> classNames() {
        return classNames;
    }

    /**
     * A caption of every distinct image: the first where an image has several.
     *
     * @return one each, empty text for an image without one; empty if the set has no captions
     */
    public List<String> captions() {
        return captions.stream().map(all -> all.isEmpty() ? "" : all.get(0)).toList();
    }

    /**
     * All captions of every distinct image.
     *
     * @return a list each, in the order of their source; empty if the set has no captions
     */
    public List<List<String>> allCaptions() {
        return captions;
    }

    /**
     * The same images with one caption each, which stay with them in every subset.
     *
     * @param texts one for each distinct image, in the same order
     * @return a new set
     * @throws IllegalArgumentException if there are not as many
     */
    public DataSet withCaptions(List<String> texts) {
        return withAllCaptions(texts.stream().map(List::of).toList());
    }

    /**
     * The same images with any number of captions each, which stay with them in every subset.
     *
     * @param texts a list for each distinct image, in the same order; it may be empty
     * @return a new set
     * @throws IllegalArgumentException if there are not as many
     */
    public DataSet withAllCaptions(List<List<String>> texts) {
        if (texts.size() != count()) {
            throw new IllegalArgumentException(
                    "texts: captions of " + texts.size() + " for " + count() + " distinct images");
        }
        List<List<String>> copy = texts.stream().map(List::copyOf).toList();
        return new DataSet(distinct, labels, classNames, multiplicity, provenance, copy);
    }

    /**
     * How often every distinct image is shown.
     *
     * @return a copy, at least 1 each
     */
    public int[] multiplicity() {
        return multiplicity.times();
    }

    /**
     * Where the images come from.
     *
     * @return the source and what was done to it
     */
    public Provenance provenance() {
        return provenance;
    }

    /**
     * Number of distinct images.
     *
     * @return 0 or more
     */
    public int count() {
        return labels.length;
    }

    /**
     * Number of images a training epoch shows: the sum of the multiplicities.
     *
     * @return at least {@link #count}
     */
    public long size() {
        return multiplicity.size();
    }

    /**
     * Which distinct image stands at a position of the repeated set, in which image 0 comes {@code multiplicity[0]} times, then image 1,
     * and so on.
     *
     * @param position 0 to {@code size() - 1}
     * @return index among the distinct images
     * @throws IllegalArgumentException if the position is out of range
     */
    public int index(long position) {
        return multiplicity.index(position);
    }

    /**
     * The images that are shown more than once.
     *
     * @return ascending indices among the distinct images
     */
    public int[] planted() {
        return multiplicity.planted();
    }

    /**
     * The first images with their labels and multiplicities.
     *
     * @param n 0 to {@link #count}
     * @return a new set
     * @throws IllegalArgumentException if there are not so many
     */
    public DataSet first(int n) {
        if (n < 0 || n > count()) {
            throw new IllegalArgumentException(
                    "n: " + n + " of a set of " + count() + " distinct images");
        }
        return subset("first " + n + " images", IntStream.range(0, n).toArray());
    }

    /**
     * Images by index, in the given order.
     *
     * @param indices 0 to {@code count - 1} each, none twice
     * @return a new set
     * @throws IllegalArgumentException if an index is out of range or comes twice (show an image more often with {@link #plant})
     */
    public DataSet select(int... indices) {
        if (Arrays.stream(indices).distinct().count() < indices.length) {
            throw new IllegalArgumentException(
                    "indices: an index comes twice; images of a set are distinct, plant() shows one more often");
        }
        return subset(indices.length + " images by index of " + count(), indices);
    }

    /**
     * The same set in another form: each image replaced by what stands for it, such as its latent.
     *
     * @param others one for each distinct image, in the same order
     * @param step what was done, for the provenance
     * @return a new set with the labels and multiplicities of this one
     * @throws IllegalArgumentException if there are not as many
     */
    public DataSet as(Images others, String step) {
        if (others.count() != count()) {
            throw new IllegalArgumentException(
                    "others: " + others.count() + " for " + count() + " distinct images");
        }
        return new DataSet(
                others, labels, classNames, multiplicity, provenance.then(step), captions);
    }

    /**
     * The images of one class.
     *
     * @param label its number
     * @return a new set, perhaps empty
     * @throws IllegalArgumentException if there is no such class
     */
    public DataSet where(int label) {
        if (label < 0 || label >= classNames.size()) {
            throw new IllegalArgumentException(
                    "label: " + label + "; the classes are 0 to " + (classNames.size() - 1));
        }
        int[] indices = IntStream.range(0, count()).filter(i -> labels[i] == label).toArray();
        return subset("class " + label + " (" + classNames.get(label) + ")", indices);
    }

    private DataSet subset(String step, int[] indices) {
        return new DataSet(
                distinct.select(indices),
                Arrays.stream(indices).map(i -> labels[i]).toArray(),
                classNames,
                multiplicity.select(indices),
                provenance.then(step),
                captions.isEmpty()
                        ? captions
                        : Arrays.stream(indices).mapToObj(captions::get).toList());
    }

    /**
     * The set at another image size: area averages ({@link Images#resize}) rounded to 8 bits, so that what is trained on and what
     * {@link #save} ships are the same numbers.
     *
     * @param h new height, at least 1
     * @param w new width, at least 1
     * @return a new set; this one if the size is the same
     * @throws IllegalArgumentException if a size is below 1
     */
    public DataSet resize(int h, int w) {
        if (h == distinct.height() && w == distinct.width()) {
            return this;
        }
        String step =
                String.format(
                        "resized from %dx%d to %dx%d by area averages, rounded to 8 bits",
                        distinct.height(), distinct.width(), h, w);
        return as(distinct.resize(h, w).quantized(), step);
    }

    /**
     * Plants duplicates: the first images are shown several times, all others keep their multiplicity.
     *
     * @param count how many images, 0 to {@link #count}
     * @param times how often each is shown, at least 1
     * @return a new set
     * @throws IllegalArgumentException if an argument is out of range
     */
    public DataSet plant(int count, int times) {
        return planted(
                multiplicity.first(count, List.of(times)),
                "first " + count + " images shown " + times + " times");
    }

    /**
     * Plants duplicates, some more often than others: the first images are shown several times, by turns as often as the numbers say.
     *
     * @param count how many images, 0 to {@link #count}
     * @param times each at least 1; image i is shown as often as number i modulo their count says
     * @return a new set
     * @throws IllegalArgumentException if an argument is out of range
     */
    public DataSet plant(int count, List<Integer> times) {
        Multiplicity more = multiplicity.first(count, times);
        return planted(
                more,
                "first "
                        + count
                        + " images shown "
                        + (times.size() == 1
                                ? times.get(0) + " times"
                                : times + " times by turns"));
    }

    /**
     * Plants duplicates among images chosen by a seed: those with the smallest SplitMix64 hash of {@code seed + index}, so that the choice
     * among the same images is the same on every machine.
     *
     * @param count how many images, 0 to {@link #count}
     * @param times how often each is shown, at least 1
     * @param seed any number
     * @return a new set
     * @throws IllegalArgumentException if an argument is out of range
     */
    public DataSet plant(int count, int times, long seed) {
        return planted(
                multiplicity.bySeed(count, times, seed),
                count + " images chosen by seed " + seed + " shown " + times + " times");
    }

    private DataSet planted(Multiplicity more, String step) {
        return new DataSet(distinct, labels, classNames, more, provenance.then(step), captions);
    }

    /**
     * Makes a template of one image: changed versions of it stand behind all others, each shown once, in the image's own class
     * and with its captions.
     *
     * @param index of the image, which stays where it is
     * @param count how many versions, 0 or more
     * @param variation what changes
     * @param seed decides the versions
     * @return a new set of {@code count} more images
     * @throws IllegalArgumentException if an argument is out of range
     */
    public DataSet vary(int index, int count, Variation variation, long seed) {
        if (index < 0 || index >= count()) {
            throw new IllegalArgumentException(
                    "index: " + index + " of a set of " + count() + " distinct images");
        }
        Images versions = variation.of(distinct.select(index), count, seed);
        int[] moreLabels = Arrays.copyOf(labels, count() + count);
        Arrays.fill(moreLabels, count(), moreLabels.length, labels[index]);
        List<List<String>> moreCaptions = new ArrayList<>(captions);
        for (int k = 0; k < count && !captions.isEmpty(); k++) {
            moreCaptions.add(captions.get(index));
        }
        return new DataSet(
                Images.concat(distinct, versions),
                moreLabels,
                classNames,
                multiplicity.and(count),
                provenance.then(count + " versions of image " + index + ", " + variation),
                List.copyOf(moreCaptions));
    }

    /**
     * A checksum of everything a training sees: two sets with the same one are the same data, whatever their titles say.
     *
     * @return SHA-256, in lower-case hex, of the pixels as float32, the multiplicities and the labels as int32, highest byte first, and of the
     *     captions if there are any
     */
    public String sha256() {
        MessageDigest digest = Checksum.digest();
        distinct.update(digest);
        for (int[] numbers : new int[][] {multiplicity.times(), labels}) {
            ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * numbers.length);
            bytes.asIntBuffer().put(numbers);
            digest.update(bytes.array());
        }
        // A zero ends a caption, a one an image, so that no two sets of captions are the same
        // bytes.
        for (List<String> of : captions) {
            of.forEach(text -> digest.update((text + "\0").getBytes(StandardCharsets.UTF_8)));
            digest.update((byte) 1);
        }
        return Checksum.hex(digest.digest());
    }

    /**
     * Writes the set to one file: a zip archive with {@code dataset.json} (sizes, labels, class names, multiplicities, captions,
     * provenance, checksum), {@code images.png} (all images on one sheet, losslessly) and {@code LICENSE}.
     *
     * @param file where to; replaced as a whole or not at all
     * @throws IllegalStateException if the set is empty, its images have neither 1 nor 3 channels, or their values are not 8-bit levels
     * @throws java.io.UncheckedIOException if the file cannot be written
     */
    public void save(Path file) {
        DataSetFile.write(this, file);
    }

    /**
     * Reads what {@link #save} wrote.
     *
     * @param file the file
     * @return an equal set
     * @throws IllegalArgumentException naming the file and the reason if it is truncated, damaged or something else
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static DataSet load(Path file) {
        return DataSetFile.read(file);
    }

    /**
     * The set in one line.
     *
     * @return for example {@code Fashion-MNIST training set: 1020 distinct images (1, 16, 16), 2000 with repetitions}
     */
    @Override
    public String toString() {
        return provenance.title()
                + ": "
                + count()
                + " distinct images "
                + distinct.item()
                + ", "
                + size()
                + " with repetitions";
    }
}
