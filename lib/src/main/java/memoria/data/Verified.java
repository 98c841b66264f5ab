package memoria.data;

import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import memoria.json.Json;

/** Remembers which files were checked, by size and time, so that gigabytes are not read again at every start. */
final class Verified {

    private static final String FILE = ".verified.json";

    private final Path memory;

    Verified(Path folder) {
        memory = folder.resolve(FILE);
    }

    boolean holds(Path file, Seal seal) {
        JsonObject all = read();
        String key = file.toAbsolutePath().toString();
        return new JsonPrimitive(state(file, seal)).equals(all.get(key));
    }

    /** Forgetting costs time only, so two writers need no lock, and a folder that cannot be written is no error. */
    void add(Path file, Seal seal) {
        JsonObject all = read();
        all.addProperty(file.toAbsolutePath().toString(), state(file, seal));
        byte[] text = Json.pretty(all).getBytes(StandardCharsets.UTF_8);
        try {
            AtomicFile.write(memory, out -> out.write(text));
        } catch (UncheckedIOException e) {
            // It is checked again next time.
            return;
        }
    }

    private static String state(Path file, Seal seal) {
        return file.toFile().length() + " " + file.toFile().lastModified() + " " + seal.words();
    }

    private JsonObject read() {
        try {
            return Json.parse(Files.readString(memory)).getAsJsonObject();
        } catch (IOException | RuntimeException e) {
            // Nothing was checked yet, as far as is known.
            return new JsonObject();
        }
    }
}
