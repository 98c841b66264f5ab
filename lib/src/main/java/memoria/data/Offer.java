package memoria.data;

import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a server's answer promises.
 *
 * @param resumes whether the body continues what is there; false if it starts again
 * @param total size of the whole file; -1 if it is not known
 */
record Offer(boolean resumes, long total) {

    private static final Pattern RANGE = Pattern.compile("bytes (\\d+)-(\\d+)/(\\d+|\\*)");

    /**
     * Reads the headers.
     *
     * @param response status 200, 206 or 416
     * @param have bytes that are here
     * @param seal how the file is recognised
     * @return what will come
     * @throws Refused if that cannot be the file
     */
    static Offer of(HttpResponse<?> response, long have, Seal seal) throws Refused {
        if (response.statusCode() == 416) {
            throw Refused.atPart("has nothing from byte " + have + " on");
        }
        String type = response.headers().firstValue("Content-Type").orElse("");
        if (type.startsWith("text/html")) {
            throw new Refused(
                    "answered with a web page instead of the file (a form, a login, a quota?)",
                    true);
        }
        String encoding = response.headers().firstValue("Content-Encoding").orElse("identity");
        if (!encoding.equals("identity")) {
            throw new Refused("sends the file encoded as " + encoding + ", unasked", true);
        }
        long announced = response.headers().firstValueAsLong("Content-Length").orElse(-1);
        boolean resumes = response.statusCode() == 206;
        long total = announced;
        if (resumes) {
            String range = response.headers().firstValue("Content-Range").orElse("");
            Matcher parts = RANGE.matcher(range);
            if (!parts.matches() || Long.parseLong(parts.group(1)) != have) {
                throw Refused.atPart("answered bytes from " + have + " on with '" + range + "'");
            }
            total = parts.group(3).equals("*") ? -1 : Long.parseLong(parts.group(3));
        }
        if (seal.bytes() != null && total >= 0 && total != seal.bytes()) {
            throw new Refused(total + " bytes are offered, the file has " + seal.bytes(), true);
        }
        total = seal.bytes() != null ? seal.bytes() : total;
        boolean chunked =
                response.headers().firstValue("Transfer-Encoding").orElse("").contains("chunked")
                        || response.version() == HttpClient.Version.HTTP_2;
        if (total < 0 && !seal.known() && !chunked) {
            throw new Refused(
                    "does not say how long the file is, and no checksum is known: a cut transfer could not be told",
                    true);
        }
        return new Offer(resumes, total);
    }

    void requireAll(long bytes) throws Refused {
        if (bytes < total) {
            throw new Refused(
                    "the connection ended after " + bytes + " of " + total + " bytes", false);
        }
    }
}
