package memoria.data;

import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.SoftReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * CIFAR-10 (Krizhevsky 2009) in its binary version: 50,000 training and 10,000 test pictures of 32x32 in colour, ten classes.
 *
 * <p>A file is a row of records of 3073 bytes: the class, then 1024 red, 1024 green and 1024 blue levels, each plane row by row. The
 * training set is {@code data_batch_1.bin} to {@code data_batch_5.bin}, the test set {@code test_batch.bin}; the published files hold 10,000
 * records each, files of any number of records are read. The format has no checksum: a flipped bit of a pixel is another pixel. What was
 * read has its SHA-256 in the set's {@link DataSet#provenance()}.
 *
 * <pre>{@code
 * var train = Cifar10.train();                          // from MEMORIA_DATA or the cache
 * var mine  = Cifar10.test(Path.of("cifar-10-batches-bin"));
 * }</pre>
 */
public final class Cifar10 {

    private static final int SIDE = 32;
    private static final int PIXELS = 3 * SIDE * SIDE;
    private static final int RECORD = 1 + PIXELS;
    private static final int RECORDS_AT_ONCE = 256;
    private static final int BATCHES = 5;
    private static final String NAME = "cifar-10";
    private static final String INSIDE = "cifar-10-batches-bin";
    private static final List<String> TRAIN =
            IntStream.rangeClosed(1, BATCHES).mapToObj(i -> "data_batch_" + i + ".bin").toList();
    private static final List<String> TEST = List.of("test_batch.bin");

    private static final List<String> CLASSES =
            List.of(
                    "airplane",
                    "automobile",
                    "bird",
                    "cat",
                    "deer",
                    "dog",
                    "frog",
                    "horse",
                    "ship",
                    "truck");

    private static SoftReference<DataSet> train = new SoftReference<>(null);
    private static SoftReference<DataSet> test = new SoftReference<>(null);

    private Cifar10() {}

    /**
     * The training set, from this machine: looked for in the folder that {@code MEMORIA_DATA} names, its subfolder {@code cifar-10}, and
     * {@code cifar-10} in the cache ({@link Folders#cache}); each may hold the files or the folder {@code cifar-10-batches-bin}.
     *
     * @return 50,000 images (3, 32, 32) with labels; 600 MB, kept for the next call while memory suffices
     * @throws IllegalStateException if the files are not on this machine; the message says where they were looked for
     * @throws IllegalArgumentException naming the file and the reason if one is truncated or not of this format
     * @throws java.io.UncheckedIOException if one cannot be read
     */
    public static synchronized DataSet train() {
        DataSet set = train.get();
        if (set == null) {
            set = train(found());
            train = new SoftReference<>(set);
        }
        return set;
    }

    /**
     * The test set, from where {@link #train()} finds the training set.
     *
     * @return 10,000 images (3, 32, 32) with labels
     * @throws IllegalStateException if the files are not on this machine; the message says where they were looked for
     * @throws IllegalArgumentException naming the file and the reason if it is truncated or not of this format
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static synchronized DataSet test() {
        DataSet set = test.get();
        if (set == null) {
            set = test(found());
            test = new SoftReference<>(set);
        }
        return set;
    }

    /**
     * The training set of a folder.
     *
     * @param folder with {@code data_batch_1.bin} to {@code data_batch_5.bin}, or with {@code cifar-10-batches-bin} that has them
     * @return the images (3, 32, 32) of all five files in order, with labels
     * @throws IllegalArgumentException naming the folder and what it lacks, or a file and the reason if it is truncated or not of this
     *     format
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static DataSet train(Path folder) {
        return read(folder, TRAIN, "training set");
    }

    /**
     * The test set of a folder.
     *
     * @param folder with {@code test_batch.bin}, or with {@code cifar-10-batches-bin} that has it
     * @return its images (3, 32, 32) with labels
     * @throws IllegalArgumentException naming the folder and what it lacks, or a file and the reason if it is truncated or not of this
     *     format
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static DataSet test(Path folder) {
        return read(folder, TEST, "test set");
    }

    /**
     * Where all six files lie on this machine. Nothing is read.
     *
     * @return the first folder that has them; empty if none has
     */
    public static Optional<Path> folder() {
        return candidates().stream()
                .flatMap(folder -> Stream.of(folder, folder.resolve(INSIDE)))
                .filter(folder -> missing(folder, TRAIN).isEmpty())
                .filter(folder -> missing(folder, TEST).isEmpty())
                .findFirst();
    }

    private static List<Path> candidates() {
        List<Path> folders = new ArrayList<>(Folders.data(NAME, List.of()));
        folders.add(Folders.cache().resolve(NAME));
        return folders;
    }

    private static Path found() {
        return folder().orElseThrow(
                        () ->
                                new IllegalStateException(
                                        "CIFAR-10 is not on this machine: none of "
                                                + candidates()
                                                + " holds "
                                                + INSIDE
                                                + " with data_batch_1.bin to data_batch_5.bin and test_batch.bin;"
                                                + " environment/fetch cifar-10 brings them, or MEMORIA_DATA may name a folder that has them"));
    }

    private static List<String> missing(Path folder, List<String> names) {
        return names.stream().filter(n -> !Files.isRegularFile(folder.resolve(n))).toList();
    }

    private static DataSet read(Path folder, List<String> names, String part) {
        Path inside = folder.resolve(INSIDE);
        Path home = missing(inside, names).isEmpty() ? inside : folder;
        List<String> missing = missing(home, names);
        if (!missing.isEmpty()) {
            throw new IllegalArgumentException(
                    "folder: "
                            + folder
                            + " lacks "
                            + missing
                            + " of CIFAR-10's binary version"
                            + (Files.exists(home.resolve("batches.meta"))
                                    ? "; it holds the version for Python"
                                    : ""));
        }
        int[] counts = names.stream().mapToInt(name -> records(home.resolve(name))).toArray();
        int count = IntStream.of(counts).sum();
        float[] values = new float[Math.multiplyExact(count, PIXELS)];
        int[] labels = new int[count];
        MessageDigest digest = Checksum.digest();
        int at = 0;
        for (int i = 0; i < counts.length; i++) {
            read(home.resolve(names.get(i)), counts[i], at, values, labels, digest);
            at += counts[i];
        }
        Provenance source =
                new Provenance(
                        "CIFAR-10 " + part,
                        "not stated",
                        "Alex Krizhevsky, Vinod Nair and Geoffrey Hinton",
                        "https://www.cs.toronto.edu/~kriz/cifar.html",
                        Checksum.hex(digest.digest()),
                        List.of(),
                        "");
        return DataSet.of(Images.wrap(values, count, 3, SIDE, SIDE), labels, CLASSES, source);
    }

    private static int records(Path file) {
        long size;
        try {
            size = Files.size(file);
        } catch (IOException e) {
            throw AtomicFile.failure("read", file, e);
        }
        if (size == 0 || size % RECORD != 0 || size / RECORD > Integer.MAX_VALUE / PIXELS) {
            throw bad(
                    file,
                    size
                            + " bytes are no whole number of records of "
                            + RECORD
                            + " bytes (a class and 3 x 32 x 32 levels): it is truncated or not of CIFAR-10's binary"
                            + " version");
        }
        return (int) (size / RECORD);
    }

    private static void read(
            Path file, int count, int first, float[] values, int[] labels, MessageDigest digest) {
        byte[] records = new byte[RECORDS_AT_ONCE * RECORD];
        try (InputStream in = Files.newInputStream(file)) {
            for (int done = 0; done < count; ) {
                int now = Math.min(RECORDS_AT_ONCE, count - done);
                if (in.readNBytes(records, 0, now * RECORD) < now * RECORD) {
                    throw bad(file, "it became shorter while it was read");
                }
                digest.update(records, 0, now * RECORD);
                for (int k = 0; k < now; k++) {
                    int label = records[k * RECORD] & 0xff;
                    if (label >= CLASSES.size()) {
                        throw bad(
                                file,
                                "record "
                                        + (done + k)
                                        + " is of class "
                                        + label
                                        + "; 0 to 9 are legal, so it is damaged or not of CIFAR-10's binary version");
                    }
                    labels[first + done + k] = label;
                    int to = (first + done + k) * PIXELS;
                    for (int p = 0; p < PIXELS; p++) {
                        values[to + p] = Pixels.value(records[k * RECORD + 1 + p] & 0xff);
                    }
                }
                done += now;
            }
        } catch (IOException e) {
            throw AtomicFile.failure("read", file, e);
        }
    }

    private static IllegalArgumentException bad(Path file, String reason) {
        return new IllegalArgumentException("file: " + file + ": " + reason);
    }

    /**
     * Writes two sets as CIFAR-10's binary version: what {@link #train(Path)} and {@link #test(Path)}, or any other reader of that format,
     * then read.
     *
     * @param training at least five distinct images (3, 32, 32), spread over the five files in order; multiplicities are not written
     * @param unseen at least one distinct image (3, 32, 32)
     * @param folder where to; made if it is missing, files in it are replaced
     * @throws IllegalArgumentException if a set is too small, of another shape, or has more than ten classes
     * @throws java.io.UncheckedIOException if a file cannot be written
     */
    public static void write(DataSet training, DataSet unseen, Path folder) {
        requireFit("training", training, BATCHES);
        requireFit("unseen", unseen, 1);
        for (int b = 0; b < BATCHES; b++) {
            int from = (int) ((long) b * training.count() / BATCHES);
            int to = (int) ((b + 1L) * training.count() / BATCHES);
            write(folder.resolve(TRAIN.get(b)), training, from, to);
        }
        write(folder.resolve(TEST.get(0)), unseen, 0, unseen.count());
    }

    private static void requireFit(String argument, DataSet set, int least) {
        Images images = set.distinct();
        boolean shape = images.channels() == 3 && images.height() == SIDE && images.width() == SIDE;
        if (!shape || set.count() < least || set.classNames().size() > CLASSES.size()) {
            throw new IllegalArgumentException(
                    argument
                            + ": "
                            + set.count()
                            + " images of "
                            + images.item()
                            + " in "
                            + set.classNames().size()
                            + " classes; CIFAR-10's format holds (3, 32, 32) in up to 10, and at least "
                            + least
                            + " are needed");
        }
    }

    private static void write(Path file, DataSet set, int from, int to) {
        int[] labels = set.labels();
        AtomicFile.write(
                file,
                out -> {
                    for (int i = from; i < to; i++) {
                        byte[] record = new byte[RECORD];
                        record[0] = (byte) labels[i];
                        byte[] levels = set.distinct().slice(i, i + 1).bytes();
                        System.arraycopy(levels, 0, record, 1, PIXELS);
                        out.write(record);
                    }
                });
    }
}
