package memoria.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where a set lies on this machine.
 *
 * @param manifest the set
 * @param files where each file lies; for an archive the folder it was unpacked in
 * @param images what came of pictures that are fetched one by one; empty if the set has none or none were asked for
 */
public record Fetched(Manifest manifest, Map<String, Path> files, Optional<ImageReport> images) {

    /**
     * The folder that the set lies in.
     *
     * @return the first that has all of it, in the reader's own folders, the system's, the cache; the cache's if no one folder has
     */
    public Path folder() {
        return manifest.folder().orElseGet(manifest::cached);
    }

    /**
     * A file.
     *
     * @param name its name in the manifest
     * @return where it lies; for an archive the folder it was unpacked in
     * @throws IllegalArgumentException if it was not fetched; the message lists what was
     */
    public Path file(String name) {
        Path file = files.get(name);
        if (file == null) {
            throw new IllegalArgumentException(
                    "name: '" + name + "' was not fetched; there are " + files.keySet());
        }
        return file;
    }

    /**
     * Something in the set's folder, such as what an archive held.
     *
     * @param relative its path there, with forward slashes
     * @return the first that exists, in the reader's own folders, the system's, the cache
     * @throws IllegalArgumentException if it is nowhere; the message lists where it was looked for
     */
    public Path path(String relative) {
        List<Path> tried = manifest.places().map(folder -> folder.resolve(relative)).toList();
        return tried.stream()
                .filter(Files::exists)
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "relative: '"
                                                + relative
                                                + "' is not there; tried "
                                                + tried));
    }
}
