package memoria.notebook;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Map;

/** Kernels of the jupyter-jvm-basekernel family: IJava, JJava and kernels built on JJava's base library. */
final class BaseKernelAdapter extends Kernel {

    private final Object kernel;
    private final Class<?> data;

    private BaseKernelAdapter(Object kernel, Class<?> data) {
        this.kernel = kernel;
        this.data = data;
    }

    /**
     * Finds a running kernel of this family.
     *
     * @param holder class that knows the running kernel
     * @param accessor its static method
     * @param displayPackage package of the family's display classes
     * @return the kernel, or null if none runs
     * @throws ReflectiveOperationException if the classes are not there
     */
    static Kernel find(String holder, String accessor, String displayPackage)
            throws ReflectiveOperationException {
        Object kernel = Class.forName(holder).getMethod(accessor).invoke(null);
        if (kernel == null) {
            return null;
        }
        ifPossible(() -> renderResults(kernel, Class.forName(displayPackage + ".RenderFunction")));
        return new BaseKernelAdapter(kernel, Class.forName(displayPackage + ".DisplayData"));
    }

    @Override
    void send(Map<String, Object> bundle, String id, boolean update)
            throws ReflectiveOperationException {
        Object message = data.getConstructor().newInstance();
        Method put = data.getMethod("putData", String.class, Object.class);
        for (Map.Entry<String, Object> form : bundle.entrySet()) {
            put.invoke(message, form.getKey(), form.getValue());
        }
        data.getMethod("setDisplayId", String.class).invoke(message, id);
        if (update) {
            Object io = kernel.getClass().getMethod("getIO").invoke(kernel);
            Object display = io.getClass().getField("display").get(io);
            display.getClass().getMethod("updateDisplay", data).invoke(display, message);
        } else {
            kernel.getClass().getMethod("display", data).invoke(kernel, message);
        }
    }

    /** Makes a {@link Displayable} that is a cell's result render itself. */
    private static Object renderResults(Object kernel, Class<?> function)
            throws ReflectiveOperationException {
        Object render =
                Proxy.newProxyInstance(
                        function.getClassLoader(),
                        new Class<?>[] {function},
                        (proxy, method, args) ->
                                switch (method.getName()) {
                                    case "render" -> fill((Displayable) args[0], args[1]);
                                    case "equals" -> proxy == args[0];
                                    case "hashCode" -> System.identityHashCode(proxy);
                                    default -> "memoria";
                                });
        Object renderer = kernel.getClass().getMethod("getRenderer").invoke(kernel);
        Object registration =
                renderer.getClass()
                        .getMethod("createRegistration", Class.class)
                        .invoke(renderer, Displayable.class);
        return registration.getClass().getMethod("register", function).invoke(registration, render);
    }

    private static Object fill(Displayable value, Object context)
            throws ReflectiveOperationException {
        Object out = context.getClass().getMethod("getOutputContainer").invoke(context);
        Method put = out.getClass().getMethod("putData", String.class, Object.class);
        for (Map.Entry<String, Object> form : value.bundle().entrySet()) {
            put.invoke(out, form.getKey(), form.getValue());
        }
        return null;
    }
}
