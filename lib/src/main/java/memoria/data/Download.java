package memoria.data;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
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
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import memoria.progress.Interrupted;
import memoria.progress.Progress;

/**
 * Fetches a file. What arrived is kept in {@code NAME.part} beside the target, so an interrupted, cut or stalled transfer goes on where it
 * stopped, from the same or the next mirror; the file gets its name once its size and checksum are right. Where no checksum is known, a part
 * is continued only if the server says by its ETag or date that the file is still the same one.
 */
final class Download {

    /** How the message begins when no mirror delivered. */
    static final String FAILED = "Cannot download ";

    private static final int BUFFER = 1 << 16;

    /**
     * How long and how often one tries.
     *
     * @param connect how long a connection may take
     * @param stall how long a server may be silent before the connection is given up
     * @param tries per mirror
     * @param pause before the second try; twice that before the third, and so on
     */
    record Patience(Duration connect, Duration stall, int tries, Duration pause) {
        static final Patience USUAL =
                new Patience(
                        Duration.ofSeconds(20), Duration.ofSeconds(30), 3, Duration.ofSeconds(1));
    }

    /**
     * What came.
     *
     * @param from the mirror that delivered
     * @param sha256 checksum of the whole file
     * @param bytes its size
     */
    record Arrival(URI from, String sha256, long bytes) {}

    private final List<URI> mirrors;
    private final Seal seal;
    private final Patience patience;
    private final Http http;

    /**
     * A file on the network.
     *
     * @param mirrors where it is published, tried in order
     * @param seal how it is recognised
     * @param patience how long and how often one tries
     * @param http who asks
     */
    Download(List<URI> mirrors, Seal seal, Patience patience, Http http) {
        this.mirrors = mirrors;
        this.seal = seal;
        this.patience = patience;
        this.http = http;
    }

    /**
     * Fetches the file unless it is there.
     *
     * @param target where it goes; its folder is made
     * @return what came; empty if it was there
     * @throws UncheckedIOException naming the file, every mirror and its reason if none delivered, or the folder if it cannot be written
     * @throws Interrupted if the thread is interrupted; what arrived is kept
     */
    Optional<Arrival> to(Path target) {
        if (Files.exists(target)) {
            return Optional.empty();
        }
        Part part = new Part(target.resolveSibling(target.getFileName() + ".part"));
        requireRoom(part.file());
        // Two writers of one part would each spoil the other's file, even after it was checked and
        // renamed.
        Path lock = target.resolveSibling(target.getFileName() + ".lock");
        synchronized (Download.class) {
            try (FileChannel channel =
                            FileChannel.open(
                                    lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock held = acquire(channel, target)) {
                if (!held.isValid() || Files.exists(target)) {
                    return Optional.empty();
                }
                return Optional.of(fromMirrors(part, target));
            } catch (FileLockInterruptionException e) {
                Progress.checkpoint();
                throw AtomicFile.failure("write", target, e);
            } catch (Interrupted e) {
                String of = seal.bytes() == null ? "" : " of " + seal.bytes();
                throw e.keeping(part.size() + of + " bytes in " + part.file());
            } catch (IOException e) {
                throw AtomicFile.failure("write", target, e);
            }
        }
    }

    private static FileLock acquire(FileChannel channel, Path target) throws IOException {
        FileLock free = channel.tryLock();
        if (free != null) {
            return free;
        }
        try (Progress waiting =
                Progress.start(
                        "Waiting for another process that fetches " + target.getFileName(), 0)) {
            waiting.at(0);
            return channel.lock();
        }
    }

    private Arrival fromMirrors(Part part, Path target) throws IOException {
        List<String> reasons = new ArrayList<>();
        Optional<Arrival> came = ask(part, target, reasons);
        if (came.isEmpty() && part.refused()) {
            // Nobody can go on from what is here, so it is given up; not before, for a mirror may.
            part.forget();
            reasons.clear();
            came = ask(part, target, reasons);
        }
        if (came.isPresent()) {
            return came.get();
        }
        String message =
                FAILED
                        + target.getFileName()
                        + ":\n  "
                        + String.join("\n  ", reasons)
                        + "\nWithout a network, put the file ("
                        + seal.words()
                        + ") into "
                        + target.toAbsolutePath().getParent();
        throw new UncheckedIOException(message, new IOException(reasons.get(reasons.size() - 1)));
    }

    private Optional<Arrival> ask(Part part, Path target, List<String> reasons) throws IOException {
        for (URI mirror : mirrors) {
            for (int attempt = 1; attempt <= patience.tries(); attempt++) {
                try {
                    fetch(mirror, part);
                    return Optional.of(finish(mirror, part, target));
                } catch (Refused e) {
                    part.refused(e.atPart);
                    if (e.hopeless || attempt == patience.tries()) {
                        reasons.add(mirror + ": " + e.getMessage());
                        break;
                    }
                    rest(Math.max(e.wait * 1000, attempt * patience.pause().toMillis()));
                }
            }
        }
        return Optional.empty();
    }

    private static void rest(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            Progress.checkpoint();
        }
    }

    private void requireRoom(Path part) {
        Path folder = part.toAbsolutePath().getParent();
        try {
            Files.createDirectories(folder);
            long missing =
                    seal.bytes() == null
                            ? 0
                            : seal.bytes() - (Files.exists(part) ? Files.size(part) : 0);
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

    private void fetch(URI mirror, Part part) throws Refused, IOException {
        long have = part.worth(mirror, seal);
        if (have > 0 && part.whole(seal)) {
            return;
        }
        try {
            HttpResponse<InputStream> response = http.get(mirror, part.request(have, seal));
            try (InputStream body = response.body()) {
                int status = response.statusCode();
                if (status == 416 && seal.known() && seal.mismatch(part.file()).isEmpty()) {
                    return;
                }
                Offer offer = Offer.of(response, have, seal);
                if (!offer.resumes()) {
                    part.begin(mirror, response, offer.total(), seal);
                }
                receive(body, part, offer.resumes() ? have : 0, offer.total());
                offer.requireAll(part.size());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            Progress.checkpoint();
        } catch (IOException e) {
            Progress.checkpoint();
            throw Http.refusal(e);
        }
    }

    /**
     * Writes the body to the part. A thread of its own reads: on Java 17 a read of a body forgets an interrupt, and blocks for as long as
     * the server is silent. This thread waits, reports and gives up.
     */
    private void receive(InputStream body, Part part, long from, long total)
            throws IOException, InterruptedException {
        AtomicLong done = new AtomicLong(from);
        FutureTask<Void> copying =
                new FutureTask<>(() -> copy(body, part.file(), done, total), null);
        Thread reader = new Thread(copying, "memoria-download");
        reader.setDaemon(true);
        reader.start();
        try (Progress progress =
                Progress.start("Downloading " + part.name(), from, Math.max(0, total))) {
            long heard = System.nanoTime();
            long seen = from;
            while (!finished(copying)) {
                progress.at(done.get(), Bytes.words(done.get()));
                if (done.get() > seen) {
                    seen = done.get();
                    heard = System.nanoTime();
                } else if (System.nanoTime() - heard > patience.stall().toNanos()) {
                    throw new IOException("silent for " + patience.stall().toMillis() / 1e3 + " s");
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

    /** Stops a little after more than the whole came; its size tells then. */
    private static void copy(InputStream body, Path part, AtomicLong done, long total) {
        byte[] piece = new byte[BUFFER];
        try (OutputStream out = new FileOutputStream(part.toFile(), done.get() > 0)) {
            int n = read(body, piece);
            while (n >= 0 && (total < 0 || done.get() <= total)) {
                out.write(piece, 0, n);
                done.addAndGet(n);
                n = read(body, piece);
            }
        } catch (IOException e) {
            // A full disk, say: no fault of the mirror, so the next one is not asked.
            throw AtomicFile.failure(
                    "write",
                    part,
                    new IOException(
                            e.getMessage()
                                    + "; what arrived is kept. Free some space, or name another folder with MEMORIA_CACHE",
                            e));
        }
    }

    private static int read(InputStream body, byte[] piece) {
        try {
            return body.read(piece);
        } catch (IOException e) {
            throw new Unreceived(e);
        }
    }

    private Arrival finish(URI mirror, Part part, Path target) throws Refused, IOException {
        String sha256 = Checksum.sha256(part.file());
        Optional<String> mismatch = seal.mismatch(part.file(), sha256);
        if (mismatch.isPresent()) {
            boolean mixed = part.resumed();
            part.forget();
            throw new Refused(mismatch.get(), !mixed);
        }
        // Its content must be on the disk before its name is: a power cut would leave the name
        // alone.
        try (FileChannel channel = FileChannel.open(part.file(), StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        long bytes = part.size();
        AtomicFile.move(part.file(), target);
        part.forget();
        return new Arrival(mirror, sha256, bytes);
    }
}
