package memoria.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 in lower-case hex: how files, specs and shards are recognised. MD5 is for files whose publisher states nothing else. */
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
        return of(file, digest());
    }

    /**
     * MD5 of a file, read in pieces.
     *
     * @param file the file
     * @return 32 hex digits
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    static String md5(Path file) {
        return of(file, digest("MD5"));
    }

    private static String of(Path file, MessageDigest digest) {
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
        return digest("SHA-256");
    }

    private static MessageDigest digest(String algorithm) {
        try {
            return MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform must have " + algorithm, e);
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
