package memoria.data;

import com.google.gson.JsonObject;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** A set's folder with the pictures of a list: {@link Pictures#folder} reads it, and what did not come stands beside it. */
final class ImageFolder {

    static final String PICTURES = "images";
    static final String GONE = "gone.csv";
    private static final String METADATA = "metadata.jsonl";

    private final Path folder;
    private final StringBuilder lines = new StringBuilder();

    ImageFolder(Path folder) {
        this.folder = folder;
    }

    /** A picture that is here: a file of the subfolder {@value #PICTURES}, its caption, and where it came from. */
    void add(Path file, String caption, String url) {
        JsonObject json = new JsonObject();
        json.addProperty("file_name", PICTURES + "/" + file.getFileName());
        json.addProperty("text", caption);
        json.addProperty("url", url);
        lines.append(json).append('\n');
    }

    /** Writes the captions of what is here, and the list of what is not. */
    void write(List<ImageReport.Gone> gone) {
        byte[] text = lines.toString().getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(folder.resolve(METADATA), out -> out.write(text));
        GoneFile.write(folder.resolve(GONE), gone);
    }
}
