package memoria.notebook.fake;

/** As in the kernels' base library: how a cell's result becomes a message. */
public interface RenderFunction {
    void render(Object value, RenderContext context);

    /** What a render function is given. */
    final class RenderContext {
        private final DisplayData out = new DisplayData();

        public DisplayData getOutputContainer() {
            return out;
        }
    }
}
