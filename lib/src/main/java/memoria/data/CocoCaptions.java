package memoria.data;

import com.google.gson.JsonParseException;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** COCO's caption files: {@code images} have an id and a file name, {@code annotations} an image's id and a caption. */
final class CocoCaptions {

    /** A file and what was written about it. */
    record Captioned(String file, List<String> captions) {}

    private final Map<Long, Captioned> images = new LinkedHashMap<>();

    /** The annotations may stand before the images. */
    private final Map<Long, List<String>> captions = new LinkedHashMap<>();

    private CocoCaptions() {}

    /**
     * Reads a file as a stream: the training captions alone have 90 MB.
     *
     * @return images in the file's order
     * @throws IllegalArgumentException naming the file and the reason
     */
    static List<Captioned> read(Path file) {
        CocoCaptions coco = new CocoCaptions();
        try (JsonReader json = new JsonReader(TextRows.open(file))) {
            boolean found = coco.read(json);
            if (!found || json.peek() != JsonToken.END_DOCUMENT) {
                throw bad(
                        file,
                        "it is not COCO's: 'images' and 'annotations' are missing, or something follows");
            }
        } catch (CharacterCodingException e) {
            throw bad(file, "it is not UTF-8 text");
        } catch (com.google.gson.stream.MalformedJsonException
                | java.io.EOFException
                | IllegalStateException
                | NumberFormatException
                | JsonParseException e) {
            throw bad(
                    file, "it is truncated, or not the JSON of COCO's captions: " + e.getMessage());
        } catch (IOException e) {
            throw AtomicFile.failure("read", file, e);
        }
        for (Map.Entry<Long, List<String>> entry : coco.captions.entrySet()) {
            Captioned image = coco.images.get(entry.getKey());
            if (image == null) {
                throw bad(
                        file, "a caption is of image " + entry.getKey() + ", which is not listed");
            }
            image.captions.addAll(entry.getValue());
        }
        return new ArrayList<>(coco.images.values());
    }

    private static IllegalArgumentException bad(Path file, String reason) {
        return new IllegalArgumentException("file: " + file + ": " + reason);
    }

    private boolean read(JsonReader json) throws IOException {
        boolean imagesFound = false;
        boolean captionsFound = false;
        json.beginObject();
        while (json.hasNext()) {
            String name = json.nextName();
            if (name.equals("images") || name.equals("annotations")) {
                boolean pictures = name.equals("images");
                imagesFound |= pictures;
                captionsFound |= !pictures;
                json.beginArray();
                while (json.hasNext()) {
                    entry(json, pictures);
                }
                json.endArray();
            } else {
                json.skipValue();
            }
        }
        json.endObject();
        return imagesFound && captionsFound;
    }

    private void entry(JsonReader json, boolean picture) throws IOException {
        Long id = null;
        String text = null;
        json.beginObject();
        while (json.hasNext()) {
            String name = json.nextName();
            if (name.equals(picture ? "id" : "image_id")) {
                id = json.nextLong();
            } else if (name.equals(picture ? "file_name" : "caption")) {
                text = json.nextString();
            } else {
                json.skipValue();
            }
        }
        json.endObject();
        if (id == null || text == null) {
            throw new IllegalStateException(
                    picture
                            ? "an image lacks id or file_name"
                            : "a caption lacks image_id or caption");
        }
        if (!picture) {
            captions.computeIfAbsent(id, any -> new ArrayList<>()).add(text.strip());
        } else if (images.put(id, new Captioned(text, new ArrayList<>())) != null) {
            throw new IllegalStateException("image " + id + " is listed twice");
        }
    }
}
