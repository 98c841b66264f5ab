package memoria.data;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;

/** A web server on this machine that behaves as badly as a test wants, and remembers what it was asked. */
final class TestServer implements AutoCloseable {

    private final HttpServer server;
    private final CountDownLatch end = new CountDownLatch(1);

    /** Path and Range of each request, in order. */
    final ConcurrentLinkedQueue<String> requests = new ConcurrentLinkedQueue<>();

    TestServer() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 200);
        server.setExecutor(
                Executors.newCachedThreadPool(
                        task -> {
                            Thread thread = new Thread(task, "test-server");
                            thread.setDaemon(true);
                            return thread;
                        }));
        server.start();
    }

    /** Serves a path and gives its address. */
    String at(String path, HttpHandler handler) {
        server.createContext(
                path,
                exchange -> {
                    String range = exchange.getRequestHeaders().getFirst("Range");
                    requests.add(
                            exchange.getRequestURI().getPath()
                                    + (range == null ? "" : " " + range));
                    try (exchange) {
                        handler.handle(exchange);
                    }
                });
        return address(path);
    }

    String address(String path) {
        return "http://localhost:" + server.getAddress().getPort() + path;
    }

    List<String> requests() {
        return List.copyOf(requests);
    }

    /** Until the test is over. */
    void silence() {
        try {
            end.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    static int from(HttpExchange exchange) {
        String range = exchange.getRequestHeaders().getFirst("Range");
        return range == null ? 0 : Integer.parseInt(range.replaceAll("\\D", ""));
    }

    /** Honours ranges. */
    static HttpHandler file(byte[] content) {
        return exchange -> send(exchange, content, from(exchange), content.length);
    }

    /** Announces all, sends up to a byte, and drops the connection. */
    static void send(HttpExchange exchange, byte[] content, int from, int to) throws IOException {
        if (from > 0) {
            exchange.getResponseHeaders()
                    .set(
                            "Content-Range",
                            "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
        }
        exchange.sendResponseHeaders(from > 0 ? 206 : 200, content.length - from);
        exchange.getResponseBody().write(content, from, Math.max(0, to - from));
        exchange.getResponseBody().flush();
        if (to < content.length) {
            throw new IOException("the connection drops here");
        }
    }

    static HttpHandler status(int status) {
        return exchange -> exchange.sendResponseHeaders(status, -1);
    }

    static HttpHandler redirect(String to) {
        return exchange -> {
            exchange.getResponseHeaders().set("Location", to);
            exchange.sendResponseHeaders(302, -1);
        };
    }

    static byte[] content(int size) {
        byte[] content = new byte[size];
        for (int i = 0; i < size; i++) {
            content[i] = (byte) (i * 31 + i / 251);
        }
        return content;
    }

    @Override
    public void close() {
        end.countDown();
        server.stop(0);
    }
}
