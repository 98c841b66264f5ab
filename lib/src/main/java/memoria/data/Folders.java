package memoria.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Where files are looked for and kept. A system property wins over the environment variable of the same meaning. */
public final class Folders {

    private Folders() {}

    /**
     * Where downloads and computed results are kept: {@code memoria.cache}, {@code MEMORIA_CACHE}, else {@code .cache/memoria} in the
     * user's home.
     *
     * @return the folder, which may not exist yet
     */
    public static Path cache() {
        String home = System.getProperty("user.home");
        return Path.of(setting("memoria.cache", Path.of(home, ".cache", "memoria").toString()));
    }

    /**
     * Whether downloads are forbidden: {@code memoria.offline} or {@code MEMORIA_OFFLINE} is set to anything but {@code false} or 0.
     *
     * @return true if nothing may be fetched
     */
    public static boolean offline() {
        String value = setting("memoria.offline", "false");
        return !value.equalsIgnoreCase("false") && !value.equals("0");
    }

    /**
     * Where a data set may lie: the folder named by {@code memoria.data} or {@code MEMORIA_DATA} and the set's own folder in it, then the
     * places a package of the system uses.
     *
     * @param name the set's folder name
     * @param system folders of system packages
     * @return folders in the order they are searched
     */
    static List<Path> data(String name, List<String> system) {
        List<Path> folders = new ArrayList<>();
        String own = setting("memoria.data", "");
        if (!own.isEmpty()) {
            folders.add(Path.of(own, name));
            folders.add(Path.of(own));
        }
        system.forEach(folder -> folders.add(Path.of(folder)));
        return folders;
    }

    /**
     * A folder with manifests of the reader's own: {@code memoria.manifests} or {@code MEMORIA_MANIFESTS}.
     *
     * @return the folder; empty if none is named
     */
    static Optional<Path> manifests() {
        return Optional.of(setting("memoria.manifests", ""))
                .filter(folder -> !folder.isEmpty())
                .map(Path::of);
    }

    /**
     * Where checksums are kept that were trusted on first use: {@code memoria.lock} or {@code MEMORIA_LOCK}, else {@code lock.json} in the
     * folder {@code data-manifests} of the working directory or above, where it can be committed, else in the cache.
     *
     * @return the file, which may not exist yet
     */
    static Path lock() {
        String named = setting("memoria.lock", "");
        if (!named.isEmpty()) {
            return Path.of(named);
        }
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            Path folder = at.resolve("data-manifests");
            if (Files.isWritable(folder.resolve("schema.json"))) {
                return folder.resolve(TrustLock.FILE);
            }
        }
        return cache().resolve(TrustLock.FILE);
    }

    private static String setting(String property, String otherwise) {
        String variable = property.toUpperCase(java.util.Locale.ROOT).replace('.', '_');
        String value = System.getProperty(property, System.getenv(variable));
        return value == null || value.isBlank() ? otherwise : value;
    }
}
