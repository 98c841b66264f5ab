package memoria.data;

import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Paths that others wrote: in an archive, in a manifest. */
final class SafePath {

    private static final int LONGEST = 1000;

    /** What file systems take. */
    private static final int LONGEST_PART = 255;

    private SafePath() {}

    /**
     * Why a path must not be followed below a folder.
     *
     * @param path forward slashes between names
     * @return the reason; empty if it stays inside on every system
     */
    static Optional<String> fault(String path) {
        if (path == null || path.isBlank()) {
            return Optional.of("an empty name");
        }
        if (path.length() > LONGEST) {
            return Optional.of("a name of " + path.length() + " characters");
        }
        if (path.startsWith("/") || path.matches("[A-Za-z]:.*")) {
            return Optional.of("an absolute path");
        }
        if (path.indexOf('\\') >= 0 || path.indexOf(':') >= 0) {
            return Optional.of("a backslash or colon in its name");
        }
        if (path.chars().anyMatch(c -> c < ' ' || c == 127)) {
            return Optional.of("a control character in its name");
        }
        for (String part : path.split("/", -1)) {
            if (part.equals("..")) {
                return Optional.of("a path that climbs out of the folder");
            }
            int bytes = part.getBytes(StandardCharsets.UTF_8).length;
            if (bytes > LONGEST_PART) {
                return Optional.of("a file name of " + bytes + " bytes");
            }
        }
        return Optional.empty();
    }

    static void require(String argument, String path) {
        fault(path)
                .ifPresent(
                        fault -> {
                            throw new IllegalArgumentException(
                                    argument
                                            + ": '"
                                            + path
                                            + "' is "
                                            + fault
                                            + "; legal are relative paths with forward slashes");
                        });
    }
}
