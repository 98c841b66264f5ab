package memoria.data;

import java.nio.file.Path;
import java.util.Optional;

/**
 * How a file is recognised: by what of these is known.
 *
 * @param bytes its size, or null
 * @param sha256 lower-case hex, or null
 * @param md5 lower-case hex, or null; looked at only where there is no SHA-256
 */
record Seal(Long bytes, String sha256, String md5) {

    /** Whether a checksum tells this file from any other. */
    boolean known() {
        return sha256 != null || md5 != null;
    }

    /** What to look for by hand. */
    String words() {
        if (sha256 != null) {
            return "SHA-256 " + sha256;
        }
        return md5 != null ? "MD5 " + md5 : "no checksum is known";
    }

    /**
     * Why a file is not the one.
     *
     * @param file a file that is there
     * @return the reason; empty if everything known of it holds
     */
    Optional<String> mismatch(Path file) {
        return sha256 == null ? mismatch(file, null) : mismatch(file, Checksum.sha256(file));
    }

    /**
     * Why a file is not the one.
     *
     * @param file a file that is there
     * @param itsSha256 its SHA-256, which takes long to compute twice; only looked at where this has one
     * @return the reason; empty if everything known of it holds
     */
    Optional<String> mismatch(Path file, String itsSha256) {
        long size = file.toFile().length();
        if (bytes != null && size != bytes) {
            return Optional.of("the size does not match: " + size + " bytes instead of " + bytes);
        }
        if (!known()) {
            return Optional.empty();
        }
        String wanted = sha256 != null ? sha256 : md5;
        String found = sha256 != null ? itsSha256 : Checksum.md5(file);
        return found.equals(wanted)
                ? Optional.empty()
                : Optional.of(
                        "the checksum does not match: "
                                + (sha256 != null ? "SHA-256 " : "MD5 ")
                                + found
                                + " instead of "
                                + wanted);
    }
}
