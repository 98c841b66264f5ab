package memoria.kernel;

import java.io.File;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import jdk.jshell.execution.DirectExecutionControl;
import jdk.jshell.spi.ExecutionControl;
import jdk.jshell.spi.ExecutionControlProvider;
import jdk.jshell.spi.ExecutionEnv;

/** Runs compiled snippets in this JVM on the {@link CellThread} and keeps the objects themselves, where JShell keeps their text. */
final class CellControl extends DirectExecutionControl implements ExecutionControlProvider {
    private static final Set<String> OWN_PATH =
            Set.copyOf(
                    Arrays.asList(System.getProperty("java.class.path").split(File.pathSeparator)));

    private final CellThread thread;
    private final BiConsumer<String, byte[]> compiled;

    private Object value;
    private Throwable thrown;

    /**
     * Runs snippets on the given thread.
     *
     * @param thread where to run them
     * @param compiled told the name and the bytes of each class that JShell makes
     */
    CellControl(CellThread thread, BiConsumer<String, byte[]> compiled) {
        this.thread = thread;
        this.compiled = compiled;
    }

    /** Returns what the snippet that ran last returned, and forgets it. */
    Object takeValue() {
        Object taken = value;
        value = null;
        return taken;
    }

    /** Returns what the snippet that ran last threw, and forgets it. */
    Throwable takeThrown() {
        Throwable taken = thrown;
        thrown = null;
        return taken;
    }

    @Override
    public void load(ClassBytecodes[] classes)
            throws ClassInstallException, NotImplementedException, EngineTerminationException {
        for (ClassBytecodes one : classes) {
            compiled.accept(one.name(), one.bytecodes());
        }
        super.load(classes);
    }

    /** The application's own loader has the class path that this JVM was started with. */
    @Override
    public void addToClasspath(String path) throws EngineTerminationException, InternalException {
        String added =
                Arrays.stream(path.split(File.pathSeparator))
                        .filter(entry -> !OWN_PATH.contains(entry))
                        .collect(Collectors.joining(File.pathSeparator));
        if (!added.isEmpty()) {
            super.addToClasspath(added);
        }
    }

    @Override
    protected String invoke(Method snippet) throws Exception {
        value = null;
        thrown = null;
        try {
            value = thread.call(() -> snippet.invoke(null));
        } catch (InvocationTargetException e) {
            thrown = e.getCause();
            throw e;
        } catch (InterruptedException e) {
            thrown = e;
            throw new StoppedException();
        } catch (Exception | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new InvocationTargetException(e);
        }
        return "";
    }

    @Override
    public void close() {
        thread.close();
    }

    @Override
    public String name() {
        return "memoria";
    }

    @Override
    public ExecutionControl generate(ExecutionEnv env, Map<String, String> parameters) {
        return this;
    }
}
