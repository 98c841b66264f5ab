package memoria.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Finds pictures and their captions in a folder; {@link Pictures#folder} says where. */
final class PictureFolder {

    private static final Set<String> ENDINGS =
            Set.of("jpg", "jpeg", "jpe", "png", "webp", "gif", "bmp", "tif", "tiff");
    private static final List<String> TABLES =
            List.of("metadata.jsonl", "metadata.csv", "captions.jsonl", "captions.csv");
    private static final List<String> NAMES =
            List.of("file_name", "filename", "file", "image", "path", "key");
    private static final int DEEPEST = 16;

    private PictureFolder() {}

    static List<PictureEntry> list(Path folder) {
        for (String table : TABLES) {
            Path file = folder.resolve(table);
            if (Files.exists(file)) {
                return table(file).entrySet().stream()
                        .map(
                                row ->
                                        PictureEntry.inside(folder, row.getKey(), file)
                                                .captioned(row.getValue()))
                        .toList();
            }
        }
        List<String> names = walk(folder);
        if (names.isEmpty()) {
            throw new IllegalArgumentException(
                    "folder: "
                            + folder
                            + " has no file that ends in one of "
                            + new TreeSet<>(ENDINGS));
        }
        return names.stream()
                .map(
                        name ->
                                PictureEntry.inside(folder, name, folder)
                                        .captioned(beside(folder.resolve(name))))
                .toList();
    }

    private static List<String> walk(Path folder) {
        try (Stream<Path> files = Files.walk(folder, DEEPEST)) {
            return files.filter(PictureFolder::isPicture)
                    .map(file -> folder.relativize(file).toString().replace('\\', '/'))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw AtomicFile.failure("read", folder, e);
        } catch (UncheckedIOException e) {
            throw AtomicFile.failure("read", folder, e.getCause());
        }
    }

    private static boolean isPicture(Path file) {
        String name = file.getFileName().toString();
        String ending = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        return ENDINGS.contains(ending) && !name.startsWith(".") && Files.isRegularFile(file);
    }

    private static List<String> beside(Path picture) {
        String name = picture.getFileName().toString();
        Path text = picture.resolveSibling(name.substring(0, name.lastIndexOf('.')) + ".txt");
        if (!Files.isRegularFile(text)) {
            return List.of();
        }
        return TextFile.lines(text).stream().map(String::strip).filter(t -> !t.isEmpty()).toList();
    }

    /** The captions of the files that a table names, in its order. */
    static Map<String, List<String>> table(Path file) {
        Map<String, List<String>> found = new LinkedHashMap<>();
        TextRows.read(
                file,
                row -> {
                    List<String> name = TextRows.find(row, NAMES);
                    if (name.isEmpty()) {
                        throw new IllegalArgumentException(
                                "a row names no file; it has "
                                        + row.keySet()
                                        + ", one of "
                                        + NAMES
                                        + " is needed");
                    }
                    List<String> texts =
                            found.computeIfAbsent(name.get(0), any -> new ArrayList<>());
                    TextRows.find(row, UrlCaption.CAPTIONS).stream()
                            .map(String::strip)
                            .filter(text -> !text.isEmpty())
                            .forEach(texts::add);
                });
        if (found.isEmpty()) {
            throw new IllegalArgumentException("file: " + file + ": it has no rows");
        }
        return found;
    }
}
