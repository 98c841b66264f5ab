package memoria.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 in lower-case hex: how files, specs and shards are recognised. */
public final class Checksum {

    private Checksum() {}

    /**
     * Checksum of bytes.
     *
     * @param bytes any number
     * @return 64 hex digits
     */
    public static String sha256(byte[] bytes) {
        return hex(digest().digest(bytes));
    }

    /**
     * Checksum of a file, read in pieces.
     *
     * @param file the file
     * @return 64 hex digits
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static String sha256(Path file) {
        MessageDigest digest = digest();
        byte[] piece = new byte[1 << 16];
        try (InputStream in = Files.newInputStream(file)) {
            for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
                digest.update(piece, 0, n);
            }
        } catch (IOException e) {
            throw AtomicFile.failure("read", file, e);
        }
        return hex(digest.digest());
    }

    /**
     * A digest to feed in pieces.
     *
     * @return a new SHA-256 digest
     */
    public static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform must have SHA-256", e);
        }
    }

    /**
     * Bytes as text.
     *
     * @param bytes a finished digest
     * @return two lower-case digits a byte
     */
    public static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
