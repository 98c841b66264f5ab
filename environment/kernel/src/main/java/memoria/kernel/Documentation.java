package memoria.kernel;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import jdk.jshell.SourceCodeAnalysis;

/** Signatures and Javadoc of what stands at a position of a cell. */
final class Documentation {
    private final SourceCodeAnalysis analysis;

    Documentation(SourceCodeAnalysis analysis, List<Path> sources) {
        this.analysis = analysis;
        if (!sources.isEmpty()) {
            useSources(sources);
        }
    }

    /**
     * JShell looks for Javadoc in the JDK's sources alone; the one way to give it more is the field that its own tests set. Without access to
     * that field ({@code --add-opens jdk.jshell/jdk.jshell=ALL-UNNAMED}) our signatures are shown without their Javadoc.
     */
    private void useSources(List<Path> sources) {
        try {
            Field field = analysis.getClass().getDeclaredField("availableSourcesOverride");
            field.setAccessible(true);
            List<Path> roots = new ArrayList<>(sources);
            roots.addAll(jdkSources());
            field.set(Modifier.isStatic(field.getModifiers()) ? null : analysis, roots);
        } catch (Exception e) {
            // Signatures remain.
        }
    }

    private static List<Path> jdkSources() throws java.io.IOException {
        Path zip = Path.of(System.getProperty("java.home"), "lib", "src.zip");
        if (!Files.isReadable(zip)) {
            return List.of();
        }
        Path root = FileSystems.newFileSystem(zip).getRootDirectories().iterator().next();
        try (Stream<Path> modules = Files.list(root)) {
            return modules.filter(Files::isDirectory).toList();
        }
    }

    String at(String cell, int cursor) {
        int at = Math.max(0, Math.min(cursor, cell.length()));
        while (at < cell.length() && Character.isJavaIdentifierPart(cell.charAt(at))) {
            at++;
        }
        List<SourceCodeAnalysis.Documentation> found = analysis.documentation(cell, at, true);
        if (found.isEmpty()) {
            // A method's name alone says nothing to the compiler: ask for what its call could be.
            found = analysis.documentation(cell.substring(0, at) + "(", at + 1, true);
        }
        return found.stream()
                .map(
                        one ->
                                one.javadoc() == null || one.javadoc().isBlank()
                                        ? one.signature()
                                        : one.signature() + "\n" + plain(one.javadoc()))
                .distinct()
                .collect(Collectors.joining("\n\n"));
    }

    /** Javadoc as text: the words of its inline tags, no HTML. */
    static String plain(String javadoc) {
        return javadoc.replaceAll("\\{@(?:code|literal|link|linkplain|value)\\s+([^{}]*)}", "$1")
                .replaceAll(
                        "(?i)</?(?:p|ul|ol|dl|pre|table|tr|h\\d|blockquote)(?:\\s[^>]*)?>", "\n")
                .replaceAll("(?i)<li(?:\\s[^>]*)?>", "\n- ")
                .replaceAll("</?[a-zA-Z][^>]*>", "")
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&amp;", "&")
                .lines()
                .map(line -> "    " + line.strip())
                .collect(Collectors.joining("\n"))
                .replaceAll("(?:\\n\\s*){3,}", "\n    \n");
    }
}
