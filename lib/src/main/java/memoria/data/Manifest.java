package memoria.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import memoria.json.Json;
import memoria.json.JsonRecord;

/**
 * A published data set: where its files are, their checksums, its licence. One JSON file each, in the resources of this package.
 *
 * @param name folder of the set in a data folder or cache
 * @param title its name in words
 * @param url its home page
 * @param licence short name of the licence
 * @param licenceText the licence
 * @param attribution copyright holder
 * @param citation the paper
 * @param classNames name of class 0, 1, ...
 * @param folders where an operating system's package puts it
 * @param mirrors where it is published, each ending in /
 * @param files the published files
 */
record Manifest(
        String name,
        String title,
        String url,
        String licence,
        String licenceText,
        String attribution,
        String citation,
        List<String> classNames,
        List<String> folders,
        List<String> mirrors,
        Map<String, Published> files) {

    private static final Duration STALL = Duration.ofSeconds(30);

    /**
     * One file as it is published, gzipped.
     *
     * @param bytes its size
     * @param sha256 its checksum
     * @param contentSha256 checksum of what is in it: packagers pack anew, the content stays
     */
    record Published(long bytes, String sha256, String contentSha256) {}

    static Manifest of(String name) {
        try (InputStream in = Manifest.class.getResourceAsStream(name + ".json")) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return JsonRecord.read(Json.parse(text).getAsJsonObject(), Manifest.class);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Finds a file on this machine, downloads it if it is nowhere, and checks its content.
     *
     * @param file name without .gz, a key of {@link #files}
     * @return the content
     * @throws IllegalArgumentException if a file found is damaged or has another content
     * @throws UncheckedIOException if it can be neither read nor downloaded
     */
    Idx idx(String file) {
        Path found = find(file);
        return Idx.of(found, content(file, found));
    }

    /**
     * As {@link #idx}, for a file of any format.
     *
     * @param file name without .gz, a key of {@link #files}
     * @return the content, unpacked
     */
    byte[] content(String file) {
        return content(file, find(file));
    }

    /**
     * The content of a copy of a file.
     *
     * @param file name without .gz, a key of {@link #files}
     * @param found the copy, gzipped or not
     * @return the content, unpacked
     * @throws IllegalArgumentException if the copy is damaged or has another content
     */
    byte[] content(String file, Path found) {
        byte[] content = Unpacked.bytes(found);
        String sha256 = Checksum.sha256(content);
        String wanted = files.get(file).contentSha256;
        if (!sha256.equals(wanted)) {
            throw new IllegalArgumentException(
                    "file: "
                            + found
                            + ": the checksum does not match: SHA-256 of the unpacked content is "
                            + sha256
                            + " instead of "
                            + wanted
                            + "; remove it, then it is looked for elsewhere or downloaded");
        }
        return content;
    }

    /**
     * Where all files lie on this machine; nothing is read or downloaded.
     *
     * @return the first folder that has all, the cache last; empty if none has
     */
    Optional<Path> folder() {
        return Stream.concat(
                        Folders.data(name, folders).stream(),
                        Stream.of(Folders.cache().resolve(name)))
                .filter(folder -> files.keySet().stream().allMatch(f -> in(folder, f).isPresent()))
                .findFirst();
    }

    private static Optional<Path> in(Path folder, String file) {
        return Stream.of(folder.resolve(file + ".gz"), folder.resolve(file))
                .filter(Files::isRegularFile)
                .findFirst();
    }

    private Path find(String file) {
        for (Path folder : Folders.data(name, folders)) {
            Optional<Path> path = in(folder, file);
            if (path.isPresent()) {
                return path.get();
            }
        }
        Path target = Folders.cache().resolve(name).resolve(file + ".gz");
        if (!Files.exists(target) && Folders.offline()) {
            throw new IllegalStateException(
                    title
                            + ": "
                            + file
                            + " is not on this machine and MEMORIA_OFFLINE forbids a download. Looked in "
                            + Folders.data(name, folders)
                            + " and "
                            + target.getParent()
                            + "; MEMORIA_DATA may name a folder that has it");
        }
        Published published = files.get(file);
        List<URI> addresses =
                mirrors.stream().map(mirror -> URI.create(mirror + file + ".gz")).toList();
        new Download(addresses, published.sha256, published.bytes, STALL).to(target);
        return target;
    }

    Provenance provenance(String part, String checksum) {
        return new Provenance(
                title + " " + part, licence, attribution, url, checksum, List.of(), licenceText);
    }
}
