package memoria.kernel;

import java.io.File;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The lines of a cell that speak to the kernel: {@code %classpath PATH…}, {@code %jars GLOB…}, {@code %load FILE…}, and {@code %%time} at the
 * head of a cell. Other Java kernels have them too; our own notebooks use none.
 */
final class Magics {
    private static final Pattern LINE =
            Pattern.compile("(?m)^[ \\t]*%(classpath|jars|load)\\b[ \\t]*(.*)$");
    private static final Pattern TIME = Pattern.compile("\\A\\s*%%time\\b.*");
    private static final Pattern UNKNOWN = Pattern.compile("(?m)\\A\\s*(%%?\\w+)");

    private final CellEvaluator evaluator;

    Magics(CellEvaluator evaluator) {
        this.evaluator = evaluator;
    }

    /**
     * Runs a cell, magics included.
     *
     * @param cell the cell's source
     * @param name what traces call it
     * @return the value of its last expression, {@code null} where it has none
     * @throws CellError as {@link CellEvaluator#run}, or when a magic is wrong
     */
    Object run(String cell, String name) throws CellError {
        Matcher time = TIME.matcher(cell);
        if (!time.find()) {
            return lines(cell, name);
        }
        long start = System.nanoTime();
        try {
            return lines(blank(cell, 0, time.end()), name);
        } finally {
            System.out.printf(Locale.ROOT, "time: %.3f s%n", (System.nanoTime() - start) / 1e9);
        }
    }

    private Object lines(String cell, String name) throws CellError {
        Matcher magic = LINE.matcher(cell);
        Object value = null;
        int at = 0;
        while (magic.find()) {
            value = evaluator.run(blank(cell.substring(0, magic.start()), 0, at), name);
            apply(magic.group(1), words(magic.group(2)));
            value = null;
            at = magic.end();
        }
        String rest = blank(cell, 0, at);
        Matcher unknown = UNKNOWN.matcher(rest);
        if (unknown.find()) {
            throw error(unknown.group(1) + " is none of %classpath, %jars, %load and %%time");
        }
        return rest.isBlank() ? value : evaluator.run(rest, name);
    }

    /** Replaces a part by spaces, so that what follows keeps its line and column. */
    private static String blank(String text, int from, int to) {
        return text.substring(0, from)
                + text.substring(from, to).replaceAll("[^\\n]", " ")
                + text.substring(to);
    }

    private void apply(String magic, List<String> words) throws CellError {
        List<String> operands =
                words.isEmpty() || !magic.equals("classpath") || !words.get(0).equals("add")
                        ? words
                        : words.subList(1, words.size());
        if (operands.isEmpty()) {
            throw error("%" + magic + " needs at least one file");
        }
        for (String operand : operands) {
            List<Path> files =
                    magic.equals("classpath")
                            ? Stream.of(operand.split(File.pathSeparator)).map(Path::of).toList()
                            : find(operand);
            for (Path file : files) {
                if (!Files.exists(file)) {
                    throw error("%" + magic + ": there is no " + file.toAbsolutePath());
                }
            }
            if (magic.equals("load")) {
                for (Path file : files) {
                    load(file);
                }
            } else {
                evaluator.addToClasspath(
                        files.stream()
                                .map(Path::toString)
                                .collect(Collectors.joining(File.pathSeparator)));
            }
        }
    }

    private void load(Path file) throws CellError {
        try {
            run(Files.readString(file), file.getFileName().toString());
        } catch (IOException e) {
            throw error("%load: " + file + " cannot be read: " + e);
        }
    }

    private static List<Path> find(String glob) throws CellError {
        if (!glob.matches(".*[*?\\[{].*")) {
            return List.of(Path.of(glob));
        }
        int slash = Math.max(glob.lastIndexOf('/'), glob.lastIndexOf(File.separatorChar));
        Path folder = Path.of(slash < 0 ? "." : glob.substring(0, slash + 1));
        PathMatcher matcher =
                FileSystems.getDefault().getPathMatcher("glob:" + glob.substring(slash + 1));
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> found =
                    files.filter(f -> matcher.matches(f.getFileName())).sorted().toList();
            if (found.isEmpty()) {
                throw error("nothing matches " + glob);
            }
            return found;
        } catch (IOException e) {
            throw error(folder.toAbsolutePath() + " cannot be listed: " + e);
        }
    }

    private static List<String> words(String text) {
        List<String> words = new ArrayList<>();
        Matcher word = Pattern.compile("\"([^\"]*)\"|(\\S+)").matcher(text);
        while (word.find()) {
            words.add(word.group(1) != null ? word.group(1) : word.group(2));
        }
        return words;
    }

    private static CellError error(String message) {
        return new CellError("MagicError", message, List.of(message));
    }
}
