package memoria.stablediffusion;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import memoria.data.TextFile;

/** CLIP's tokenizer as Hugging Face's libraries write it, the folder {@code tokenizer} of a checkpoint. */
final class TokenizerFolder {

    private static final String MERGES = "merges.txt";
    private static final String VOCABULARY = "vocab.json";
    private static final String CONFIG = "tokenizer_config.json";
    private static final String LENGTH = "model_max_length";

    /** Longer prompts than this no text encoder reads; some files state 10^30 for "any". */
    private static final double LONGEST = 1 << 16;

    private TokenizerFolder() {}

    /**
     * Whether a folder is one.
     *
     * @param folder any
     * @return whether it holds merges
     */
    static boolean isOne(Path folder) {
        return Files.isRegularFile(folder.resolve(MERGES));
    }

    /**
     * Reads it.
     *
     * @param folder with {@code merges.txt}, and perhaps {@code vocab.json}, which must number the tokens as CLIP does, and
     *     {@code tokenizer_config.json}, which tells the length of prompts
     * @return the tokenizer
     * @throws IllegalArgumentException naming the file and the reason if one is damaged or another tokenizer's
     * @throws java.io.UncheckedIOException if one cannot be read
     */
    static Tokenizer read(Path folder) {
        Path merges = folder.resolve(MERGES);
        Tokenizer tokenizer = of(merges, lines(merges), length(folder.resolve(CONFIG)));
        Path vocabulary = folder.resolve(VOCABULARY);
        if (Files.exists(vocabulary)) {
            requireSame(vocabulary, TextFile.json(vocabulary), tokenizer.symbols());
        }
        return tokenizer;
    }

    private static Tokenizer of(Path file, List<String> merges, int length) {
        try {
            return Tokenizer.of(merges, length);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("file: " + file + ": " + e.getMessage(), e);
        }
    }

    /** The first line may tell the format's version. */
    private static List<String> lines(Path file) {
        List<String> lines = TextFile.lines(file);
        boolean version = !lines.isEmpty() && lines.get(0).startsWith("#version");
        return lines.stream().skip(version ? 1 : 0).filter(line -> !line.isBlank()).toList();
    }

    private static int length(Path config) {
        JsonElement length = Files.exists(config) ? TextFile.json(config).get(LENGTH) : null;
        if (length == null || length.isJsonNull()) {
            return Tokenizer.CLIP_LENGTH;
        }
        boolean number = length.isJsonPrimitive() && length.getAsJsonPrimitive().isNumber();
        double stated = number ? length.getAsDouble() : Double.NaN;
        if (!(stated >= 2 && stated == Math.rint(stated))) {
            throw new IllegalArgumentException(
                    "file: " + config + ": " + LENGTH + ": " + length + "; at least 2 is legal");
        }
        return stated > LONGEST ? Tokenizer.CLIP_LENGTH : (int) stated;
    }

    private static void requireSame(Path file, JsonObject vocabulary, List<String> symbols) {
        if (vocabulary.size() != symbols.size()) {
            throw new IllegalArgumentException(
                    "file: "
                            + file
                            + " has "
                            + vocabulary.size()
                            + " tokens; CLIP's tokenizer with these merges has "
                            + symbols.size());
        }
        for (int i = 0; i < symbols.size(); i++) {
            JsonElement number = vocabulary.get(symbols.get(i));
            if (number == null || !number.toString().equals(String.valueOf(i))) {
                throw new IllegalArgumentException(
                        "file: "
                                + file
                                + " gives '"
                                + symbols.get(i)
                                + "' the number "
                                + number
                                + "; CLIP's tokenizer gives it "
                                + i);
            }
        }
    }
}
