package memoria.kernel;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** The cells of this session, oldest first. */
final class History {
    /** There is one session: this JVM's. */
    static final int SESSION = 1;

    /**
     * One cell that ran.
     *
     * @param number its execution count
     * @param input its source
     * @param output its result as text, empty where it had none
     */
    record Entry(int number, String input, String output) {}

    private final List<Entry> entries = new ArrayList<>();

    synchronized void add(int number, String input, String output) {
        entries.add(new Entry(number, input, output));
    }

    /** The last {@code count} cells. */
    synchronized List<Entry> tail(int count) {
        return last(entries, count);
    }

    /** The cells numbered {@code start} (inclusive) to {@code stop} (exclusive; 0 or less: all) of a session, 0 or less counting back from this one. */
    synchronized List<Entry> range(int session, int start, int stop) {
        if (session != SESSION && session != 0) {
            return List.of();
        }
        return entries.stream()
                .filter(e -> e.number() >= start && (stop <= 0 || e.number() < stop))
                .toList();
    }

    /** The last {@code count} (0: all) cells that match a pattern in which {@code *} is any text and {@code ?} any character. */
    synchronized List<Entry> search(String pattern, int count, boolean unique) {
        StringBuilder regex = new StringBuilder();
        for (char c : (pattern == null ? "*" : pattern).toCharArray()) {
            regex.append(c == '*' ? ".*" : c == '?' ? "." : Pattern.quote(String.valueOf(c)));
        }
        Pattern glob = Pattern.compile(regex.toString(), Pattern.DOTALL);
        List<Entry> found =
                new ArrayList<>(
                        entries.stream().filter(e -> glob.matcher(e.input()).matches()).toList());
        if (unique) {
            Map<String, Entry> latest = new HashMap<>();
            found.forEach(e -> latest.put(e.input(), e));
            found.removeIf(e -> latest.get(e.input()) != e);
        }
        return count <= 0 ? found : last(found, count);
    }

    private static List<Entry> last(List<Entry> all, int count) {
        return List.copyOf(all.subList(Math.max(0, all.size() - Math.max(0, count)), all.size()));
    }
}
