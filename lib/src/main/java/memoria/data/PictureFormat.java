package memoria.data;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Which kind of picture bytes are, by how they begin: servers answer with web pages too, and names lie. */
final class PictureFormat {

    private static final Map<String, String> BEGINNINGS = new LinkedHashMap<>();

    static {
        BEGINNINGS.put("\u00ff\u00d8\u00ff", ".jpg");
        BEGINNINGS.put("\u0089PNG\r\n\u001a\n", ".png");
        BEGINNINGS.put("GIF8", ".gif");
        BEGINNINGS.put("BM", ".bmp");
    }

    private static final String WEBP = ".webp";

    private PictureFormat() {}

    static List<String> suffixes() {
        return List.of(".jpg", ".png", WEBP, ".gif", ".bmp");
    }

    /** The usual suffix of such a file; empty if it is no picture that can be read. */
    static Optional<String> suffix(byte[] content) {
        int known = Math.min(12, content.length);
        String start = new String(content, 0, known, StandardCharsets.ISO_8859_1);
        if (start.startsWith("RIFF") && start.endsWith("WEBP")) {
            return Optional.of(WEBP);
        }
        return BEGINNINGS.entrySet().stream()
                .filter(e -> start.startsWith(e.getKey()))
                .map(Map.Entry::getValue)
                .findFirst();
    }
}
