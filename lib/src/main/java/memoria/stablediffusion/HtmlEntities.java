package memoria.stablediffusion;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Character references of HTML: named ones by the table of the HTML Standard (section 13.5), numbered ones by its parsing rules. */
final class HtmlEntities {

    private static final Pattern REFERENCE =
            Pattern.compile("&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\\t\\n\\f <&#;]{1,32};?)");
    private static final Pattern CLOSED = Pattern.compile("&(#?[0-9A-Za-z]{1,24};)");
    private static final Charset WINDOWS = Charset.forName("windows-1252");
    private static final int LAST = 0x10FFFF;

    /** Every name to what it stands for. */
    private static final Map<String, String> NAMED = new HashMap<>();

    /** Names that old pages may write without the semicolon. */
    private static final Set<String> OPEN = new HashSet<>();

    static {
        try (BufferedReader lines =
                new BufferedReader(
                        new InputStreamReader(
                                HtmlEntities.class.getResourceAsStream("html-entities.txt"),
                                StandardCharsets.US_ASCII))) {
            lines.lines().forEach(HtmlEntities::define);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private HtmlEntities() {}

    /** A line {@code name[*] hex ...}: the star marks names that need no semicolon. */
    private static void define(String line) {
        String[] words = line.split(" ");
        StringBuilder value = new StringBuilder();
        for (int i = 1; i < words.length; i++) {
            value.appendCodePoint(Integer.parseInt(words[i], 16));
        }
        String name = words[0].replace("*", "");
        NAMED.put(name, value.toString());
        if (words[0].endsWith("*")) {
            OPEN.add(name);
        }
    }

    /** Every reference replaced once, also those without a semicolon where the standard allows it. */
    static String unescape(String text) {
        return REFERENCE.matcher(text).replaceAll(m -> quoted(reference(m.group(1))));
    }

    /** As {@link #unescape}, for references that end in a semicolon alone; {@code &EACUTE;} counts as well. */
    static String unescapeClosed(String text) {
        return CLOSED.matcher(text).replaceAll(HtmlEntities::closed);
    }

    private static String closed(MatchResult found) {
        String inner = found.group(1);
        if (inner.startsWith("#")) {
            String value = unescape(found.group());
            return quoted(value.contains(";") ? found.group() : value);
        }
        String name = inner.substring(0, inner.length() - 1);
        String value = NAMED.get(name);
        String lower = name.toLowerCase(Locale.ROOT);
        if (value == null && name.equals(name.toUpperCase(Locale.ROOT))) {
            value = NAMED.containsKey(lower) ? NAMED.get(lower).toUpperCase(Locale.ROOT) : null;
        }
        return quoted(value == null ? found.group() : value);
    }

    private static String quoted(String text) {
        return Matcher.quoteReplacement(text);
    }

    private static String reference(String inner) {
        if (inner.startsWith("#")) {
            return numbered(inner.endsWith(";") ? inner.substring(0, inner.length() - 1) : inner);
        }
        if (inner.endsWith(";") && NAMED.containsKey(inner.substring(0, inner.length() - 1))) {
            return NAMED.get(inner.substring(0, inner.length() - 1));
        }
        // Without a semicolon the longest known beginning counts, as in "&notit".
        for (int end = inner.length(); end > 1; end--) {
            String name = inner.substring(0, end);
            if (OPEN.contains(name)) {
                return NAMED.get(name) + inner.substring(end);
            }
        }
        return "&" + inner;
    }

    private static String numbered(String inner) {
        boolean hex = inner.startsWith("#x") || inner.startsWith("#X");
        String digits = inner.substring(hex ? 2 : 1).replaceFirst("^0+(?=.)", "");
        int code =
                digits.length() > 8
                        ? LAST + 1
                        : (int) Math.min(LAST + 1, Long.parseLong(digits, hex ? 16 : 10));
        if (code == 0
                || code > LAST
                || code >= Character.MIN_SURROGATE && code <= Character.MAX_SURROGATE) {
            return "\uFFFD";
        }
        if (code >= 0x80 && code <= 0x9F) {
            return windows((char) code);
        }
        boolean control =
                code < 0x20 && code != '\t' && code != '\n' && code != '\f' && code != '\r'
                        || code == 0x7F;
        boolean reserved = code >= 0xFDD0 && code <= 0xFDEF || (code & 0xFFFE) == 0xFFFE;
        return control || reserved ? "" : Character.toString(code);
    }

    /** What a byte of 0x80 to 0x9F means in Windows-1252; those it leaves undefined stand for themselves. */
    static String windows(char c1) {
        String read = new String(new byte[] {(byte) c1}, WINDOWS);
        return read.equals("\uFFFD") ? String.valueOf(c1) : read;
    }
}
