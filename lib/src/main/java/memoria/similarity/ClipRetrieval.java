package memoria.similarity;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import javax.imageio.ImageIO;
import memoria.data.Images;
import memoria.json.Json;
import memoria.progress.Progress;

/**
 * A client of clip-retrieval's HTTP service (Beaumont, 2022): the nearest items of a large set by the product of CLIP embeddings, with their
 * addresses and captions. AMG asks it for 1,000 images and compares those by a copy descriptor (supplement, Sec. 4).
 *
 * <pre>{@code
 * POST SERVICE/knn-service {"text"|"image"|"embedding_input": ..., "indice_name": ..., "num_images": 1000, "modality": "image", ...}
 *   -> [{"id": 543, "url": "...", "caption": "...", "similarity": 0.31}, ...]
 * }</pre>
 *
 * <p>The public service of LAION-5B has been down since 2024; run one over an index of your own.
 */
public final class ClipRetrieval {

    private static final int SHOWN = 200;

    private final URI service;
    private final String index;
    private final int count;
    private final Duration timeout;
    private final boolean deduplicate;
    private final HttpClient client;

    /**
     * What the service found.
     *
     * @param id its place in the service's index
     * @param url where the image is, empty if the service does not say
     * @param caption its text, empty if the service does not say
     * @param similarity product of the CLIP embeddings, not a number if the service does not say
     */
    public record Hit(long id, String url, String caption, double similarity) {}

    private ClipRetrieval(
            URI service,
            String index,
            int count,
            Duration timeout,
            boolean deduplicate,
            HttpClient client) {
        this.service = service;
        this.index = index;
        this.count = count;
        this.timeout = timeout;
        this.deduplicate = deduplicate;
        this.client = client;
    }

    /**
     * A service that is asked for 1,000 results without duplicates and given 30 seconds. Nothing is sent yet.
     *
     * @param service its address without path, such as {@code http://localhost:1234}
     * @param index the name of its index, {@code indice_name} in the protocol
     * @return the client
     * @throws IllegalArgumentException if the address is not http or https, or the name is blank
     */
    public static ClipRetrieval at(URI service, String index) {
        if (!List.of("http", "https").contains(String.valueOf(service.getScheme()))
                || service.getHost() == null) {
            throw new IllegalArgumentException(
                    "service: '" + service + "' is not an address such as http://localhost:1234");
        }
        if (index.isBlank()) {
            throw new IllegalArgumentException("index: empty; the service's index has a name");
        }
        HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
        return new ClipRetrieval(service, index, 1000, Duration.ofSeconds(30), true, client);
    }

    /**
     * How many results are asked for.
     *
     * @param results at least 1
     * @return a changed copy
     * @throws IllegalArgumentException if it is below 1
     */
    public ClipRetrieval results(int results) {
        if (results < 1) {
            throw new IllegalArgumentException("results: " + results + "; at least 1");
        }
        return new ClipRetrieval(service, index, results, timeout, deduplicate, client);
    }

    /**
     * How long one answer may take.
     *
     * @param limit above 0
     * @return a changed copy
     * @throws IllegalArgumentException if it is not above 0
     */
    public ClipRetrieval timeout(Duration limit) {
        if (limit.isNegative() || limit.isZero()) {
            throw new IllegalArgumentException("limit: " + limit + " is not above 0");
        }
        return new ClipRetrieval(service, index, count, limit, deduplicate, client);
    }

    /**
     * Whether the service leaves out near duplicates. To count how often an image comes, as AMG's caption rule does, it must not.
     *
     * @param leavesOut true by default
     * @return a changed copy
     */
    public ClipRetrieval deduplicate(boolean leavesOut) {
        return new ClipRetrieval(service, index, count, timeout, leavesOut, client);
    }

    /**
     * The images nearest to a text.
     *
     * @param text the query
     * @return most alike first, as the service orders them
     * @throws RetrievalException if the service does not answer as it should
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public List<Hit> byText(String text) {
        JsonObject query = new JsonObject();
        query.addProperty("text", text);
        return ask(query);
    }

    /**
     * The images nearest to an image, which the service embeds.
     *
     * @param image one grey or colour image
     * @return most alike first
     * @throws IllegalArgumentException if there is not exactly one
     * @throws RetrievalException if the service does not answer as it should
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public List<Hit> byImage(Images image) {
        if (image.count() != 1) {
            throw new IllegalArgumentException(
                    "image: " + image.count() + " images; a query is one");
        }
        JsonObject query = new JsonObject();
        query.addProperty("image", Base64.getEncoder().encodeToString(png(image)));
        return ask(query);
    }

    private static byte[] png(Images image) {
        var bytes = new ByteArrayOutputStream();
        try {
            ImageIO.write(image.picture(0), "png", bytes);
        } catch (IOException e) {
            throw new IllegalStateException("an image cannot be encoded", e);
        }
        return bytes.toByteArray();
    }

    /**
     * The images nearest to a CLIP embedding.
     *
     * @param embedding of the service's CLIP model, of length 1
     * @return most alike first
     * @throws RetrievalException if the service does not answer as it should
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public List<Hit> byEmbedding(float[] embedding) {
        JsonArray values = new JsonArray();
        for (float value : embedding) {
            values.add(value);
        }
        JsonObject query = new JsonObject();
        query.add("embedding_input", values);
        return ask(query);
    }

    private List<Hit> ask(JsonObject query) {
        for (String kind : List.of("text", "image", "image_url", "embedding_input")) {
            if (!query.has(kind)) {
                query.add(kind, JsonNull.INSTANCE);
            }
        }
        query.addProperty("modality", "image");
        query.addProperty("num_images", count);
        query.addProperty("num_result_ids", count);
        query.addProperty("indice_name", index);
        query.addProperty("use_mclip", false);
        query.addProperty("deduplicate", deduplicate);
        query.addProperty("use_safety_model", false);
        query.addProperty("use_violence_detector", false);
        query.addProperty("aesthetic_score", "");
        query.addProperty("aesthetic_weight", "");
        URI address = service.resolve("/knn-service");
        String answer =
                send(
                        address,
                        HttpRequest.newBuilder(address)
                                .header("Content-Type", "application/json")
                                .POST(HttpRequest.BodyPublishers.ofString(query.toString())));
        return hits(address, answer);
    }

    private String send(URI address, HttpRequest.Builder request) {
        Progress.checkpoint();
        try {
            HttpResponse<String> answer =
                    client.send(
                            request.timeout(timeout).build(),
                            HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
            if (answer.statusCode() != 200) {
                throw failed(
                        address,
                        "answered with status "
                                + answer.statusCode()
                                + ": "
                                + shortened(answer.body()),
                        null);
            }
            return answer.body();
        } catch (HttpTimeoutException e) {
            throw failed(address, "did not answer within " + timeout.toMillis() + " ms", e);
        } catch (ConnectException e) {
            throw failed(address, "cannot be reached", e);
        } catch (IOException e) {
            throw failed(address, "broke off: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            Progress.checkpoint();
            throw failed(address, "was interrupted", e);
        }
    }

    private static List<Hit> hits(URI address, String answer) {
        try {
            return Json.elements(Json.parse(answer).getAsJsonArray())
                    .map(JsonElement::getAsJsonObject)
                    .map(ClipRetrieval::hit)
                    .toList();
        } catch (JsonParseException
                | IllegalStateException
                | UnsupportedOperationException
                | NumberFormatException e) {
            throw failed(
                    address,
                    "answered with something else than a list of results with ids: "
                            + shortened(answer),
                    e);
        }
    }

    private static Hit hit(JsonObject result) {
        if (!result.has("id")) {
            throw new IllegalStateException("no id");
        }
        return new Hit(
                result.get("id").getAsLong(),
                text(result, "url"),
                text(result, "caption"),
                result.has("similarity") ? result.get("similarity").getAsDouble() : Double.NaN);
    }

    private static String text(JsonObject result, String key) {
        return result.has(key) && !result.get(key).isJsonNull()
                ? result.get(key).getAsString()
                : "";
    }

    private static RetrievalException failed(URI address, String what, Throwable cause) {
        return new RetrievalException("the retrieval service " + address + " " + what, cause);
    }

    private static String shortened(String body) {
        String line = body.strip().replaceAll("\\s+", " ");
        return line.length() <= SHOWN ? line : line.substring(0, SHOWN) + " ...";
    }
}
