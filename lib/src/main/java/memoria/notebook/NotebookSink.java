package memoria.notebook;

import java.util.Locale;
import memoria.progress.Progress;

/**
 * Progress below the running cell, one bar per loop, updated in place. Found by {@link java.util.ServiceLoader}, so that a loop shows a bar
 * also in a notebook that never touches {@link Show}.
 */
public final class NotebookSink implements Progress.Sink {

    /** A sink on the kernel that runs this notebook. */
    public NotebookSink() {}

    @Override
    public boolean usable() {
        return Kernel.running() != null;
    }

    @Override
    public Progress.Bar open(Progress.State first) {
        Live live = new Live();
        live.update(bar(first));
        return state -> live.update(bar(state));
    }

    static Displayable bar(Progress.State state) {
        String text = state.toString();
        boolean known = state.total() > 0;
        String value =
                known
                        ? String.format(Locale.ROOT, " value=\"%.4f\"", state.fraction())
                        : state.finished() ? " value=\"1\"" : "";
        String html =
                "<div class=\"memoria-progress\" style=\"font-size:90%\"><progress max=\"1\""
                        + value
                        + " style=\"width:12em;vertical-align:middle\"></progress> "
                        + Html.escape(text)
                        + "</div>";
        return Displayable.of("text/html", html, text);
    }
}
