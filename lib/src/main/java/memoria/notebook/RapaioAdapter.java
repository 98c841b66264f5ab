package memoria.notebook;

import java.lang.reflect.Field;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;

/** The Rapaio kernel, version 3. */
final class RapaioAdapter extends Kernel {

    private static final String PACKAGE = "org.rapaio.jupyter.kernel.";

    private final Object kernel;
    private final Class<?> data = Class.forName(PACKAGE + "display.DisplayData");

    private RapaioAdapter(Object kernel) throws ReflectiveOperationException {
        this.kernel = kernel;
    }

    static Kernel find() throws ReflectiveOperationException {
        Object kernel = Class.forName(PACKAGE + "MainApp").getField("kernel").get(null);
        if (kernel == null) {
            return null;
        }
        RapaioAdapter adapter = new RapaioAdapter(kernel);
        ifPossible(adapter::renderResults);
        return adapter;
    }

    @Override
    void send(Map<String, Object> bundle, String id, boolean update)
            throws ReflectiveOperationException {
        Object message = message(bundle);
        data.getMethod("setDisplayId", String.class).invoke(message, id);
        Method verb = kernel.getClass().getMethod(update ? "updateDisplay" : "display", data);
        verb.invoke(kernel, message);
    }

    private Object message(Map<String, Object> bundle) throws ReflectiveOperationException {
        Object message = data.getMethod("fromText", String.class).invoke(null, "");
        Method put = data.getMethod("putData", String.class, Object.class);
        for (Map.Entry<String, Object> form : bundle.entrySet()) {
            put.invoke(message, form.getKey(), form.getValue());
        }
        return message;
    }

    /** Its renderers come from a service whose interface is not on our class path: ours joins the list it keeps of them. */
    private boolean renderResults() throws ReflectiveOperationException {
        Class<?> type = Class.forName(PACKAGE + "display.DisplayRenderer");
        InvocationHandler handler =
                (proxy, method, args) ->
                        switch (method.getName()) {
                            case "rendererClass" -> Displayable.class;
                            case "canRender" -> true;
                            case "render" -> message(((Displayable) args[1]).bundle());
                            case "equals" -> proxy == args[0];
                            case "hashCode" -> System.identityHashCode(proxy);
                            default -> "memoria";
                        };
        Object renderer =
                Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler);
        Class<?> system = Class.forName(PACKAGE + "display.DisplaySystem");
        Field renderers = system.getDeclaredField("spiDisplayRenderers");
        renderers.setAccessible(true);
        @SuppressWarnings("unchecked")
        var list = (List<Object>) renderers.get(system.getMethod("inst").invoke(null));
        return list.add(renderer);
    }
}
