package memoria.data;

import static memoria.data.TestServer.content;
import static memoria.data.TestServer.file;
import static memoria.data.TestServer.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.imageio.ImageIO;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FetchTest {

    private static final byte[] CONTENT = content(5000);
    private static final String SHA = Checksum.sha256(CONTENT);

    @TempDir Path folder;
    private TestServer server;
    private final List<String> said = new ArrayList<>();

    @BeforeEach
    void start() throws IOException {
        server = new TestServer();
        System.setProperty("memoria.cache", folder.resolve("cache").toString());
        System.setProperty("memoria.lock", folder.resolve("lock.json").toString());
        System.setProperty("memoria.manifests", folder.resolve("own").toString());
        Files.createDirectories(folder.resolve("own"));
    }

    @AfterEach
    void stop() {
        server.close();
        for (String name : List.of("cache", "lock", "manifests", "data", "offline")) {
            System.clearProperty("memoria." + name);
        }
    }

    private void own(String name, String rest, String... files) throws IOException {
        Files.writeString(
                folder.resolve("own").resolve(name + ".json"),
                "{\"name\": \"%s\", \"kind\": \"data\", \"title\": \"Set %s\", \"licence\": \"none\", \"terms\": \"Tests only.\", %s \"files\": [%s]}"
                        .formatted(name, name, rest, String.join(",", files)));
    }

    private static String entry(String name, String url, String rest) {
        return "{\"name\": \"%s\", \"mirrors\": [\"%s\"] %s}".formatted(name, url, rest);
    }

    private static String sealed() {
        return ", \"bytes\": " + CONTENT.length + ", \"sha256\": \"" + SHA + "\"";
    }

    private Fetch fetch(String name) {
        return Fetch.of(Manifests.of(name))
                .say(said::add)
                .patience(
                        new Download.Patience(
                                Duration.ofSeconds(10),
                                Duration.ofSeconds(10),
                                2,
                                Duration.ofMillis(1)));
    }

    private Path cache(String path) {
        return folder.resolve("cache").resolve(path);
    }

    @Test
    void aSetIsFetchedOnceAndThenUsedWhereItLies() throws IOException {
        own("s", "", entry("f.bin", server.at("/f", file(CONTENT)), sealed()));
        assertThat(Manifests.of("s").folder()).isEmpty();
        Fetched fetched = fetch("s").run();
        assertThat(fetched.file("f.bin")).isEqualTo(cache("s/f.bin")).hasBinaryContent(CONTENT);
        assertThat(fetched.path("f.bin")).isEqualTo(cache("s/f.bin"));
        assertThatThrownBy(() -> fetched.file("g")).hasMessageContaining("[f.bin]");
        fetch("s").run();
        fetch("s").offline().run();
        assertThat(Manifests.of("s").folder()).contains(cache("s"));
        assertThat(server.requests()).containsExactly("/f");
        assertThat(said).isEmpty();
    }

    @Test
    void aCopyOfTheReadersOwnIsCheckedAndUsed() throws IOException {
        own("s", "", entry("f.bin", server.at("/f", file(CONTENT)), sealed()));
        Path mine = Files.createDirectories(folder.resolve("data/s")).resolve("f.bin");
        Files.write(mine, CONTENT);
        System.setProperty("memoria.data", folder.resolve("data").toString());
        assertThat(fetch("s").run().file("f.bin")).isEqualTo(mine);
        byte[] damaged = CONTENT.clone();
        damaged[7]++;
        Files.write(mine, damaged);
        Files.setLastModifiedTime(mine, java.nio.file.attribute.FileTime.fromMillis(0));
        assertThatThrownBy(() -> fetch("s").run())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("file: " + mine)
                .hasMessageContaining("the checksum does not match");
        assertThat(server.requests()).isEmpty();
    }

    @Test
    void withoutANetworkWhatIsMissingIsNamedWithWhereItWasLookedFor() throws IOException {
        own("s", "", entry("f.bin", server.at("/f", file(CONTENT)), sealed()));
        System.setProperty("memoria.offline", "1");
        assertThatThrownBy(() -> fetch("s").run())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("Set s: f.bin is not on this machine")
                .hasMessageContaining(cache("s").toString());
        assertThat(server.requests()).isEmpty();
    }

    @Test
    void whatNeedsAPersonSaysWhatThePersonHasToDo() throws IOException {
        String access = "\"access\": {\"kind\": \"manual\", \"how\": \"Fill in the form.\"},";
        own("s", access, "{\"name\": \"f.bin\", \"mirrors\": []}");
        assertThatThrownBy(() -> fetch("s").run())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("f.bin has to be fetched by hand. Fill in the form.")
                .hasMessageContaining(cache("s").toString());
        own("t", access, entry("f.bin", server.at("/f", status(401)), sealed()));
        assertThatThrownBy(() -> fetch("t").run())
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("HTTP status 401")
                .hasMessageContaining("Fill in the form.");
    }

    // ------------------------------------------------------------ trust on first use

    @Test
    void anUnknownFileIsTrustedOnceAloudAndThenDemanded() throws IOException {
        byte[] changed = CONTENT.clone();
        changed[9]++;
        own("s", "", entry("f.bin", server.at("/f", file(CONTENT)), ""));
        fetch("s").run();
        assertThat(said).hasSize(1);
        assertThat(said.get(0))
                .startsWith("s/f.bin: nobody publishes its checksum")
                .contains(SHA, folder.resolve("lock.json").toString(), "commit that file");
        assertThat(Files.readString(folder.resolve("lock.json")))
                .contains("\"s/f.bin\"", SHA, "\"bytes\": 5000", server.address("/f"));
        fetch("s").run();
        assertThat(said).hasSize(1);

        // Another machine, the same lock file, another file under the address.
        Files.delete(cache("s/f.bin"));
        own("s", "", entry("f.bin", server.at("/changed", file(changed)), ""));
        assertThatThrownBy(() -> fetch("s").run())
                .hasMessageContaining("the checksum does not match")
                .hasMessageContaining(folder.resolve("lock.json") + " holds the checksum")
                .hasMessageContaining("remove that entry");
        assertThat(cache("s/f.bin")).doesNotExist();

        // The same if a person puts it there.
        Files.write(cache("s/f.bin"), changed);
        assertThatThrownBy(() -> fetch("s").run())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("remove that entry");
        assertThat(said).hasSize(1);
    }

    @Test
    void aPublishedChecksumNeedsNoLock() throws IOException {
        own("s", "", entry("f.bin", server.at("/f", file(CONTENT)), sealed()));
        fetch("s").run();
        assertThat(folder.resolve("lock.json")).doesNotExist();
    }

    @Test
    void aDamagedLockFileIsNamedAndNotOverwritten() throws IOException {
        Files.writeString(folder.resolve("lock.json"), "{\"s/f.bin\": ");
        own("s", "", entry("f.bin", server.at("/f", file(CONTENT)), ""));
        assertThatThrownBy(() -> fetch("s").run())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(folder.resolve("lock.json") + " is damaged");
        assertThat(folder.resolve("lock.json")).hasContent("{\"s/f.bin\": ");
    }

    // ------------------------------------------------------------ archives, subsets

    private static byte[] zip(String... names) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new ZipOutputStream(bytes)) {
            for (String name : names) {
                out.putNextEntry(new ZipEntry(name));
                out.write(CONTENT);
            }
        }
        return bytes.toByteArray();
    }

    private String archive(byte[] zip) {
        return entry(
                "a.zip",
                server.at("/a.zip", file(zip)),
                ", \"bytes\": %d, \"sha256\": \"%s\", \"unpack\": {\"format\": \"zip\", \"atMost\": 20000, \"expect\": [\"d/x\"]}"
                        .formatted(zip.length, Checksum.sha256(zip)));
    }

    @Test
    void anArchiveIsUnpackedAndThenNotKept() throws IOException {
        own("s", "", archive(zip("d/x", "d/y")));
        Fetched fetched = fetch("s").run();
        assertThat(fetched.file("a.zip")).isEqualTo(cache("s"));
        assertThat(fetched.path("d/x")).hasBinaryContent(CONTENT);
        assertThat(cache("s/a.zip")).doesNotExist();
        fetch("s").offline().run();
        assertThat(server.requests()).containsExactly("/a.zip");
    }

    @Test
    void aRefusedArchiveStaysForAPersonToLookAt() throws IOException {
        own("s", "", archive(zip("d/x", "../../evil")));
        assertThatThrownBy(() -> fetch("s").keepArchives().run())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(cache("s/a.zip").toString())
                .hasMessageContaining("'../../evil' has a path that climbs out");
        assertThat(cache("s/a.zip")).exists();
        assertThat(cache("s/d")).doesNotExist();
        assertThat(folder.resolve("evil")).doesNotExist();
    }

    @Test
    void theIndexOfASubsetIsMadeFromTheWholeSetsIdentities() throws IOException {
        String people =
                IntStream.rangeClosed(1, 20)
                        .mapToObj(i -> "%06d.jpg %d".formatted(i, i % 3))
                        .collect(Collectors.joining("\n"));
        byte[] text = people.getBytes(StandardCharsets.UTF_8);
        own(
                "whole",
                "",
                entry(
                        "identity.txt",
                        server.at("/i", file(text)),
                        ", \"md5\": \"" + md5(text) + "\""));
        own(
                "part",
                "\"subset\": {\"of\": \"whole\", \"first\": 5, \"images\": 5, \"rule\": \"five\"},");
        Path index = fetch("part").run().file("index.txt");
        assertThat(index)
                .hasContent("000001.jpg\n000002.jpg\n000003.jpg\n000004.jpg\n000005.jpg\n");
        own(
                "people",
                "\"subset\": {\"of\": \"whole\", \"minimumPerIdentity\": 7, \"images\": 14, \"rule\": \"seven each\"},");
        assertThat(Files.readAllLines(fetch("people").run().file("index.txt"))).hasSize(14);
        own(
                "wrong",
                "\"subset\": {\"of\": \"whole\", \"minimumPerIdentity\": 7, \"images\": 13, \"rule\": \"seven each\"},");
        assertThatThrownBy(() -> fetch("wrong").run())
                .hasMessageContaining("14 images of 20 instead of 13");
    }

    private String md5(byte[] content) throws IOException {
        return Checksum.md5(Files.write(folder.resolve("x"), content));
    }

    // ------------------------------------------------------------ what is fetched can be read

    @Test
    void cifar10IsFetchedUnpackedAndRead() throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var tar = new TarArchiveOutputStream(new GZIPOutputStream(bytes))) {
            for (String name : Manifests.of("cifar-10").files().get(0).unpack().expect()) {
                byte[] records = name.endsWith(".bin") ? new byte[2 * 3073] : new byte[61];
                var entry = new TarArchiveEntry(name);
                entry.setSize(records.length);
                tar.putArchiveEntry(entry);
                tar.write(records);
                tar.closeArchiveEntry();
            }
        }
        byte[] archive = bytes.toByteArray();
        Path real = Path.of(System.getProperty("memoria.root"), "data-manifests/cifar-10.json");
        Files.writeString(
                folder.resolve("own/cifar-10.json"),
                Files.readString(real)
                        .replaceAll(
                                "\"https://\\S+/cifar-10-binary.tar.gz\"",
                                "\"" + server.at("/c", file(archive)) + "\"")
                        .replace("170052171", String.valueOf(archive.length))
                        .replaceAll("(?<=sha256\": \")\\w+", Checksum.sha256(archive)));
        Fetched fetched = fetch("cifar-10").run();
        assertThat(Cifar10.folder()).contains(cache("cifar-10/cifar-10-batches-bin"));
        assertThat(Cifar10.train(fetched.folder()).count()).isEqualTo(10);
        assertThat(Manifests.of("cifar-10").folder()).contains(cache("cifar-10"));
    }

    @Test
    void picturesOfAListAreFetchedAndReadWithTheirCaptions() throws IOException {
        var png = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB), "png", png);
        String good = server.at("/good", file(png.toByteArray()));
        String gone = server.at("/gone", status(410));
        String rows =
                Stream.of(good, gone, good + "?2")
                        .map(
                                url ->
                                        "{\"url\": \"%s\", \"caption\": \"a black square\"}%n"
                                                .formatted(url))
                        .collect(Collectors.joining());
        byte[] list = rows.getBytes(StandardCharsets.UTF_8);
        own(
                "l",
                "\"images\": {\"list\": \"list.jsonl\", \"url\": \"url\", \"caption\": \"caption\", \"count\": 3},",
                entry(
                        "list.jsonl",
                        server.at("/l", file(list)),
                        ", \"md5\": \"" + md5(list) + "\""));
        Fetched fetched = fetch("l").run();
        assertThat(fetched.images())
                .get()
                .asString()
                .contains("2 of 3 pictures are here", "1 HTTP status 410");
        assertThat(said).anyMatch(line -> line.contains("2 of 3 pictures are here"));
        Pictures pictures = Pictures.folder(fetched.folder());
        assertThat(pictures.count()).isEqualTo(2);
        assertThat(fetch("l").images(0).run().images()).isEmpty();
    }

    // ------------------------------------------------------------ the command

    private String command(int status, String... args) {
        var bytes = new ByteArrayOutputStream();
        int is = FetchCommand.run(new PrintStream(bytes, true, StandardCharsets.UTF_8), args);
        String out = bytes.toString(StandardCharsets.UTF_8);
        assertThat(is).as(out).isEqualTo(status);
        return out;
    }

    @Test
    void theCommandFetchesListsShowsAndMeasures() throws IOException {
        own(
                "s",
                "\"notebooks\": [\"00-quickstart\"],",
                entry("f.bin", server.at("/f", file(CONTENT)), sealed()));
        own("gone", "", entry("g.bin", server.at("/g", status(404)), sealed()));
        assertThat(command(0, "list"))
                .containsPattern("s +data +5\\.0 kB +no +00")
                .contains("cifar-10", "sscd");
        assertThat(command(0, "--dry-run", "s"))
                .contains("Set s, 5.0 kB to fetch", "together: 5.0 kB to fetch", "Tests only.");
        assertThat(server.requests()).isEmpty();
        assertThat(command(1, "s", "gone"))
                .contains(
                        "f.bin: " + cache("s/f.bin"),
                        "HTTP status 404",
                        "1 of 2 sets are not complete");
        assertThat(command(0, "list")).containsPattern("s +data +5\\.0 kB +yes +00");
        assertThat(command(0, "show", "s", "cifar-10"))
                .contains(
                        "SHA-256 " + SHA,
                        "Learning Multiple Layers of Features",
                        "source    MD5 and address");
        assertThat(command(0, "size"))
                .containsPattern("s 5\\.\\d kB")
                .contains(cache("").toString().replaceAll("/$", ""));
        assertThat(command(0, "--dry-run", "--for", "00"))
                .contains("Set s", "CIFAR-10", "improved-diffusion");
    }

    @Test
    void theCommandSaysWhatWasWrongWithItsArguments() {
        assertThat(command(2, "cifar10")).contains("no manifest 'cifar10'", "cifar-10");
        assertThat(command(2)).contains("nothing to do");
        assertThat(command(2, "--fast", "cifar-10")).contains("unknown option --fast");
        assertThat(command(2, "cifar-10", "--images")).contains("--images needs a value");
        assertThat(command(2, "cifar-10", "--images", "-3")).contains("legal are a number and all");
        assertThat(command(2, "--for", "99-none")).contains("no manifest names that notebook");
    }
}
