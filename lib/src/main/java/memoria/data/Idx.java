package memoria.data;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The IDX format of MNIST and its kin, plain or gzipped: two zero bytes, the element type (8 = unsigned byte, the only one read), the
 * number of dimensions, each size as a big-endian int32, then the elements, last dimension fastest.
 *
 * @param sizes size of every dimension
 * @param elements unsigned bytes
 * @param sha256 checksum of the whole file, unpacked
 */
record Idx(int[] sizes, byte[] elements, String sha256) {

    private static final int UNSIGNED_BYTE = 8;

    /**
     * Reads a file.
     *
     * @param file ends in .gz or is plain
     * @return its content
     * @throws IllegalArgumentException naming the file and the reason if it is truncated or not of this format
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    static Idx read(Path file) {
        return of(file, Unpacked.bytes(file));
    }

    /** As {@link #read}, of content that was unpacked before; the file is for messages. */
    static Idx of(Path file, byte[] content) {
        ByteBuffer bytes = ByteBuffer.wrap(content);
        if (content.length < 4 || bytes.getShort() != 0) {
            throw bad(file, "it is not an IDX file");
        }
        int type = bytes.get();
        int dimensions = bytes.get();
        if (type != UNSIGNED_BYTE || dimensions < 1 || bytes.remaining() < 4 * dimensions) {
            throw bad(
                    file,
                    "element type "
                            + type
                            + " in "
                            + dimensions
                            + " dimensions; unsigned bytes (8) in 1 or more are read");
        }
        int[] sizes = new int[dimensions];
        long needed = 1;
        for (int i = 0; i < dimensions; i++) {
            sizes[i] = bytes.getInt();
            // A size beyond the file stops the product before it can overflow.
            needed = sizes[i] < 0 || needed > content.length ? Long.MAX_VALUE : needed * sizes[i];
        }
        if (needed != bytes.remaining()) {
            throw bad(
                    file,
                    "it holds "
                            + bytes.remaining()
                            + " elements, its header promises "
                            + Arrays.toString(sizes));
        }
        byte[] elements = Arrays.copyOfRange(content, bytes.position(), content.length);
        return new Idx(sizes, elements, Checksum.sha256(content));
    }

    private static IllegalArgumentException bad(Path file, String reason) {
        return new IllegalArgumentException("file: " + file + ": " + reason);
    }
}
