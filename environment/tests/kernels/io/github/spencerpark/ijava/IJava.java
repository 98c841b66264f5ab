package io.github.spencerpark.ijava;

import io.github.spencerpark.jupyter.channels.JupyterConnection;
import io.github.spencerpark.jupyter.kernel.BaseKernel;
import io.github.spencerpark.jupyter.kernel.KernelConnectionProperties;
import io.github.spencerpark.jupyter.kernel.LanguageInfo;
import io.github.spencerpark.jupyter.kernel.display.DisplayData;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import jdk.jshell.JShell;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis;
import jdk.jshell.execution.LocalExecutionControl;
import jdk.jshell.spi.ExecutionControl;
import jdk.jshell.spi.ExecutionControlProvider;
import jdk.jshell.spi.ExecutionEnv;

/**
 * Stands for IJava 1.3.0, which no registry has: the same name and accessor, on the base library and the Gson that IJava is built on, with
 * the class path that {@code IJAVA_CLASSPATH} names behind its own. It runs cells and shows their values, no more.
 */
public final class IJava {
    private static BaseKernel kernel;

    private IJava() {}

    public static BaseKernel getKernelInstance() {
        return kernel;
    }

    public static void main(String[] args) throws Exception {
        JupyterConnection connection =
                new JupyterConnection(KernelConnectionProperties.parse(Files.readString(Path.of(args[0]))));
        kernel = new Cells(System.getenv("IJAVA_CLASSPATH"));
        kernel.becomeHandlerForConnection(connection);
        connection.connect();
        connection.waitUntilClose();
    }

    /** Keeps values as objects; JShell itself gives their text alone. */
    private static final class Cells extends BaseKernel {
        private final AtomicReference<Object> value = new AtomicReference<>();
        private final JShell shell;

        Cells(String path) {
            shell = JShell.builder().executionEngine(new InThisJvm(value), null).build();
            for (String entry : path.split(File.pathSeparator)) {
                shell.addToClasspath(entry);
            }
        }

        @Override
        public DisplayData eval(String cell) throws Exception {
            value.set(null);
            for (String rest = cell; !rest.isBlank(); ) {
                SourceCodeAnalysis.CompletionInfo part = shell.sourceCodeAnalysis().analyzeCompletion(rest);
                for (SnippetEvent event : shell.eval(part.source())) {
                    check(event);
                }
                rest = part.remaining();
            }
            return value.get() == null ? null : getRenderer().render(value.get());
        }

        private void check(SnippetEvent event) throws Exception {
            if (event.exception() != null) {
                throw event.exception();
            }
            if (event.status() == Snippet.Status.REJECTED) {
                List<String> why = shell.diagnostics(event.snippet()).map(d -> d.getMessage(null)).toList();
                throw new IllegalArgumentException(event.snippet().source() + "\n" + why);
            }
        }

        @Override
        public LanguageInfo getLanguageInfo() {
            return new LanguageInfo.Builder("Java").mimetype("text/x-java-source").fileExtension(".jshell").build();
        }
    }

    private record InThisJvm(AtomicReference<Object> value) implements ExecutionControlProvider {
        @Override
        public String name() {
            return "in this JVM";
        }

        @Override
        public ExecutionControl generate(ExecutionEnv env, java.util.Map<String, String> parameters) {
            return new LocalExecutionControl() {
                @Override
                protected String invoke(java.lang.reflect.Method method) throws Exception {
                    Object result = method.invoke(null);
                    value.set(result);
                    return String.valueOf(result);
                }
            };
        }
    }
}
