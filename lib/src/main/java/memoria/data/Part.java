package memoria.data;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import memoria.json.Json;
import memoria.json.JsonRecord;

/**
 * What arrived of a file so far, and, where no checksum will tell at the end whether pieces belong together, a note beside it of where it
 * came from.
 */
final class Part {

    /**
     * Where a part came from.
     *
     * @param from the mirror
     * @param validator ETag or date of the file there; empty if the server gave none
     * @param total size of the whole file; -1 if the server did not say
     */
    private record Note(String from, String validator, long total) {}

    private final Path file;
    private final Path note;
    private boolean resumed;
    private boolean refused;

    Part(Path file) {
        this.file = file;
        this.note = file.resolveSibling(file.getFileName() + ".json");
    }

    Path file() {
        return file;
    }

    String name() {
        return file.getFileName().toString().replaceAll("\\.part$", "");
    }

    long size() {
        return file.toFile().length();
    }

    /** Whether what is here was put together from several transfers. */
    boolean resumed() {
        return resumed;
    }

    /** Whether a mirror cannot go on from what is here. */
    boolean refused() {
        return refused;
    }

    void refused(boolean here) {
        refused |= here;
    }

    /** Bytes that can be built on when this mirror is asked; what cannot is forgotten. */
    long worth(URI mirror, Seal seal) throws IOException {
        long have = size();
        boolean tooMuch = seal.bytes() != null && have > seal.bytes();
        boolean strange =
                !seal.known()
                        && (read().validator().isEmpty()
                                || !read().from().equals(mirror.toString()));
        if (have > 0 && (tooMuch || strange)) {
            forget();
            have = 0;
        }
        resumed = have > 0;
        return have;
    }

    /** Whether nothing is missing. */
    boolean whole(Seal seal) {
        long total = seal.bytes() != null ? seal.bytes() : seal.known() ? -1 : read().total();
        return size() == total;
    }

    /** Request headers for the rest. */
    Map<String, String> request(long have, Seal seal) {
        Map<String, String> headers = new HashMap<>();
        if (have > 0) {
            headers.put("Range", "bytes=" + have + "-");
            if (!seal.known()) {
                headers.put("If-Range", read().validator());
            }
        }
        return headers;
    }

    /** The file comes from the start. */
    void begin(URI mirror, HttpResponse<?> response, long total, Seal seal) throws IOException {
        resumed = false;
        if (seal.known()) {
            return;
        }
        Files.deleteIfExists(note);
        Files.write(file, new byte[0]);
        // A weak ETag does not promise the same bytes.
        String validator =
                response.headers()
                        .firstValue("ETag")
                        .filter(tag -> !tag.startsWith("W/"))
                        .or(() -> response.headers().firstValue("Last-Modified"))
                        .orElse("");
        JsonObject json = JsonRecord.write(new Note(mirror.toString(), validator, total));
        AtomicFile.write(
                note, out -> out.write(Json.pretty(json).getBytes(StandardCharsets.UTF_8)));
    }

    void forget() throws IOException {
        refused = false;
        Files.deleteIfExists(file);
        Files.deleteIfExists(note);
    }

    private Note read() {
        try {
            return JsonRecord.read(
                    Json.parse(Files.readString(note)).getAsJsonObject(), Note.class);
        } catch (IOException | RuntimeException e) {
            // Without a note nothing is known of the part.
            return new Note("", "", -1);
        }
    }
}
