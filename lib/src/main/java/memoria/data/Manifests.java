package memoria.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import memoria.json.Json;

/**
 * The data sets and checkpoints that the {@code paper} profiles need, one {@link Manifest} each, and those of the reader's own in the folder
 * that {@code MEMORIA_MANIFESTS} (or the system property {@code memoria.manifests}) names.
 *
 * <pre>{@code
 * Path weights = Manifests.fetch("iddpm-cifar10").file("cifar10_uncond_50M_500K.pt");
 * }</pre>
 *
 * <p>From a shell: {@code environment/fetch NAME}.
 */
public final class Manifests {

    private static final String FOLDER = "manifests/";
    private static final String SCHEMA = "schema.json";
    private static final String SUFFIX = ".json";

    private Manifests() {}

    /**
     * All of them.
     *
     * @return the manifests, sorted by name; one of the reader's own goes before a shipped one of the same name
     * @throws IllegalArgumentException naming the file if one of the reader's own is not legal
     */
    public static List<Manifest> all() {
        Map<String, Manifest> all = new TreeMap<>();
        shipped().forEach(name -> all.put(name, Manifest.parse(resource(name))));
        own().forEach(file -> all.put(nameOf(file.getFileName().toString()), read(file)));
        return List.copyOf(all.values());
    }

    /**
     * One of them.
     *
     * @param name its name
     * @return the manifest
     * @throws IllegalArgumentException if there is none; the message lists those there are
     */
    public static Manifest of(String name) {
        Optional<Path> own =
                own().filter(f -> f.getFileName().toString().equals(name + SUFFIX)).findFirst();
        if (own.isPresent()) {
            return read(own.get());
        }
        List<String> shipped = shipped();
        if (!shipped.contains(name)) {
            List<String> names = all().stream().map(Manifest::name).toList();
            throw new IllegalArgumentException(
                    "name: no manifest '" + name + "'; there are " + names);
        }
        return Manifest.parse(resource(name));
    }

    /**
     * Reads a manifest from a file, which is named as the manifest is.
     *
     * @param file NAME.json
     * @return the manifest
     * @throws IllegalArgumentException naming the file and the reason if it is not legal
     * @throws UncheckedIOException if it cannot be read
     */
    public static Manifest read(Path file) {
        String text = TextFile.read(file);
        try {
            Manifest manifest = Manifest.parse(text);
            if (!manifest.name().equals(nameOf(file.getFileName().toString()))) {
                throw new IllegalArgumentException(
                        "name: '" + manifest.name() + "'; legal is the file's own name");
            }
            return manifest;
        } catch (RuntimeException e) {
            throw new IllegalArgumentException("file: " + file + ": " + e.getMessage(), e);
        }
    }

    /**
     * Finds a set on this machine or fetches what is missing; see {@link Fetch} for the options.
     *
     * @param name its name
     * @return where its files lie
     * @throws IllegalArgumentException if there is no such manifest, or a file found is not the published one
     * @throws IllegalStateException if something is missing and may not or cannot be fetched by a program; the message says what to do
     * @throws UncheckedIOException if no mirror delivers, or the disk refuses
     */
    public static Fetched fetch(String name) {
        return Fetch.of(of(name)).run();
    }

    private static String nameOf(String file) {
        return file.substring(0, file.length() - SUFFIX.length());
    }

    private static String resource(String name) {
        try (InputStream in = Manifests.class.getResourceAsStream(FOLDER + name + SUFFIX)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<Path> own() {
        return Folders.manifests().stream().flatMap(folder -> list(folder).stream());
    }

    private static List<Path> list(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> isManifest(f.getFileName().toString()))
                    .sorted(Comparator.naturalOrder())
                    .toList();
        } catch (IOException e) {
            throw AtomicFile.failure("read", folder, e);
        }
    }

    private static boolean isManifest(String file) {
        return file.endsWith(SUFFIX)
                && !file.equals(SCHEMA)
                && !file.equals(TrustLock.FILE)
                && !file.startsWith(".");
    }

    /** Names of those beside the schema, in the library's jar or its folder of classes. */
    private static List<String> shipped() {
        URL schema = Manifests.class.getResource(FOLDER + SCHEMA);
        try {
            if (schema.openConnection() instanceof JarURLConnection jar) {
                String folder = jar.getEntryName().replace(SCHEMA, "");
                return jar.getJarFile().stream()
                        .map(entry -> entry.getName())
                        .filter(entry -> entry.startsWith(folder))
                        .map(entry -> entry.substring(folder.length()))
                        .filter(Manifests::isManifest)
                        .map(Manifests::nameOf)
                        .sorted()
                        .toList();
            }
            Path folder = Path.of(new URI(schema.toString())).getParent();
            return list(folder).stream().map(f -> nameOf(f.getFileName().toString())).toList();
        } catch (IOException | URISyntaxException e) {
            throw new IllegalStateException(
                    "the library's manifests cannot be listed: " + schema, e);
        }
    }

    /**
     * The rules that manifests follow, as JSON Schema 2020-12.
     *
     * @return its text
     */
    public static String schema() {
        return Json.pretty(Json.parse(resource(nameOf(SCHEMA))));
    }
}
