package memoria.similarity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import javax.imageio.ImageIO;
import memoria.data.Images;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TargetsTest {

    private static final Images GREY = Images.of(new float[64], 1, 1, 8, 8);

    @TempDir private Path folder;
    private final CountDownLatch over = new CountDownLatch(1);
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/good.png", exchange -> answer(exchange, 200, png(120)));
        server.createContext("/gone.png", exchange -> answer(exchange, 404, new byte[0]));
        server.createContext("/page.png", exchange -> answer(exchange, 200, "<html>".getBytes()));
        server.createContext("/stalls.png", this::stall);
        server.start();
    }

    @AfterEach
    void stop() {
        over.countDown();
        server.stop(0);
    }

    private static void answer(HttpExchange exchange, int status, byte[] body) throws IOException {
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    /** Sends the head and half of an image, then nothing more. */
    private void stall(HttpExchange exchange) throws IOException {
        byte[] body = png(50);
        exchange.sendResponseHeaders(200, body.length);
        exchange.getResponseBody().write(body, 0, body.length / 2);
        exchange.getResponseBody().flush();
        try {
            over.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        exchange.close();
    }

    private static byte[] png(int level) {
        BufferedImage picture = new BufferedImage(16, 24, BufferedImage.TYPE_BYTE_GRAY);
        for (int y = 0; y < 24; y++) {
            for (int x = 0; x < 16; x++) {
                picture.getRaster().setSample(x, y, 0, level);
            }
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            ImageIO.write(picture, "png", bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private String url(String path) {
        return "http://127.0.0.1:" + server.getAddress().getPort() + path;
    }

    @Test
    void filesAndAddressesBecomeImagesOfTheOthersSize() throws IOException {
        Path file = folder.resolve("mine.png");
        Files.write(file, png(255));
        Targets targets = Targets.like(GREY).add(file.toString(), url("/good.png"));
        assertThat(targets.failures()).isEmpty();
        assertThat(targets.names()).containsExactly(file.toString(), url("/good.png"));
        assertThat(targets.images().item()).isEqualTo(GREY.item());
        assertThat(targets.images().pixels(0)).containsOnly(1);
        for (float pixel : targets.images().pixels(1)) {
            assertThat(pixel).isCloseTo((float) (120 / 127.5 - 1), within(1e-6f));
        }
    }

    @Test
    void coloursAreKeptOrWeighed() throws IOException {
        BufferedImage red = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 64; i++) {
            red.setRGB(i % 8, i / 8, 0xff0000);
        }
        Path file = folder.resolve("red.png");
        ImageIO.write(red, "png", file.toFile());
        Images colour = Images.of(new float[192], 1, 3, 8, 8);
        float[] kept = Targets.like(colour).add(file.toString()).images().pixels(0);
        assertThat(kept[0]).isEqualTo(1);
        assertThat(kept[64]).isEqualTo(-1);
        assertThat(kept[128]).isEqualTo(-1);
        float[] grey = Targets.like(GREY).add(file.toString()).images().pixels(0);
        assertThat(grey[0]).isCloseTo((float) (0.299 * 255 / 127.5 - 1), within(0.01f));
    }

    @Test
    void whatCannotBeHadIsNamedAndTheOthersAreUsed() throws IOException {
        Path text = folder.resolve("notes.png");
        Files.writeString(text, "not an image");
        Path cut = folder.resolve("cut.png");
        byte[] whole = png(7);
        Files.write(cut, Arrays.copyOf(whole, whole.length / 2));
        Targets targets =
                Targets.like(GREY, Duration.ofMillis(400))
                        .add(
                                folder.resolve("missing.png").toString(),
                                text.toString(),
                                cut.toString(),
                                url("/gone.png"),
                                url("/page.png"),
                                url("/stalls.png"),
                                "http://127.0.0.1:1/nobody.png",
                                "http://not an address/",
                                "",
                                folder.toString(),
                                url("/good.png"));
        assertThat(targets.count()).isEqualTo(1);
        assertThat(targets.failures()).hasSize(10);
        assertThat(targets.failures().get(0)).endsWith("missing.png: there is no such file");
        assertThat(targets.failures().get(1)).contains("notes.png: not an image");
        assertThat(targets.failures().get(2)).contains("cut.png: ");
        assertThat(targets.failures().get(3)).contains("/gone.png: answered with status 404");
        assertThat(targets.failures().get(4)).contains("/page.png: not an image");
        assertThat(targets.failures().get(5)).contains("/stalls.png: did not answer within 400");
        assertThat(targets.failures().get(6)).contains("nobody.png: cannot be reached");
        assertThat(targets.failures().get(7)).contains("http://not an address/: ");
        assertThat(targets.failures().get(8)).contains("neither a file nor an address");
        assertThat(targets.failures().get(9)).endsWith("is a folder");
    }

    @Test
    void withNothingReadASimilarityIsWhatItWas() {
        Targets none = Targets.like(GREY).add(folder.resolve("missing.png").toString());
        assertThatThrownBy(none::images)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("missing.png: there is no such file");
        Images some = Images.of(new float[] {1, 0, 0, 1, -1, 0, 1, 0}, 2, 1, 2, 2);
        DescriptorSimilarity similarity =
                DescriptorSimilarity.against(Descriptor.correlation(1), some);
        assertThat(similarity.always(none)).isSameAs(similarity);
    }

    @Test
    void otherChannelsAreRefused() {
        assertThatThrownBy(() -> Targets.like(Images.of(new float[8], 1, 2, 2, 2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("others: 2 channels");
    }
}
