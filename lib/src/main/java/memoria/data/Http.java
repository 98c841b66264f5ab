package memoria.data;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * GET requests that follow redirects and say in plain words what went wrong. A token goes over https to its own server only, never to one
 * that a redirect leads to.
 */
final class Http {

    private static final int REDIRECTS = 10;
    private static final int LONGEST_WAIT = 60;
    private static final String AGENT =
            "Memoria (research on memorization; a few requests at a time)";

    private final HttpClient client;
    private final Duration timeout;
    private final String tokenHost;
    private final String token;

    /**
     * A client.
     *
     * @param connect how long a connection may take
     * @param answer how long the first byte of an answer may take after that
     */
    Http(Duration connect, Duration answer) {
        this(connect, answer, null, null);
    }

    /**
     * A client with a token.
     *
     * @param connect how long a connection may take
     * @param answer how long the first byte of an answer may take after that
     * @param tokenHost the only server that may see the token
     * @param token the token; null for none
     */
    Http(Duration connect, Duration answer, String tokenHost, String token) {
        client =
                HttpClient.newBuilder()
                        .followRedirects(HttpClient.Redirect.NEVER)
                        .connectTimeout(connect)
                        .build();
        timeout = answer.plus(connect);
        this.tokenHost = tokenHost;
        this.token = token;
    }

    /**
     * Asks for an address.
     *
     * @param address http or https
     * @param headers further request headers
     * @return status 200, 206 or 416, its body not yet read
     * @throws Refused if the answer is another, or none
     * @throws InterruptedException if the thread is interrupted while it waits
     */
    HttpResponse<InputStream> get(URI address, Map<String, String> headers)
            throws Refused, InterruptedException {
        Set<URI> seen = new LinkedHashSet<>();
        URI at = address;
        while (seen.add(at)) {
            if (seen.size() > REDIRECTS) {
                throw new Refused("redirected more than " + REDIRECTS + " times", true);
            }
            HttpResponse<InputStream> response = ask(at, headers);
            int status = response.statusCode();
            if (status == 200 || status == 206 || status == 416) {
                return response;
            }
            close(response);
            if (status < 300 || status >= 400) {
                throw refusal(response);
            }
            at = next(at, response.headers().firstValue("Location").orElse(""));
        }
        throw new Refused("redirected in a circle: " + at, true);
    }

    private HttpResponse<InputStream> ask(URI at, Map<String, String> headers)
            throws Refused, InterruptedException {
        try {
            HttpRequest.Builder request =
                    HttpRequest.newBuilder(at).timeout(timeout).header("User-Agent", AGENT);
            headers.forEach(request::header);
            if (mayHaveToken(at)) {
                request.header("Authorization", "Bearer " + token);
            }
            return client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        } catch (IllegalArgumentException e) {
            throw new Refused("not an address: " + e.getMessage(), true);
        } catch (IOException e) {
            throw refusal(e);
        }
    }

    /** Whether a server may see the token. */
    boolean mayHaveToken(URI at) {
        return token != null
                && "https".equals(at.getScheme())
                && tokenHost.equalsIgnoreCase(at.getHost());
    }

    /** Where a redirect leads. */
    static URI next(URI at, String to) throws Refused {
        URI next;
        try {
            next = at.resolve(to);
        } catch (IllegalArgumentException e) {
            throw new Refused("redirected to '" + to + "', which is no address", true);
        }
        boolean web = "http".equals(next.getScheme()) || "https".equals(next.getScheme());
        if (to.isEmpty() || !web || next.getHost() == null) {
            throw new Refused("redirected to '" + to + "', which is no web address", true);
        }
        if ("https".equals(at.getScheme()) && "http".equals(next.getScheme())) {
            throw new Refused(
                    "redirected from https to " + next + ", which anyone can change", true);
        }
        return next;
    }

    private static Refused refusal(HttpResponse<?> response) {
        int status = response.statusCode();
        boolean busy = status == 429 || status == 408 || status >= 500;
        long wait = 0;
        String after = response.headers().firstValue("Retry-After").orElse("");
        if (after.matches("[0-9]{1,6}")) {
            wait = Math.min(LONGEST_WAIT, Long.parseLong(after));
        }
        return new Refused("HTTP status " + status, !busy, wait);
    }

    /** An error of the network in plain words. */
    static Refused refusal(IOException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnresolvedAddressException
                    || cause instanceof UnknownHostException) {
                return new Refused("no such server, or no network", true);
            }
        }
        if (e instanceof HttpTimeoutException && !(e instanceof HttpConnectTimeoutException)) {
            return new Refused("no answer in time", false);
        }
        String reason = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        boolean unreachable =
                e instanceof ConnectException || e instanceof HttpConnectTimeoutException;
        return new Refused(
                unreachable ? reason + " (no connection: offline, or the server is down)" : reason,
                e instanceof ConnectException);
    }

    static void close(HttpResponse<InputStream> response) {
        try {
            response.body().close();
        } catch (IOException e) {
            // What was not wanted was not received either.
            return;
        }
    }
}
