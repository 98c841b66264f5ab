package memoria.data;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What takes room in the cache.
 *
 * @param name the set's, or the folder's that something else keeps there
 * @param set whether it is one of {@link Manifests#all()}
 * @param bytes of files that are whole
 * @param unfinished of downloads that were not finished; the next fetch goes on with them
 */
public record CacheUse(String name, boolean set, long bytes, long unfinished) {

    /**
     * Looks at the cache.
     *
     * @return one entry for each folder in it, by name; none if there is no cache yet
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static List<CacheUse> all() {
        Path cache = Folders.cache();
        if (!Files.isDirectory(cache)) {
            return List.of();
        }
        List<String> sets = Manifests.all().stream().map(Manifest::name).toList();
        try (Stream<Path> folders = Files.list(cache)) {
            List<CacheUse> all = new ArrayList<>();
            for (Path folder : folders.filter(Files::isDirectory).sorted().toList()) {
                String name = folder.getFileName().toString();
                all.add(measured(folder, name, sets.contains(name)));
            }
            return all;
        } catch (IOException e) {
            throw AtomicFile.failure("read", cache, e);
        }
    }

    private static CacheUse measured(Path folder, String name, boolean set) throws IOException {
        long[] sizes = new long[2];
        Files.walkFileTree(
                folder,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                        boolean part =
                                file.toString().endsWith(".part")
                                        || file.toString().contains(".unpacking");
                        sizes[part ? 1 : 0] += attributes.size();
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFileFailed(Path file, IOException gone) {
                        // Another process may finish a file meanwhile.
                        return FileVisitResult.CONTINUE;
                    }
                });
        return new CacheUse(name, set, sizes[0], sizes[1]);
    }

    /**
     * In words.
     *
     * @return such as {@code cifar-10 184 MB} or {@code sscd 0 B (20 MB unfinished)}
     */
    @Override
    public String toString() {
        String rest = unfinished == 0 ? "" : " (" + Bytes.words(unfinished) + " unfinished)";
        return name + " " + Bytes.words(bytes) + rest;
    }
}
