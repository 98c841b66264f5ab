package memoria.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A TorchScript class compiled from source text at run time: PyTorch operators the engine's Java interface does not offer, and whole
 * blocks that free their intermediates as they go. Methods take and return tensors, numbers, booleans and lists of tensors, and take
 * part in autograd like any other operator.
 *
 * <p>The text is one class without parameters in TorchScript's serialised dialect ({@code torch.<operator>}, {@code annotate},
 * {@code unchecked_cast}). It is interpreted operator by operator: the graph optimizer would specialise on shapes during the first
 * calls and change rounding between call one and call three.
 */
public final class Script implements AutoCloseable {

    private static final Pattern CLASS = Pattern.compile("(?m)^class (\\w+)\\(Module\\):");
    private static final MethodHandle RUN;
    private static final MethodHandle WRAP;
    private static final ThreadLocal<Boolean> INTERPRETS =
            ThreadLocal.withInitial(Script::interpret);

    static {
        // The two entry points are package-private in the engine; its own callers always run in
        // inference mode, which cuts gradients.
        try {
            Class<?> library = Class.forName("ai.djl.pytorch.jni.PyTorchLibrary");
            Field instance = library.getDeclaredField("LIB");
            instance.setAccessible(true);
            Method run =
                    library.getDeclaredMethod(
                            "moduleRunMethod",
                            long.class,
                            String.class,
                            long[].class,
                            boolean.class,
                            boolean.class);
            run.setAccessible(true);
            var wrap = IValue.class.getDeclaredConstructor(long.class);
            wrap.setAccessible(true);
            RUN = MethodHandles.lookup().unreflect(run).bindTo(instance.get(null));
            WRAP = MethodHandles.lookup().unreflectConstructor(wrap);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final PtSymbolBlock module;

    private Script(PtSymbolBlock module) {
        this.module = module;
    }

    /**
     * Compiles a class.
     *
     * @param manager owner of the module; its device is where the script runs
     * @param source the class's text
     * @return the compiled class
     * @throws IllegalArgumentException if the text holds no class or does not compile; the message carries PyTorch's line and caret
     */
    public static Script compile(NDManager manager, String source) {
        Matcher name = CLASS.matcher(source);
        if (!name.find()) {
            throw new IllegalArgumentException(
                    "source: no line 'class Name(Module):' in the TorchScript text");
        }
        byte[] archive = archive(name.group(1), source);
        try {
            return new Script(
                    JniUtils.loadModule(
                            (PtNDManager) manager,
                            new ByteArrayInputStream(archive),
                            false,
                            false));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (RuntimeException e) {
            throw new IllegalArgumentException(
                    "source: TorchScript does not compile: " + e.getMessage(), e);
        }
    }

    /**
     * Loads a TorchScript file that Python's {@code torch.jit.save} wrote. Its methods, {@code forward} above all, take part in gradients.
     * Loading runs no code of the file; running it runs PyTorch operators alone.
     *
     * @param manager owner of the module; its device is where the script runs
     * @param file the archive
     * @return the module
     * @throws IllegalArgumentException if the file is damaged or no TorchScript archive; the file and PyTorch's reason are named
     * @throws UncheckedIOException if it cannot be read
     */
    public static Script load(NDManager manager, Path file) {
        // From a stream: what the engine loads by path cannot be differentiated.
        try (InputStream in = Files.newInputStream(file)) {
            return new Script(JniUtils.loadModule((PtNDManager) manager, in, false, false));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        } catch (RuntimeException e) {
            throw new IllegalArgumentException(
                    "file: " + file + " is not a TorchScript archive: " + e.getMessage(), e);
        }
    }

    private static byte[] archive(String className, String source) {
        var bytes = new ByteArrayOutputStream();
        try (var zip = new ZipOutputStream(bytes)) {
            // Pickle protocol 2: the global, a new object of it, an empty state.
            put(zip, "m/data.pkl", "\u0080\u0002c__torch__\n" + className + "\n)\u0081}b.");
            put(zip, "m/code/__torch__.py", source);
            put(zip, "m/constants.pkl", "\u0080\u0002).");
            put(zip, "m/version", "3\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static void put(ZipOutputStream zip, String entry, String latin1) throws IOException {
        zip.putNextEntry(new ZipEntry(entry));
        zip.write(latin1.getBytes(StandardCharsets.ISO_8859_1));
        zip.closeEntry();
    }

    /**
     * Runs a method that returns one tensor.
     *
     * @param method the method's name
     * @param arguments {@link NDArray}, {@link Integer}, {@link Long}, {@link Float}, {@link Double}, {@link Boolean} or a {@link List} of
     *     {@link NDArray}, in the method's order
     * @return the result, attached to the manager of the first tensor among the arguments
     */
    public NDArray run(String method, Object... arguments) {
        PtNDManager owner = owner(arguments);
        try (IValue result = call(method, arguments)) {
            return result.toTensor(owner);
        }
    }

    /**
     * Runs a method that returns a list or tuple of tensors.
     *
     * @param method the method's name
     * @param arguments as for {@link #run}
     * @return the tensors, attached to the manager of the first tensor among the arguments
     */
    public List<NDArray> runAll(String method, Object... arguments) {
        PtNDManager owner = owner(arguments);
        try (IValue result = call(method, arguments)) {
            if (!result.isTuple()) {
                return List.of((NDArray[]) result.toTensorArray(owner));
            }
            IValue[] parts = result.toIValueTuple();
            NDArray[] tensors = new NDArray[parts.length];
            for (int i = 0; i < parts.length; i++) {
                try (IValue part = parts[i]) {
                    tensors[i] = part.toTensor(owner);
                }
            }
            return List.of(tensors);
        }
    }

    private IValue call(String method, Object[] arguments) {
        INTERPRETS.get();
        IValue[] values = new IValue[arguments.length];
        try {
            long[] handles = new long[arguments.length];
            for (int i = 0; i < arguments.length; i++) {
                values[i] = value(arguments[i]);
                handles[i] = values[i].getHandle();
            }
            return (IValue)
                    WRAP.invoke(
                            (long)
                                    RUN.invokeExact(
                                            (long) module.getHandle(),
                                            method,
                                            handles,
                                            true,
                                            false));
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        } finally {
            for (IValue value : values) {
                if (value != null) {
                    value.close();
                }
            }
        }
    }

    private static IValue value(Object argument) {
        if (argument instanceof PtNDArray tensor) {
            return IValue.from(tensor);
        }
        if (argument instanceof Integer || argument instanceof Long) {
            return IValue.from(((Number) argument).longValue());
        }
        if (argument instanceof Float || argument instanceof Double) {
            return IValue.from(((Number) argument).doubleValue());
        }
        if (argument instanceof Boolean flag) {
            return IValue.from((boolean) flag);
        }
        if (argument instanceof List<?> list) {
            return IValue.listFrom(
                    list.stream().map(PtNDArray.class::cast).toArray(PtNDArray[]::new));
        }
        throw new IllegalArgumentException(
                "arguments: a tensor, number, boolean or list of tensors was expected, not "
                        + (argument == null ? "null" : argument.getClass().getName()));
    }

    private static PtNDManager owner(Object[] arguments) {
        for (Object argument : arguments) {
            if (argument instanceof PtNDArray tensor) {
                return tensor.getManager();
            }
            if (argument instanceof List<?> list
                    && !list.isEmpty()
                    && list.get(0) instanceof PtNDArray tensor) {
                return tensor.getManager();
            }
        }
        throw new IllegalArgumentException("arguments: at least one tensor is needed");
    }

    /** The executor's switch is per thread. */
    private static boolean interpret() {
        JniUtils.setGraphExecutorOptimize(false);
        return true;
    }

    /** Releases the compiled module. */
    @Override
    public void close() {
        module.close();
    }
}
