package memoria.notebook.fake;

import java.util.LinkedHashMap;
import java.util.Map;

/** As in the kernels' base library: a message under construction. */
public final class DisplayData {
    public final Map<String, Object> data = new LinkedHashMap<>();
    public String id;

    public void putData(String mime, Object content) {
        data.put(mime, content);
    }

    public void setDisplayId(String id) {
        this.id = id;
    }
}
