package memoria.kernel;

import com.google.gson.JsonObject;
import java.lang.reflect.Array;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.dflib.jjava.jupyter.channels.JupyterConnection;
import org.dflib.jjava.jupyter.channels.ShellReplyEnvironment;
import org.dflib.jjava.jupyter.kernel.BaseKernel;
import org.dflib.jjava.jupyter.kernel.JupyterIO;
import org.dflib.jjava.jupyter.kernel.LanguageInfo;
import org.dflib.jjava.jupyter.kernel.ReplacementOptions;
import org.dflib.jjava.jupyter.kernel.comm.Comm;
import org.dflib.jjava.jupyter.kernel.comm.CommManager;
import org.dflib.jjava.jupyter.kernel.display.DisplayData;
import org.dflib.jjava.jupyter.kernel.display.Renderer;
import org.dflib.jjava.jupyter.kernel.display.mime.MIMEType;
import org.dflib.jjava.jupyter.kernel.magic.MagicParser;
import org.dflib.jjava.jupyter.kernel.magic.MagicTranspiler;
import org.dflib.jjava.jupyter.kernel.magic.MagicsRegistry;
import org.dflib.jjava.jupyter.kernel.util.StringStyler;
import org.dflib.jjava.jupyter.kernel.util.TextColor;
import org.dflib.jjava.jupyter.messages.Message;
import org.dflib.jjava.jupyter.messages.MessageType;
import org.dflib.jjava.jupyter.messages.publish.PublishError;
import org.dflib.jjava.jupyter.messages.publish.PublishExecuteInput;
import org.dflib.jjava.jupyter.messages.publish.PublishExecuteResult;
import org.dflib.jjava.jupyter.messages.request.CommInfoRequest;
import org.dflib.jjava.jupyter.messages.request.ExecuteRequest;
import org.dflib.jjava.jupyter.messages.request.HistoryRequest;
import org.dflib.jjava.jupyter.messages.request.InterruptRequest;
import org.dflib.jjava.jupyter.messages.request.KernelInfoRequest;
import org.dflib.jjava.jupyter.messages.request.ShutdownRequest;

/**
 * The kernel as the Jupyter protocol sees it: the one class that knows the protocol library, and where replies of that library fall short
 * (no {@code status}, history entries that are not triples, nothing silent), sends its own.
 */
final class MemoriaKernel extends BaseKernel {
    private static final int ARRAY_ELEMENTS_SHOWN = 20;

    private final CompletableFuture<CellEvaluator> evaluator;
    private final CellOutput output;
    private final History history = new History();
    private final Backlog backlog = new Backlog();

    /** Lets the kernel, which is in another package than the library's classes, choose the cell that output belongs to. */
    private static final class CellIO extends JupyterIO {
        CellIO() {
            super(StandardCharsets.UTF_8);
        }

        void attach(ShellReplyEnvironment env, boolean input) {
            setEnv(env);
            setJupyterInEnabled(input);
        }
    }

    /**
     * Makes a kernel.
     *
     * @param version what it reports as its version
     * @param evaluator runs the cells; requests that need it wait until it is there
     * @param output what cells print
     */
    MemoriaKernel(String version, CompletableFuture<CellEvaluator> evaluator, CellOutput output) {
        super(
                "memoria",
                version,
                new LanguageInfo.Builder("java")
                        .version(Runtime.version().toString())
                        .mimetype("text/x-java")
                        .fileExtension(".jshell")
                        .pygments("java")
                        .codemirror("text/x-java")
                        .build(),
                List.of(),
                null,
                new CellIO(),
                new CommManager(),
                new Renderer(),
                new MagicParser("(?<=(?:^|=))\\s*%", "%%", new MagicTranspiler()),
                new MagicsRegistry(),
                true,
                new StringStyler.Builder().addSecondaryStyle(TextColor.BOLD_RED_FG).build());
        this.evaluator = evaluator;
        this.output = output;
    }

    @Override
    public void becomeHandlerForConnection(JupyterConnection connection) {
        super.becomeHandlerForConnection(connection);
        connection.setHandler(MessageType.COMM_INFO_REQUEST, this::handleCommInfoRequest);
    }

    @Override
    protected synchronized void handleExecuteRequest(
            ShellReplyEnvironment env, Message<ExecuteRequest> message) {
        ExecuteRequest request = message.getContent();
        env.setBusyDeferIdle();
        if (backlog.holds(System.currentTimeMillis(), sentAt(message))) {
            JsonObject reply = Replies.aborted();
            reply.addProperty("execution_count", executionCount.get());
            Replies.send(env, MessageType.EXECUTE_REPLY, reply);
            return;
        }
        boolean counted = !request.isSilent() && request.shouldStoreHistory();
        int count = counted ? executionCount.getAndIncrement() : executionCount.get();
        commManager.setMessageContext(message);
        if (!request.isSilent()) {
            env.publish(new PublishExecuteInput(request.getCode(), count));
        }
        attach(env, request);
        JsonObject reply;
        try {
            DisplayData result = display(request.getCode(), "cell " + count);
            output.flush();
            if (counted) {
                history.add(
                        count,
                        request.getCode(),
                        result == null ? "" : String.valueOf(result.getData(MIMEType.TEXT_PLAIN)));
            }
            if (result != null && !request.isSilent()) {
                env.publish(new PublishExecuteResult(count, result));
            }
            reply = Replies.executed();
        } catch (CellError e) {
            if (counted) {
                history.add(count, request.getCode(), "");
            }
            reply = failed(env, request, e);
        } catch (Throwable e) {
            String what = "the kernel failed: " + e;
            reply =
                    failed(
                            env,
                            request,
                            new CellError(e.getClass().getSimpleName(), what, formatError(e)));
        }
        output.flush();
        reply.addProperty("execution_count", count);
        Replies.send(env, MessageType.EXECUTE_REPLY, reply);
    }

    private void attach(ShellReplyEnvironment env, ExecuteRequest request) {
        boolean silent = request.isSilent();
        output.sendTo(
                (error, text) -> {
                    if (silent) {
                        return;
                    }
                    if (error) {
                        env.writeToStdErr(text);
                    } else {
                        env.writeToStdOut(text);
                    }
                });
        ((CellIO) io).attach(silent ? null : env, request.isStdinEnabled());
    }

    private JsonObject failed(ShellReplyEnvironment env, ExecuteRequest request, CellError error) {
        output.flush();
        List<String> lines = new ArrayList<>(error.lines());
        if (!lines.isEmpty()) {
            lines.set(0, errorStyler.secondary(lines.get(0)));
        }
        if (!request.isSilent()) {
            env.publish(new PublishError(error.name(), error.getMessage(), lines));
        }
        if (request.shouldStopOnError()) {
            backlog.failed(System.currentTimeMillis());
        }
        return Replies.failed(error.name(), error.getMessage(), lines);
    }

    /** When a request was sent; a request that does not say so never waits behind a failure. */
    private static long sentAt(Message<?> message) {
        try {
            return OffsetDateTime.parse(message.getHeader().getTimestamp().getDateString())
                    .toInstant()
                    .toEpochMilli();
        } catch (DateTimeException | NullPointerException e) {
            return System.currentTimeMillis();
        }
    }

    private DisplayData display(String cell, String name) throws CellError {
        CellEvaluator cells = evaluator.join();
        Object value = new Magics(cells).run(cell, name);
        if (value == null || value instanceof DisplayData) {
            return (DisplayData) value;
        }
        return cells.render(
                () ->
                        value.getClass().isArray()
                                ? new DisplayData(arrayText(value))
                                : renderer.render(value));
    }

    private static String arrayText(Object array) {
        int length = Array.getLength(array);
        StringBuilder text = new StringBuilder(array.getClass().getComponentType().getSimpleName());
        text.append('[').append(length).append("] {");
        for (int i = 0; i < Math.min(length, ARRAY_ELEMENTS_SHOWN); i++) {
            Object element = Array.get(array, i);
            text.append(i == 0 ? " " : ", ");
            text.append(
                    element != null && element.getClass().isArray() ? arrayText(element) : element);
        }
        return text.append(length > ARRAY_ELEMENTS_SHOWN ? ", … }" : " }").toString();
    }

    /** Called by extensions written for the protocol library; cells do not come this way. */
    @Override
    public Object evalRaw(String source) {
        if (CellThread.isCurrent()) {
            throw new IllegalStateException("a cell cannot run another cell");
        }
        try {
            return new Magics(evaluator.join()).run(source, "extension");
        } catch (CellError e) {
            throw new IllegalArgumentException(String.join("\n", e.lines()), e);
        }
    }

    @Override
    public DisplayData inspect(String code, int at, boolean extraDetail) {
        return orElse(
                null,
                cells -> {
                    String text = cells.inspect(code, at);
                    return text.isEmpty() ? null : new DisplayData(text);
                });
    }

    @Override
    public ReplacementOptions complete(String code, int at) {
        return orElse(
                null,
                cells -> {
                    CellEvaluator.Completions found = cells.complete(code, at);
                    return found.matches().isEmpty()
                            ? null
                            : new ReplacementOptions(found.matches(), found.from(), at);
                });
    }

    @Override
    public String isComplete(String code) {
        return orElse(
                IS_COMPLETE_MAYBE,
                cells ->
                        switch (cells.wholeness(code)) {
                            case COMPLETE -> IS_COMPLETE_YES;
                            case INVALID -> IS_COMPLETE_BAD;
                            case INCOMPLETE -> "    ";
                        });
    }

    /** The compiler may fail on text that is half written; an error would end the thread that handles all requests. */
    private <T> T orElse(T nothing, Function<CellEvaluator, T> question) {
        try {
            return question.apply(evaluator.join());
        } catch (RuntimeException | Error e) {
            return nothing;
        }
    }

    @Override
    public void interrupt() {
        if (evaluator.isDone()) {
            evaluator.join().interrupt();
        }
    }

    @Override
    protected void handleInterruptRequest(
            ShellReplyEnvironment env, Message<InterruptRequest> message) {
        env.setBusyDeferIdle();
        interrupt();
        Replies.send(env, MessageType.INTERRUPT_REPLY, Replies.ok());
    }

    @Override
    protected void handleKernelInfoRequest(
            ShellReplyEnvironment env, Message<KernelInfoRequest> message) {
        env.setBusyDeferIdle();
        Replies.send(env, MessageType.KERNEL_INFO_REPLY, Replies.kernelInfo(this));
    }

    @Override
    protected void handleHistoryRequest(
            ShellReplyEnvironment env, Message<HistoryRequest> message) {
        env.setBusyDeferIdle();
        HistoryRequest request = message.getContent();
        List<History.Entry> found;
        if (request instanceof HistoryRequest.Tail tail) {
            found = history.tail(tail.getMaxReturnLength());
        } else if (request instanceof HistoryRequest.Range range) {
            found = history.range(range.getSessionIndex(), range.getStart(), range.getStop());
        } else if (request instanceof HistoryRequest.Search search) {
            found =
                    history.search(
                            search.getPattern(),
                            search.getMaxReturnLength(),
                            search.filterUnique());
        } else {
            found = List.of();
        }
        Replies.send(
                env, MessageType.HISTORY_REPLY, Replies.history(found, request.includeOutput()));
    }

    private void handleCommInfoRequest(
            ShellReplyEnvironment env, Message<CommInfoRequest> message) {
        env.setBusyDeferIdle();
        String target = message.getContent().getTargetName();
        JsonObject comms = new JsonObject();
        for (Comm comm : commManager) {
            if (target == null || target.equals(comm.getTargetName())) {
                JsonObject name = new JsonObject();
                name.addProperty("target_name", comm.getTargetName());
                comms.add(comm.getID(), name);
            }
        }
        JsonObject reply = Replies.ok();
        reply.add("comms", comms);
        Replies.send(env, MessageType.COMM_INFO_REPLY, reply);
    }

    @Override
    protected void handleShutdownRequest(
            ShellReplyEnvironment env, Message<ShutdownRequest> message) {
        env.setBusyDeferIdle();
        boolean restart = message.getContent().isRestart();
        onShutdown(restart);
        output.flush();
        JsonObject reply = Replies.ok();
        reply.addProperty("restart", restart);
        Replies.send(env, MessageType.SHUTDOWN_REPLY, reply);
        env.resolveDeferrals();
        KernelMain.exitSoon();
    }
}
