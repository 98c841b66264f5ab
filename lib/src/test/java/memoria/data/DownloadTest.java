package memoria.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import memoria.progress.Interrupted;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DownloadTest {

    private static final byte[] CONTENT = new byte[300_000];

    static {
        for (int i = 0; i < CONTENT.length; i++) {
            CONTENT[i] = (byte) (i * 31 + i / 251);
        }
    }

    @TempDir Path folder;
    private HttpServer server;
    private final ConcurrentLinkedQueue<String> requests = new ConcurrentLinkedQueue<>();
    private final CountDownLatch end = new CountDownLatch(1);

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
    }

    @AfterEach
    void stop() {
        end.countDown();
        server.stop(0);
    }

    private URI at(String path, HttpHandler handler) {
        server.createContext(
                path,
                exchange -> {
                    String range = exchange.getRequestHeaders().getFirst("Range");
                    requests.add(path + (range == null ? "" : " " + range));
                    try (exchange) {
                        handler.handle(exchange);
                    }
                });
        return URI.create("http://localhost:" + server.getAddress().getPort() + path);
    }

    /** Honours ranges and sends at most so many bytes before the connection drops. */
    private static HttpHandler serving(byte[] content, int atMost) {
        return exchange -> {
            String range = exchange.getRequestHeaders().getFirst("Range");
            int from = range == null ? 0 : Integer.parseInt(range.replaceAll("\\D", ""));
            if (from > 0) {
                exchange.getResponseHeaders()
                        .set(
                                "Content-Range",
                                "bytes "
                                        + from
                                        + "-"
                                        + (content.length - 1)
                                        + "/"
                                        + content.length);
            }
            exchange.sendResponseHeaders(from > 0 ? 206 : 200, content.length - from);
            int to = Math.min(content.length, from + atMost);
            exchange.getResponseBody().write(content, from, to - from);
            exchange.getResponseBody().flush();
            if (to < content.length) {
                throw new IOException("the connection drops here");
            }
        };
    }

    private static HttpHandler status(int status) {
        return exchange -> exchange.sendResponseHeaders(status, -1);
    }

    private static Download download(Duration stall, URI... mirrors) {
        return download(Checksum.sha256(CONTENT), (long) CONTENT.length, stall, mirrors);
    }

    private static Download download(String sha256, Long bytes, Duration stall, URI... mirrors) {
        var patience =
                new Download.Patience(Duration.ofSeconds(20), stall, 3, Duration.ofMillis(1));
        return new Download(
                List.of(mirrors),
                new Seal(bytes, sha256, null),
                patience,
                new Http(patience.connect(), stall));
    }

    private static Download download(URI... mirrors) {
        return download(Duration.ofSeconds(20), mirrors);
    }

    private static URI nobody() throws IOException {
        try (var socket = new java.net.ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return URI.create("http://localhost:" + socket.getLocalPort() + "/x");
        }
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> !name.endsWith(".lock"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void aFileArrivesWholeAndIsNotFetchedTwice() throws IOException {
        Download download = download(at("/f", serving(CONTENT, CONTENT.length)));
        Path target = folder.resolve("f");
        download.to(target);
        download.to(target);
        assertThat(target).hasBinaryContent(CONTENT);
        assertThat(requests).containsExactly("/f");
        assertThat(files()).containsExactly("f");
    }

    /** As {@link #serving}, but drops only when the other side has written down what was sent: what is in flight at a drop may be lost. */
    private HttpHandler droppingAfterArrival(int atMost) {
        HttpHandler serving = serving(CONTENT, atMost);
        return exchange -> {
            try {
                serving.handle(exchange);
            } catch (IOException drop) {
                String range = exchange.getRequestHeaders().getFirst("Range");
                int from = range == null ? 0 : Integer.parseInt(range.replaceAll("\\D", ""));
                long patience = System.nanoTime() + Duration.ofSeconds(15).toNanos();
                while (folder.resolve("f.part").toFile().length() < from + atMost
                        && System.nanoTime() < patience) {
                    LockSupport.parkNanos(2_000_000);
                }
                throw drop;
            }
        };
    }

    @Test
    void aDroppedConnectionGoesOnWhereItStopped() {
        download(at("/f", droppingAfterArrival(120_000))).to(folder.resolve("f"));
        assertThat(folder.resolve("f")).hasBinaryContent(CONTENT);
        assertThat(requests).containsExactly("/f", "/f bytes=120000-", "/f bytes=240000-");
    }

    @Test
    void aPartLeftByAnEarlierRunIsContinued() throws IOException {
        Files.write(folder.resolve("f.part"), Arrays.copyOf(CONTENT, 299_000));
        download(at("/f", serving(CONTENT, CONTENT.length))).to(folder.resolve("f"));
        assertThat(folder.resolve("f")).hasBinaryContent(CONTENT);
        assertThat(requests).containsExactly("/f bytes=299000-");
    }

    @Test
    void aServerWithoutRangesSendsEverythingAgain() throws IOException {
        Files.write(folder.resolve("f.part"), new byte[1000]);
        URI f =
                at(
                        "/f",
                        exchange -> {
                            exchange.sendResponseHeaders(200, CONTENT.length);
                            exchange.getResponseBody().write(CONTENT);
                        });
        download(f).to(folder.resolve("f"));
        assertThat(folder.resolve("f")).hasBinaryContent(CONTENT);
    }

    @Test
    void aSpoiledPartIsThrownAwayAndFetchedAnew() throws IOException {
        Files.write(folder.resolve("f.part"), new byte[299_000]);
        download(at("/f", serving(CONTENT, CONTENT.length))).to(folder.resolve("f"));
        assertThat(folder.resolve("f")).hasBinaryContent(CONTENT);
        assertThat(requests).containsExactly("/f bytes=299000-", "/f");
    }

    @Test
    void theNextMirrorHelpsOut() throws IOException {
        URI gone = at("/gone", status(404));
        URI good = at("/good", serving(CONTENT, CONTENT.length));
        download(nobody(), gone, good).to(folder.resolve("f"));
        assertThat(folder.resolve("f")).hasBinaryContent(CONTENT);
        assertThat(requests).containsExactly("/gone", "/good");
    }

    @Test
    void whenNobodyDeliversEveryReasonIsNamed() throws IOException {
        byte[] other = CONTENT.clone();
        other[7]++;
        URI off = nobody();
        URI gone = at("/gone", status(404));
        URI busy = at("/busy", status(503));
        URI wrong = at("/wrong", serving(other, other.length));
        URI small = at("/small", serving(new byte[10], 10));
        Path target = folder.resolve("f");
        assertThatThrownBy(() -> download(off, gone, busy, wrong, small).to(target))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("Cannot download f")
                .hasMessageContaining("offline, or the server is down")
                .hasMessageContaining("/gone: HTTP status 404")
                .hasMessageContaining("/busy: HTTP status 503")
                .hasMessageContaining("/wrong: the checksum does not match: SHA-256 ")
                .hasMessageContaining("/small: 10 bytes are offered, the file has 300000")
                .hasMessageContaining("put the file (SHA-256 " + Checksum.sha256(CONTENT));
        assertThat(target).doesNotExist();
    }

    @Test
    void aTruncatedFileNeverGetsItsName() throws IOException {
        URI cut = at("/cut", serving(CONTENT, 1000));
        assertThatThrownBy(() -> download(cut).to(folder.resolve("f")))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("/cut: ");
        assertThat(files()).containsExactly("f.part");
    }

    @Test
    void aSilentServerIsGivenUp() throws IOException {
        URI silent =
                at(
                        "/silent",
                        exchange -> {
                            exchange.sendResponseHeaders(200, CONTENT.length);
                            exchange.getResponseBody().write(CONTENT, 0, 5000);
                            exchange.getResponseBody().flush();
                            await();
                        });
        URI good = at("/good", serving(CONTENT, CONTENT.length));
        download(Duration.ofSeconds(1), silent, good).to(folder.resolve("f"));
        assertThat(folder.resolve("f")).hasBinaryContent(CONTENT);
    }

    private void await() {
        try {
            end.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void anInterruptStopsItThoughTheServerIsSilentAndKeepsWhatArrived() throws Exception {
        CountDownLatch sent = new CountDownLatch(1);
        URI slow =
                at(
                        "/slow",
                        exchange -> {
                            exchange.sendResponseHeaders(200, CONTENT.length);
                            exchange.getResponseBody().write(CONTENT, 0, 50_000);
                            exchange.getResponseBody().flush();
                            sent.countDown();
                            await();
                        });
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread thread =
                new Thread(
                        () -> {
                            try {
                                download(slow).to(folder.resolve("f"));
                            } catch (Throwable e) {
                                thrown.set(e);
                            }
                        });
        thread.start();
        sent.await();
        while (folder.resolve("f.part").toFile().length() < 50_000) {
            Thread.sleep(5);
        }
        thread.interrupt();
        thread.join(15_000);
        assertThat(thrown.get())
                .isInstanceOf(Interrupted.class)
                .hasMessageContaining("50000 of 300000 bytes in ");
        assertThat(folder.resolve("f.part")).hasSize(50_000);
    }

    @Test
    void aFullDiskIsNamedBeforeAnythingIsFetched() {
        URI good = at("/good", serving(CONTENT, CONTENT.length));
        Download huge = download("00", Long.MAX_VALUE / 2, Duration.ofSeconds(5), good);
        assertThatThrownBy(() -> huge.to(folder.resolve("f")))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("no space: ")
                .hasMessageContaining("MEMORIA_CACHE");
        assertThat(requests).isEmpty();
    }

    @Test
    void aCacheThatCannotBeWrittenIsNamed() throws IOException {
        Path file = Files.createFile(folder.resolve("cache"));
        URI good = at("/good", serving(CONTENT, CONTENT.length));
        assertThatThrownBy(() -> download(good).to(file.resolve("f")))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("Cannot write " + file)
                .hasMessageContaining("is a file, not a folder");
        assertThat(requests).isEmpty();
    }
}
