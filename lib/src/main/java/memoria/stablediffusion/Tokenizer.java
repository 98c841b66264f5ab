package memoria.stablediffusion;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import memoria.data.ClipVocabulary;

/**
 * CLIP's tokenizer (Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", 2021): a prompt becomes
 * numbers between a start and an end token, padded to a fixed length.
 *
 * <pre>{@code
 * Tokenizer tokenizer = Tokenizer.clip();
 * tokenizer.encode("a photo of a cat");   // 320 1125 539 320 2368
 * tokenizer.ids("a photo of a cat");      // 49406 320 1125 539 320 2368 49407 49407 ... (77)
 * }</pre>
 *
 * <p>A prompt is repaired ({@code ftfy}'s rules without its guess of wrong encodings), freed of HTML references twice, lower-cased, and cut
 * into contractions, words, single digits and runs of other characters; markup is text. The empty prompt has no tokens of its own. A
 * prompt too long for the length is cut before the end token, as Stable Diffusion's pipelines do, and a warning names what was lost;
 * {@link #requireFits} refuses it instead.
 */
public final class Tokenizer {

    /** What follows the end token. */
    public enum Padding {
        /** The end token again: Stable Diffusion and Hugging Face. */
        END,
        /** Token 0: openai's own. */
        ZERO
    }

    /** Length of the prompts CLIP was trained on. */
    public static final int CLIP_LENGTH = 77;

    private static final String START = "<|startoftext|>";
    private static final String STOP = "<|endoftext|>";

    /** Special tokens, English contractions, words, one digit, or anything else that is no space. */
    private static final Pattern TOKEN =
            Pattern.compile(
                    Pattern.quote(START)
                            + "|"
                            + Pattern.quote(STOP)
                            + "|'s|'t|'re|'ve|'m|'ll|'d|\\p{L}+|\\p{N}|[^\\s\\p{L}\\p{N}]+",
                    Pattern.CASE_INSENSITIVE
                            | Pattern.UNICODE_CASE
                            | Pattern.UNICODE_CHARACTER_CLASS);

    private final BytePairs pairs;
    private final int length;
    private final Padding padding;
    private final List<String> symbols;
    private final Map<String, Integer> number;
    private final Map<String, List<String>> cache = new ConcurrentHashMap<>();

    private Tokenizer(BytePairs pairs, int length, Padding padding) {
        if (length < 2) {
            throw new IllegalArgumentException(
                    "length: " + length + " tokens; at least 2, for start and end");
        }
        this.pairs = pairs;
        this.length = length;
        this.padding = padding;
        this.symbols = new ArrayList<>(pairs.symbols());
        this.symbols.addAll(List.of(START, STOP));
        this.number = new HashMap<>();
        for (int i = 0; i < symbols.size(); i++) {
            number.put(symbols.get(i), i);
        }
    }

    /**
     * The tokenizer of CLIP and Stable Diffusion: 49,408 tokens, prompts of 77. Its vocabulary is looked for on this machine and
     * downloaded once where it is missing.
     *
     * @return the tokenizer
     * @throws IllegalArgumentException if a vocabulary found is damaged
     * @throws IllegalStateException if it is missing and downloads are forbidden
     * @throws java.io.UncheckedIOException if it can be neither read nor downloaded
     */
    public static Tokenizer clip() {
        return of(ClipVocabulary.merges(), CLIP_LENGTH);
    }

    /**
     * CLIP's tokenizer with the vocabulary of a file.
     *
     * @param vocabulary openai's {@code bpe_simple_vocab_16e6.txt.gz}, gzipped or not
     * @return the tokenizer
     * @throws IllegalArgumentException if the file is damaged or something else
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static Tokenizer clip(Path vocabulary) {
        return of(ClipVocabulary.merges(vocabulary), CLIP_LENGTH);
    }

    /**
     * A tokenizer by its merges.
     *
     * @param merges each {@code left right}, the most important first; bytes written as CLIP's vocabulary writes them
     * @param length of prompts with start and end, at least 2
     * @return the tokenizer of 512 + merges + 2 tokens, padding with the end token
     * @throws IllegalArgumentException if a merge has not two symbols or the length is below 2
     */
    public static Tokenizer of(List<String> merges, int length) {
        return new Tokenizer(new BytePairs(merges), length, Padding.END);
    }

    /**
     * A tokenizer with a vocabulary learned from texts.
     *
     * @param texts the captions
     * @param merges largest number of merges, 0 or more
     * @param length of prompts with start and end, at least 2
     * @return the tokenizer, padding with the end token
     * @throws IllegalArgumentException if an argument is out of range
     */
    public static Tokenizer learn(Collection<String> texts, int merges, int length) {
        if (merges < 0) {
            throw new IllegalArgumentException("merges: " + merges + "; 0 or more");
        }
        List<String> words = texts.stream().flatMap(text -> cut(text).stream()).toList();
        return new Tokenizer(BytePairs.learn(words, merges), length, Padding.END);
    }

    /**
     * What follows the end token.
     *
     * @param with {@link Padding#END} by default
     * @return a changed copy
     */
    public Tokenizer optPadding(Padding with) {
        return new Tokenizer(pairs, length, with);
    }

    private static List<String> cut(String prompt) {
        List<String> words = new ArrayList<>();
        Matcher found = TOKEN.matcher(PromptText.clean(prompt));
        while (found.find()) {
            words.add(found.group());
        }
        return words;
    }

    private List<String> split(String prompt) {
        List<String> all = new ArrayList<>();
        for (String word : cut(prompt)) {
            boolean special = word.equals(START) || word.equals(STOP);
            all.addAll(special ? List.of(word) : cache.computeIfAbsent(word, pairs::split));
        }
        return all;
    }

    /**
     * A prompt's tokens without start, end and padding.
     *
     * @param prompt any text
     * @return their numbers, perhaps none
     */
    public long[] encode(String prompt) {
        return split(prompt).stream().mapToLong(number::get).toArray();
    }

    /**
     * A prompt's tokens as a reader sees them, one per number of {@link #encode}.
     *
     * @param prompt any text
     * @return the texts; a token that is part of a character shows as U+FFFD
     */
    public List<String> pieces(String prompt) {
        return split(prompt).stream().map(symbol -> BytePairs.text(symbol).strip()).toList();
    }

    /**
     * A word of a prompt: letters, one digit, or a run of other characters.
     *
     * @param text the word
     * @param from its first token among those of {@link #encode}
     * @param to one past its last
     */
    public record Word(String text, int from, int to) {}

    /**
     * A prompt's words and the tokens each became.
     *
     * @param prompt any text
     * @return the words in order; their tokens together are those of {@link #encode}
     */
    public List<Word> words(String prompt) {
        List<Word> words = new ArrayList<>();
        int from = 0;
        for (String word : cut(prompt)) {
            int to = from + split(word).size();
            words.add(new Word(word, from, to));
            from = to;
        }
        return words;
    }

    /**
     * The text of tokens; the end of a word is a blank.
     *
     * @param ids 0 to {@code size() - 1} each
     * @return the text
     * @throws IllegalArgumentException if there is no such token
     */
    public String decode(long... ids) {
        StringBuilder text = new StringBuilder();
        for (long id : ids) {
            if (id < 0 || id >= symbols.size()) {
                throw new IllegalArgumentException(
                        "ids: " + id + "; the tokens are 0 to " + (symbols.size() - 1));
            }
            text.append(symbols.get((int) id));
        }
        return BytePairs.text(text.toString());
    }

    /**
     * What a text encoder reads: start, tokens, end, padding.
     *
     * @param prompt any text; what does not fit is cut before the end token, with a warning
     * @return {@link #length} numbers
     */
    public long[] ids(String prompt) {
        long[] inner = encode(prompt);
        int room = length - 2;
        if (inner.length > room) {
            System.getLogger("memoria.stablediffusion")
                    .log(
                            System.Logger.Level.WARNING,
                            "prompt of {0} tokens, {1} fit; cut off: \"{2}\"",
                            inner.length,
                            room,
                            decode(Arrays.copyOfRange(inner, room, inner.length)).strip());
        }
        int kept = Math.min(inner.length, room);
        long[] ids = new long[length];
        Arrays.fill(ids, padding == Padding.END ? end() : 0);
        ids[0] = start();
        System.arraycopy(inner, 0, ids, 1, kept);
        ids[kept + 1] = end();
        return ids;
    }

    /**
     * Whether a prompt loses tokens in {@link #ids}.
     *
     * @param prompt any text
     * @return true if it has more than {@code length() - 2}
     */
    public boolean isTooLong(String prompt) {
        return encode(prompt).length > length - 2;
    }

    /**
     * Refuses a prompt that would be cut.
     *
     * @param prompt any text
     * @return the prompt
     * @throws IllegalArgumentException if it has too many tokens; both numbers are named
     */
    public String requireFits(String prompt) {
        int count = encode(prompt).length;
        if (count > length - 2) {
            throw new IllegalArgumentException(
                    "prompt: "
                            + count
                            + " tokens; at most "
                            + (length - 2)
                            + " fit between start and end");
        }
        return prompt;
    }

    /**
     * Numbers of a row of {@link #ids}.
     *
     * @return tokens with start and end
     */
    public int length() {
        return length;
    }

    /**
     * How many tokens there are.
     *
     * @return 512, the merges, start and end
     */
    public int size() {
        return symbols.size();
    }

    /**
     * The start token.
     *
     * @return its number, the last but one
     */
    public int start() {
        return symbols.size() - 2;
    }

    /**
     * The end token.
     *
     * @return its number, the last
     */
    public int end() {
        return symbols.size() - 1;
    }

    /** All tokens as the vocabulary writes them, by number. */
    List<String> symbols() {
        return List.copyOf(symbols);
    }

    /**
     * The vocabulary, for {@link #of}.
     *
     * @return its merges, the most important first
     */
    public List<String> merges() {
        return pairs.merges();
    }
}
