package memoria.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
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
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import memoria.data.AtomicFile;
import memoria.torch.Tensors;

/**
 * PyTorch's own checkpoints, {@code .pt} and {@code .pth}: the zip archives of today and the files from before PyTorch 1.6. They are read as
 * data; no code of theirs runs, and a file that names anything but tensors and dictionaries is refused.
 *
 * <pre>{@code
 * Map<String, NDArray> state = TorchFile.read(file).tensors(manager);              // a state dictionary
 * Map<String, NDArray> inner = TorchFile.read(file).tensors(manager, "state_dict"); // one inside a checkpoint
 * }</pre>
 */
public final class TorchFile {

    private static final int LONGEST_PICKLE = 1 << 26;
    private static final int DEEPEST = 32;

    /** Where the bytes of storages are. */
    private interface Storages {
        byte[] read(Pickle.Storage storage) throws IOException;
    }

    private final Path file;
    private final Map<String, Pickle.Tensor> tensors;
    private final Storages storages;

    private TorchFile(Path file, Map<String, Pickle.Tensor> tensors, Storages storages) {
        this.file = file;
        this.tensors = tensors;
        this.storages = storages;
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

    private static IllegalArgumentException bad(Path file, String reason) {
        return new IllegalArgumentException("file: " + file + ": " + reason);
    }

    private static boolean isZip(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] first = in.readNBytes(2);
            return first.length == 2 && first[0] == 'P' && first[1] == 'K';
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
                    flat(content),
                    storage -> {
                        try (ZipFile again = new ZipFile(file.toFile())) {
                            ZipEntry entry = again.getEntry(root + "data/" + storage.key());
                            if (entry == null) {
                                throw new Pickle.Refused("it lacks the storage " + storage.key());
                            }
                            return bytes(again, entry, size(storage));
                        }
                    });
        }
    }

    private static byte[] bytes(ZipFile zip, ZipEntry entry, int most) throws IOException {
        try (InputStream in = zip.getInputStream(entry)) {
            return in.readNBytes(most);
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
        Map<String, Pickle.Tensor> tensors = flat(Pickle.read(in));
        Map<String, Pickle.Storage> used = new HashMap<>();
        tensors.values().forEach(t -> used.put(t.storage().key(), t.storage()));
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
        return new TorchFile(
                file,
                tensors,
                storage -> {
                    Integer start = starts.get(storage.key());
                    if (start == null) {
                        throw new Pickle.Refused("it lacks the storage " + storage.key());
                    }
                    byte[] bytes = new byte[size(storage)];
                    in.get(start, bytes);
                    return bytes;
                });
    }

    private static int size(Pickle.Storage storage) {
        long bytes = storage.count() * storage.type().bytes;
        if (storage.count() < 0 || storage.count() > Integer.MAX_VALUE || bytes > 1 << 30) {
            throw new Pickle.Refused(
                    "the storage "
                            + storage.key()
                            + " has "
                            + storage.count()
                            + " numbers; at most 1 GiB is supported");
        }
        return (int) bytes;
    }

    private static Map<String, Pickle.Tensor> flat(Object content) {
        Map<String, Pickle.Tensor> found = new LinkedHashMap<>();
        collect("", content, found, 0);
        return found;
    }

    private static void collect(
            String name, Object value, Map<String, Pickle.Tensor> into, int depth) {
        if (depth > DEEPEST) {
            throw new Pickle.Refused("its dictionaries are nested deeper than " + DEEPEST);
        }
        String prefix = name.isEmpty() ? "" : name + ".";
        if (value instanceof Pickle.Tensor tensor) {
            into.put(name, tensor);
        } else if (value instanceof Map<?, ?> map) {
            map.forEach((key, inner) -> collect(prefix + key, inner, into, depth + 1));
        } else if (value instanceof List<?> list) {
            for (int i = 0; i < list.size(); i++) {
                collect(prefix + i, list.get(i), into, depth + 1);
            }
        }
    }

    /**
     * Shapes of all tensors; a tensor inside dictionaries has their keys, joined by dots, as its name.
     *
     * @return by name, in the file's order
     */
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

    private Map<String, NDArray> load(NDManager manager, String prefix) {
        Map<String, NDArray> loaded = new LinkedHashMap<>();
        try {
            for (Map.Entry<String, Pickle.Tensor> entry : tensors.entrySet()) {
                if (entry.getKey().startsWith(prefix)) {
                    NDArray tensor = tensor(manager, entry.getKey(), entry.getValue());
                    loaded.put(entry.getKey().substring(prefix.length()), tensor);
                }
            }
        } catch (Pickle.Refused e) {
            throw bad(file, e.getMessage());
        } catch (ZipException | EOFException e) {
            throw bad(file, "it is a damaged zip archive: " + e.getMessage());
        } catch (IOException e) {
            throw AtomicFile.failure("read", file, e);
        }
        return loaded;
    }

    private NDArray tensor(NDManager manager, String name, Pickle.Tensor view) throws IOException {
        Pickle.Storage storage = view.storage();
        requireInside(name, view);
        byte[] stored = storages.read(storage);
        int each = storage.type().bytes;
        if (stored.length < storage.count() * each) {
            throw new Pickle.Refused("it is truncated inside the storage of '" + name + "'");
        }
        Shape shape = new Shape(view.shape());
        ByteBuffer row =
                ByteBuffer.allocate(Math.toIntExact(shape.size() * each))
                        .order(ByteOrder.LITTLE_ENDIAN);
        copy(stored, view, each, 0, view.offset(), row);
        NDArray tensor =
                Tensors.of(manager, storage.type().decode(row.flip()), shape, storage.type().type);
        tensor.setName(name);
        return tensor;
    }

    /** Numbers of a view in row-major order, wherever they lie in the storage. */
    private static void copy(
            byte[] stored, Pickle.Tensor view, int each, int axis, long at, ByteBuffer into) {
        if (axis == view.shape().length) {
            into.put(stored, (int) at * each, each);
            return;
        }
        boolean together = axis == view.shape().length - 1 && view.stride()[axis] == 1;
        if (together) {
            into.put(stored, (int) at * each, (int) view.shape()[axis] * each);
            return;
        }
        for (long i = 0; i < view.shape()[axis]; i++) {
            copy(stored, view, each, axis + 1, at + i * view.stride()[axis], into);
        }
    }

    private static void requireInside(String name, Pickle.Tensor view) {
        long last = view.offset();
        long elements = 1;
        boolean legal = view.offset() >= 0 && view.shape().length == view.stride().length;
        for (int axis = 0; legal && axis < view.shape().length; axis++) {
            long size = view.shape()[axis];
            long stride = view.stride()[axis];
            legal = size >= 0 && stride >= 0 && size <= 1 << 30 && stride <= 1 << 30;
            elements = legal ? Math.multiplyExact(elements, size) : 0;
            last += legal ? Math.max(0, size - 1) * stride : 0;
            legal &= elements * view.storage().type().bytes <= 1 << 30;
            legal &= last <= Integer.MAX_VALUE;
        }
        if (!legal || elements > 0 && last >= view.storage().count()) {
            throw new Pickle.Refused(
                    "the tensor '" + name + "' lies outside its storage; the file is damaged");
        }
    }
}
