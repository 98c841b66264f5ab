package memoria.similarity;

import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import memoria.data.Folders;
import memoria.data.Images;
import memoria.progress.Progress;

/**
 * Images of the user's choice that a guidance must keep away from, given by file or address (AMG supplement, Sec. 4). What cannot be had or
 * read is named in {@link #failures}, and the others are used.
 *
 * <pre>{@code
 * var targets = Targets.like(train).add("mine/portrait.png", "https://example.org/poster.jpg");
 * targets.failures().forEach(System.out::println);
 * var similarity = reranked.always(targets);
 * }</pre>
 */
public final class Targets {

    private static final int MOST_BYTES = 64 << 20;
    private static final long MOST_PIXELS = 100_000_000;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final int channels;
    private final int height;
    private final int width;
    private final Duration patience;
    private final HttpClient client;
    private final List<Images> images = new ArrayList<>();
    private final List<String> names = new ArrayList<>();
    private final List<String> failures = new ArrayList<>();

    private Targets(int channels, int height, int width, Duration patience) {
        this.channels = channels;
        this.height = height;
        this.width = width;
        this.patience = patience;
        this.client =
                HttpClient.newBuilder()
                        .followRedirects(HttpClient.Redirect.NORMAL)
                        .connectTimeout(patience)
                        .build();
    }

    /**
     * None so far; those to come are brought to the size and the colours of other images.
     *
     * @param others images of 1 channel (grey) or 3 (red, green, blue)
     * @return an empty list
     * @throws IllegalArgumentException if they have other channels
     */
    public static Targets like(Images others) {
        return like(others, PATIENCE);
    }

    /**
     * None so far; those to come are brought to a square in colour.
     *
     * @param side of the square in pixels, at least 1
     * @return an empty list
     * @throws IllegalArgumentException if the side is below 1
     */
    public static Targets square(int side) {
        if (side < 1) {
            throw new IllegalArgumentException("side: " + side + "; at least 1 is legal");
        }
        return new Targets(3, side, side, PATIENCE);
    }

    static Targets like(Images others, Duration patience) {
        if (others.channels() != 1 && others.channels() != 3) {
            throw new IllegalArgumentException(
                    "others: " + others.channels() + " channels; 1 or 3 are legal");
        }
        return new Targets(others.channels(), others.height(), others.width(), patience);
    }

    /**
     * Reads images; one that fails is named and left out.
     *
     * @param sources files, or addresses that begin with {@code http://} or {@code https://}
     * @return this
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public Targets add(String... sources) {
        for (String source : sources) {
            read(source)
                    .ifPresent(
                            image -> {
                                images.add(image);
                                names.add(source);
                            });
        }
        return this;
    }

    /**
     * How many were read.
     *
     * @return the count, 0 or more
     */
    public int count() {
        return images.size();
    }

    /**
     * What was read, in order.
     *
     * @return images in [-1, 1], scaled by area averages to the size asked for
     * @throws IllegalStateException if nothing was read; the message says what failed
     */
    public Images images() {
        if (images.isEmpty()) {
            throw new IllegalStateException(
                    "targets: none was read. " + String.join("; ", failures));
        }
        return Images.concat(images.toArray(new Images[0]));
    }

    /**
     * Where the images come from.
     *
     * @return files and addresses, one per image
     */
    public List<String> names() {
        return List.copyOf(names);
    }

    /**
     * What could not be had, and why.
     *
     * @return one line per file or address, in order
     */
    public List<String> failures() {
        return List.copyOf(failures);
    }

    /**
     * Fetches the images of a retrieval service's results, for {@link RetrievedSimilarity#by}.
     *
     * @return maps a result to its image, or to nothing where it cannot be had; then it is in {@link #failures}
     */
    public Function<ClipRetrieval.Hit, Optional<Images>> fetching() {
        return hit -> read(hit.url());
    }

    private Optional<Images> read(String source) {
        Progress.checkpoint();
        try {
            return Optional.of(image(bytes(source)));
        } catch (NoSuchFileException e) {
            failures.add(source + ": there is no such file");
        } catch (HttpTimeoutException e) {
            failures.add(source + ": did not answer within " + patience.toMillis() + " ms");
        } catch (IOException | IllegalArgumentException e) {
            String why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
            failures.add(source + ": " + why);
        }
        return Optional.empty();
    }

    private byte[] bytes(String source) throws IOException {
        if (source.startsWith("http://") || source.startsWith("https://")) {
            if (Folders.offline()) {
                throw new IOException("MEMORIA_OFFLINE forbids a download");
            }
            return fetch(URI.create(source));
        }
        if (source.isBlank()) {
            throw new IOException("neither a file nor an address");
        }
        Path file = Path.of(source);
        if (Files.isDirectory(file)) {
            throw new IOException("is a folder");
        }
        if (Files.size(file) > MOST_BYTES) {
            throw new IOException("more than " + MOST_BYTES + " bytes");
        }
        return Files.readAllBytes(file);
    }

    private byte[] fetch(URI address) throws IOException {
        try {
            HttpResponse<InputStream> answer =
                    client.send(
                            HttpRequest.newBuilder(address).timeout(patience).build(),
                            HttpResponse.BodyHandlers.ofInputStream());
            try (InputStream body = answer.body()) {
                if (answer.statusCode() != 200) {
                    throw new IOException("answered with status " + answer.statusCode());
                }
                byte[] bytes = whole(body);
                if (bytes.length > MOST_BYTES) {
                    throw new IOException("more than " + MOST_BYTES + " bytes");
                }
                return bytes;
            }
        } catch (ConnectException e) {
            throw new IOException("cannot be reached", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            Progress.checkpoint();
            throw new IOException("was interrupted", e);
        }
    }

    /** The client's own timeout ends with the answer's head; a body may stall for ever. */
    private byte[] whole(InputStream body) throws IOException, InterruptedException {
        CompletableFuture<byte[]> read =
                CompletableFuture.supplyAsync(
                        () -> {
                            try {
                                return body.readNBytes(MOST_BYTES + 1);
                            } catch (IOException e) {
                                throw new UncheckedIOException(e);
                            }
                        });
        try {
            return read.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new HttpTimeoutException("stalled");
        } catch (ExecutionException e) {
            throw new IOException("broke off: " + e.getCause().getMessage(), e);
        }
    }

    private Images image(byte[] bytes) throws IOException {
        try (ImageInputStream stream =
                ImageIO.createImageInputStream(new ByteArrayInputStream(bytes))) {
            Iterator<ImageReader> readers = ImageIO.getImageReaders(stream);
            if (!readers.hasNext()) {
                throw new IOException("not an image that Java can read (PNG, JPEG, GIF, BMP)");
            }
            ImageReader reader = readers.next();
            try {
                reader.setInput(stream, true, true);
                long pixels = (long) reader.getWidth(0) * reader.getHeight(0);
                if (pixels > MOST_PIXELS) {
                    throw new IOException(pixels + " pixels; at most " + MOST_PIXELS + " are read");
                }
                return scaled(reader.read(0));
            } catch (RuntimeException e) {
                throw new IOException("is damaged: " + e.getMessage(), e);
            } finally {
                reader.dispose();
            }
        }
    }

    private Images scaled(BufferedImage picture) {
        int h = picture.getHeight();
        int w = picture.getWidth();
        byte[] levels = new byte[channels * h * w];
        // Java's conversion of a grey picture to red, green and blue would change its levels.
        boolean grey = picture.getType() == BufferedImage.TYPE_BYTE_GRAY;
        Raster raster = picture.getRaster();
        for (int y = 0; y < h; y++) {
            for (int x = 0; x < w; x++) {
                int rgb = grey ? 0x10101 * raster.getSample(x, y, 0) : picture.getRGB(x, y);
                int r = rgb >> 16 & 255;
                int g = rgb >> 8 & 255;
                int b = rgb & 255;
                int at = y * w + x;
                if (channels == 1) {
                    levels[at] = (byte) Math.round(0.299 * r + 0.587 * g + 0.114 * b);
                } else {
                    levels[at] = (byte) r;
                    levels[h * w + at] = (byte) g;
                    levels[2 * h * w + at] = (byte) b;
                }
            }
        }
        return Images.of(levels, 1, channels, h, w).resize(height, width);
    }
}
