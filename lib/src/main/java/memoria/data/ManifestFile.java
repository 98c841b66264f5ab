package memoria.data;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * One published file of a {@link Manifest}.
 *
 * @param name its path in the set's folder
 * @param mirrors where it is published, tried in order; none if a person has to fetch it
 * @param bytes its exact size; null if that is not published
 * @param about its size as a page rounds it, where the exact one is not published; else null
 * @param sha256 its checksum; null if not published
 * @param md5 its MD5, where only that is published; else null
 * @param contentSha256 checksum of what a .gz holds: packagers pack anew, the content stays; else null
 * @param optional whether it is fetched only when asked for
 * @param unpack what it becomes; null if it stays as it is
 */
public record ManifestFile(
        String name,
        List<String> mirrors,
        Long bytes,
        Long about,
        String sha256,
        String md5,
        String contentSha256,
        boolean optional,
        Unpack unpack) {

    /**
     * What an archive becomes.
     *
     * @param format {@code zip}, {@code tar}, {@code tar.gz} or {@code gz}
     * @param only the entries that are wanted; null for all
     * @param atMost bytes beyond which it is not what it says and is refused
     * @param expect paths that must be there afterwards, in the set's folder
     */
    public record Unpack(String format, List<String> only, long atMost, List<String> expect) {
        /**
         * Checks the paths.
         *
         * @param format as in the record
         * @param only as in the record
         * @param atMost as in the record
         * @param expect as in the record
         * @throws IllegalArgumentException if one could lead out of the set's folder
         */
        public Unpack {
            only = only == null ? List.of() : List.copyOf(only);
            only.forEach(path -> SafePath.require("unpack", path));
            expect.forEach(path -> SafePath.require("unpack", path));
        }
    }

    /**
     * Checks the path.
     *
     * @param name as in the record
     * @param mirrors as in the record
     * @param bytes as in the record
     * @param about as in the record
     * @param sha256 as in the record
     * @param md5 as in the record
     * @param contentSha256 as in the record
     * @param optional as in the record
     * @param unpack as in the record
     * @throws IllegalArgumentException if it could lead out of the set's folder
     */
    public ManifestFile {
        SafePath.require("files", name);
        mirrors = mirrors == null ? List.of() : List.copyOf(mirrors);
    }

    /**
     * Its size, exact or as a page rounds it.
     *
     * @return bytes; empty if nobody states it
     */
    public OptionalLong likelyBytes() {
        Long likely = bytes == null ? about : bytes;
        return likely == null ? OptionalLong.empty() : OptionalLong.of(likely);
    }

    /** How a copy is recognised. */
    Seal seal() {
        return new Seal(bytes, sha256, md5);
    }

    List<URI> addresses() {
        return mirrors.stream().map(URI::create).toList();
    }

    /** Where it lies in a folder: itself, what a .gz holds, or everything it is unpacked to. */
    Optional<Path> in(Path folder) {
        if (unpack != null && unpacked(folder)) {
            return Optional.of(folder);
        }
        Stream<String> names =
                name.endsWith(".gz")
                        ? Stream.of(name, name.substring(0, name.length() - 3))
                        : Stream.of(name);
        return names.map(folder::resolve).filter(Files::isRegularFile).findFirst();
    }

    boolean unpacked(Path folder) {
        return unpack.expect().stream().allMatch(path -> Files.exists(folder.resolve(path)));
    }
}
