package memoria.stablediffusion;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Byte pair encoding (Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words with Subword Units", 2016) over UTF-8 bytes:
 * any text has tokens. A byte is written as one printable character, the last symbol of a word ends in {@value #END}.
 */
final class BytePairs {

    /** Marks the end of a word. */
    static final String END = "</w>";

    /** How the 256 bytes are written. */
    private static final char[] LETTER = new char[256];

    private static final Map<Character, Integer> BYTE = new HashMap<>();

    /** The bytes' letters in the order of the vocabulary: printable ones first. */
    private static final List<String> ALPHABET = new ArrayList<>();

    static {
        List<Integer> hidden = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            boolean printable = b >= '!' && b <= '~' || b >= 0xA1 && b != 0xAD;
            if (printable) {
                letter(b, (char) b);
            } else {
                hidden.add(b);
            }
        }
        for (int i = 0; i < hidden.size(); i++) {
            letter(hidden.get(i), (char) (256 + i));
        }
    }

    private static void letter(int b, char c) {
        LETTER[b] = c;
        BYTE.put(c, b);
        ALPHABET.add(String.valueOf(c));
    }

    /** Two symbols beside each other. */
    private record Pair(String left, String right) implements Comparable<Pair> {
        String joined() {
            return left + right;
        }

        @Override
        public int compareTo(Pair other) {
            int byLeft = left.compareTo(other.left);
            return byLeft != 0 ? byLeft : right.compareTo(other.right);
        }
    }

    private final List<String> merges;
    private final Map<Pair, Integer> rank = new HashMap<>();

    /**
     * An encoding by its merges.
     *
     * @param merges each {@code left right}, the most important first
     * @throws IllegalArgumentException if one has not two symbols; it is named
     */
    BytePairs(List<String> merges) {
        this.merges = List.copyOf(merges);
        for (String merge : merges) {
            String[] two = merge.split(" ", -1);
            if (two.length != 2 || two[0].isEmpty() || two[1].isEmpty()) {
                throw new IllegalArgumentException(
                        "merges: '"
                                + merge
                                + "' at "
                                + rank.size()
                                + " is not two symbols with a blank between them");
            }
            rank.putIfAbsent(new Pair(two[0], two[1]), rank.size());
        }
    }

    List<String> merges() {
        return merges;
    }

    /** Every symbol there is, in the order of its number: bytes, bytes that end a word, merges. */
    List<String> symbols() {
        List<String> symbols = new ArrayList<>(ALPHABET);
        ALPHABET.forEach(letter -> symbols.add(letter + END));
        merges.forEach(merge -> symbols.add(merge.replace(" ", "")));
        return symbols;
    }

    /** A word's symbols: while a pair has a rank, the one of the lowest is joined wherever it occurs. */
    List<String> split(String word) {
        List<String> parts = letters(word);
        while (parts.size() > 1) {
            Pair best = null;
            int lowest = Integer.MAX_VALUE;
            for (int i = 0; i + 1 < parts.size(); i++) {
                Pair pair = new Pair(parts.get(i), parts.get(i + 1));
                int found = rank.getOrDefault(pair, Integer.MAX_VALUE);
                if (found < lowest) {
                    lowest = found;
                    best = pair;
                }
            }
            if (best == null) {
                break;
            }
            parts = joined(parts, best);
        }
        return parts;
    }

    private static List<String> letters(String word) {
        List<String> letters = new ArrayList<>();
        for (byte b : word.getBytes(StandardCharsets.UTF_8)) {
            letters.add(String.valueOf(LETTER[b & 0xFF]));
        }
        int last = letters.size() - 1;
        letters.set(last, letters.get(last) + END);
        return letters;
    }

    private static List<String> joined(List<String> parts, Pair pair) {
        List<String> out = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            boolean here =
                    i + 1 < parts.size()
                            && parts.get(i).equals(pair.left)
                            && parts.get(i + 1).equals(pair.right);
            out.add(here ? pair.joined() : parts.get(i));
            i += here ? 1 : 0;
        }
        return out;
    }

    /** The text behind symbols; what is not UTF-8 becomes U+FFFD, the end of a word a blank. */
    static String text(String symbols) {
        String letters = symbols.replace(END, " ");
        ByteBuffer bytes = ByteBuffer.allocate(letters.length());
        for (char c : letters.toCharArray()) {
            bytes.put((byte) (c == ' ' ? ' ' : BYTE.get(c)));
        }
        CharBuffer text = StandardCharsets.UTF_8.decode(bytes.flip());
        return text.toString();
    }

    /**
     * Learns an encoding: the most frequent pair of neighbours is joined, again and again; of equally frequent ones the first in
     * alphabetical order.
     *
     * @param words of the texts, each as often as it occurs
     * @param count largest number of merges
     * @return the encoding; it has fewer merges where every word is one symbol before
     */
    static BytePairs learn(Collection<String> words, int count) {
        Map<String, Integer> frequency = new TreeMap<>();
        words.forEach(word -> frequency.merge(word, 1, Integer::sum));
        Map<String, List<String>> split = new TreeMap<>();
        frequency.keySet().forEach(word -> split.put(word, letters(word)));
        List<String> merges = new ArrayList<>();
        while (merges.size() < count) {
            Map<Pair, Integer> counts = new TreeMap<>();
            split.forEach(
                    (word, parts) -> {
                        for (int i = 0; i + 1 < parts.size(); i++) {
                            Pair pair = new Pair(parts.get(i), parts.get(i + 1));
                            counts.merge(pair, frequency.get(word), Integer::sum);
                        }
                    });
            Pair best = null;
            for (Map.Entry<Pair, Integer> entry : counts.entrySet()) {
                if (best == null || entry.getValue() > counts.get(best)) {
                    best = entry.getKey();
                }
            }
            if (best == null) {
                break;
            }
            Pair chosen = best;
            merges.add(chosen.left + " " + chosen.right);
            split.replaceAll((word, parts) -> joined(parts, chosen));
        }
        return new BytePairs(merges);
    }
}
