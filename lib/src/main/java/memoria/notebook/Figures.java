package memoria.notebook;

import java.nio.file.Path;
import java.util.Locale;

/** The folder that figures are saved to, if any, in the order in which they are shown. */
final class Figures {

    private static final int NAME = 48;

    private static Path folder;
    private static int count;

    private Figures() {}

    static synchronized void saveTo(Path directory) {
        folder = directory;
        count = 0;
    }

    static synchronized void save(Picture<?> picture) {
        if (folder != null) {
            count++;
            picture.save(
                    folder.resolve(String.format(Locale.ROOT, "%02d-%s", count, name(picture))));
        }
    }

    /** The first line of what the picture says of itself, as a file name. */
    private static String name(Picture<?> picture) {
        String line = picture.toString().lines().findFirst().orElse("figure");
        String plain = line.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
        String cut = plain.substring(0, Math.min(NAME, plain.length()));
        return cut.replaceAll("^-|-$", "");
    }
}
