package memoria.kernel;

import de.thetaphi.forbiddenapis.Checker;
import de.thetaphi.forbiddenapis.ForbiddenApiException;
import de.thetaphi.forbiddenapis.Logger;
import de.thetaphi.forbiddenapis.ParseException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import jdk.jshell.JShell;
import jdk.jshell.Snippet;

/**
 * Runs a notebook's cells and looks for what a cell must not hold. Cells hold hyperparameters and calls and run unchanged on any Java kernel;
 * code lives in the library, where it is tested.
 */
final class NotebookCheck {
    static final int MAX_LINES = 30;

    private static final Pattern MAGIC = Pattern.compile("(?m)^\\s*%");
    private static final Pattern KERNEL_NAMES =
            Pattern.compile(
                    "\\b(?:org\\.dflib|io\\.github\\.spencerpark|org\\.rapaio|memoria\\.kernel)\\b");
    private static final Pattern ABSOLUTE_PATH =
            Pattern.compile(
                    "\"(?:/\\w[\\w.-]*/|/(?:home|root|Users|tmp|work|var|opt|usr|mnt|data|etc)\\b|~/|[A-Za-z]:(?:/|\\\\\\\\))[^\"]*\"");

    /** Tells what a snippet is; runs nothing. */
    private static final JShell PARSER = JShell.builder().executionEngine("local").build();

    private NotebookCheck() {}

    /** What is wrong with a notebook, each with its cell; empty where all is well. */
    static List<String> problems(NotebookFile notebook) {
        List<String> problems = new ArrayList<>();
        Map<String, byte[]> classes = new LinkedHashMap<>();
        try (CellEvaluator evaluator = CellEvaluator.builder().compiled(classes::put).build()) {
            int number = 0;
            for (String cell : notebook.cells()) {
                String name = notebook.name() + ", cell " + ++number;
                style(cell).forEach(problem -> problems.add(name + ": " + problem));
                classes.clear();
                try {
                    // No default imports: what a cell uses it must import.
                    evaluator.run(cell, "cell " + number);
                } catch (CellError e) {
                    problems.add(name + ": " + String.join("\n    ", e.lines()));
                }
                forbidden(classes).forEach(problem -> problems.add(name + ": " + problem));
            }
        }
        return problems;
    }

    private static List<String> style(String cell) {
        List<String> problems = new ArrayList<>();
        long lines = cell.lines().count();
        if (lines > MAX_LINES) {
            problems.add("has " + lines + " lines, more than " + MAX_LINES);
        }
        if (MAGIC.matcher(cell).find()) {
            problems.add("begins a line with %: only some kernels know that");
        }
        Matcher kernel = KERNEL_NAMES.matcher(cell);
        if (kernel.find()) {
            problems.add("names a kernel's own package " + kernel.group());
        }
        Matcher path = ABSOLUTE_PATH.matcher(cell);
        while (path.find()) {
            problems.add("holds an absolute path: " + path.group());
        }
        for (Snippet snippet : PARSER.sourceCodeAnalysis().sourceToSnippets(cell)) {
            if (snippet.kind() == Snippet.Kind.TYPE_DECL) {
                problems.add("defines a class: " + snippet.source().lines().findFirst().orElse(""));
            }
        }
        return problems;
    }

    /** Calls in the compiled cells that the library's own build forbids. */
    private static List<String> forbidden(Map<String, byte[]> classes) {
        List<String> found = new ArrayList<>();
        if (classes.isEmpty()) {
            return found;
        }
        try (InputStream signatures =
                NotebookCheck.class.getResourceAsStream("/memoria/forbidden-apis.txt")) {
            Checker checker =
                    new Checker(
                            new Errors(found),
                            NotebookCheck.class.getClassLoader(),
                            Checker.Option.FAIL_ON_VIOLATION);
            checker.parseSignaturesFile(signatures, "forbidden-apis.txt");
            for (Map.Entry<String, byte[]> one : classes.entrySet()) {
                checker.streamReadClassToCheck(
                        new ByteArrayInputStream(one.getValue()), one.getKey());
            }
            checker.run();
        } catch (ForbiddenApiException e) {
            // Each violation has been told to the logger.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (ParseException e) {
            throw new IllegalStateException("forbidden-apis.txt", e);
        }
        return found;
    }

    private record Errors(List<String> found) implements Logger {
        @Override
        public void error(String message) {
            if (message.startsWith("Forbidden")) {
                found.add(message);
            }
        }

        @Override
        public void warn(String message) {}

        @Override
        public void info(String message) {}

        @Override
        public void debug(String message) {}
    }
}
