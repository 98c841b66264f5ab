package memoria.similarity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonObject;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.function.UnaryOperator;
import memoria.data.Images;
import memoria.json.Json;
import memoria.torch.Ops;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ClipRetrievalTest {

    private static final String TWO =
            "[{\"id\": 0, \"url\": \"http://x/0.png\", \"caption\": \"a boot\", \"similarity\": 0.9},"
                    + " {\"id\": 3, \"url\": null, \"caption\": \"a shirt\"}]";

    private final List<JsonObject> asked = new ArrayList<>();
    private final CountDownLatch stuck = new CountDownLatch(1);
    private HttpServer server;
    private ClipRetrieval service;
    private volatile UnaryOperator<String> answer = body -> TWO;
    private volatile int status = 200;

    @BeforeAll
    static void oneThread() {
        Torch.threads(1);
    }

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/knn-service", this::handle);
        server.start();
        service = ClipRetrieval.at(address(server.getAddress().getPort()), "laion5B");
    }

    private static URI address(int port) {
        return URI.create("http://127.0.0.1:" + port);
    }

    private void handle(HttpExchange exchange) throws IOException {
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        asked.add(Json.parse(body).getAsJsonObject());
        byte[] reply = answer.apply(body).getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, reply.length);
        exchange.getResponseBody().write(reply);
        exchange.close();
    }

    @AfterEach
    void stop() {
        stuck.countDown();
        server.stop(0);
    }

    private String hang(String body) {
        try {
            stuck.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return "[]";
    }

    @Test
    void aTextIsAskedInTheProtocolsWordsAndItsResultsAreRead() {
        List<ClipRetrieval.Hit> hits = service.results(7).byText("boots");
        assertThat(hits).hasSize(2);
        assertThat(hits.get(0))
                .isEqualTo(new ClipRetrieval.Hit(0, "http://x/0.png", "a boot", 0.9));
        assertThat(hits.get(1).url()).isEmpty();
        assertThat(hits.get(1).similarity()).isNaN();
        JsonObject query = asked.get(0);
        assertThat(query.get("text").getAsString()).isEqualTo("boots");
        assertThat(query.get("image").isJsonNull()).isTrue();
        assertThat(query.get("num_images").getAsInt()).isEqualTo(7);
        assertThat(query.get("indice_name").getAsString()).isEqualTo("laion5B");
        assertThat(query.get("modality").getAsString()).isEqualTo("image");
        assertThat(query.get("deduplicate").getAsBoolean()).isTrue();
    }

    @Test
    void imagesAndEmbeddingsAreQueriesToo() {
        service.deduplicate(false).byImage(Images.of(new float[16], 1, 1, 4, 4));
        service.byEmbedding(new float[] {0.6f, 0.8f});
        assertThat(asked.get(0).get("image").getAsString()).startsWith("iVBORw0KGgo");
        assertThat(asked.get(0).get("deduplicate").getAsBoolean()).isFalse();
        assertThat(asked.get(1).getAsJsonArray("embedding_input")).hasSize(2);
        assertThatThrownBy(() -> service.byImage(Images.of(new float[32], 2, 1, 4, 4)))
                .hasMessageContaining("image: 2 images");
    }

    @Test
    void aServerErrorIsToldWithItsStatusAndBody() {
        status = 503;
        answer = body -> "index is loading";
        assertThatThrownBy(() -> service.byText("x"))
                .isInstanceOf(RetrievalException.class)
                .hasMessageContaining("status 503")
                .hasMessageContaining("index is loading")
                .hasMessageContaining("/knn-service");
    }

    @Test
    void anAnswerThatIsNoListOfResultsIsTold() {
        for (String wrong : List.of("<html>", "{\"a\": 1}", "[{\"url\": \"x\"}]", "[1]", "[{")) {
            answer = body -> wrong;
            assertThatThrownBy(() -> service.byText("x"))
                    .as(wrong)
                    .isInstanceOf(RetrievalException.class)
                    .hasMessageContaining("something else than a list of results");
        }
    }

    @Test
    void aSilentServiceIsGivenUpAfterItsTime() {
        answer = this::hang;
        assertThatThrownBy(() -> service.timeout(Duration.ofMillis(200)).byText("x"))
                .isInstanceOf(RetrievalException.class)
                .hasMessageContaining("did not answer within 200 ms");
    }

    @Test
    void anUnreachableServiceIsTold() throws IOException {
        int free;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            free = socket.getLocalPort();
        }
        ClipRetrieval gone = ClipRetrieval.at(address(free), "i");
        assertThatThrownBy(() -> gone.byText("x"))
                .isInstanceOf(RetrievalException.class)
                .hasMessageContaining("cannot be reached")
                .hasMessageContaining(":" + free);
    }

    /** Four images, each with one bright pixel of its own; results 0 and 3 are two of them. */
    private static Images corner(long id) {
        float[] pixels = new float[16];
        java.util.Arrays.fill(pixels, -1);
        pixels[(int) id] = 1;
        return Images.of(pixels, 1, 1, 4, 4);
    }

    private RetrievedSimilarity measure() {
        Descriptor flat =
                Descriptor.of(
                        "pixels",
                        Preprocessing.none(1),
                        x -> Ops.unitRows(x.reshape(x.getShape().get(0), 16)));
        return RetrievedSimilarity.by(flat, service::byImage, h -> Optional.of(corner(h.id())));
    }

    @Test
    void whatTheServiceFindsIsComparedByTheDescriptor() {
        try (RetrievedSimilarity measure = measure()) {
            Neighbour found = measure.nearest(corner(3)).get(0);
            assertThat(found.similarity()).isCloseTo(1, within(1e-6));
            assertThat(measure.caption(found.index())).isEqualTo("a shirt");
            assertThat(measure.train().slice(found.index(), found.index() + 1))
                    .isEqualTo(corner(3));
            assertThat(measure.failures()).isEmpty();
        }
    }

    @Test
    void aRunGoesOnWithWhatItHadWhenTheServiceFails() {
        try (RetrievedSimilarity measure = measure()) {
            measure.nearest(corner(0));
            status = 500;
            Neighbour found = measure.nearest(corner(3)).get(0);
            assertThat(found.similarity()).isCloseTo(1, within(1e-6));
            assertThat(measure.failures()).hasSize(1);
            assertThat(measure.failures().get(0)).contains("status 500");
            status = 200;
            measure.nearest(corner(3));
            assertThat(measure.failures()).hasSize(1);
            assertThat(measure.train().count()).as("nothing is fetched twice").isEqualTo(2);
        }
    }

    @Test
    void chosenImagesAreComparedEvenIfTheServiceNeverAnswers() {
        status = 500;
        try (RetrievedSimilarity nothing = measure()) {
            assertThatThrownBy(() -> nothing.nearest(corner(3)))
                    .isInstanceOf(RetrievalException.class);
        }
        try (RetrievedSimilarity measure = measure().always(corner(7))) {
            assertThat(measure.nearest(corner(7)).get(0).similarity()).isCloseTo(1, within(1e-6));
            assertThat(measure.failures()).hasSize(1);
        }
    }

    @Test
    void anAddressWithoutHostOrSchemeIsRefused() {
        assertThatThrownBy(() -> ClipRetrieval.at(URI.create("localhost:1234"), "i"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("service: 'localhost:1234'");
        assertThatThrownBy(() -> ClipRetrieval.at(URI.create("http://h"), " "))
                .hasMessageContaining("index: empty");
        assertThatThrownBy(() -> service.results(0)).hasMessageContaining("results: 0");
        assertThatThrownBy(() -> service.timeout(Duration.ZERO))
                .hasMessageContaining("limit: PT0S");
    }
}
