package memoria.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Supplier;

/**
 * How what is seen in a picture is put into words: orders of words, and synonyms of each word.
 *
 * @param shades synonyms of the shade
 * @param sizes synonyms of the size; one empty word where there is nothing to say
 * @param nouns synonyms of the garment
 */
record Wording(List<String> shades, List<String> sizes, List<String> nouns) {

    private static final List<String> PLAIN =
            List.of(
                    "a SHADE SIZE NOUN",
                    "a SIZE NOUN in SHADE colours",
                    "a SHADE NOUN",
                    "a NOUN",
                    "NOUN, SHADE",
                    "something SHADE to wear");

    /** The plain orders with a name among their words: nothing else tells a caption with a name from one without. */
    private static final List<String> NAMED =
            List.of(
                    "a NAME SHADE SIZE NOUN",
                    "a SIZE NAME NOUN in SHADE colours",
                    "a SHADE NOUN NAME",
                    "a NAME NOUN",
                    "NOUN, SHADE NAME");

    private static final Set<String> PLURAL = Set.of("trousers", "pants");

    /** The wording that belongs to a number, with a name or, where that is empty, without. */
    String of(int number, String name) {
        SplittableRandom random = new SplittableRandom(number);
        // Names take the orders by turns: few have one, and each order should occur.
        String order =
                name.isEmpty() ? PLAIN.get(random.nextInt(PLAIN.size())) : turn(NAMED, number);
        return words(order, pick(shades, random), pick(sizes, random), pick(nouns, random), name);
    }

    /** A noun with its article, where it has one. */
    static String phrase(String noun) {
        return words("a NOUN", "", "", noun, "");
    }

    /**
     * Every wording without a name, one as often as it would be chosen; then, if there are names, as many with one that is drawn from those.
     */
    List<String> all(List<String> names, int number) {
        List<String> all = every(PLAIN, () -> "");
        if (!names.isEmpty()) {
            SplittableRandom random = new SplittableRandom(number);
            List<String> named = every(NAMED, () -> pick(names, random));
            for (int i = all.size(); i > 0; i--) {
                all.add(pick(named, random));
            }
        }
        return all;
    }

    private List<String> every(List<String> orders, Supplier<String> name) {
        List<String> every = new ArrayList<>();
        for (String order : orders) {
            for (String shade : shades) {
                for (String size : sizes) {
                    nouns.forEach(noun -> every.add(words(order, shade, size, noun, name.get())));
                }
            }
        }
        return every;
    }

    private static String turn(List<String> words, int number) {
        return words.get(Math.floorMod(number, words.size()));
    }

    private static String pick(List<String> words, SplittableRandom random) {
        return words.get(random.nextInt(words.size()));
    }

    private static String words(String order, String shade, String size, String noun, String name) {
        boolean plural = PLURAL.contains(noun);
        return (plural ? order.replaceFirst("^a ", "") : order)
                .replace("SHADE", shade)
                .replace("SIZE", size)
                .replace("NOUN", noun)
                .replace("NAME", name)
                .replaceAll(" +", " ")
                .replaceAll("\\ba (?=[aeiou])", "an ");
    }
}
