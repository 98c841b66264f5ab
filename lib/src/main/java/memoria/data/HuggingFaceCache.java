package memoria.data;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The folders that Hugging Face's tools download into: {@code models--ORG--NAME} with {@code refs/main} (the name of a commit),
 * {@code snapshots/COMMIT} (the files, mostly as links) and {@code blobs} (what the links point to). A snapshot is an ordinary folder of
 * safetensors or of diffusers.
 *
 * <pre>{@code
 * Path folder = HuggingFaceCache.snapshot("google/ddpm-cifar10-32");
 * }</pre>
 */
public final class HuggingFaceCache {

    private static final Pattern REPOSITORY = Pattern.compile("[\\w.-]+(/[\\w.-]+)?");
    private static final Pattern NAME = Pattern.compile("[\\w-][\\w.-]*(/[\\w-][\\w.-]*)*");
    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
    private static final Pattern SHA_256 = Pattern.compile("[0-9a-f]{64}");
    private static final int LONGEST_REF = 1 << 10;
    private static final int DEEPEST = 8;

    private HuggingFaceCache() {}

    /**
     * Where the tools keep what they download: {@code HF_HUB_CACHE}, else {@code hub} in {@code HF_HOME}, else
     * {@code ~/.cache/huggingface/hub}.
     *
     * @return the folder, which may not exist
     */
    public static Path hub() {
        String hub = System.getenv("HF_HUB_CACHE");
        String home = System.getenv("HF_HOME");
        if (hub != null && !hub.isBlank()) {
            return Path.of(hub);
        }
        return home != null && !home.isBlank()
                ? Path.of(home, "hub")
                : Path.of(System.getProperty("user.home"), ".cache", "huggingface", "hub");
    }

    /**
     * The files of a model's main revision that were downloaded before.
     *
     * @param repository for example {@code google/ddpm-cifar10-32}
     * @return its snapshot
     * @throws IllegalArgumentException if it is not in {@link #hub}, or incomplete; the folder and the reason are named
     */
    public static Path snapshot(String repository) {
        return snapshot(hub(), repository, "main");
    }

    /**
     * The files of a model's revision that were downloaded before.
     *
     * @param hub the folder of all repositories
     * @param repository for example {@code google/ddpm-cifar10-32}
     * @param revision a branch, a tag or a commit
     * @return its snapshot
     * @throws IllegalArgumentException if it is not there, or incomplete; the folder and the reason are named
     */
    public static Path snapshot(Path hub, String repository, String revision) {
        if (!REPOSITORY.matcher(repository).matches()) {
            throw new IllegalArgumentException(
                    "repository: '"
                            + repository
                            + "'; a name such as google/ddpm-cifar10-32 is legal");
        }
        Path folder = hub.resolve("models--" + repository.replace("/", "--"));
        if (!Files.isDirectory(folder)) {
            throw new IllegalArgumentException(
                    "repository: " + repository + " is not in " + hub + ", it was not downloaded");
        }
        return of(folder, revision);
    }

    /**
     * The folder with the files: of a repository's folder in the cache the snapshot of its main revision, or the only one; any other folder
     * itself.
     *
     * @param folder any folder
     * @return where the files are
     * @throws IllegalArgumentException if it is a repository's folder without a whole snapshot; the folder and the reason are named
     */
    public static Path snapshot(Path folder) {
        return Files.isDirectory(folder.resolve("snapshots")) ? of(folder, "main") : folder;
    }

    private static Path of(Path folder, String revision) {
        if (!NAME.matcher(revision).matches()) {
            throw new IllegalArgumentException(
                    "revision: '" + revision + "' is no name of a revision");
        }
        Path snapshots = folder.resolve("snapshots");
        Path ref = folder.resolve("refs").resolve(revision);
        String commit = revision;
        if (Files.isRegularFile(ref)) {
            commit = commit(ref);
        } else if (!COMMIT.matcher(revision).matches()) {
            List<String> all = names(snapshots);
            if (all.size() != 1 || !revision.equals("main")) {
                throw bad(folder, "it has no revision '" + revision + "'; snapshots: " + all);
            }
            commit = all.get(0);
        }
        Path snapshot = snapshots.resolve(commit);
        if (!Files.isDirectory(snapshot)) {
            throw bad(
                    folder, "the snapshot " + commit + " of '" + revision + "' was not downloaded");
        }
        requireWhole(folder, snapshot);
        return snapshot;
    }

    private static String commit(Path ref) {
        try {
            String text =
                    Files.size(ref) > LONGEST_REF
                            ? ""
                            : new String(Files.readAllBytes(ref), StandardCharsets.ISO_8859_1)
                                    .strip();
            if (!COMMIT.matcher(text).matches()) {
                throw new IllegalArgumentException(
                        "file: " + ref + ": it does not hold the name of a commit, 40 hex digits");
            }
            return text;
        } catch (IOException e) {
            throw AtomicFile.failure("read", ref, e);
        }
    }

    private static List<String> names(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw AtomicFile.failure("read", folder, e);
        }
    }

    /** Every file must be there, and inside the repository's own folder. */
    private static void requireWhole(Path folder, Path snapshot) {
        try {
            Path home = folder.toRealPath();
            for (Path file : files(snapshot)) {
                if (!Files.exists(file)) {
                    throw bad(
                            folder,
                            snapshot.relativize(file)
                                    + " points to "
                                    + Files.readSymbolicLink(file)
                                    + ", which is not there: the download is not complete");
                }
                if (!file.toRealPath().startsWith(home)) {
                    throw bad(folder, snapshot.relativize(file) + " points out of the folder");
                }
            }
        } catch (IOException e) {
            throw AtomicFile.failure("read", snapshot, e);
        }
    }

    private static List<Path> files(Path snapshot) throws IOException {
        try (Stream<Path> files = Files.walk(snapshot, DEEPEST)) {
            return files.filter(f -> !Files.isDirectory(f)).sorted().toList();
        }
    }

    /**
     * Reads every large file of a snapshot and compares it with its SHA-256, under which the cache keeps it. Small files (configurations)
     * have another kind of name, and files that are no links have none: these are not checked.
     *
     * @param snapshot a snapshot
     * @return how many files were compared
     * @throws IllegalArgumentException naming the first file whose content is another
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static int verify(Path snapshot) {
        int compared = 0;
        try {
            for (Path file : files(snapshot)) {
                String stated = file.toRealPath().getFileName().toString();
                if (Files.isSymbolicLink(file) && SHA_256.matcher(stated).matches()) {
                    String found = Checksum.sha256(file);
                    if (!found.equals(stated)) {
                        throw new IllegalArgumentException(
                                "file: "
                                        + file
                                        + ": its SHA-256 is "
                                        + found
                                        + " instead of "
                                        + stated);
                    }
                    compared++;
                }
            }
        } catch (IOException e) {
            throw AtomicFile.failure("read", snapshot, e);
        }
        return compared;
    }

    private static IllegalArgumentException bad(Path folder, String reason) {
        return new IllegalArgumentException("folder: " + folder + ": " + reason);
    }
}
