package memoria.stablediffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.sun.net.httpserver.HttpServer;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import memoria.models.Models;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sets of captioned pictures by the names of their manifests, from a server on this machine. */
class PublishedImagesTest {

    private static final List<String> SETTINGS = List.of("cache", "lock", "manifests");

    @TempDir Path folder;

    private final List<String> said = new ArrayList<>();
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.start();
        for (String setting : SETTINGS) {
            System.setProperty("memoria." + setting, folder.resolve(setting).toString());
        }
        Files.createDirectories(folder.resolve("manifests"));
    }

    @AfterEach
    void stop() {
        server.stop(0);
        SETTINGS.forEach(setting -> System.clearProperty("memoria." + setting));
    }

    private String serve(String path, byte[] content) {
        server.createContext(
                path,
                exchange -> {
                    try (exchange) {
                        exchange.sendResponseHeaders(200, content.length);
                        exchange.getResponseBody().write(content);
                    }
                });
        return "http://localhost:" + server.getAddress().getPort() + path;
    }

    private void manifest(String name, String kind, String rest, String file, byte[] content)
            throws IOException {
        String entry =
                "{\"name\": \"%s\", \"mirrors\": [\"%s\"], \"bytes\": %d}"
                        .formatted(file, serve("/" + name, content), content.length);
        Files.writeString(
                folder.resolve("manifests").resolve(name + ".json"),
                "{\"name\": \"%s\", \"kind\": \"%s\", \"title\": \"%s\", \"licence\": \"none\", \"terms\": \"Tests only.\", %s \"files\": [%s]}"
                        .formatted(name, kind, name, rest, entry));
    }

    private static byte[] png(int side) throws IOException {
        var png = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB), "png", png);
        return png.toByteArray();
    }

    private void list(String name, String... captions) throws IOException {
        StringBuilder rows = new StringBuilder();
        for (int i = 0; i < captions.length; i++) {
            String url = serve("/" + name + "/" + i, png(10 + i));
            rows.append("{\"url\": \"%s\", \"caption\": \"%s\"}%n".formatted(url, captions[i]));
        }
        manifest(
                name,
                "data",
                "\"images\": {\"list\": \"list.jsonl\", \"url\": \"url\", \"caption\": \"caption\", \"count\": "
                        + captions.length
                        + "},",
                "list.jsonl",
                rows.toString().getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void setsAreSourcesAndMemorizedOnesAreOne() throws IOException {
        list("own-memorized-2", "a wave", "a fox");
        list("own-memorized-1", "a bridge");
        list("own-others", "a cat", "a dog", "a hen");
        CaptionedImages all =
                CaptionedImages.published(
                        8, 2, said::add, "own-memorized-2", "own-memorized-1", "own-others");
        assertThat(all.sources())
                .containsExactly("memorized", "memorized", "memorized", "own-others", "own-others");
        assertThat(said).anyMatch(line -> line.contains("2 of 2 pictures are here"));
        assertThat(all.captions().subList(0, 3)).containsExactly("a wave", "a fox", "a bridge");
        assertThat(all.captions().get(3)).isIn("a cat", "a dog", "a hen");
        assertThat(all.images().item().getShape()).containsExactly(3, 8, 8);
    }

    @Test
    void aSetWithoutPicturesIsNamed() throws IOException {
        manifest("own-numbers", "data", "", "numbers.bin", new byte[] {1, 2, 3});
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CaptionedImages.published(8, 2, said::add, "own-numbers"))
                .withMessageContaining("'own-numbers' has no list of pictures");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CaptionedImages.published(8, 2, said::add))
                .withMessageContaining("at least 1 of each is needed");
    }

    @Test
    void aCheckpointIsFoundByManifestOrPath() throws IOException {
        byte[] content = {4, 5, 6};
        manifest("own-weights", "checkpoint", "", "weights.safetensors", content);
        Path fetched = Models.checkpoint("own-weights");
        assertThat(fetched).hasFileName("weights.safetensors").hasBinaryContent(content);
        assertThat(Models.checkpoint(fetched.toString())).isEqualTo(fetched);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Models.checkpoint("nowhere"))
                .withMessageContaining("no checkpoint 'nowhere'; there are the checkpoints")
                .withMessageContaining("stable-diffusion-v1-5");
    }
}
