package memoria.similarity;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import memoria.checkpoint.SafeTensors;

/**
 * Where the rows of a safetensors file with the one tensor {@code embeddings} lie.
 *
 * @param file the file
 * @param count of its rows
 * @param dimensions of a row
 * @param start of the first row, in bytes
 */
record EmbeddingsFile(Path file, int count, int dimensions, long start) {

    static final String TENSOR = "embeddings";

    static EmbeddingsFile open(Path file) {
        SafeTensors content = SafeTensors.read(file);
        Shape shape = content.shapes().get(TENSOR);
        if (shape == null
                || content.shapes().size() != 1
                || shape.dimension() != 2
                || shape.size() == 0
                || content.type(TENSOR) != DataType.FLOAT32) {
            throw new IllegalArgumentException(
                    "file: "
                            + file
                            + " holds "
                            + content.shapes()
                            + "; one FLOAT32 tensor '"
                            + TENSOR
                            + "' (rows, dimensions) is needed");
        }
        int count = Math.toIntExact(shape.get(0));
        return new EmbeddingsFile(file, count, Math.toIntExact(shape.get(1)), 8 + header(file));
    }

    private static long header(Path file) {
        ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            channel.read(length, 0);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
        return length.getLong(0);
    }
}
