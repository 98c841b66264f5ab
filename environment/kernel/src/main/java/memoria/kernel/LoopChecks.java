package memoria.kernel;

import com.sun.source.tree.BlockTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.DoWhileLoopTree;
import com.sun.source.tree.EnhancedForLoopTree;
import com.sun.source.tree.ForLoopTree;
import com.sun.source.tree.StatementTree;
import com.sun.source.tree.WhileLoopTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Pattern;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/**
 * Puts {@link Stop#check()} at the head of every loop that a cell contains, so that an interrupt ends it. Lines stay where they are.
 *
 * <p>Without it {@code while (true) {}} could only be ended by a restart, which loses every model and sample of the session.
 */
final class LoopChecks {
    private static final Pattern LOOP = Pattern.compile("\\b(?:for|while|do)\\b");
    private static final String CHECK = "memoria.kernel.Stop.check();";

    /** Where a snippet can stand in a file: among statements, or among a class's members. */
    private static final List<String> WRAPS =
            List.of("class $ { void $() throws Throwable { %s\n} }", "class $ { %s\n }");

    private LoopChecks() {}

    /** Returns the snippet with its loops checked, or unchanged where it has none or is not understood. */
    static String insert(String snippet) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        if (compiler == null || !LOOP.matcher(snippet).find()) {
            return snippet;
        }
        for (String wrap : WRAPS) {
            String checked = insert(snippet, wrap, compiler);
            if (checked != null) {
                return checked;
            }
        }
        return snippet;
    }

    private static String insert(String snippet, String wrap, JavaCompiler compiler) {
        int offset = wrap.indexOf("%s");
        String text = wrap.replace("%s", snippet);
        DiagnosticCollector<JavaFileObject> problems = new DiagnosticCollector<>();
        JavacTask task =
                (JavacTask)
                        compiler.getTask(
                                null,
                                null,
                                problems,
                                List.of("-proc:none"),
                                null,
                                List.of(new Text(text)));
        TreeMap<Integer, String> insertions = new TreeMap<>();
        try {
            SourcePositions positions = Trees.instance(task).getSourcePositions();
            for (CompilationUnitTree unit : task.parse()) {
                new Finder(positions, unit, insertions).scan(unit, null);
            }
        } catch (IOException | RuntimeException e) {
            return null;
        }
        if (problems.getDiagnostics().stream()
                .anyMatch(p -> p.getKind() == Diagnostic.Kind.ERROR)) {
            return null;
        }
        StringBuilder checked = new StringBuilder(snippet);
        insertions.descendingMap().forEach((at, what) -> checked.insert(at - offset, what));
        return checked.toString();
    }

    private static final class Text extends SimpleJavaFileObject {
        private final String text;

        Text(String text) {
            super(URI.create("string:///$.java"), Kind.SOURCE);
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }
    }

    private static final class Finder extends TreeScanner<Void, Void> {
        private final SourcePositions positions;
        private final CompilationUnitTree unit;
        private final TreeMap<Integer, String> insertions;

        Finder(
                SourcePositions positions,
                CompilationUnitTree unit,
                TreeMap<Integer, String> insertions) {
            this.positions = positions;
            this.unit = unit;
            this.insertions = insertions;
        }

        @Override
        public Void visitForLoop(ForLoopTree loop, Void p) {
            check(loop.getStatement());
            return super.visitForLoop(loop, p);
        }

        @Override
        public Void visitEnhancedForLoop(EnhancedForLoopTree loop, Void p) {
            check(loop.getStatement());
            return super.visitEnhancedForLoop(loop, p);
        }

        @Override
        public Void visitWhileLoop(WhileLoopTree loop, Void p) {
            check(loop.getStatement());
            return super.visitWhileLoop(loop, p);
        }

        @Override
        public Void visitDoWhileLoop(DoWhileLoopTree loop, Void p) {
            check(loop.getStatement());
            return super.visitDoWhileLoop(loop, p);
        }

        private void check(StatementTree body) {
            int start = (int) positions.getStartPosition(unit, body);
            int end = (int) positions.getEndPosition(unit, body);
            if (start < 0 || end < 0) {
                return;
            }
            if (body instanceof BlockTree) {
                insertions.merge(start + 1, CHECK, String::concat);
            } else {
                insertions.merge(start, "{" + CHECK, (before, more) -> before + more);
                insertions.merge(end, "}", String::concat);
            }
        }
    }
}
