package memoria.stablediffusion;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import memoria.diffusion.Noise;

/**
 * Words a prompt anew from a list of synonyms, without a language model, after the rules of the LID paper's Box 1. A chosen token changes
 * the word it is part of: punctuation and markup go, a number becomes the next one, a word with a capital inside a sentence is a name and
 * stays, a word of the list becomes one of its synonyms. A word that the list does not know has no synonym to offer and goes: unlike a
 * language model, the list cannot tell a name in small letters from any other word.
 */
public final class SynonymParaphraser implements Paraphraser {

    private static final String STREAM = "prompt/synonyms";
    private static final String SHIPPED = "/memoria/stablediffusion/synonyms.txt";

    /** Markup or symbols before a word, the word, and what follows it. */
    private static final Pattern CHUNK =
            Pattern.compile("([^\\p{L}\\p{N}]*)(.*?)((?:'s)?[^\\p{L}\\p{N}]*)");

    private static final Pattern NUMBER = Pattern.compile("\\d{1,9}");

    private final Tokenizer tokenizer;
    private final Map<String, List<String>> synonyms;

    private SynonymParaphraser(Tokenizer tokenizer, Map<String, List<String>> synonyms) {
        this.tokenizer = tokenizer;
        this.synonyms = synonyms;
    }

    /**
     * The shipped list: clothes, shades, sizes, and common words of captions.
     *
     * @param tokenizer of the prompts
     * @return the paraphraser
     */
    public static SynonymParaphraser shipped(Tokenizer tokenizer) {
        try (InputStream in = SynonymParaphraser.class.getResourceAsStream(SHIPPED)) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return of(tokenizer, text.lines().filter(line -> !line.startsWith("#")).toList());
        } catch (IOException e) {
            throw new UncheckedIOException("the shipped synonyms cannot be read", e);
        }
    }

    /**
     * A list of one's own.
     *
     * @param tokenizer of the prompts
     * @param groups words that may stand for each other, separated by commas; blank lines are skipped
     * @return the paraphraser
     * @throws IllegalArgumentException if a group has fewer than two words or a word is in two groups
     */
    public static SynonymParaphraser of(Tokenizer tokenizer, List<String> groups) {
        Map<String, List<String>> synonyms = new HashMap<>();
        for (String group : groups) {
            if (group.isBlank()) {
                continue;
            }
            List<String> words = List.of(group.strip().toLowerCase(Locale.ROOT).split("\\s*,\\s*"));
            if (words.size() < 2) {
                throw new IllegalArgumentException(
                        "groups: '" + group + "' has one word; at least two stand for each other");
            }
            for (String word : words) {
                List<String> others = words.stream().filter(o -> !o.equals(word)).toList();
                if (synonyms.put(word, others) != null) {
                    throw new IllegalArgumentException("groups: '" + word + "' is in two of them");
                }
            }
        }
        return new SynonymParaphraser(tokenizer, Map.copyOf(synonyms));
    }

    @Override
    public String rephrase(String prompt, int[] chosen, long seed) {
        TokenChoice.requireTokens(tokenizer.encode(prompt).length, chosen);
        Set<Integer> change = new HashSet<>();
        for (int token : chosen) {
            change.add(token);
        }
        List<String> words = new ArrayList<>();
        int from = 0;
        boolean first = true;
        for (String chunk : prompt.strip().split("\\s+")) {
            int to = from + tokenizer.encode(chunk).length;
            words.add(chunk(chunk, from, to, change, first, seed));
            from = to;
            first = false;
        }
        return String.join(" ", words).replaceAll("\\s+", " ").strip();
    }

    /** A stretch without blanks whose tokens are from to to - 1. */
    private String chunk(
            String chunk, int from, int to, Set<Integer> change, boolean first, long seed) {
        Matcher parts = CHUNK.matcher(chunk);
        if (!parts.matches() || parts.group(2).isEmpty()) {
            return touched(change, from, to) ? "" : chunk;
        }
        int word = from + tokenizer.encode(parts.group(1)).length;
        int end = word + tokenizer.encode(parts.group(2)).length;
        String before = touched(change, from, word) ? "" : parts.group(1);
        String after = touched(change, end, to) ? "" : parts.group(3);
        String own = parts.group(2);
        if (touched(change, word, end)) {
            own = other(own, first, seed, word);
            if (own.isEmpty()) {
                after = after.replaceFirst("^'s", "");
            }
        }
        return before + own + after;
    }

    private static boolean touched(Set<Integer> change, int from, int to) {
        return change.stream().anyMatch(token -> token >= from && token < to);
    }

    /** The draw depends on the word's place, so that the same word of a prompt changes alike whatever else is chosen. */
    private String other(String word, boolean first, long seed, int place) {
        if (NUMBER.matcher(word).matches()) {
            return String.valueOf(Long.parseLong(word) + 1);
        }
        List<String> legal = synonyms.get(word.toLowerCase(Locale.ROOT));
        if (legal == null) {
            boolean name = !first && Character.isUpperCase(word.codePointAt(0));
            return name ? word : "";
        }
        String drawn = legal.get(Noise.integers(STREAM, seed, place, 1, legal.size())[0]);
        return Character.isUpperCase(word.codePointAt(0))
                ? drawn.substring(0, 1).toUpperCase(Locale.ROOT) + drawn.substring(1)
                : drawn;
    }
}
