package memoria.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import memoria.data.AtomicFile;
import memoria.torch.Tensors;

/**
 * A safetensors file: named tensors and a map of strings. The format is an 8-byte little-endian length, a JSON header of that length and
 * the tensors' bytes, row-major and little-endian.
 *
 * <p>Reading a file reads and checks its header; tensors are loaded when they are asked for. F64, F32, F16, I64, I32, I16, I8, U8 and BOOL
 * become tensors of the same type, BF16 becomes float32 without loss.
 *
 * <pre>{@code
 * SafeTensors.write(file, Map.of("weight", w), Map.of("recipe", "..."));
 * Map<String, NDArray> tensors = SafeTensors.read(file).tensors(manager);
 * }</pre>
 */
public final class SafeTensors implements TensorFile {

    /** The reference implementation's limit; a longer "header" is some other file's first bytes. */
    private static final long LONGEST_HEADER = 100_000_000;

    /** Bytes read at a time, a multiple of every element's size. */
    private static final int PIECE = 1 << 20;

    private final Path file;
    private final Header header;
    private final long dataStart;

    private SafeTensors(Path file, Header header, long dataStart) {
        this.file = file;
        this.header = header;
        this.dataStart = dataStart;
    }

    /**
     * Opens a file: reads its header and checks that every tensor it names is there.
     *
     * @param file the file
     * @return the names, shapes and metadata, with tensors to load; nothing is kept open
     * @throws IllegalArgumentException naming the file and the reason if it is truncated, damaged or something else
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static SafeTensors read(Path file) {
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            long size = in.length();
            if (size < 8) {
                throw new Header.Broken(
                        "it is truncated: "
                                + size
                                + " bytes, the length of the header alone takes 8");
            }
            long length = Long.reverseBytes(in.readLong());
            if (length < 2 || length > LONGEST_HEADER) {
                throw new Header.Broken(
                        "it is not a safetensors file: its first 8 bytes announce a header of "
                                + Long.toUnsignedString(length)
                                + " bytes, 2 to "
                                + LONGEST_HEADER
                                + " are legal"
                                + hint(length));
            }
            if (length > size - 8) {
                throw new Header.Broken(
                        "it is truncated or not a safetensors file: it announces a header of "
                                + length
                                + " bytes and holds "
                                + (size - 8)
                                + hint(length));
            }
            byte[] json = new byte[(int) length];
            in.readFully(json);
            if (json[0] != '{') {
                throw new Header.Broken("it is not a safetensors file: its header is not JSON");
            }
            return new SafeTensors(file, Header.parse(json, size - 8 - length), 8 + length);
        } catch (Header.Broken e) {
            throw bad(file, e.getMessage());
        } catch (EOFException e) {
            throw bad(file, "it is truncated");
        } catch (IOException e) {
            throw AtomicFile.failure("read", file, e);
        }
    }

    private static String hint(long length) {
        boolean zip = (length & 0xffff) == ('P' | 'K' << 8);
        return zip ? "; it is a zip archive, perhaps a PyTorch checkpoint" : "";
    }

    private static IllegalArgumentException bad(Path file, String reason) {
        return new IllegalArgumentException("file: " + file + ": " + reason);
    }

    /**
     * What the writer noted.
     *
     * @return keys and values; empty if nothing
     */
    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(header.metadata());
    }

    /**
     * Shapes of all tensors.
     *
     * @return by name, in the order of their bytes
     */
    @Override
    public Map<String, Shape> shapes() {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        header.tensors().forEach((name, place) -> shapes.put(name, place.shape()));
        return shapes;
    }

    /**
     * Type of a tensor as {@link #tensor} makes it.
     *
     * @param name its name
     * @return its type
     * @throws IllegalArgumentException if the file has no such tensor
     */
    public DataType type(String name) {
        return place(name).dtype().type;
    }

    private Header.Place place(String name) {
        Header.Place place = header.tensors().get(name);
        if (place == null) {
            throw bad(file, "it has no tensor '" + name + "'; it has " + header.tensors().keySet());
        }
        return place;
    }

    /**
     * Loads one tensor.
     *
     * @param manager its owner
     * @param name its name
     * @return the tensor
     * @throws IllegalArgumentException if the file has no such tensor, or has become shorter since it was opened
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    @Override
    public NDArray tensor(NDManager manager, String name) {
        Header.Place place = place(name);
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            return load(in, manager, name, place);
        } catch (IOException e) {
            throw AtomicFile.failure("read", file, e);
        }
    }

    /**
     * Loads all tensors.
     *
     * @param manager their owner
     * @return by name, in the order of their bytes
     * @throws IllegalArgumentException if the file has become shorter since it was opened
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public Map<String, NDArray> tensors(NDManager manager) {
        Map<String, NDArray> tensors = new LinkedHashMap<>();
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            for (Map.Entry<String, Header.Place> entry : header.tensors().entrySet()) {
                String name = entry.getKey();
                tensors.put(name, load(in, manager, name, entry.getValue()));
            }
        } catch (IOException e) {
            throw AtomicFile.failure("read", file, e);
        }
        return tensors;
    }

    /**
     * Piece by piece into the tensor's own memory. A plain file, not a channel or a mapping: an interrupt closes channels, and a mapping of a
     * file that shrinks kills the JVM.
     */
    private NDArray load(RandomAccessFile in, NDManager manager, String name, Header.Place place)
            throws IOException {
        long bytes = place.end() - place.begin();
        if (bytes > Integer.MAX_VALUE / 2) {
            throw bad(
                    file,
                    "tensor '" + name + "' takes " + bytes + " bytes; at most 1 GiB is supported");
        }
        Dtype dtype = place.dtype();
        byte[] piece = new byte[(int) Math.min(bytes, PIECE)];
        in.seek(dataStart + place.begin());
        try {
            NDArray tensor =
                    Tensors.filled(
                            manager,
                            place.shape(),
                            dtype.type,
                            memory -> {
                                for (long left = bytes; left > 0; left -= PIECE) {
                                    int now = (int) Math.min(left, PIECE);
                                    in.readFully(piece, 0, now);
                                    ByteBuffer stored = ByteBuffer.wrap(piece, 0, now);
                                    memory.put(dtype.decode(stored.order(ByteOrder.LITTLE_ENDIAN)));
                                }
                            });
            tensor.setName(name);
            return tensor;
        } catch (EOFException e) {
            throw bad(file, "it is truncated inside tensor '" + name + "'");
        }
    }

    /**
     * Writes a file, whole or not at all. Tensors are ordered by element size, largest first, then by name, and the header is padded, so
     * that every tensor is aligned to its element size and equal content makes an equal file.
     *
     * @param file where to; an older file is replaced
     * @param tensors by name; of type float64, float32, float16, int64, int32, int16, int8, uint8 or boolean
     * @param metadata keys and values to keep beside them
     * @throws IllegalArgumentException if a tensor has another type, a name is {@code __metadata__}, or a value is null
     * @throws java.io.UncheckedIOException naming the file and the reason if it cannot be written
     */
    public static void write(
            Path file, Map<String, NDArray> tensors, Map<String, String> metadata) {
        List<Map.Entry<String, NDArray>> ordered = ordered(tensors);
        Map<String, Header.Place> places = new LinkedHashMap<>();
        long at = 0;
        for (Map.Entry<String, NDArray> entry : ordered) {
            NDArray tensor = entry.getValue();
            Dtype dtype = Dtype.of(tensor.getDataType());
            long end = at + tensor.getShape().size() * dtype.bytes;
            places.put(entry.getKey(), new Header.Place(dtype, tensor.getShape(), at, end));
            at = end;
        }
        Map<String, String> notes = new TreeMap<>(metadata);
        notes.forEach(
                (key, value) -> {
                    if (value == null) {
                        throw new IllegalArgumentException("metadata: '" + key + "' is null");
                    }
                });
        byte[] json = new Header(places, notes).json();
        AtomicFile.write(
                file,
                stream -> {
                    OutputStream out = new BufferedOutputStream(stream, 1 << 16);
                    out.write(
                            ByteBuffer.allocate(8)
                                    .order(ByteOrder.LITTLE_ENDIAN)
                                    .putLong(json.length)
                                    .array());
                    out.write(json);
                    for (Map.Entry<String, NDArray> entry : ordered) {
                        out.write(entry.getValue().toByteArray());
                    }
                    out.flush();
                });
    }

    private static List<Map.Entry<String, NDArray>> ordered(Map<String, NDArray> tensors) {
        tensors.forEach(
                (name, tensor) -> {
                    if (name.equals(Header.METADATA)) {
                        throw new IllegalArgumentException(
                                "tensors: no tensor may be named " + name);
                    }
                    if (tensor == null || Dtype.of(tensor.getDataType()) == null) {
                        throw new IllegalArgumentException(
                                "tensors: '"
                                        + name
                                        + "' is "
                                        + (tensor == null ? "null" : tensor.getDataType())
                                        + ", which this file format cannot hold");
                    }
                });
        Comparator<Map.Entry<String, NDArray>> largestFirst =
                Comparator.comparingInt(e -> -Dtype.of(e.getValue().getDataType()).bytes);
        return tensors.entrySet().stream()
                .sorted(largestFirst.thenComparing(Map.Entry::getKey))
                .toList();
    }
}
