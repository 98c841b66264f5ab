package memoria.data;

import static memoria.data.TestServer.content;
import static memoria.data.TestServer.file;
import static memoria.data.TestServer.from;
import static memoria.data.TestServer.status;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A mirror that fails in the middle of a file: what arrived is neither lost nor mixed with something else. */
class MirrorFaultsTest {

    private static final int HERE = 40;
    private static final byte[] CONTENT = content(100);
    private static final Seal SEALED =
            new Seal((long) CONTENT.length, Checksum.sha256(CONTENT), null);

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

    private void arrives(Duration stall, String... mirrors) throws IOException {
        var patience =
                new Download.Patience(Duration.ofSeconds(20), stall, 3, Duration.ofMillis(1));
        List<URI> addresses = Arrays.stream(mirrors).map(URI::create).toList();
        new Download(addresses, SEALED, patience, new Http(stall, stall)).to(target);
        assertThat(target).hasBinaryContent(CONTENT);
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files.map(f -> f.getFileName().toString()).filter(f -> !f.endsWith(".lock")))
                    .containsExactly("f");
        }
    }

    private void partIsHere() throws IOException {
        Files.write(folder.resolve("f.part"), Arrays.copyOf(CONTENT, HERE));
    }

    @ParameterizedTest
    @ValueSource(ints = {500, 502, 503, 504})
    void aServerErrorIsAskedAgainForTheRestOnly(int error) throws IOException {
        AtomicInteger asked = new AtomicInteger();
        String f =
                server.at(
                        "/f",
                        exchange -> {
                            boolean first = asked.getAndIncrement() == 0;
                            (first ? status(error) : file(CONTENT)).handle(exchange);
                        });
        partIsHere();
        arrives(Duration.ofSeconds(10), f);
        assertThat(server.requests()).containsExactly("/f bytes=40-", "/f bytes=40-");
    }

    @Test
    void aRangeThatBeginsElsewhereIsNotAppended() throws IOException {
        String wrong =
                server.at(
                        "/wrong",
                        exchange -> {
                            exchange.getResponseHeaders()
                                    .set("Content-Range", "bytes 30-99/" + CONTENT.length);
                            exchange.sendResponseHeaders(206, 70);
                            exchange.getResponseBody().write(CONTENT, 30, 70);
                        });
        String f = server.at("/f", file(CONTENT));
        String shorter = server.at("/shorter", exchange -> exchange.sendResponseHeaders(416, -1));
        partIsHere();
        arrives(Duration.ofSeconds(10), wrong, shorter, f);
        assertThat(server.requests())
                .containsExactly("/wrong bytes=40-", "/shorter bytes=40-", "/f bytes=40-");
    }

    @Test
    void aPartThatNoMirrorContinuesIsGivenUp() throws IOException {
        String f =
                server.at(
                        "/f",
                        exchange -> {
                            boolean rest = from(exchange) > 0;
                            (rest ? status(416) : file(CONTENT)).handle(exchange);
                        });
        partIsHere();
        arrives(Duration.ofSeconds(10), server.at("/gone", status(404)), f);
        assertThat(server.requests())
                .containsExactly("/gone bytes=40-", "/f bytes=40-", "/gone", "/f");
    }

    @Test
    void aMirrorThatFallsSilentHandsOverWhatArrived() throws IOException {
        String silent =
                server.at(
                        "/silent",
                        exchange -> {
                            exchange.sendResponseHeaders(
                                    from(exchange) > 0 ? 404 : 200, CONTENT.length);
                            exchange.getResponseBody().write(CONTENT, 0, HERE);
                            exchange.getResponseBody().flush();
                            server.silence();
                        });
        String f = server.at("/f", file(CONTENT));
        arrives(Duration.ofMillis(500), silent, f);
        assertThat(server.requests())
                .containsExactly("/silent", "/silent bytes=40-", "/f bytes=40-");
    }
}
