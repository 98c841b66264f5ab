package memoria.data;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.FileLockInterruptionException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import memoria.progress.Interrupted;
import memoria.progress.Progress;

/**
 * Fetches a file whose checksum is known. What arrived is kept in {@code NAME.part} beside the target, so an interrupted, cut or stalled
 * transfer goes on where it stopped, from the same or the next mirror; the file gets its name once its SHA-256 is right.
 */
final class Download {

    private static final int TRIES_PER_MIRROR = 3;
    private static final Duration CONNECT = Duration.ofSeconds(20);

    private final List<URI> mirrors;
    private final String sha256;
    private final long bytes;
    private final Duration stall;
    private final HttpClient client =
            HttpClient.newBuilder()
                    .followRedirects(HttpClient.Redirect.NORMAL)
                    .connectTimeout(CONNECT)
                    .build();

    /**
     * A file on the network.
     *
     * @param mirrors where it is published, tried in order
     * @param sha256 its checksum, lower-case hex
     * @param bytes its size
     * @param stall how long a server may be silent before the connection is given up
     */
    Download(List<URI> mirrors, String sha256, long bytes, Duration stall) {
        this.mirrors = mirrors;
        this.sha256 = sha256;
        this.bytes = bytes;
        this.stall = stall;
    }

    /** One mirror did not deliver; the next try or the next mirror may. */
    private static final class Refused extends Exception {
        private static final long serialVersionUID = 1L;
        final boolean hopeless;

        Refused(String message, boolean hopeless) {
            super(message);
            this.hopeless = hopeless;
        }
    }

    /**
     * Fetches the file unless it is there.
     *
     * @param target where it goes; its folder is made
     * @throws UncheckedIOException naming the file, every mirror and its reason if none delivered, or the folder if it cannot be written
     * @throws Interrupted if the thread is interrupted; what arrived is kept
     */
    void to(Path target) {
        if (Files.exists(target)) {
            return;
        }
        Path part = target.resolveSibling(target.getFileName() + ".part");
        requireRoom(part);
        // Two writers of one part would each spoil the other's file, even after it was checked and
        // renamed.
        Path lock = target.resolveSibling(target.getFileName() + ".lock");
        synchronized (Download.class) {
            try (FileChannel channel =
                            FileChannel.open(
                                    lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock held = channel.lock()) {
                if (held.isValid() && !Files.exists(target)) {
                    fromMirrors(part, target);
                }
            } catch (FileLockInterruptionException e) {
                Progress.checkpoint();
            } catch (Interrupted e) {
                throw e.keeping(size(part) + " of " + bytes + " bytes in " + part);
            } catch (IOException e) {
                throw AtomicFile.failure("write", target, e);
            }
        }
    }

    private void fromMirrors(Path part, Path target) throws IOException {
        List<String> reasons = new ArrayList<>();
        for (URI mirror : mirrors) {
            for (int attempt = 1; attempt <= TRIES_PER_MIRROR; attempt++) {
                try {
                    fetch(mirror, part);
                    finish(part, target);
                    return;
                } catch (Refused e) {
                    if (e.hopeless || attempt == TRIES_PER_MIRROR) {
                        reasons.add(mirror + ": " + e.getMessage());
                        break;
                    }
                }
            }
        }
        String message =
                "Cannot download "
                        + target.getFileName()
                        + ":\n  "
                        + String.join("\n  ", reasons)
                        + "\nWithout a network, put the file (SHA-256 "
                        + sha256
                        + ") into "
                        + target.toAbsolutePath().getParent();
        throw new UncheckedIOException(message, new IOException(reasons.get(reasons.size() - 1)));
    }

    private void requireRoom(Path part) {
        Path folder = part.toAbsolutePath().getParent();
        try {
            Files.createDirectories(folder);
            long missing = bytes - (Files.exists(part) ? Files.size(part) : 0);
            long free = Files.getFileStore(folder).getUsableSpace();
            if (free < missing) {
                throw new IOException(
                        "no space: "
                                + missing
                                + " more bytes are needed in "
                                + folder
                                + ", "
                                + free
                                + " are free. Another folder can be named with MEMORIA_CACHE");
            }
            // Opening it for appending shows whether the folder can be written at all.
            Files.newOutputStream(part, StandardOpenOption.CREATE, StandardOpenOption.APPEND)
                    .close();
        } catch (IOException e) {
            throw AtomicFile.failure("write", part, e);
        }
    }

    private void fetch(URI mirror, Path part) throws Refused {
        long have = size(part);
        if (have == bytes) {
            return;
        }
        HttpRequest.Builder request = HttpRequest.newBuilder(mirror).timeout(stall.plus(CONNECT));
        if (have > 0 && have < bytes) {
            request.header("Range", "bytes=" + have + "-");
        }
        try {
            HttpResponse<InputStream> response =
                    client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
            try (InputStream body = response.body()) {
                boolean resumed = resumes(response, have);
                receive(body, part, resumed ? have : 0);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            Progress.checkpoint();
        } catch (IOException e) {
            Progress.checkpoint();
            String reason = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
            throw new Refused(reason + offline(e), e instanceof java.net.ConnectException);
        }
        if (size(part) < bytes) {
            throw new Refused(
                    "the connection ended after " + size(part) + " of " + bytes + " bytes", false);
        }
    }

    private static String offline(IOException e) {
        boolean unreachable =
                e instanceof java.net.ConnectException
                        || e instanceof java.net.http.HttpConnectTimeoutException;
        return unreachable ? " (no connection: offline, or the server is down)" : "";
    }

    /** Whether the body continues what is there; false if it starts again. */
    private boolean resumes(HttpResponse<?> response, long have) throws Refused {
        int status = response.statusCode();
        if (status == 206) {
            String range = response.headers().firstValue("Content-Range").orElse("");
            if (!range.startsWith("bytes " + have + "-")) {
                throw new Refused("answered bytes from " + have + " on with '" + range + "'", true);
            }
            return true;
        }
        if (status != 200) {
            throw new Refused("HTTP status " + status, status < 500);
        }
        long announced = response.headers().firstValueAsLong("Content-Length").orElse(bytes);
        if (announced != bytes) {
            throw new Refused(announced + " bytes are offered, the file has " + bytes, true);
        }
        return false;
    }

    /**
     * Writes the body to the part. A thread of its own reads: on Java 17 a read of a body forgets an interrupt, and blocks for as long as
     * the server is silent. This thread waits, reports and gives up.
     */
    private void receive(InputStream body, Path part, long from)
            throws IOException, InterruptedException {
        AtomicLong done = new AtomicLong(from);
        FutureTask<Void> copying = new FutureTask<>(() -> copy(body, part, done), null);
        Thread reader = new Thread(copying, "memoria-download");
        reader.setDaemon(true);
        reader.start();
        try (Progress progress = Progress.start("Downloading", from, bytes)) {
            long heard = System.nanoTime();
            long seen = from;
            while (!finished(copying)) {
                progress.at(done.get());
                if (done.get() > seen) {
                    seen = done.get();
                    heard = System.nanoTime();
                } else if (System.nanoTime() - heard > stall.toNanos()) {
                    throw new IOException("silent for " + stall.toMillis() / 1e3 + " s");
                }
            }
        } finally {
            body.close();
            // Nobody else may write to the part: whoever comes next appends to it.
            reader.join();
        }
    }

    private static boolean finished(FutureTask<Void> copying)
            throws IOException, InterruptedException {
        try {
            copying.get(50, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Unreceived cut) {
                throw cut.getCause();
            }
            throw (RuntimeException) e.getCause();
        }
    }

    /** The connection broke while the body was read. */
    private static final class Unreceived extends UncheckedIOException {
        private static final long serialVersionUID = 1L;

        Unreceived(IOException cause) {
            super(cause);
        }
    }

    private void copy(InputStream body, Path part, AtomicLong done) {
        byte[] piece = new byte[1 << 16];
        try (OutputStream out = new FileOutputStream(part.toFile(), done.get() > 0)) {
            for (int n = read(body, piece); n >= 0 && done.get() <= bytes; n = read(body, piece)) {
                out.write(piece, 0, n);
                done.addAndGet(n);
            }
        } catch (IOException e) {
            // A full disk, say: no fault of the mirror, so the next one is not asked.
            throw AtomicFile.failure("write", part, e);
        }
    }

    private static int read(InputStream body, byte[] piece) {
        try {
            return body.read(piece);
        } catch (IOException e) {
            throw new Unreceived(e);
        }
    }

    private void finish(Path part, Path target) throws Refused, IOException {
        String found = Checksum.sha256(part);
        if (!found.equals(sha256)) {
            Files.delete(part);
            throw new Refused(
                    "the checksum does not match: SHA-256 " + found + " instead of " + sha256,
                    false);
        }
        AtomicFile.move(part, target);
    }

    private static long size(Path part) {
        return part.toFile().length();
    }
}
