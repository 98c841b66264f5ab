package memoria.notebook;

import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/** Something on display that can be replaced in place. */
public final class Live {

    private final String id = UUID.randomUUID().toString();
    private boolean shown;
    private String lastText;

    Live() {}

    /**
     * Shows a value in place of the one before; outside a notebook prints its text if it changed.
     *
     * @param value a {@link Displayable}, an image, or anything whose text says what it is
     */
    public synchronized void update(Object value) {
        Map<String, Object> bundle = Show.displayable(value).bundle();
        Kernel kernel = Kernel.running();
        if (kernel != null) {
            try {
                kernel.publish(bundle, id, shown);
                shown = true;
                return;
            } catch (ReflectiveOperationException e) {
                System.err.println(
                        "This kernel did not take an output: "
                                + (e.getCause() == null ? e : e.getCause()));
            }
        }
        String text = String.valueOf(bundle.get("text/plain"));
        if (!Objects.equals(text, lastText)) {
            System.out.println(text);
            lastText = text;
        }
    }
}
