package memoria.kernel;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.List;
import org.dflib.jjava.jupyter.channels.ShellReplyEnvironment;
import org.dflib.jjava.jupyter.kernel.BaseKernel;
import org.dflib.jjava.jupyter.kernel.LanguageInfo;
import org.dflib.jjava.jupyter.messages.Header;
import org.dflib.jjava.jupyter.messages.Message;
import org.dflib.jjava.jupyter.messages.MessageType;

/** Replies as the protocol describes them, where the library's own lack fields or have another shape. */
final class Replies {
    private Replies() {}

    static JsonObject ok() {
        JsonObject reply = new JsonObject();
        reply.addProperty("status", "ok");
        return reply;
    }

    static JsonObject executed() {
        JsonObject reply = ok();
        reply.add("user_expressions", new JsonObject());
        reply.add("payload", new JsonArray());
        return reply;
    }

    static JsonObject failed(String name, String message, List<String> lines) {
        JsonObject reply = new JsonObject();
        reply.addProperty("status", "error");
        reply.addProperty("ename", name);
        reply.addProperty("evalue", message);
        JsonArray trace = new JsonArray();
        lines.forEach(trace::add);
        reply.add("traceback", trace);
        return reply;
    }

    static JsonObject aborted() {
        JsonObject reply = failed("Aborted", "an earlier cell failed", List.of());
        reply.addProperty("status", "aborted");
        return reply;
    }

    static JsonObject kernelInfo(BaseKernel kernel) {
        LanguageInfo language = kernel.getLanguageInfo();
        JsonObject info = new JsonObject();
        info.addProperty("name", language.getName());
        info.addProperty("version", language.getVersion());
        info.addProperty("mimetype", language.getMimetype());
        info.addProperty("file_extension", language.getFileExtension());
        info.addProperty("pygments_lexer", language.getPygmentsLexer());
        info.addProperty("codemirror_mode", String.valueOf(language.getCodemirrorMode()));
        JsonObject reply = ok();
        reply.addProperty("protocol_version", Header.PROTOCOL_VERISON);
        reply.addProperty("implementation", kernel.getName());
        reply.addProperty("implementation_version", kernel.getVersion());
        reply.add("language_info", info);
        reply.addProperty("banner", kernel.getBanner());
        reply.addProperty("debugger", false);
        reply.add("help_links", new JsonArray());
        return reply;
    }

    /** Entries as (session, number, input), or with (input, output) in the third place. */
    static JsonObject history(List<History.Entry> found, boolean withOutput) {
        JsonArray entries = new JsonArray();
        for (History.Entry entry : found) {
            JsonArray triple = new JsonArray();
            triple.add(History.SESSION);
            triple.add(entry.number());
            if (withOutput) {
                JsonArray both = new JsonArray();
                both.add(entry.input());
                both.add(entry.output());
                triple.add(both);
            } else {
                triple.add(entry.input());
            }
            entries.add(triple);
        }
        JsonObject reply = ok();
        reply.add("history", entries);
        return reply;
    }

    /** Sends a reply: the library's message type names it, its own content class is not used. */
    @SuppressWarnings({"unchecked", "rawtypes"})
    static void send(ShellReplyEnvironment env, MessageType<?> type, JsonObject content) {
        env.reply(new Message(env.getContext(), type, content));
    }
}
