package memoria.side;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.stream.IntStream;
import memoria.diffusion.Noise;
import memoria.stablediffusion.Tokenizer;
import org.apache.commons.rng.UniformRandomProvider;

/**
 * The random strings of Extended SIDE (Appendix G.1), crafted by the attacker as surrogate conditions: string i is a word of small Latin
 * letters, drawn uniformly, and a pure function of the set's seed and i. Ranges of one set that do not overlap give strings trained on and
 * strings never trained on.
 *
 * <pre>{@code
 * var strings = RandomStrings.seed(1);
 * List<String> trained = strings.range(0, 128);
 * List<String> never   = strings.range(128, 256);
 * }</pre>
 */
public final class RandomStrings {

    private static final int LETTERS = 12;
    private static final int ALPHABET = 26;

    private final long seed;
    private final int letters;

    private RandomStrings(long seed, int letters) {
        this.seed = seed;
        this.letters = letters;
    }

    /**
     * Strings of twelve letters: that two of a million are the same has a chance of 1 in 190,000, and CLIP's tokenizer makes at most twelve
     * tokens of one.
     *
     * @param seed of the set
     * @return the set
     */
    public static RandomStrings seed(long seed) {
        return new RandomStrings(seed, LETTERS);
    }

    /**
     * Longer or shorter strings.
     *
     * @param count of letters, at least 1
     * @return a changed copy
     * @throws IllegalArgumentException if it is below 1
     */
    public RandomStrings letters(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("count: " + count + " letters; at least 1 is legal");
        }
        return new RandomStrings(seed, count);
    }

    /**
     * A string.
     *
     * @param i 0 or more
     * @return the same for the same seed and i
     */
    public String at(int i) {
        if (i < 0) {
            throw new IllegalArgumentException("i: " + i + "; 0 or more is legal");
        }
        UniformRandomProvider random = Noise.generator("side/string", seed, i);
        StringBuilder text = new StringBuilder(letters);
        for (int k = 0; k < letters; k++) {
            text.append((char) ('a' + random.nextInt(ALPHABET)));
        }
        return text.toString();
    }

    /**
     * Some of the strings.
     *
     * @param from first
     * @param to one past the last
     * @return {@code to - from} strings
     * @throws IllegalArgumentException if from is negative or above to
     */
    public List<String> range(int from, int to) {
        if (from < 0 || to < from) {
            throw new IllegalArgumentException(
                    "from, to: " + from + ", " + to + "; 0 <= from <= to is legal");
        }
        return IntStream.range(from, to).mapToObj(this::at).toList();
    }

    /**
     * Refuses prompts that a model cannot tell apart: too long for its tokenizer, or of the same tokens as another.
     *
     * @param prompts to be trained on or asked for
     * @param tokenizer of the model
     * @throws IllegalArgumentException if one is cut, or two become the same tokens; they are named
     */
    public static void requireDistinct(List<String> prompts, Tokenizer tokenizer) {
        var seen = new HashMap<List<Long>, String>();
        for (String prompt : prompts) {
            long[] ids = tokenizer.encode(tokenizer.requireFits(prompt));
            String same = seen.put(Arrays.stream(ids).boxed().toList(), prompt);
            if (same != null) {
                throw new IllegalArgumentException(
                        "prompts: '" + same + "' and '" + prompt + "' are the same tokens");
            }
        }
    }
}
