package memoria.data;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/** A picture's file under the name that its list has for it, with its class, which may be empty, and its captions. */
record PictureEntry(String name, Path file, String label, List<String> captions) {

    /** A file inside a folder, named by some other file; its class is the first subfolder it lies in. */
    static PictureEntry inside(Path folder, String name, Path named) {
        Path inside;
        try {
            inside = Path.of(name.replace('\\', '/')).normalize();
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException(
                    "file: " + named + " names no file: " + e.getMessage());
        }
        if (name.isBlank() || inside.isAbsolute() || inside.startsWith("..")) {
            throw new IllegalArgumentException(
                    "file: " + named + " names '" + name + "', which is not inside " + folder);
        }
        String label = inside.getNameCount() > 1 ? inside.getName(0).toString() : "";
        return new PictureEntry(name, folder.resolve(inside), label, List.of());
    }

    PictureEntry labelled(String other) {
        return new PictureEntry(name, file, other, captions);
    }

    PictureEntry captioned(List<String> texts) {
        return new PictureEntry(name, file, label, List.copyOf(texts));
    }
}
