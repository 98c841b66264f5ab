package memoria.stablediffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import memoria.json.Json;
import memoria.progress.Interrupted;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Prompts worded anew: by a service that answers, refuses, hangs or babbles, and without one. */
class ParaphraserTest {

    private static final String PROMPT = "a dark coat for mira";
    private static final int[] COAT = {2};

    private final Tokenizer tokenizer =
            Tokenizer.learn(List.of(PROMPT, "the bright gown, 5 mira"), 80, 32);
    private final List<JsonObject> asked = new ArrayList<>();
    private final List<String> keys = new ArrayList<>();
    private final List<String> said = new ArrayList<>();
    private final CountDownLatch stuck = new CountDownLatch(1);
    private HttpServer server;
    private volatile String reply = completion("a dark jacket for mira");
    private volatile int status = 200;
    private volatile boolean hangs;

    private static String completion(String text) {
        JsonObject message = new JsonObject();
        message.addProperty("content", text);
        return "{\"choices\": [{\"message\": " + message + "}]}";
    }

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/v1/chat/completions", this::handle);
        server.start();
    }

    @AfterEach
    void stop() {
        stuck.countDown();
        server.stop(0);
        List.of("Url", "Key", "Model")
                .forEach(name -> System.clearProperty("memoria.paraphrase" + name));
        System.clearProperty("memoria.offline");
    }

    private void handle(HttpExchange exchange) throws IOException {
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        asked.add(Json.parse(body).getAsJsonObject());
        keys.add(exchange.getRequestHeaders().getFirst("Authorization"));
        if (hangs) {
            try {
                stuck.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        byte[] bytes = reply.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/v1";
    }

    private ChatParaphraser service() {
        return ChatParaphraser.at(tokenizer, url(), "secret-1", "small")
                .timeout(Duration.ofMillis(400));
    }

    private Paraphraser both() {
        return Paraphraser.withFallback(
                service(), SynonymParaphraser.shipped(tokenizer), said::add);
    }

    @Test
    void theServiceIsAskedByTheRulesAndItsAnswerIsThePrompt() {
        assertThat(service().rephrase(PROMPT, COAT, 7)).isEqualTo("a dark jacket for mira");
        JsonObject body = asked.get(0);
        String content =
                body.getAsJsonArray("messages")
                        .get(0)
                        .getAsJsonObject()
                        .get("content")
                        .getAsString();
        assertThat(content).contains(PROMPT, "[coat] (number 3)", "name of a person", "synonym");
        assertThat(body.get("model").getAsString()).isEqualTo("small");
        assertThat(body.get("seed").getAsLong()).isEqualTo(7);
        assertThat(keys).containsExactly("Bearer secret-1");
    }

    @Test
    void quotesAroundAnAnswerAreTakenOff() {
        reply = completion(" \"a dim coat\"\n");
        assertThat(service().rephrase(PROMPT, COAT, 0)).isEqualTo("a dim coat");
    }

    @Test
    void nothingIsAskedWhereNothingChanges() {
        assertThat(service().rephrase(PROMPT, new int[0], 0)).isEqualTo(PROMPT);
        assertThat(asked).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "no JSON",
                "[]",
                "{\"choices\": []}",
                "{\"choices\": [{\"message\": {\"content\": null}}]}",
                "{\"choices\": [{\"message\": {\"content\": \" \"}}]}",
                "{\"choices\": [{\"message\": {\"content\": \"Sure!\\nHere it is\"}}]}"
            })
    void aMalformedAnswerIsSaidOnceAndTheRunGoesOnOffline(String babble) {
        reply = babble;
        Paraphraser both = both();
        assertThat(both.rephrase(PROMPT, COAT, 0)).isEqualTo("a dark jacket for mira");
        assertThat(both.rephrase(PROMPT, COAT, 1)).isEqualTo("a dark jacket for mira");
        assertThat(asked).hasSize(1);
        assertThat(said).hasSize(1);
        assertThat(said.get(0)).contains(url(), "answered with", "shipped synonyms");
    }

    @Test
    void aRefusalNamesItsStatusAndNeverTheKey() {
        status = 401;
        reply = "{\"error\": \"bad key\"}";
        both().rephrase(PROMPT, COAT, 0);
        assertThat(said.get(0)).contains("status 401", "bad key").doesNotContain("secret");
    }

    @Test
    void aSlowServiceIsLeftAfterItsTime() {
        hangs = true;
        assertThat(both().rephrase(PROMPT, COAT, 0)).isEqualTo("a dark jacket for mira");
        assertThat(said.get(0)).contains("did not answer within 400 ms");
    }

    @Test
    void aServiceThatIsNotThereIsSaid() throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        Paraphraser both =
                Paraphraser.withFallback(
                        ChatParaphraser.at(tokenizer, "http://127.0.0.1:" + port + "/v1", "", "m"),
                        SynonymParaphraser.shipped(tokenizer),
                        said::add);
        assertThat(both.rephrase(PROMPT, COAT, 0)).isEqualTo("a dark jacket for mira");
        assertThat(said.get(0)).contains("cannot be reached");
    }

    @Test
    void anInterruptIsNoFailureOfTheService() {
        hangs = true;
        ChatParaphraser patient = service().timeout(Duration.ofSeconds(20));
        Thread reader = Thread.currentThread();
        Thread stop =
                new Thread(
                        () -> {
                            while (asked.isEmpty()) {
                                Thread.onSpinWait();
                            }
                            reader.interrupt();
                        });
        stop.start();
        assertThatThrownBy(() -> patient.rephrase(PROMPT, COAT, 0)).isInstanceOf(Interrupted.class);
        Thread.interrupted();
    }

    @Test
    void theEnvironmentDecides() {
        assertThat(Paraphraser.fromEnvironment(tokenizer, said::add))
                .isInstanceOf(SynonymParaphraser.class);
        assertThat(said).isEmpty();
        System.setProperty("memoria.paraphraseUrl", url());
        assertThat(Paraphraser.fromEnvironment(tokenizer, said::add).rephrase(PROMPT, COAT, 0))
                .isEqualTo("a dark jacket for mira");
        assertThat(asked).hasSize(1);
        assertThat(keys.get(0)).isNull();
        System.setProperty("memoria.offline", "1");
        Paraphraser.fromEnvironment(tokenizer, said::add).rephrase(PROMPT, COAT, 0);
        assertThat(asked).hasSize(1);
        assertThat(said.get(0)).contains("MEMORIA_OFFLINE");
    }

    @Test
    void aMissingKeyOrABrokenAddressIsSaidAndTheRunGoesOnOffline() {
        System.setProperty("memoria.paraphraseUrl", "https://api.openai.com/v1");
        assertThat(Paraphraser.fromEnvironment(tokenizer, said::add).rephrase(PROMPT, COAT, 0))
                .isEqualTo("a dark jacket for mira");
        System.setProperty("memoria.paraphraseUrl", "api.openai.com");
        Paraphraser.fromEnvironment(tokenizer, said::add).rephrase(PROMPT, COAT, 0);
        System.setProperty("memoria.paraphraseUrl", url());
        System.setProperty("memoria.paraphraseKey", "two words");
        Paraphraser.fromEnvironment(tokenizer, said::add).rephrase(PROMPT, COAT, 0);
        assertThat(said.get(0)).contains("MEMORIA_PARAPHRASE_KEY", "shipped synonyms");
        assertThat(said.get(1)).contains("url: 'api.openai.com'");
        assertThat(said.get(2)).contains("key: it holds blanks").doesNotContain("two words");
        assertThat(asked).isEmpty();
    }

    @Test
    void synonymsFollowTheRules() {
        Tokenizer bytes = Tokenizer.learn(List.of(PROMPT), 0, 200);
        SynonymParaphraser offline =
                SynonymParaphraser.of(bytes, List.of("dark, dim", "coat, jacket", "the, a"));
        assertThat(all(offline, bytes, "a dark coat")).isEqualTo("the dim jacket");
        assertThat(all(offline, bytes, "Dark coat, 9 of them!")).isEqualTo("Dim jacket 10");
        assertThat(all(offline, bytes, "a coat for Mira")).isEqualTo("the jacket Mira");
        assertThat(all(offline, bytes, "mira's dark coat")).isEqualTo("dim jacket");
        assertThat(offline.rephrase("mira's dark coat", new int[0], 3))
                .isEqualTo("mira's dark coat");
    }

    private static String all(Paraphraser paraphraser, Tokenizer tokenizer, String prompt) {
        int[] every = new int[tokenizer.encode(prompt).length];
        java.util.Arrays.setAll(every, i -> i);
        return paraphraser.rephrase(prompt, every, 3);
    }

    @Test
    void aTokenChangesTheWordItIsPartOfAndNoOther() {
        SynonymParaphraser offline = SynonymParaphraser.shipped(tokenizer);
        assertThat(offline.rephrase(PROMPT, new int[] {1}, 0)).isEqualTo("a dim coat for mira");
        assertThat(offline.rephrase(PROMPT, new int[] {4}, 0)).isEqualTo("a dark coat for");
        assertThatThrownBy(() -> offline.rephrase(PROMPT, new int[] {5}, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("chosen: token 5 of a prompt with 5");
    }

    @Test
    void randomTokensAreAddedAndNothingGoes() {
        RandomTokens random = new RandomTokens(tokenizer);
        String more = random.rephrase(PROMPT, new int[] {0, 1, 2}, 1);
        assertThat(tokenizer.encode(more)).hasSize(tokenizer.encode(PROMPT).length + 3);
        List<String> left = new ArrayList<>(List.of(more.split(" ")));
        for (String word : PROMPT.split(" ")) {
            assertThat(left.remove(word)).as(word).isTrue();
        }
        assertThat(random.rephrase(PROMPT, new int[] {0, 1, 2}, 1)).isEqualTo(more);
        assertThat(random.rephrase(PROMPT, new int[] {0, 1, 2}, 2)).isNotEqualTo(more);
    }

    @Test
    void badListsAreRefused() {
        assertThatThrownBy(() -> SynonymParaphraser.of(tokenizer, List.of("alone")))
                .hasMessageContaining("'alone' has one word");
        assertThatThrownBy(() -> SynonymParaphraser.of(tokenizer, List.of("a, b", "b, c")))
                .hasMessageContaining("'b' is in two");
    }
}
