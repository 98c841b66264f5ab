package memoria.data;

import static memoria.data.TestServer.content;
import static memoria.data.TestServer.file;
import static memoria.data.TestServer.from;
import static memoria.data.TestServer.redirect;
import static memoria.data.TestServer.send;
import static memoria.data.TestServer.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What servers, networks and disks do to a download beside {@link DownloadTest}: nothing is lost, nothing half has its final name. */
class DownloadFaultsTest {

    /** Small, for every cut of it is tried. */
    private static final byte[] CONTENT = content(100);

    private static final String SHA = Checksum.sha256(CONTENT);
    private static final Seal SEALED = new Seal((long) CONTENT.length, SHA, null);
    private static final Seal UNKNOWN = new Seal(null, null, null);
    private static final Duration STALL = Duration.ofSeconds(10);
    private static final Http HTTP = new Http(STALL, STALL, "localhost", "secret");

    @TempDir Path folder;
    private TestServer server;
    private Path target;

    @BeforeEach
    void start() throws IOException {
        server = new TestServer();
        target = folder.resolve("f");
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static Download download(Seal seal, String... mirrors) {
        var patience =
                new Download.Patience(Duration.ofSeconds(20), STALL, 3, Duration.ofMillis(1));
        return new Download(Arrays.stream(mirrors).map(URI::create).toList(), seal, patience, HTTP);
    }

    private void arrives(Seal seal, String... mirrors) throws IOException {
        download(seal, mirrors).to(target);
        assertThat(target).hasBinaryContent(CONTENT);
        assertThat(leftovers()).isEmpty();
    }

    private void fails(Seal seal, String reason, String... mirrors) throws IOException {
        assertThatThrownBy(() -> download(seal, mirrors).to(target))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("Cannot download f")
                .hasMessageContaining(reason);
        assertThat(target).doesNotExist();
    }

    private List<String> leftovers() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString())
                    .filter(f -> !f.equals("f") && !f.endsWith(".lock"))
                    .toList();
        }
    }

    @Test
    void aTransferCutAtAnyByteGoesOn() throws IOException {
        AtomicInteger cut = new AtomicInteger();
        AtomicInteger request = new AtomicInteger();
        String f =
                server.at(
                        "/f",
                        exchange -> {
                            boolean first = request.getAndIncrement() == 0;
                            send(
                                    exchange,
                                    CONTENT,
                                    from(exchange),
                                    first ? cut.get() : CONTENT.length);
                        });
        for (int at = 0; at < CONTENT.length; at++) {
            cut.set(at);
            request.set(0);
            Files.deleteIfExists(target);
            arrives(SEALED, f);
            assertThat(request).as("cut at %d", at).hasValue(2);
        }
    }

    @Test
    void aPartOfAnyLengthIsContinuedAlsoWithoutAKnownSize() throws IOException {
        String f = server.at("/f", file(CONTENT));
        for (int have = 1; have < CONTENT.length; have++) {
            Files.deleteIfExists(target);
            Files.write(folder.resolve("f.part"), Arrays.copyOf(CONTENT, have));
            server.requests.clear();
            arrives(new Seal(null, SHA, null), f);
            assertThat(server.requests()).containsExactly("/f bytes=" + have + "-");
        }
    }

    @Test
    void aWholePartIsNamedEvenIfTheServerHasNothingMore() throws IOException {
        String f =
                server.at(
                        "/f",
                        exchange -> {
                            if (from(exchange) >= CONTENT.length) {
                                exchange.sendResponseHeaders(416, -1);
                            } else {
                                send(exchange, CONTENT, from(exchange), CONTENT.length);
                            }
                        });
        Files.write(folder.resolve("f.part"), CONTENT);
        arrives(new Seal(null, SHA, null), f);
        assertThat(server.requests()).containsExactly("/f bytes=100-");
        Files.delete(target);
        Files.write(folder.resolve("f.part"), new byte[100]);
        arrives(new Seal(null, SHA, null), f);
        assertThat(server.requests()).endsWith("/f bytes=100-", "/f");
    }

    @Test
    void md5IsCheckedWhereOnlyThatIsPublished() throws Exception {
        String md5 = Checksum.hex(MessageDigest.getInstance("MD5").digest(CONTENT));
        String f = server.at("/f", file(CONTENT));
        arrives(new Seal(null, null, md5), f);
        Files.delete(target);
        fails(new Seal(null, null, "00"), "MD5 " + md5 + " instead of 00", f);
    }

    @Test
    void aWrongFileIsNotFetchedThreeTimes() throws IOException {
        fails(SEALED, "the checksum does not match", server.at("/f", file(new byte[100])));
        assertThat(server.requests()).containsExactly("/f");
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void redirectsAreFollowedButNotInCirclesNorForEverNorAway() throws IOException {
        server.at("/f", file(CONTENT));
        String chain = server.at("/a", redirect("/b"));
        server.at("/b", redirect(server.address("/f")));
        Files.write(folder.resolve("f.part"), Arrays.copyOf(CONTENT, 40));
        arrives(SEALED, chain);
        assertThat(server.requests())
                .containsExactly("/a bytes=40-", "/b bytes=40-", "/f bytes=40-");
        Files.delete(target);
        server.at("/ping", redirect("/pong"));
        fails(SEALED, "redirected in a circle", server.at("/pong", redirect("/ping")));
        AtomicInteger page = new AtomicInteger();
        HttpHandler on = exchange -> redirect("/next/" + page.incrementAndGet()).handle(exchange);
        fails(SEALED, "redirected more than 10 times", server.at("/next", on));
        fails(SEALED, "which is no web address", server.at("/x", redirect("file:///etc/passwd")));
        fails(SEALED, "which is no web address", server.at("/y", redirect("http:///nowhere")));
        fails(SEALED, "which is no address", server.at("/z", redirect("http://a b/")));
    }

    @Test
    void aTokenIsNeverSentUnencrypted() throws IOException {
        AtomicReference<String> seen = new AtomicReference<>("none");
        String f =
                server.at(
                        "/f",
                        exchange -> {
                            if (exchange.getRequestHeaders().containsKey("Authorization")) {
                                seen.set(exchange.getRequestHeaders().getFirst("Authorization"));
                            }
                            file(CONTENT).handle(exchange);
                        });
        arrives(SEALED, f);
        assertThat(seen).hasValue("none");
    }

    @Test
    void aTokenIsForItsOwnServerAloneAndARedirectNeverGivesUpEncryption() throws Exception {
        Http http = new Http(STALL, STALL, "hub.example", "secret");
        assertThat(http.mayHaveToken(URI.create("https://hub.example/f"))).isTrue();
        assertThat(http.mayHaveToken(URI.create("http://hub.example/f"))).isFalse();
        assertThat(http.mayHaveToken(URI.create("https://cdn.hub.example/f"))).isFalse();
        assertThat(http.mayHaveToken(URI.create("https://hub.example.evil/f"))).isFalse();
        assertThat(new Http(STALL, STALL).mayHaveToken(URI.create("https://hub.example/")))
                .isFalse();
        URI safe = URI.create("https://hub.example/a/b");
        assertThat(Http.next(safe, "../c")).hasToString("https://hub.example/c");
        assertThat(Http.next(safe, "https://cdn.example/x")).hasToString("https://cdn.example/x");
        assertThatThrownBy(() -> Http.next(safe, "http://hub.example/x"))
                .isInstanceOf(Refused.class)
                .hasMessageContaining("from https to http://hub.example/x");
    }

    @Test
    void aBusyServerIsAskedAgainAndARefusingOneIsNot() throws IOException {
        AtomicInteger asked = new AtomicInteger();
        String busy =
                server.at(
                        "/busy",
                        exchange -> {
                            if (asked.incrementAndGet() < 3) {
                                exchange.getResponseHeaders().set("Retry-After", "0");
                                status(asked.get() == 1 ? 429 : 503).handle(exchange);
                            } else {
                                file(CONTENT).handle(exchange);
                            }
                        });
        String gone = server.at("/gone", status(404));
        String forbidden = server.at("/forbidden", status(403));
        arrives(SEALED, gone, forbidden, busy);
        assertThat(server.requests())
                .containsExactly("/gone", "/forbidden", "/busy", "/busy", "/busy");
    }

    @Test
    void aServerThatListensAndSaysNothingIsGivenUpForTheNext() throws IOException {
        String mute = server.at("/mute", exchange -> server.silence());
        String f = server.at("/f", file(CONTENT));
        Duration soon = Duration.ofMillis(150);
        var patience = new Download.Patience(soon, soon, 2, Duration.ofMillis(1));
        List<URI> mirrors = List.of(URI.create(mute), URI.create(f));
        new Download(mirrors, SEALED, patience, new Http(soon, soon)).to(target);
        assertThat(target).hasBinaryContent(CONTENT);
        assertThat(server.requests()).containsExactly("/mute", "/mute", "/f");
    }

    @Test
    void whatArrivedIsKeptWhenTheNextMirrorIsGone() throws IOException {
        Files.write(folder.resolve("f.part"), Arrays.copyOf(CONTENT, 40));
        String gone = server.at("/gone", status(404));
        String small = server.at("/small", file(new byte[60]));
        fails(SEALED, "60 bytes are offered", gone, small);
        String f = server.at("/f", file(CONTENT));
        Files.write(folder.resolve("f.part"), Arrays.copyOf(CONTENT, 40));
        arrives(SEALED, gone, f);
        assertThat(server.requests()).endsWith("/gone bytes=40-", "/f bytes=40-");
    }

    @Test
    void aWebPageInsteadOfTheFileIsRecognised() throws IOException {
        String page =
                server.at(
                        "/page",
                        exchange -> {
                            exchange.getResponseHeaders().set("Content-Type", "text/html; x");
                            file("<html>log in</html>".getBytes()).handle(exchange);
                        });
        fails(UNKNOWN, "answered with a web page instead of the file", page);
    }

    @Test
    void moreOrLessThanPromisedIsNoFile() throws IOException {
        HttpHandler chunked =
                exchange -> {
                    exchange.sendResponseHeaders(200, 0);
                    exchange.getResponseBody().write(content(140));
                };
        fails(SEALED, "the size does not match", server.at("/more", chunked));
        fails(new Seal(null, SHA, null), "checksum", server.at("/other", chunked));
        HttpHandler shorter =
                exchange -> {
                    exchange.sendResponseHeaders(200, 0);
                    exchange.getResponseBody().write(CONTENT, 0, 60);
                };
        fails(SEALED, "the connection ended after 60 of 100 bytes", server.at("/less", shorter));
        HttpHandler packed =
                exchange -> {
                    exchange.getResponseHeaders().set("Content-Encoding", "gzip");
                    file(CONTENT).handle(exchange);
                };
        fails(UNKNOWN, "encoded as gzip", server.at("/packed", packed));
    }

    // ------------------------------------------------------------ no checksum is known

    private static HttpHandler tagged(AtomicReference<byte[]> content, String tag) {
        return exchange -> {
            exchange.getResponseHeaders().set("ETag", tag);
            String wanted = exchange.getRequestHeaders().getFirst("If-Range");
            int from = tag.equals(wanted) ? from(exchange) : 0;
            send(exchange, content.get(), from, content.get().length);
        };
    }

    /** Leaves a part of 40 bytes as an interrupted transfer of an unknown file does. */
    private void interrupted(String f, HttpHandler handler) {
        server.at(
                f,
                exchange -> {
                    boolean first =
                            server.requests().stream().filter(r -> r.startsWith(f)).count() <= 3;
                    if (first) {
                        exchange.getResponseHeaders().set("ETag", "\"one\"");
                        exchange.sendResponseHeaders(200, CONTENT.length);
                        exchange.getResponseBody().write(CONTENT, 0, 40);
                        exchange.getResponseBody().flush();
                        long patience = System.nanoTime() + STALL.toNanos();
                        while (folder.resolve("f.part").toFile().length() < 40
                                && System.nanoTime() < patience) {
                            Thread.onSpinWait();
                        }
                        throw new IOException("drops");
                    }
                    handler.handle(exchange);
                });
        assertThatThrownBy(() -> download(UNKNOWN, server.address(f)).to(target))
                .hasMessageContaining("/f");
        assertThat(folder.resolve("f.part")).hasSize(40);
        assertThat(folder.resolve("f.part.json")).exists();
    }

    @Test
    void anUnknownFileGoesOnIfTheServerSaysThatItIsTheSame() throws IOException {
        interrupted("/f", tagged(new AtomicReference<>(CONTENT), "\"one\""));
        arrives(UNKNOWN, server.address("/f"));
        assertThat(server.requests()).endsWith("/f bytes=40-");
    }

    @Test
    void anUnknownFileThatChangedIsFetchedAnewAndNeverMixed() throws IOException {
        byte[] changed = content(101);
        changed[5] = 0;
        interrupted("/f", tagged(new AtomicReference<>(changed), "\"two\""));
        download(UNKNOWN, server.address("/f")).to(target);
        assertThat(target).hasBinaryContent(changed);
    }

    @Test
    void anUnknownPartFromElsewhereIsNotBuiltOn() throws IOException {
        Files.write(folder.resolve("f.part"), new byte[40]);
        arrives(UNKNOWN, server.at("/f", file(CONTENT)));
        assertThat(server.requests()).containsExactly("/f");
    }

    @Test
    void whereACutCouldNotBeToldTheFileIsRefused() throws IOException {
        try (var socket =
                new java.net.ServerSocket(0, 5, java.net.InetAddress.getLoopbackAddress())) {
            Thread thread =
                    new Thread(
                            () -> {
                                while (!socket.isClosed()) {
                                    try (var client = socket.accept()) {
                                        client.getInputStream().read(new byte[4096]);
                                        client.getOutputStream()
                                                .write(
                                                        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf"
                                                                .getBytes());
                                    } catch (IOException e) {
                                        return;
                                    }
                                }
                            });
            thread.setDaemon(true);
            thread.start();
            String f = "http://localhost:" + socket.getLocalPort() + "/f";
            fails(UNKNOWN, "does not say how long the file is", f);
        }
    }

    // ------------------------------------------------------------ the disk

    @Test
    void aDiskThatFillsUpIsNamedAndTheNextMirrorIsNotAsked() throws IOException {
        Path full = Path.of("/dev/full");
        assumeThat(full).exists();
        Files.createSymbolicLink(folder.resolve("f.part"), full);
        String f = server.at("/f", file(CONTENT));
        String g = server.at("/g", file(CONTENT));
        assertThatThrownBy(() -> download(SEALED, f, g).to(target))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("Cannot write " + folder.resolve("f.part"))
                .hasMessageContaining("No space left on device")
                .hasMessageContaining("MEMORIA_CACHE");
        assertThat(server.requests()).containsExactly("/f");
        assertThat(target).doesNotExist();
        Files.delete(folder.resolve("f.part"));
    }
}
