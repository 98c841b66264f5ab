package memoria.kernel;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.dflib.jjava.jupyter.kernel.BaseNotebookStatics;
import org.dflib.jjava.jupyter.kernel.KernelConnectionProperties;

/**
 * Starts the kernel: {@code java memoria.kernel.KernelMain CONNECTION_FILE}, as the kernelspec says.
 *
 * <p>The system property {@code memoria.sources} may name directories of sources, separated as in a class path, whose Javadoc is shown.
 */
public final class KernelMain {
    private static final long EXIT_MILLIS = 200;
    private static final long HALT_MILLIS = 2000;

    private KernelMain() {}

    /**
     * Runs until the front end asks for the end, or is gone.
     *
     * @param args the path of the connection file
     * @throws Exception when the connection file cannot be read or a socket cannot be opened
     */
    public static void main(String[] args) throws Exception {
        if (args.length != 1) {
            System.err.println(
                    "usage: java memoria.kernel.KernelMain CONNECTION_FILE (Jupyter starts kernels; see environment/run)");
            System.exit(2);
        }
        endWithParent();
        CellOutput output = new CellOutput();
        // The compiler needs a second to start; the front end is answered meanwhile.
        CompletableFuture<CellEvaluator> evaluator =
                CompletableFuture.supplyAsync(KernelMain::evaluator);
        KernelConnection connection =
                new KernelConnection(
                        KernelConnectionProperties.parse(Files.readString(Path.of(args[0]))),
                        send -> {
                            output.flush();
                            CellEvaluator cells = evaluator.getNow(null);
                            if (cells == null) {
                                send.run();
                            } else {
                                cells.shielded(send);
                            }
                        });
        MemoriaKernel kernel = new MemoriaKernel(version(), evaluator, output);
        kernel.onStartup();
        kernel.becomeHandlerForConnection(connection);
        connection.connect();
        evaluator.join();
        System.setOut(output.stream(false));
        System.setErr(output.stream(true));
        System.setIn(kernel.getIO().in);
        connection.waitUntilClose();
        exitSoon();
    }

    private static String version() {
        String version = KernelMain.class.getPackage().getImplementationVersion();
        return version == null ? "0" : version;
    }

    private static CellEvaluator evaluator() {
        String sources = System.getProperty("memoria.sources", "");
        List<Path> directories =
                Arrays.stream(sources.split(File.pathSeparator))
                        .filter(entry -> !entry.isBlank())
                        .map(Path::of)
                        .filter(Files::isDirectory)
                        .toList();
        String statics = "static " + BaseNotebookStatics.class.getName() + ".";
        return CellEvaluator.builder()
                .imports(
                        Stream.concat(
                                CellEvaluator.JDK_PACKAGES.stream().map(name -> name + ".*"),
                                Stream.of("display", "render", "updateDisplay")
                                        .map(statics::concat)))
                .sources(directories)
                .onStuck(
                        () ->
                                System.err.println(
                                        "Interrupted, but the call that runs does not look at its interrupt flag. The kernel is free again when "
                                                + "it returns; restarting the kernel ends it now."))
                .build();
    }

    /** A kernel whose front end died without a word would run for ever. */
    private static void endWithParent() {
        String parent = System.getenv("JPY_PARENT_PID");
        if (parent != null && parent.matches("\\d+")) {
            ProcessHandle.of(Long.parseLong(parent))
                    .ifPresent(process -> process.onExit().thenRun(KernelMain::exitSoon));
        }
    }

    /** Ends the JVM once the last messages are on their way, whatever a cell may be doing. */
    static void exitSoon() {
        Thread exit =
                new Thread(
                        () -> {
                            pause(EXIT_MILLIS);
                            Thread halt =
                                    new Thread(
                                            () -> {
                                                pause(HALT_MILLIS);
                                                Runtime.getRuntime().halt(0);
                                            });
                            halt.setDaemon(true);
                            halt.start();
                            System.exit(0);
                        });
        exit.start();
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
