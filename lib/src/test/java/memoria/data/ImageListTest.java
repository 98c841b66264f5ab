package memoria.data;

import static memoria.data.TestServer.file;
import static memoria.data.TestServer.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import memoria.json.Json;
import memoria.progress.Interrupted;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageListTest {

    private static final byte[] PNG =
            "\u0089PNG\r\n\u001a\nand so on".getBytes(StandardCharsets.ISO_8859_1);

    private static final ImageList.Manners MANNERS =
            new ImageList.Manners(
                    8,
                    2,
                    3,
                    Duration.ofMillis(1),
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(2),
                    10_000);

    @TempDir Path folder;
    private TestServer server;

    @BeforeEach
    void start() throws IOException {
        server = new TestServer();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static List<ImageRows.Row> rows(String... urls) {
        return IntStream.range(0, urls.length)
                .mapToObj(i -> new ImageRows.Row(i, urls[i], "caption " + i))
                .toList();
    }

    private ImageReport fetch(boolean again, String... urls) {
        return new ImageList(rows(urls), folder, MANNERS).fetch(again, false);
    }

    private List<String> pictures() throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("images"))) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void whatIsGoneIsReportedAndTheRestIsThere() throws IOException {
        AtomicInteger asked = new AtomicInteger();
        HttpHandler shaky =
                exchange ->
                        (asked.incrementAndGet() < 3 ? status(503) : file(PNG)).handle(exchange);
        HttpHandler half =
                exchange -> {
                    exchange.sendResponseHeaders(200, PNG.length + 5);
                    exchange.getResponseBody().write(PNG);
                };
        ImageReport report =
                fetch(
                        false,
                        server.at("/good", file(PNG)),
                        server.at("/shaky", shaky),
                        server.at("/gone", status(404)),
                        server.at("/page", file("<html>not found</html>".getBytes())),
                        server.at("/half", half),
                        server.at("/huge", file(Arrays.copyOf(PNG, 20_000))),
                        "http://localhost:1/nobody",
                        "file:///etc/passwd",
                        "no address at all",
                        server.at("/moved", TestServer.redirect("/good")));
        assertThat(report.here()).isEqualTo(3);
        assertThat(report.listed()).isEqualTo(10);
        assertThat(report.gone())
                .extracting(ImageReport.Gone::row)
                .containsExactly(2, 3, 4, 5, 6, 7, 8);
        assertThat(report.gone())
                .extracting(ImageReport.Gone::reason)
                .satisfiesExactly(
                        r -> assertThat(r).isEqualTo("HTTP status 404"),
                        r -> assertThat(r).isEqualTo("no picture"),
                        r -> assertThat(r).isEqualTo("the connection broke"),
                        r -> assertThat(r).isEqualTo("more than 10 kB"),
                        r -> assertThat(r).contains("no connection"),
                        r -> assertThat(r).startsWith("not an address"),
                        r -> assertThat(r).isEqualTo("no address"));
        assertThat(report)
                .asString()
                .startsWith("3 of 10 pictures are here in " + folder + "; gone: ")
                .contains("1 HTTP status 404");
        assertThat(pictures()).hasSize(3).allMatch(name -> name.endsWith(".png"));
        List<String> lines = Files.readAllLines(folder.resolve("metadata.jsonl"));
        assertThat(lines).hasSize(3);
        var second = Json.parse(lines.get(1)).getAsJsonObject();
        assertThat(second.get("text").getAsString()).isEqualTo("caption 1");
        assertThat(folder.resolve(second.get("file_name").getAsString())).hasBinaryContent(PNG);
        assertThat(Files.readAllLines(folder.resolve("gone.csv")))
                .hasSize(8)
                .contains("2,\"" + server.address("/gone") + "\",\"HTTP status 404\",true");
    }

    @Test
    void aSecondFetchAsksOnlyForWhatMayStillCome() throws IOException {
        AtomicInteger busy = new AtomicInteger(503);
        String[] urls = {
            server.at("/good", file(PNG)),
            server.at("/gone", status(404)),
            server.at(
                    "/busy",
                    exchange ->
                            (busy.get() == 200 ? file(PNG) : status(busy.get())).handle(exchange))
        };
        assertThat(fetch(false, urls).here()).isEqualTo(1);
        server.requests.clear();
        busy.set(200);
        ImageReport second = fetch(false, urls);
        assertThat(server.requests()).containsExactly("/busy");
        assertThat(second.here()).isEqualTo(2);
        assertThat(second.gone()).hasSize(1);
        server.requests.clear();
        fetch(true, urls);
        assertThat(server.requests()).containsExactly("/gone");
        // The same row with another address is another picture.
        server.requests.clear();
        ImageReport other = fetch(false, server.at("/other", file(PNG)));
        assertThat(server.requests()).containsExactly("/other");
        assertThat(other.here()).isEqualTo(1);
    }

    @Test
    void offlineNothingIsAskedFor() {
        ImageReport report =
                new ImageList(rows(server.at("/good", file(PNG))), folder, MANNERS)
                        .fetch(false, true);
        assertThat(server.requests()).isEmpty();
        assertThat(report.here()).isZero();
        assertThat(report.gone().get(0).reason()).isEqualTo("not asked for");
    }

    @Test
    void aServerIsNeverAskedForMoreThanTwoPicturesAtATime() {
        AtomicInteger now = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        server.at(
                "/p",
                exchange -> {
                    most.accumulateAndGet(now.incrementAndGet(), Math::max);
                    try {
                        Thread.sleep(5);
                        file(PNG).handle(exchange);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    } finally {
                        now.decrementAndGet();
                    }
                });
        String[] urls =
                IntStream.range(0, 40)
                        .mapToObj(i -> server.address("/p/" + i))
                        .toArray(String[]::new);
        assertThat(fetch(false, urls).here()).isEqualTo(40);
        assertThat(most.get()).isBetween(1, 2);
    }

    @Test
    void aSilentServerIsGivenUpAndTheOthersGoOn() {
        HttpHandler silent =
                exchange -> {
                    exchange.sendResponseHeaders(200, 1000);
                    exchange.getResponseBody().write(PNG);
                    exchange.getResponseBody().flush();
                    server.silence();
                };
        var quick =
                new ImageList.Manners(
                        4,
                        2,
                        1,
                        Duration.ofMillis(1),
                        Duration.ofSeconds(5),
                        Duration.ofMillis(300),
                        10_000);
        ImageReport report =
                new ImageList(
                                rows(server.at("/silent", silent), server.at("/good", file(PNG))),
                                folder,
                                quick)
                        .fetch(false, false);
        assertThat(report.here()).isEqualTo(1);
        assertThat(report.gone().get(0).reason()).isEqualTo("no answer in time");
        assertThat(report.gone().get(0).forGood()).isFalse();
    }

    @Test
    void anInterruptKeepsWhatCame() throws Exception {
        String good = server.at("/good", file(PNG));
        String silent = server.at("/silent", exchange -> server.silence());
        List<Throwable> thrown = new ArrayList<>();
        Thread thread =
                new Thread(
                        () -> {
                            try {
                                fetch(false, good, silent);
                            } catch (Throwable e) {
                                thrown.add(e);
                            }
                        });
        thread.start();
        while (!Files.exists(folder.resolve("images"))
                || pictures().stream().noneMatch(p -> p.endsWith(".png"))) {
            Thread.sleep(5);
        }
        thread.interrupt();
        thread.join(20_000);
        assertThat(thrown).hasSize(1);
        assertThat(thrown.get(0))
                .isInstanceOf(Interrupted.class)
                .hasMessageContaining("1 of 2 pictures");
        assertThat(folder.resolve("metadata.jsonl")).exists();
    }

    // ------------------------------------------------------------ lists

    private static final Manifest.Listed LISTED =
            new Manifest.Listed("l", "url", null, "text", Map.of("type", "MV"), null);

    @Test
    void listsAreReadAsJsonLinesAndTables() throws IOException {
        Path jsonl =
                Files.writeString(
                        folder.resolve("l.jsonl"),
                        """
                        {"url": "http://a/1", "text": "one, \\"two\\"", "type": "MV"}
                        {"url": "http://a/2", "text": "three", "type": "TV"}

                        {"url": "http://a/3", "text": "f\u00fcnf", "type": "MV"}
                        """);
        Path csv =
                Files.writeString(
                        folder.resolve("l.csv"),
                        "type,url,text\nMV,http://a/1,\"one, \"\"two\"\"\"\nTV,http://a/2,three\nMV,http://a/3,f\u00fcnf\n");
        Path tsv =
                Files.writeString(
                        folder.resolve("l.tsv"),
                        "type\turl\ttext\nMV\thttp://a/1\t\"one, \"\"two\"\"\"\nTV\thttp://a/2\tthree\nMV\thttp://a/3\tf\u00fcnf\n");
        List<ImageRows.Row> rows = ImageRows.read(jsonl, LISTED);
        assertThat(rows)
                .containsExactly(
                        new ImageRows.Row(0, "http://a/1", "one, \"two\""),
                        new ImageRows.Row(1, "http://a/3", "f\u00fcnf"));
        assertThat(ImageRows.read(csv, LISTED)).isEqualTo(rows);
        assertThat(ImageRows.read(tsv, LISTED)).isEqualTo(rows);
        Path parquet = Files.write(folder.resolve("l.parquet"), new byte[] {1});
        assertThat(ImageRows.read(parquet, LISTED)).isEqualTo(rows);
        Path alone = Files.write(folder.resolve("m.parquet"), new byte[] {1});
        assertThatThrownBy(() -> ImageRows.read(alone, LISTED))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("m.parquet")
                .hasMessageContaining("`environment/run` the option --parquet")
                .hasMessageContaining("m.csv");
        assertThatThrownBy(
                        () ->
                                new RowPictures(
                                                alone,
                                                new Manifest.Listed(
                                                        "l", null, "image", "text", null, null),
                                                folder)
                                        .unpack(1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("io.github.memoria:memoria-parquet");
        assertThatThrownBy(() -> new Manifest.Listed("l", "url", "image", "text", null, null))
                .hasMessageContaining("url, picture: 'url', 'image'");
        var three = new Manifest.Listed("l", "url", null, "text", null, 2L);
        assertThatThrownBy(() -> ImageRows.read(jsonl, three))
                .hasMessageContaining("has 3 rows that are meant instead of 2");
        Path bad = Files.writeString(folder.resolve("b.jsonl"), "{\"url\": \"x\"}\n");
        assertThatThrownBy(
                        () ->
                                ImageRows.read(
                                        bad,
                                        new Manifest.Listed("l", "url", null, "text", null, null)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("b.jsonl has no row with 'text'");
        Path some =
                Files.writeString(
                        folder.resolve("s.jsonl"),
                        "{\"url\": \"x\", \"text\": \"t\"}\n{\"url\": \"y\", \"text\": null}\n");
        assertThat(ImageRows.read(some, new Manifest.Listed("l", "url", null, "text", null, null)))
                .as("some pictures have no caption")
                .containsExactly(new ImageRows.Row(0, "x", "t"), new ImageRows.Row(1, "y", ""));
        Path noColumn = Files.writeString(folder.resolve("n.csv"), "a,b\n1,2\n");
        assertThatThrownBy(
                        () ->
                                ImageRows.read(
                                        noColumn,
                                        new Manifest.Listed("l", "url", null, "text", null, null)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("n.csv has a row without 'url'; it has [a, b]");
    }

    @Test
    void aSampleIsAlwaysTheSameAndSpread() {
        String[] urls =
                IntStream.range(0, 1000).mapToObj(i -> "http://a/" + i).toArray(String[]::new);
        List<ImageRows.Row> sample = ImageRows.sample(rows(urls), 100);
        assertThat(sample).hasSize(100).isEqualTo(ImageRows.sample(rows(urls), 100));
        assertThat(sample.stream().filter(row -> row.row() < 500).count()).isBetween(30L, 70L);
        assertThat(ImageRows.sample(rows(urls), 2000)).hasSize(1000);
    }
}
