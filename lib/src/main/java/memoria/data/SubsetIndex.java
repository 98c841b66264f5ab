package memoria.data;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The file {@code index.txt} of a {@link Subset}: the names of its images, one a line, made from the list of identities. */
final class SubsetIndex {

    static final String FILE = "index.txt";

    private SubsetIndex() {}

    /**
     * Makes the index where it is not there.
     *
     * @param manifest a set with a subset
     * @param fetch who brings the list of identities
     * @return the index
     * @throws IllegalArgumentException if the rule makes another number of images than it should
     */
    static Path of(Manifest manifest, Fetch fetch) {
        Path target = manifest.cached().resolve(FILE);
        if (!Files.exists(target)) {
            Subset subset = manifest.subset();
            Path identities =
                    subset.identities() == null
                            ? ofWhole(Manifests.of(subset.of()), fetch)
                            : fetch.also(manifest, subset.identities());
            List<String> chosen = subset.select(lines(identities));
            byte[] text = (String.join("\n", chosen) + "\n").getBytes(StandardCharsets.UTF_8);
            AtomicFile.write(target, out -> out.write(text));
        }
        return target;
    }

    private static Path ofWhole(Manifest whole, Fetch fetch) {
        String identities =
                whole.files().stream()
                        .map(ManifestFile::name)
                        .filter(name -> name.startsWith("identity"))
                        .findFirst()
                        .orElseThrow(
                                () ->
                                        new IllegalStateException(
                                                whole.name() + " has no list of identities"));
        return fetch.also(whole, identities);
    }

    private static Map<String, String> lines(Path file) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.filter(line -> !line.isBlank())
                    .map(line -> line.strip().split("\\s+"))
                    .collect(Collectors.toMap(parts -> parts[0], parts -> parts[1]));
        } catch (IOException e) {
            throw AtomicFile.failure("read", file, e);
        } catch (RuntimeException e) {
            throw new IllegalArgumentException(
                    "file: " + file + " is no list of file names and identities", e);
        }
    }
}
