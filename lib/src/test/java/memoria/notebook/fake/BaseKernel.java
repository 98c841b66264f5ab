package memoria.notebook.fake;

import java.util.ArrayList;
import java.util.List;

/** A kernel with the methods that library code finds by reflection, recording what it is sent. */
public final class BaseKernel {
    public static BaseKernel running;

    public final List<DisplayData> displayed = new ArrayList<>();
    public final List<DisplayData> updated = new ArrayList<>();
    public Class<?> renderedType;
    public RenderFunction renderFunction;
    public boolean interruptedWhileSending;

    public static BaseKernel notebookKernel() {
        return running;
    }

    public void display(DisplayData data) {
        interruptedWhileSending |= Thread.currentThread().isInterrupted();
        displayed.add(data);
    }

    public Io getIO() {
        return new Io();
    }

    public Renderer getRenderer() {
        return new Renderer();
    }

    /** The stream of updates. */
    public final class Io {
        public final Stream display = new Stream();
    }

    /** Takes updates. */
    public final class Stream {
        public void updateDisplay(DisplayData data) {
            updated.add(data);
        }
    }

    /** Takes render functions. */
    public final class Renderer {
        public Registration createRegistration(Class<?> type) {
            renderedType = type;
            return new Registration();
        }
    }

    /** One render function about to be registered. */
    public final class Registration {
        public void register(RenderFunction function) {
            renderFunction = function;
        }
    }
}
