package memoria.data;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * The byte pair vocabulary of openai's CLIP, which Stable Diffusion v1 reads prompts with. It is not part of this project (MIT licence, 1.3
 * MB): it is looked for and downloaded as {@link FashionMnist} is, in the folder
 * {@code clip-vocabulary}.
 */
public final class ClipVocabulary {

    private static final String FILE = "bpe_simple_vocab_16e6.txt";

    /** The file has 262,144 merges; CLIP uses the first ones: 49,152 tokens less 256 bytes, less 2. */
    private static final int USED = 49_152 - 256 - 2;

    private ClipVocabulary() {}

    /**
     * The merges CLIP uses.
     *
     * @return 48,894 lines {@code left right}, the most important first
     * @throws IllegalArgumentException if the file found is damaged or has another content
     * @throws java.io.UncheckedIOException if it can be neither read nor downloaded
     * @throws IllegalStateException if it is not on this machine and {@code MEMORIA_OFFLINE} forbids a download
     */
    public static List<String> merges() {
        return used(Manifests.of("clip-vocabulary").content(FILE));
    }

    /**
     * The merges CLIP uses, from a copy of the file.
     *
     * @param file {@code bpe_simple_vocab_16e6.txt.gz}, gzipped or not
     * @return 48,894 lines {@code left right}, the most important first
     * @throws IllegalArgumentException if the file is damaged or has another content
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static List<String> merges(Path file) {
        return used(Manifests.of("clip-vocabulary").content(FILE, file));
    }

    /** The first line tells the format's version. */
    private static List<String> used(byte[] content) {
        return new String(content, StandardCharsets.UTF_8).lines().skip(1).limit(USED).toList();
    }
}
