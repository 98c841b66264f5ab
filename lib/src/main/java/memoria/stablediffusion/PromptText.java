package memoria.stablediffusion;

import java.text.Normalizer;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What CLIP's tokenizer does to a prompt before it looks for tokens: repair, HTML references, white space, lower case.
 *
 * <p>The original repairs with the Python library ftfy. Its rules that concern single characters are applied here as well: references of
 * HTML in text without tags, typographic quotes to straight ones, ligatures, full-width forms, line ends, control characters, NFC. What
 * is <em>not</em> done is ftfy's guess that a text was read in a wrong encoding: that is a trained heuristic, and Hugging Face's
 * tokenizer, which Stable Diffusion's users run mostly without ftfy, does not guess either. So a prompt with such damage
 * ({@code schÃ¶n}) is encoded as it stands.
 */
final class PromptText {

    private static final Pattern TERMINAL = Pattern.compile("\u001B\\[[\\d;]*[a-zA-Z]");
    private static final Pattern C1 = Pattern.compile("[\\x80-\\x9F]");
    private static final Pattern WIDE = Pattern.compile("[\\uFF01-\\uFFEE\\u3000]");
    private static final Pattern SINGLE_QUOTE = Pattern.compile("[\\u02BC\\u2018-\\u201B]");
    private static final Pattern DOUBLE_QUOTE = Pattern.compile("[\\u201C-\\u201F]");
    private static final Pattern LINE_END = Pattern.compile("\\r\\n|[\\r\\x85\\u2028\\u2029]");
    private static final Pattern LONE = Pattern.compile("\\p{Cs}");
    private static final Pattern CONTROL =
            Pattern.compile(
                    "[\\x00-\\x08\\x0B\\x0E-\\x1F\\x7F\\u206A-\\u206F\\uFEFF\\uFFF9-\\uFFFC]");
    private static final Pattern SPACES =
            Pattern.compile("[\\s\\x1C-\\x1F]+", Pattern.UNICODE_CHARACTER_CLASS);

    /** Letters that are two, and what they are; U+FB05 keeps its long s. */
    private static final Pattern LIGATURE =
            Pattern.compile("[\\u0132\\u0133\\u0149\\u01C4-\\u01CC\\u01F1-\\u01F3\\uFB00-\\uFB06]");

    private static final Map<String, String> LONG_S = Map.of("\uFB05", "\u017Ft");

    private PromptText() {}

    /** The text that is cut into tokens. */
    static String clean(String prompt) {
        StringBuilder repaired = new StringBuilder();
        for (String line : prompt.split("(?<=\n)", -1)) {
            repaired.append(repair(line));
        }
        String plain = HtmlEntities.unescape(HtmlEntities.unescape(repaired.toString()));
        return SPACES.matcher(plain).replaceAll(" ").strip().toLowerCase(Locale.ROOT);
    }

    /** One line, until nothing changes: a reference may hide another, a removed control character may join two halves. */
    private static String repair(String line) {
        boolean markup = line.contains("<");
        String text = line;
        String before;
        do {
            before = text;
            text = characters(markup ? text : HtmlEntities.unescapeClosed(text));
        } while (!text.equals(before));
        return text;
    }

    private static String characters(String text) {
        String t = C1.matcher(text).replaceAll(m -> HtmlEntities.windows(m.group().charAt(0)));
        t =
                LIGATURE.matcher(t)
                        .replaceAll(m -> LONG_S.getOrDefault(m.group(), compatible(m.group())));
        t = WIDE.matcher(t).replaceAll(m -> compatible(m.group()));
        t = SINGLE_QUOTE.matcher(t).replaceAll("'");
        t = DOUBLE_QUOTE.matcher(t).replaceAll("\"");
        t = LINE_END.matcher(t).replaceAll("\n");
        t = LONE.matcher(t).replaceAll("\uFFFD");
        t = TERMINAL.matcher(t).replaceAll("");
        t = CONTROL.matcher(t).replaceAll("");
        return Normalizer.normalize(t, Normalizer.Form.NFC);
    }

    private static String compatible(String character) {
        return java.util.regex.Matcher.quoteReplacement(
                Normalizer.normalize(character, Normalizer.Form.NFKC));
    }
}
