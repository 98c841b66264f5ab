package memoria.similarity;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * Writes descriptors batch by batch, without holding them: one safetensors file, tensor {@code embeddings} (rows, dimensions). It appears
 * under its name when {@link #close} has run after {@link #finish}; an unfinished one leaves nothing.
 */
public final class EmbeddingsWriter implements AutoCloseable {

    /** Room for the head, which is known last; safetensors allows it to end in spaces. */
    private static final int HEADER = 192;

    private final Path file;
    private final Path growing;
    private final FileChannel channel;
    private final int dimensions;
    private long count;

    /**
     * Opens a file beside the one that will appear.
     *
     * @param file where the points will lie
     * @param dimensions numbers of a row, at least 1
     * @throws IllegalArgumentException if there are no dimensions
     * @throws UncheckedIOException if it cannot be written
     */
    public EmbeddingsWriter(Path file, int dimensions) {
        if (dimensions < 1) {
            throw new IllegalArgumentException(
                    "dimensions: " + dimensions + "; at least 1 is legal");
        }
        this.file = file;
        this.growing = file.resolveSibling(file.getFileName() + ".part");
        this.dimensions = dimensions;
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            channel =
                    FileChannel.open(
                            growing,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.TRUNCATE_EXISTING,
                            StandardOpenOption.WRITE);
            channel.position(8 + HEADER);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + growing, e);
        }
    }

    /**
     * Appends points.
     *
     * @param more of the file's dimension
     * @return this
     * @throws IllegalArgumentException if the dimension differs
     * @throws UncheckedIOException if they cannot be written
     */
    public EmbeddingsWriter add(Embeddings more) {
        more.requireDimensions("more", dimensions);
        int block = Math.max(1, (1 << 20) / dimensions);
        for (int from = 0; from < more.count(); from += block) {
            float[] rows = more.rows(from, Math.min(more.count(), from + block));
            ByteBuffer bytes = ByteBuffer.allocate(4 * rows.length).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(rows);
            write(bytes);
        }
        count += more.count();
        return this;
    }

    /**
     * Completes the file.
     *
     * @return its points
     * @throws IllegalStateException if there is no row
     * @throws UncheckedIOException if it cannot be written
     */
    public Embeddings finish() {
        if (count == 0) {
            throw new IllegalStateException("embeddings: " + file + " would hold no row");
        }
        String head =
                "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":["
                        + count
                        + ","
                        + dimensions
                        + "],\"data_offsets\":[0,"
                        + 4 * count * dimensions
                        + "]}}";
        byte[] padded = Arrays.copyOf(head.getBytes(StandardCharsets.US_ASCII), HEADER);
        Arrays.fill(padded, head.length(), HEADER, (byte) ' ');
        ByteBuffer start = ByteBuffer.allocate(8 + HEADER).order(ByteOrder.LITTLE_ENDIAN);
        start.putLong(HEADER).put(padded).flip();
        try {
            channel.position(0);
            write(start);
            channel.force(true);
            channel.close();
            Files.move(growing, file, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file, e);
        }
        return Embeddings.open(file);
    }

    private void write(ByteBuffer bytes) {
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + growing, e);
        }
    }

    /** Gives up what was not finished. */
    @Override
    public void close() {
        try {
            channel.close();
            Files.deleteIfExists(growing);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + growing, e);
        }
    }
}
