package memoria.notebook;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import tech.tablesaw.api.Table;

/**
 * Something drawn, with the numbers it was drawn from: a chart or a grid of images. Refine it with its verbs and end with {@link #show()}.
 *
 * @param <P> its own type, so that verbs can be chained
 */
public abstract class Picture<P extends Picture<P>> implements Displayable {

    private static final String NO_FONTS =
            "This machine has no fonts, so no chart can be drawn. Debian and Ubuntu: apt-get install fontconfig fonts-dejavu-core.";

    private String title = "";

    Picture() {}

    /**
     * Writes a title above.
     *
     * @param title a few words
     * @return this
     */
    public final P title(String title) {
        this.title = title;
        return self();
    }

    @SuppressWarnings("unchecked")
    final P self() {
        return (P) this;
    }

    final String title() {
        return title;
    }

    /**
     * Draws it.
     *
     * @return a new picture in memory
     */
    public abstract BufferedImage image();

    /**
     * The numbers behind it.
     *
     * @return one row per value
     */
    public abstract Table numbers();

    /** One or more lines that stand for the picture where only text is shown. */
    abstract String summary();

    /** Whether nothing can be drawn where there are no fonts. */
    boolean needsFonts() {
        return true;
    }

    /** Shows it below the running cell; saves it too after {@link Show#saveTo}. */
    public final void show() {
        Show.show(this);
    }

    /**
     * Saves the picture and the numbers behind it.
     *
     * @param stem path without extension; {@code .png} and {@code .csv} are written, folders made
     * @throws UncheckedIOException if the files cannot be written
     */
    public final void save(Path stem) {
        try {
            if (stem.toAbsolutePath().getParent() != null) {
                Files.createDirectories(stem.toAbsolutePath().getParent());
            }
            if (drawable()) {
                Files.write(stem.resolveSibling(stem.getFileName() + ".png"), Style.png(image()));
            }
            numbers().write().csv(stem.resolveSibling(stem.getFileName() + ".csv").toFile());
        } catch (IOException e) {
            throw new UncheckedIOException("figure not saved: " + stem, e);
        }
    }

    private boolean drawable() {
        return !needsFonts() || Style.fontsWork();
    }

    @Override
    public final Map<String, Object> bundle() {
        Map<String, Object> forms = new LinkedHashMap<>();
        String text = toString();
        if (drawable()) {
            forms.put("image/png", Base64.getEncoder().encodeToString(Style.png(image())));
        } else {
            text = text + "\n" + NO_FONTS;
        }
        forms.put("text/plain", text);
        return forms;
    }

    /**
     * The picture in words, for consoles and screen readers.
     *
     * @return its title and what it shows
     */
    @Override
    public final String toString() {
        return title.isEmpty() ? summary() : title + "\n" + summary();
    }
}
