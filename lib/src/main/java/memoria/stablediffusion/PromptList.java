package memoria.stablediffusion;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import memoria.data.Fetch;
import memoria.data.Manifest;
import memoria.data.Manifests;
import memoria.data.TextFile;
import memoria.data.UrlCaption;

/**
 * Prompts to draw pictures of.
 *
 * <pre>{@code
 * List<String> memorized = PromptList.of("laion-memorized-500");     // fetched if the list is not here; no pictures are
 * List<String> own       = PromptList.of("prompts.txt");             // a prompt a line
 * }</pre>
 */
public final class PromptList {

    private PromptList() {}

    /**
     * The prompts of a published list, or of a file of your own.
     *
     * @param name a manifest with captioned pictures, whose captions these are; or the path of a text file in UTF-8 with a prompt a line
     * @return the prompts in their order, without empty ones
     * @throws IllegalArgumentException if there is no such list or file, or it holds no prompt
     * @throws java.io.UncheckedIOException if it cannot be fetched or read
     */
    public static List<String> of(String name) {
        List<String> prompts =
                Manifests.all().stream()
                        .filter(manifest -> manifest.name().equals(name))
                        .findFirst()
                        .map(PromptList::published)
                        .orElseGet(() -> lines(Path.of(name)))
                        .stream()
                        .map(String::strip)
                        .filter(prompt -> !prompt.isEmpty())
                        .toList();
        if (prompts.isEmpty()) {
            throw new IllegalArgumentException("name: '" + name + "' holds no prompt");
        }
        return prompts;
    }

    private static List<String> published(Manifest manifest) {
        if (manifest.images() == null) {
            throw new IllegalArgumentException(
                    "name: '" + manifest.name() + "' has no list of captioned pictures");
        }
        String list = manifest.images().list();
        Path file = Fetch.of(manifest).only(list).images(0).run().file(list);
        return UrlCaption.read(file).stream().map(UrlCaption::caption).toList();
    }

    private static List<String> lines(Path file) {
        if (!Files.isRegularFile(file)) {
            List<String> lists =
                    Manifests.all().stream()
                            .filter(manifest -> manifest.images() != null)
                            .map(Manifest::name)
                            .toList();
            throw new IllegalArgumentException(
                    "name: no prompts '"
                            + file
                            + "'; there are "
                            + lists
                            + ", and no file of this path ("
                            + file.toAbsolutePath().normalize()
                            + ")");
        }
        return TextFile.lines(file);
    }
}
