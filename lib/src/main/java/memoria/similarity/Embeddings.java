package memoria.similarity;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import memoria.data.Checksum;

/**
 * Many points of one dimension: descriptors of images, in float32. They lie on the Java heap, or in files from which rows are read when they
 * are asked for, so that millions of them take no memory.
 */
public final class Embeddings {

    /** Rows that lie together. */
    private interface Part {
        int count();

        void read(int from, int to, float[] into, int at);
    }

    private final List<Part> parts;
    private final int dimensions;
    private final int count;

    private Embeddings(List<Part> parts, int dimensions) {
        this.parts = List.copyOf(parts);
        this.dimensions = dimensions;
        this.count = Math.toIntExact(parts.stream().mapToLong(Part::count).sum());
    }

    /**
     * Points from an array, which is copied.
     *
     * @param values row by row
     * @param dimensions of a row, at least 1
     * @return the points
     * @throws IllegalArgumentException if the values do not fill whole rows, at least one, or one is not finite
     */
    public static Embeddings of(float[] values, int dimensions) {
        if (dimensions < 1 || values.length == 0 || values.length % dimensions != 0) {
            throw new IllegalArgumentException(
                    "values, dimensions: "
                            + values.length
                            + " values for rows of "
                            + dimensions
                            + "; whole rows and at least one are legal");
        }
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw new IllegalArgumentException(
                        "values: row " + i / dimensions + " holds " + values[i]);
            }
        }
        return new Embeddings(List.of(new Heap(values.clone(), dimensions)), dimensions);
    }

    static Embeddings of(float[][] batches, int count) {
        float[] values = new float[Arrays.stream(batches).mapToInt(b -> b.length).sum()];
        int at = 0;
        for (float[] batch : batches) {
            System.arraycopy(batch, 0, values, at, batch.length);
            at += batch.length;
        }
        return of(values, values.length / count);
    }

    /**
     * Points in files that an {@link EmbeddingsWriter} wrote; nothing but their heads is read now.
     *
     * @param files at least one, all of one dimension; their rows follow each other
     * @return the points
     * @throws IllegalArgumentException if a file is damaged, foreign or of another dimension; it is named
     * @throws UncheckedIOException if one cannot be read
     */
    public static Embeddings open(Path... files) {
        if (files.length == 0) {
            throw new IllegalArgumentException("files: none; at least one is needed");
        }
        List<EmbeddingsFile> parts = Arrays.stream(files).map(EmbeddingsFile::open).toList();
        int dimensions = parts.get(0).dimensions();
        for (EmbeddingsFile part : parts) {
            if (part.dimensions() != dimensions) {
                throw new IllegalArgumentException(
                        "files: "
                                + part.file()
                                + " has rows of "
                                + part.dimensions()
                                + " numbers, "
                                + files[0]
                                + " of "
                                + dimensions);
            }
        }
        List<Part> read = parts.stream().<Part>map(FilePart::new).toList();
        return new Embeddings(read, dimensions);
    }

    /**
     * These points and then others.
     *
     * @param more of the same dimension
     * @return all of them; nothing is copied
     * @throws IllegalArgumentException if the dimensions differ
     */
    public Embeddings and(Embeddings more) {
        requireDimensions("more", more.dimensions);
        List<Part> all = new ArrayList<>(parts);
        all.addAll(more.parts);
        return new Embeddings(all, dimensions);
    }

    /**
     * The first points.
     *
     * @param n 1 to {@link #count}
     * @return a copy of them on the heap
     * @throws IllegalArgumentException if there are not so many
     */
    public Embeddings first(int n) {
        return of(rows(0, n), dimensions);
    }

    /**
     * The same directions at length 1, for searches by cosine.
     *
     * @return a copy on the heap
     * @throws IllegalArgumentException if a point is zero, which has no direction
     */
    public Embeddings unit() {
        float[] values = rows(0, count);
        for (int i = 0; i < count; i++) {
            double square = 0;
            for (int d = 0; d < dimensions; d++) {
                float value = values[i * dimensions + d];
                square += (double) value * value;
            }
            if (square == 0) {
                throw new IllegalArgumentException("points: row " + i + " is zero");
            }
            double length = Math.sqrt(square);
            for (int d = 0; d < dimensions; d++) {
                values[i * dimensions + d] = (float) (values[i * dimensions + d] / length);
            }
        }
        return of(values, dimensions);
    }

    /**
     * A checksum of all points, for the spec or the name of what is made of them.
     *
     * @return SHA-256 in hex
     */
    String sha256() {
        MessageDigest digest = Checksum.digest();
        int block = Math.max(1, (1 << 20) / dimensions);
        for (int from = 0; from < count; from += block) {
            float[] rows = rows(from, Math.min(count, from + block));
            ByteBuffer bytes = ByteBuffer.allocate(4 * rows.length).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(rows);
            digest.update(bytes.array());
        }
        return Checksum.hex(digest.digest());
    }

    void requireDimensions(String argument, int other) {
        if (other != dimensions) {
            throw new IllegalArgumentException(
                    argument + ": rows of " + other + " numbers, here they have " + dimensions);
        }
    }

    /**
     * How many points there are.
     *
     * @return at least 1
     */
    public int count() {
        return count;
    }

    /**
     * Numbers of a point.
     *
     * @return at least 1
     */
    public int dimensions() {
        return dimensions;
    }

    /**
     * Some points.
     *
     * @param from first row
     * @param to row after the last
     * @return their values, row by row
     * @throws IllegalArgumentException unless {@code 0 <= from <= to <= count}
     * @throws UncheckedIOException if a file cannot be read any more
     */
    public float[] rows(int from, int to) {
        if (from < 0 || from > to || to > count) {
            throw new IllegalArgumentException(
                    "from, to: " + from + ", " + to + " of " + count + " rows");
        }
        float[] values = new float[Math.multiplyExact(to - from, dimensions)];
        int start = 0;
        for (Part part : parts) {
            int low = Math.max(from, start);
            int high = Math.min(to, start + part.count());
            if (low < high) {
                part.read(low - start, high - start, values, (low - from) * dimensions);
            }
            start += part.count();
        }
        return values;
    }

    /**
     * One point.
     *
     * @param i which
     * @return its values
     * @throws IllegalArgumentException if there is no such point
     */
    public float[] row(int i) {
        return rows(i, i + 1);
    }

    /**
     * The inner product of two rows: the cosine where rows have length 1, as a copy descriptor's have.
     *
     * @param i a row of these
     * @param other of as many dimensions
     * @param j a row of those
     * @return the product
     * @throws IllegalArgumentException if a row does not exist or the dimensions differ
     */
    public double product(int i, Embeddings other, int j) {
        if (other.dimensions() != dimensions()) {
            throw new IllegalArgumentException(
                    "other: " + other.dimensions() + " dimensions, not " + dimensions());
        }
        float[] a = row(i);
        float[] b = other.row(j);
        double sum = 0;
        for (int k = 0; k < a.length; k++) {
            sum += (double) a[k] * b[k];
        }
        return sum;
    }

    /** Rows in an array. */
    private record Heap(float[] values, int dimensions) implements Part {
        @Override
        public int count() {
            return values.length / dimensions;
        }

        @Override
        public void read(int from, int to, float[] into, int at) {
            System.arraycopy(values, from * dimensions, into, at, (to - from) * dimensions);
        }
    }

    /** Rows in a file. */
    private record FilePart(EmbeddingsFile file) implements Part {
        @Override
        public int count() {
            return file.count();
        }

        @Override
        public void read(int from, int to, float[] into, int at) {
            int n = (to - from) * file.dimensions();
            ByteBuffer bytes = ByteBuffer.allocate(4 * n).order(ByteOrder.LITTLE_ENDIAN);
            long start = file.start() + 4L * from * file.dimensions();
            try (FileChannel channel = FileChannel.open(file.file(), StandardOpenOption.READ)) {
                while (bytes.hasRemaining()) {
                    if (channel.read(bytes, start + bytes.position()) < 0) {
                        throw new IOException("it ends early; it was changed while in use");
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException("cannot read " + file.file(), e);
            }
            bytes.flip();
            bytes.asFloatBuffer().get(into, at, n);
        }
    }
}
