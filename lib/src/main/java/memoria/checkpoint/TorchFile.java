package memoria.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import memoria.data.AtomicFile;

/**
 * PyTorch's own checkpoints, {@code .pt} and {@code .pth}: the zip archives of today and the files from before PyTorch 1.6. They are read as
 * data; no code of theirs runs, and a file that names anything but tensors and dictionaries is refused.
 *
 * <pre>{@code
 * Map<String, NDArray> state = TorchFile.read(file).tensors(manager);              // a state dictionary
 * Map<String, NDArray> inner = TorchFile.read(file).tensors(manager, "state_dict"); // one inside a checkpoint
 * }</pre>
 */
public final class TorchFile implements TensorFile {

    private static final int LONGEST_PICKLE = 1 << 26;
    private static final int DEEPEST = 32;
    private static final int MOST_VALUES = 1 << 20;
    private static final int LONGEST_NAME = 1 << 12;

    /** Tensors may share numbers, but not so that a small file fills the memory. */
    private static final long MOST_GROWTH = 8;

    private static final long ALWAYS_LEGAL = 1 << 24;

    /** The bytes of storages. */
    private interface Storages extends Closeable {
        byte[] read(Pickle.Storage storage) throws IOException;
    }

    /** Where they are. */
    private interface Source {
        Storages open() throws IOException;
    }

    private final Path file;
    private final Map<String, Pickle.Tensor> tensors;
    private final Source source;

    private TorchFile(Path file, Map<String, Pickle.Tensor> tensors, Source source) {
        this.file = file;
        this.tensors = tensors;
        this.source = source;
    }

    /**
     * Opens a checkpoint: reads what tensors it has.
     *
     * @param file the file
     * @return names and shapes, with tensors to load; nothing is kept open
     * @throws IllegalArgumentException naming the file and the reason if it is damaged, something else, or names what is not loaded
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static TorchFile read(Path file) {
        try {
            return isZip(file) ? zip(file) : legacy(file);
        } catch (Pickle.Refused e) {
            throw bad(file, e.getMessage());
        } catch (ZipException | EOFException | IllegalArgumentException e) {
            throw bad(file, "it is a damaged zip archive: " + e.getMessage());
        } catch (IOException e) {
            throw AtomicFile.failure("read", file, e);
        }
    }

    /**
     * Whether a file begins as such a checkpoint does: as a zip archive, or with a pickle of protocol 2.
     *
     * @param file the file
     * @return true if it is worth reading as one
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static boolean isOne(Path file) {
        try {
            // Those from before 1.6 begin with a long number. Safetensors of that first byte has
            // 0x8a0280 bytes of header: no checkpoint.
            return isZip(file) || begins(file, 0x80, 2, 0x8a);
        } catch (IOException e) {
            throw AtomicFile.failure("read", file, e);
        }
    }

    private static IllegalArgumentException bad(Path file, String reason) {
        return new IllegalArgumentException("file: " + file + ": " + reason);
    }

    private static boolean isZip(Path file) throws IOException {
        return begins(file, 'P', 'K');
    }

    private static boolean begins(Path file, int... bytes) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            for (int expected : bytes) {
                if (in.read() != expected) {
                    return false;
                }
            }
            return true;
        }
    }

    private static TorchFile zip(Path file) throws IOException {
        try (ZipFile zip = new ZipFile(file.toFile())) {
            ZipEntry data =
                    zip.stream()
                            .filter(e -> e.getName().endsWith("/data.pkl"))
                            .findFirst()
                            .orElseThrow(
                                    () ->
                                            new Pickle.Refused(
                                                    "it is a zip archive without data.pkl, not a PyTorch checkpoint"));
            String root = data.getName().substring(0, data.getName().length() - 8);
            if (zip.getEntry(root + "constants.pkl") != null) {
                throw new Pickle.Refused(
                        "it is a TorchScript archive; load it as a network, not as a state dictionary");
            }
            Object content = Pickle.read(ByteBuffer.wrap(bytes(zip, data, LONGEST_PICKLE)));
            return new TorchFile(
                    file,
                    flat(content, Files.size(file)),
                    () -> new Entries(new ZipFile(file.toFile()), root));
        }
    }

    /** The storages of an archive, one entry each. */
    private record Entries(ZipFile zip, String root) implements Storages {
        @Override
        public byte[] read(Pickle.Storage storage) throws IOException {
            ZipEntry entry = zip.getEntry(root + "data/" + storage.key());
            if (entry == null) {
                throw new Pickle.Refused("it lacks the storage " + storage.key());
            }
            return bytes(zip, entry, size(storage));
        }

        @Override
        public void close() throws IOException {
            zip.close();
        }
    }

    /** The archive's reader checks no checksum, so a flipped bit would go unseen. */
    private static byte[] bytes(ZipFile zip, ZipEntry entry, int most) throws IOException {
        if (entry.getSize() > most) {
            throw new Pickle.Refused(
                    entry.getName()
                            + " has "
                            + entry.getSize()
                            + " bytes where at most "
                            + most
                            + " belong");
        }
        try (InputStream in = zip.getInputStream(entry)) {
            byte[] bytes = in.readNBytes(most);
            CRC32 found = new CRC32();
            found.update(bytes);
            if (bytes.length == entry.getSize() && found.getValue() != entry.getCrc()) {
                throw new Pickle.Refused(
                        String.format(
                                "it is damaged: the checksum (CRC-32) of %s is %08x, the archive states %08x",
                                entry.getName(), found.getValue(), entry.getCrc()));
            }
            return bytes;
        }
    }

    /** A magic number, a version, a note on the machine, the content, the keys of the storages, and then these one after another. */
    private static TorchFile legacy(Path file) throws IOException {
        if (Files.size(file) > Integer.MAX_VALUE - 8) {
            throw new Pickle.Refused("it is older than PyTorch 1.6 and larger than 2 GiB");
        }
        ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        if (in.remaining() < 2 || (in.get(0) & 0xff) != 0x80) {
            throw new Pickle.Refused("it is not a PyTorch checkpoint");
        }
        for (int i = 0; i < 3; i++) {
            Pickle.read(in);
        }
        Map<String, Pickle.Tensor> tensors = flat(Pickle.read(in), in.limit());
        Map<String, Pickle.Storage> used = new HashMap<>();
        for (Pickle.Tensor tensor : tensors.values()) {
            Pickle.Storage storage = tensor.storage();
            if (!storage.equals(used.computeIfAbsent(storage.key(), key -> storage))) {
                throw new Pickle.Refused("it states two sizes for the storage " + storage.key());
            }
        }
        if (!(Pickle.read(in) instanceof List<?> keys)) {
            throw new Pickle.Refused("its list of storages is damaged");
        }
        Map<String, Integer> starts = new HashMap<>();
        for (Object key : keys) {
            Pickle.Storage storage = used.get(String.valueOf(key));
            if (storage == null || in.remaining() < 8) {
                throw new Pickle.Refused("it is truncated, or holds a storage without a tensor");
            }
            long count = in.getLong();
            if (count != storage.count() || size(storage) > in.remaining()) {
                throw new Pickle.Refused("it is truncated inside the storage " + key);
            }
            starts.put(storage.key(), in.position());
            in.position(in.position() + size(storage));
        }
        return new TorchFile(file, tensors, () -> new Tail(in, starts));
    }

    /** The storages behind the pickles of an old file. */
    private record Tail(ByteBuffer in, Map<String, Integer> starts) implements Storages {
        @Override
        public byte[] read(Pickle.Storage storage) {
            Integer start = starts.get(storage.key());
            if (start == null) {
                throw new Pickle.Refused("it lacks the storage " + storage.key());
            }
            byte[] bytes = new byte[size(storage)];
            in.get(start, bytes);
            return bytes;
        }

        @Override
        public void close() {}
    }

    private static int size(Pickle.Storage storage) {
        long bytes = storage.count() * storage.type().bytes;
        if (storage.count() < 0 || storage.count() > Integer.MAX_VALUE || bytes > 1 << 30) {
            throw new Pickle.Refused(
                    "the storage "
                            + storage.key()
                            + " has "
                            + storage.count()
                            + " numbers; 0 to 1 GiB are supported");
        }
        return (int) bytes;
    }

    private static Map<String, Pickle.Tensor> flat(Object content, long fileBytes) {
        Collector collector = new Collector();
        collector.collect("", content, 0);
        long bytes = 0;
        for (Map.Entry<String, Pickle.Tensor> entry : collector.found.entrySet()) {
            bytes += View.bytes(entry.getKey(), entry.getValue());
            if (bytes > ALWAYS_LEGAL + MOST_GROWTH * fileBytes) {
                throw new Pickle.Refused(
                        "its tensors would take more than "
                                + MOST_GROWTH
                                + " times the file's "
                                + fileBytes
                                + " bytes; no checkpoint does");
            }
        }
        return collector.found;
    }

    /** Finds the tensors in nested dictionaries and lists. One list may stand in many places, so the walk has an end of its own. */
    private static final class Collector {
        private final Map<String, Pickle.Tensor> found = new LinkedHashMap<>();
        private int visited;

        void collect(String name, Object value, int depth) {
            if (depth > DEEPEST || ++visited > MOST_VALUES || name.length() > LONGEST_NAME) {
                throw new Pickle.Refused(
                        "its dictionaries are nested deeper than "
                                + DEEPEST
                                + ", hold more than "
                                + MOST_VALUES
                                + " values or have names of over "
                                + LONGEST_NAME
                                + " characters");
            }
            String prefix = name.isEmpty() ? "" : name + ".";
            if (value instanceof Pickle.Tensor tensor) {
                found.put(name, tensor);
            } else if (value instanceof Map<?, ?> map) {
                map.forEach((key, inner) -> collect(prefix + key, inner, depth + 1));
            } else if (value instanceof List<?> list) {
                for (int i = 0; i < list.size(); i++) {
                    collect(prefix + i, list.get(i), depth + 1);
                }
            }
        }
    }

    /**
     * Shapes of all tensors; a tensor inside dictionaries has their keys, joined by dots, as its name.
     *
     * @return by name, in the file's order
     */
    @Override
    public Map<String, Shape> shapes() {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        tensors.forEach((name, t) -> shapes.put(name, new Shape(t.shape())));
        return Collections.unmodifiableMap(shapes);
    }

    /**
     * Loads all tensors, bfloat16 widened to float32. Views come as copies in row-major order.
     *
     * @param manager their owner
     * @return by name, in the file's order
     * @throws IllegalArgumentException if the file is damaged; it is named
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public Map<String, NDArray> tensors(NDManager manager) {
        return load(manager, "");
    }

    /**
     * Loads the tensors of one dictionary of the file.
     *
     * @param manager their owner
     * @param dictionary its key, such as {@code state_dict}; of nested ones all keys, joined by dots
     * @return by name within the dictionary
     * @throws IllegalArgumentException if there is no tensor in such a dictionary, or the file is damaged; it is named
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public Map<String, NDArray> tensors(NDManager manager, String dictionary) {
        Map<String, NDArray> loaded = load(manager, dictionary + ".");
        if (loaded.isEmpty()) {
            throw bad(
                    file,
                    "no tensor lies under '"
                            + dictionary
                            + "'; there are "
                            + tensors.keySet().stream().limit(5).toList());
        }
        return loaded;
    }

    @Override
    public NDArray tensor(NDManager manager, String name) {
        Pickle.Tensor view = tensors.get(name);
        if (view == null) {
            throw bad(file, "no tensor '" + name + "'");
        }
        return loaded(storages -> View.load(manager, name, view, storages.read(view.storage())));
    }

    /** What is made of the storages; they are closed again. */
    private interface Loading<T> {
        T of(Storages storages) throws IOException;
    }

    private <T> T loaded(Loading<T> loading) {
        try (Storages storages = source.open()) {
            return loading.of(storages);
        } catch (Pickle.Refused e) {
            throw bad(file, e.getMessage());
        } catch (ZipException | EOFException e) {
            throw bad(file, "it is a damaged zip archive: " + e.getMessage());
        } catch (IOException e) {
            throw AtomicFile.failure("read", file, e);
        }
    }

    private Map<String, NDArray> load(NDManager manager, String prefix) {
        return loaded(
                storages -> {
                    Map<String, NDArray> loaded = new LinkedHashMap<>();
                    Pickle.Storage last = null;
                    byte[] stored = null;
                    for (Map.Entry<String, Pickle.Tensor> entry : tensors.entrySet()) {
                        if (entry.getKey().startsWith(prefix)) {
                            Pickle.Tensor view = entry.getValue();
                            // Neighbours often are parts of one storage.
                            stored =
                                    view.storage().equals(last)
                                            ? stored
                                            : storages.read(view.storage());
                            last = view.storage();
                            NDArray tensor = View.load(manager, entry.getKey(), view, stored);
                            loaded.put(entry.getKey().substring(prefix.length()), tensor);
                        }
                    }
                    return loaded;
                });
    }
}
