package memoria.notebook;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Something that can describe itself to a notebook. A cell that ends with one shows it. */
@FunctionalInterface
public interface Displayable {

    /**
     * The same content in several forms; the front end shows the richest one it knows.
     *
     * @return MIME type to content: text as it is, images in base64, {@code +json} types as maps, lists, strings and numbers. There is
     *     always a {@code text/plain}
     */
    Map<String, Object> bundle();

    /**
     * One rich form and its plain text.
     *
     * @param mime the rich form's MIME type
     * @param content the rich form
     * @param text what is shown where only text is
     * @return the displayable
     */
    static Displayable of(String mime, Object content, String text) {
        Map<String, Object> forms = new LinkedHashMap<>();
        forms.put(mime, content);
        forms.put("text/plain", text);
        Map<String, Object> fixed = Collections.unmodifiableMap(forms);
        return () -> fixed;
    }
}
