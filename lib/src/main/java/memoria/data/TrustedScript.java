package memoria.data;

import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.time.Clock;
import java.time.LocalDate;
import java.util.Locale;
import memoria.json.JsonRecord;

/**
 * Which TorchScript files are opened. TorchScript is code, and nothing in such a file tells a good one from a bad one, so only a file is
 * opened whose SHA-256 somebody vouches for: a manifest ({@link Manifests#all}), the lock file of checksums trusted on first use, or the
 * caller.
 */
public final class TrustedScript {

    private TrustedScript() {}

    /**
     * Demands that a manifest or the lock file knows a file's content; its name and place do not matter.
     *
     * @param file a TorchScript file, read in pieces
     * @return its SHA-256, 64 hex digits
     * @throws IllegalArgumentException naming the file, its SHA-256 and what to do if neither knows it
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static String require(Path file) {
        String sha256 = Checksum.sha256(file);
        TrustLock lock = new TrustLock(Folders.lock());
        boolean published =
                Manifests.all().stream()
                        .flatMap(manifest -> manifest.files().stream())
                        .anyMatch(known -> sha256.equals(known.sha256()));
        if (published || lock.holds(sha256)) {
            return sha256;
        }
        String today = LocalDate.now(Clock.systemUTC()).toString();
        JsonObject entry = new JsonObject();
        entry.add(
                "own/" + file.getFileName(),
                JsonRecord.write(
                        new TrustLock.Entry(
                                sha256, file.toFile().length(), file.toString(), today)));
        throw new IllegalArgumentException(
                "file: "
                        + file
                        + " is TorchScript, which is code, and no manifest and no lock file knows its SHA-256, "
                        + sha256
                        + ". `environment/fetch sscd` fetches SSCD's. If you made this file or trust who did, pass that SHA-256 to torchScript"
                        + " as the argument after the file, or add to "
                        + lock.file()
                        + ": "
                        + entry);
    }

    /**
     * Demands that a file is the one that the caller means; neither manifests nor the lock file are asked.
     *
     * @param file a TorchScript file, read in pieces
     * @param sha256 what it must have: 64 hex digits, as {@code sha256sum FILE} prints them
     * @return its SHA-256 in lower case
     * @throws IllegalArgumentException if sha256 is no SHA-256, or naming the file and both checksums if it has another
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static String require(Path file, String sha256) {
        if (sha256 == null || !sha256.matches("[0-9a-fA-F]{64}")) {
            throw new IllegalArgumentException(
                    "sha256: '" + sha256 + "'; legal are 64 hex digits, as sha256sum prints them");
        }
        Seal seal = new Seal(null, sha256.toLowerCase(Locale.ROOT), null);
        seal.mismatch(file)
                .ifPresent(
                        why -> {
                            throw new IllegalArgumentException(
                                    "file: "
                                            + file
                                            + " is TorchScript, which is code, and not the file that was meant: "
                                            + why);
                        });
        return seal.sha256();
    }
}
