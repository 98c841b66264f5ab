package memoria.stablediffusion;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import memoria.json.Json;
import memoria.progress.Progress;

/**
 * Asks a language model to word a prompt anew, by the rules of the LID paper's Box 1: punctuation may go or change, numbers become close
 * ones, names stay, any other chosen word is replaced by a synonym. The service speaks OpenAI's protocol, as local servers do too:
 *
 * <pre>{@code
 * POST URL/chat/completions {"model": ..., "seed": ..., "messages": [{"role": "user", "content": ...}]}
 *   -> {"choices": [{"message": {"content": "..."}}]}
 * }</pre>
 *
 * <p>Prompts leave the machine; that is why it has settings of its own and does not read other programs' keys.
 */
public final class ChatParaphraser implements Paraphraser {

    private static final String URL = "memoria.paraphraseUrl";
    private static final String KEY = "memoria.paraphraseKey";
    private static final String MODEL = "memoria.paraphraseModel";
    private static final String OPENAI = "https://api.openai.com/v1";
    private static final String GPT = "gpt-4o";
    private static final int SHOWN = 200;

    private final Tokenizer tokenizer;
    private final URI address;
    private final String key;
    private final String model;
    private final Duration timeout;
    private final HttpClient client;

    private ChatParaphraser(
            Tokenizer tokenizer,
            URI address,
            String key,
            String model,
            Duration timeout,
            HttpClient client) {
        this.tokenizer = tokenizer;
        this.address = address;
        this.key = key;
        this.model = model;
        this.timeout = timeout;
        this.client = client;
    }

    /**
     * A service. Nothing is sent yet.
     *
     * @param tokenizer of the prompts
     * @param url base address with the version, such as {@code http://localhost:8000/v1}
     * @param key sent as bearer token; empty for a service that wants none
     * @param model the name the service knows it by
     * @return the client, which waits 30 seconds for an answer
     * @throws IllegalArgumentException if the address is not http or https, the model is blank, or the key is missing for OpenAI's own service
     *     or cannot be sent
     */
    public static ChatParaphraser at(Tokenizer tokenizer, String url, String key, String model) {
        URI base = base(url);
        if (model.isBlank()) {
            throw new IllegalArgumentException("model: blank; the service's models have names");
        }
        if (key.isBlank() && url.strip().equals(OPENAI)) {
            throw new IllegalArgumentException(
                    "key: none in MEMORIA_PARAPHRASE_KEY, and " + OPENAI + " wants one");
        }
        if (!key.chars().allMatch(c -> c > ' ' && c < 127)) {
            // The key itself is not shown: messages end up in notebooks.
            throw new IllegalArgumentException(
                    "key: it holds blanks or characters that cannot be sent");
        }
        return new ChatParaphraser(
                tokenizer,
                base,
                key,
                model,
                Duration.ofSeconds(30),
                HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build());
    }

    private static URI base(String url) {
        String plain = url.strip().replaceAll("/+$", "");
        try {
            URI address = URI.create(plain + "/chat/completions");
            if (List.of("http", "https").contains(String.valueOf(address.getScheme()))
                    && address.getHost() != null) {
                return address;
            }
        } catch (IllegalArgumentException e) {
            throw notAnAddress(url, e);
        }
        throw notAnAddress(url, null);
    }

    private static IllegalArgumentException notAnAddress(String url, Throwable cause) {
        return new IllegalArgumentException(
                "url: '" + url + "' is not an address such as http://localhost:8000/v1", cause);
    }

    /** Whether the environment names a service or a key. */
    static boolean isConfigured() {
        return !setting(URL, "").isEmpty() || !setting(KEY, "").isEmpty();
    }

    /**
     * The service that the environment names: {@code MEMORIA_PARAPHRASE_URL} (OpenAI's by default), {@code MEMORIA_PARAPHRASE_KEY} and
     * {@code MEMORIA_PARAPHRASE_MODEL} ({@code gpt-4o} by default), or the system properties {@code memoria.paraphraseUrl} and so on.
     *
     * @param tokenizer of the prompts
     * @return the client
     * @throws IllegalArgumentException as {@link #at}
     */
    public static ChatParaphraser fromEnvironment(Tokenizer tokenizer) {
        return at(tokenizer, setting(URL, OPENAI), setting(KEY, ""), setting(MODEL, GPT));
    }

    private static String setting(String property, String otherwise) {
        String variable =
                property.replace('.', '_').replaceAll("([A-Z])", "_$1").toUpperCase(Locale.ROOT);
        String value = System.getProperty(property, System.getenv(variable));
        return value == null || value.isBlank() ? otherwise : value.strip();
    }

    /**
     * How long one answer may take.
     *
     * @param limit above 0
     * @return a changed copy
     * @throws IllegalArgumentException if it is not above 0
     */
    public ChatParaphraser timeout(Duration limit) {
        if (limit.isNegative() || limit.isZero()) {
            throw new IllegalArgumentException("limit: " + limit + " is not above 0");
        }
        return new ChatParaphraser(tokenizer, address, key, model, limit, client);
    }

    /**
     * Asks for the new prompt.
     *
     * @throws ParaphraseException if the service refuses, is too slow, or answers with something else
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    @Override
    public String rephrase(String prompt, int[] chosen, long seed) {
        List<String> tokens = tokenizer.pieces(prompt);
        TokenChoice.requireTokens(tokens.size(), chosen);
        if (chosen.length == 0) {
            return prompt;
        }
        JsonObject message = new JsonObject();
        message.addProperty("role", "user");
        message.addProperty("content", request(prompt, tokens, chosen));
        JsonArray messages = new JsonArray();
        messages.add(message);
        JsonObject body = new JsonObject();
        body.addProperty("model", model);
        body.addProperty("seed", seed);
        body.add("messages", messages);
        return read(send(body.toString()));
    }

    /** Box 1 in our words. */
    private static String request(String prompt, List<String> tokens, int[] chosen) {
        String all = tokens.stream().map(t -> "[" + t + "]").collect(Collectors.joining(" "));
        String some =
                Arrays.stream(chosen)
                        .sorted()
                        .mapToObj(i -> "[" + tokens.get(i) + "] (number " + (i + 1) + ")")
                        .collect(Collectors.joining(", "));
        return String.join(
                "\n",
                "An image has this caption: " + prompt,
                "As tokens: " + all,
                "Word the caption anew so that these tokens change: " + some + ".",
                "How a token changes depends on what it is:",
                "- punctuation or a symbol without meaning of its own: leave it out or put another symbol;",
                "- a number: another number near it;",
                "- part of the name of a person, a place or a culture: it stays as it is;",
                "- any other word: a synonym that fits here; the words around it may be rephrased.",
                "Apart from these tokens the new caption means the same. Answer with the new caption as plain text and nothing else.");
    }

    private String send(String body) {
        Progress.checkpoint();
        HttpRequest.Builder request =
                HttpRequest.newBuilder(address)
                        .timeout(timeout)
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(body));
        if (!key.isEmpty()) {
            request.header("Authorization", "Bearer " + key);
        }
        try {
            HttpResponse<String> answer =
                    client.send(
                            request.build(),
                            HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
            if (answer.statusCode() != 200) {
                throw failed(
                        "answered with status "
                                + answer.statusCode()
                                + ": "
                                + shortened(answer.body()),
                        null);
            }
            return answer.body();
        } catch (HttpTimeoutException e) {
            throw failed("did not answer within " + timeout.toMillis() + " ms", e);
        } catch (ConnectException e) {
            throw failed("cannot be reached", e);
        } catch (IOException e) {
            throw failed("broke off: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            Progress.checkpoint();
            throw failed("was interrupted", e);
        }
    }

    private String read(String answer) {
        String said;
        try {
            JsonElement first =
                    Json.parse(answer).getAsJsonObject().getAsJsonArray("choices").get(0);
            said =
                    first.getAsJsonObject()
                            .getAsJsonObject("message")
                            .get("content")
                            .getAsString()
                            .strip();
        } catch (JsonParseException
                | IllegalStateException
                | UnsupportedOperationException
                | ClassCastException
                | IndexOutOfBoundsException
                | NullPointerException e) {
            throw failed("answered with something else than a completion: " + shortened(answer), e);
        }
        // Models like to quote what they were asked for.
        String plain =
                said.length() > 1 && said.startsWith("\"") && said.endsWith("\"")
                        ? said.substring(1, said.length() - 1).strip()
                        : said;
        if (plain.isEmpty() || plain.contains("\n")) {
            throw failed("answered with no caption of one line: " + shortened(answer), null);
        }
        return plain;
    }

    private ParaphraseException failed(String what, Throwable cause) {
        return new ParaphraseException(address + " " + what, cause);
    }

    private static String shortened(String body) {
        String line = body.strip().replaceAll("\\s+", " ");
        return line.length() <= SHOWN ? line : line.substring(0, SHOWN) + " ...";
    }
}
