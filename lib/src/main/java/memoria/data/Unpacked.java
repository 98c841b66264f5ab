package memoria.data;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** The content of a file that is gzipped or not. */
final class Unpacked {

    private static final int BUFFER = 1 << 16;

    private Unpacked() {}

    /**
     * Reads a file.
     *
     * @param file ends in .gz or is plain
     * @return its content, unpacked
     * @throws IllegalArgumentException naming the file if it is truncated or damaged
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    static byte[] bytes(Path file) {
        try (InputStream in = open(file)) {
            return in.readAllBytes();
        } catch (EOFException | ZipException e) {
            throw new IllegalArgumentException(
                    "file: " + file + ": it is truncated or damaged: " + e.getMessage(), e);
        } catch (IOException e) {
            throw AtomicFile.failure("read", file, e);
        }
    }

    private static InputStream open(Path file) throws IOException {
        InputStream in = new BufferedInputStream(Files.newInputStream(file), BUFFER);
        if (!file.getFileName().toString().endsWith(".gz")) {
            return in;
        }
        try {
            return new GZIPInputStream(in, BUFFER);
        } catch (IOException e) {
            in.close();
            throw e;
        }
    }
}
