package memoria.data;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import memoria.json.Json;
import memoria.json.JsonRecord;

/**
 * Checksums of files whose publisher states none: taken from the first copy that came, written down, and demanded from then on. The file is
 * meant to be committed, so that others get the same copy or an error.
 */
final class TrustLock {

    static final String FILE = "lock.json";

    /**
     * A copy that was trusted.
     *
     * @param sha256 its checksum
     * @param bytes its size
     * @param from where it came from
     * @param on the day, as YYYY-MM-DD
     */
    record Entry(String sha256, long bytes, String from, String on) {}

    private final Path file;

    TrustLock(Path file) {
        this.file = file;
    }

    Path file() {
        return file;
    }

    /**
     * What was trusted.
     *
     * @param key set and file, as {@code NAME/FILE}
     * @return the copy; empty if none was
     * @throws IllegalArgumentException if the lock file is damaged
     */
    Optional<Entry> of(String key) {
        return Optional.ofNullable(read().get(key));
    }

    /** Whether a copy with this checksum was trusted, as whichever file. */
    boolean holds(String sha256) {
        return read().values().stream().anyMatch(entry -> sha256.equals(entry.sha256()));
    }

    /**
     * Writes a copy down, unless one is already.
     *
     * @param key set and file, as {@code NAME/FILE}
     * @param entry the copy
     */
    void add(String key, Entry entry) {
        Path guard = Folders.cache().resolve(FILE + ".lock");
        synchronized (TrustLock.class) {
            try {
                Files.createDirectories(guard.getParent());
            } catch (IOException e) {
                throw AtomicFile.failure("write", guard, e);
            }
            try (FileChannel channel =
                            FileChannel.open(
                                    guard, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock held = channel.lock()) {
                Map<String, Entry> all = read();
                if (held.isValid() && all.putIfAbsent(key, entry) == null) {
                    write(all);
                }
            } catch (IOException e) {
                throw AtomicFile.failure("write", file, e);
            }
        }
    }

    private void write(Map<String, Entry> all) {
        JsonObject json = new JsonObject();
        all.forEach((key, entry) -> json.add(key, JsonRecord.write(entry)));
        String text = Json.pretty(json) + "\n";
        AtomicFile.write(file, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
    }

    private Map<String, Entry> read() {
        Map<String, Entry> all = new TreeMap<>();
        if (!Files.exists(file)) {
            return all;
        }
        try {
            for (Map.Entry<String, JsonElement> entry : TextFile.json(file).entrySet()) {
                all.put(
                        entry.getKey(),
                        JsonRecord.read(entry.getValue().getAsJsonObject(), Entry.class));
            }
            return all;
        } catch (UncheckedIOException e) {
            throw e;
        } catch (RuntimeException e) {
            throw new IllegalArgumentException(
                    "lock: " + file + " is damaged: " + e.getMessage(), e);
        }
    }
}
