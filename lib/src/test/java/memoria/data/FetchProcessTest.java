package memoria.data;

import static memoria.data.TestServer.content;
import static memoria.data.TestServer.from;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes that fetch the same file, and one that is killed in the middle. */
class FetchProcessTest {

    private static final int PIECE = 40_000;
    private static final byte[] CONTENT = content(10 * PIECE);

    @TempDir Path folder;
    private TestServer server;
    private final AtomicInteger sent = new AtomicInteger();
    private final List<Process> processes = new ArrayList<>();

    @BeforeEach
    void start() throws IOException {
        server = new TestServer();
        Files.createDirectories(folder.resolve("own"));
        Files.writeString(
                folder.resolve("own/s.json"),
                """
                {"name": "s", "kind": "data", "title": "S", "licence": "none", "terms": "None.",
                 "files": [{"name": "f.bin", "mirrors": ["%s"], "bytes": %d, "sha256": "%s"},
                           {"name": "unknown.bin", "mirrors": ["%s"]}]}
                """
                        .formatted(
                                server.at("/f", slow()),
                                CONTENT.length,
                                Checksum.sha256(CONTENT),
                                server.at("/u", TestServer.file(CONTENT))));
    }

    @AfterEach
    void stop() {
        processes.forEach(Process::destroyForcibly);
        server.close();
    }

    /** A piece every 50 ms: slow enough to be met in the middle. */
    private HttpHandler slow() {
        return exchange -> {
            int from = from(exchange);
            exchange.getResponseHeaders()
                    .set(
                            "Content-Range",
                            "bytes " + from + "-" + (CONTENT.length - 1) + "/" + CONTENT.length);
            exchange.sendResponseHeaders(from > 0 ? 206 : 200, CONTENT.length - from);
            for (int at = from; at < CONTENT.length; at += PIECE) {
                int n = Math.min(PIECE, CONTENT.length - at);
                exchange.getResponseBody().write(CONTENT, at, n);
                exchange.getResponseBody().flush();
                sent.addAndGet(n);
                try {
                    Thread.sleep(50);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        };
    }

    private Process process(String log) throws IOException {
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xshare:auto",
                                "-XX:TieredStopAtLevel=1",
                                "-cp",
                                System.getProperty("java.class.path"),
                                "-Dmemoria.cache=" + folder.resolve("cache"),
                                "-Dmemoria.manifests=" + folder.resolve("own"),
                                "-Dmemoria.lock=" + folder.resolve("lock.json"),
                                "memoria.data.FetchCommand",
                                "s")
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve(log).toFile())
                        .start();
        processes.add(process);
        return process;
    }

    private void succeeds(Process process, String log) throws Exception {
        assertThat(process.waitFor(100, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(folder.resolve(log))).isZero();
    }

    private Path cached(String name) {
        return folder.resolve("cache/s").resolve(name);
    }

    @Test
    void threeProcessesFetchEachFileOnceAndWriteOneLock() throws Exception {
        List<Process> three = List.of(process("a"), process("b"), process("c"));
        for (int i = 0; i < 3; i++) {
            succeeds(three.get(i), List.of("a", "b", "c").get(i));
        }
        assertThat(cached("f.bin")).hasBinaryContent(CONTENT);
        assertThat(cached("unknown.bin")).hasBinaryContent(CONTENT);
        assertThat(server.requests()).containsExactlyInAnyOrder("/f", "/u");
        assertThat(Files.readString(folder.resolve("lock.json")))
                .containsOnlyOnce("s/unknown.bin")
                .contains(Checksum.sha256(CONTENT));
    }

    @Test
    void aKilledFetchLeavesNothingHalfUnderItsNameAndGoesOn() throws Exception {
        Process killed = process("a");
        while (cached("f.bin.part").toFile().length() < 3 * PIECE) {
            assertThat(killed.isAlive()).as(Files.readString(folder.resolve("a"))).isTrue();
            Thread.sleep(5);
        }
        killed.destroyForcibly();
        assertThat(killed.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(killed.exitValue()).isNotZero();
        assertThat(cached("f.bin")).doesNotExist();
        long kept = cached("f.bin.part").toFile().length();
        succeeds(process("b"), "b");
        assertThat(cached("f.bin")).hasBinaryContent(CONTENT);
        assertThat(cached("f.bin.part")).doesNotExist();
        assertThat(server.requests()).containsExactly("/f", "/f bytes=" + kept + "-", "/u");
    }
}
