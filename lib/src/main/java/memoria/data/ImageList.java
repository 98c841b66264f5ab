package memoria.data;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import memoria.progress.Interrupted;
import memoria.progress.Progress;

/**
 * Fetches the pictures of a list, many servers at a time but each of them politely. What came stays, under a name made of its row and its
 * address, so an interrupted fetch goes on; what is gone for good is written down and not asked for again.
 */
final class ImageList {

    /**
     * How one behaves.
     *
     * @param parallel requests at a time
     * @param perHost of these to one server
     * @param tries per picture
     * @param pause after each request to a server; tries wait longer
     * @param connect how long a connection may take
     * @param deadline how long a picture may take
     * @param atMost bytes that a picture may have
     */
    record Manners(
            int parallel,
            int perHost,
            int tries,
            Duration pause,
            Duration connect,
            Duration deadline,
            long atMost) {
        static final Manners USUAL =
                new Manners(
                        16,
                        2,
                        3,
                        Duration.ofMillis(200),
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(30),
                        50_000_000);
    }

    private final List<ImageRows.Row> rows;
    private final Path folder;
    private final Manners manners;
    private final Http http;
    private final Map<Integer, ImageReport.Gone> gone = new ConcurrentHashMap<>();
    private final AtomicInteger done = new AtomicInteger();
    private final ScheduledExecutorService clock = Executors.newScheduledThreadPool(1, daemons());

    /**
     * A list.
     *
     * @param rows the pictures
     * @param folder where they go, into {@code images}
     * @param manners how one behaves
     */
    ImageList(List<ImageRows.Row> rows, Path folder, Manners manners) {
        this.rows = rows;
        this.folder = folder;
        this.manners = manners;
        this.http = new Http(manners.connect(), manners.deadline());
    }

    private static java.util.concurrent.ThreadFactory daemons() {
        return task -> {
            Thread thread = new Thread(task, "memoria-pictures");
            thread.setDaemon(true);
            return thread;
        };
    }

    /**
     * Fetches what is missing.
     *
     * @param again whether to ask for pictures too that an earlier fetch found gone for good
     * @param offline whether to ask for nothing
     * @return what is here and what is gone
     * @throws java.io.UncheckedIOException if the disk refuses
     * @throws Interrupted if the thread is interrupted; what came stays
     */
    ImageReport fetch(boolean again, boolean offline) {
        Map<String, ImageReport.Gone> before =
                again ? Map.of() : GoneFile.read(folder.resolve(ImageFolder.GONE));
        List<ImageRows.Row> missing = new ArrayList<>();
        for (ImageRows.Row row : rows) {
            ImageReport.Gone lost = before.get(row.url());
            if (here(row).isPresent()) {
                continue;
            }
            if (lost != null && lost.forGood()) {
                gone.put(
                        row.row(), new ImageReport.Gone(row.row(), row.url(), lost.reason(), true));
            } else if (offline) {
                gone.put(
                        row.row(),
                        new ImageReport.Gone(row.row(), row.url(), "not asked for", false));
            } else {
                missing.add(row);
            }
        }
        try {
            ask(missing);
        } catch (Interrupted e) {
            throw e.keeping(report() + "");
        } finally {
            clock.shutdownNow();
            keep();
        }
        return report();
    }

    /** One queue for each server, emptied by at most {@code perHost} threads: the longest first. */
    private void ask(List<ImageRows.Row> missing) {
        Map<String, List<ImageRows.Row>> hosts =
                missing.stream().collect(Collectors.groupingBy(row -> host(row.url())));
        ExecutorService threads = Executors.newFixedThreadPool(manners.parallel(), daemons());
        List<Future<?>> lanes = new ArrayList<>();
        hosts.values().stream()
                .sorted(Comparator.<List<?>>comparingInt(List::size).reversed())
                .forEach(
                        list -> {
                            Queue<ImageRows.Row> queue = new ConcurrentLinkedQueue<>(list);
                            for (int i = 0; i < Math.min(manners.perHost(), list.size()); i++) {
                                lanes.add(threads.submit(() -> drain(queue)));
                            }
                        });
        try (Progress progress = Progress.start("Fetching pictures", missing.size())) {
            for (Future<?> lane : lanes) {
                await(lane, progress);
            }
        } finally {
            threads.shutdownNow();
            settle(threads);
        }
    }

    private void await(Future<?> lane, Progress progress) {
        while (true) {
            Progress.checkpoint();
            progress.at(done.get(), gone.size() + " gone");
            try {
                lane.get(50, TimeUnit.MILLISECONDS);
                return;
            } catch (TimeoutException e) {
                continue;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (ExecutionException e) {
                throw (RuntimeException) e.getCause();
            }
        }
    }

    /** No thread may write after the report is made. */
    private static void settle(ExecutorService threads) {
        boolean interrupted = Thread.interrupted();
        try {
            threads.awaitTermination(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void drain(Queue<ImageRows.Row> queue) {
        try {
            for (ImageRows.Row row = queue.poll(); row != null; row = queue.poll()) {
                fetch(row);
                done.incrementAndGet();
                Thread.sleep(manners.pause().toMillis());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void fetch(ImageRows.Row row) throws InterruptedException {
        for (int attempt = 1; ; attempt++) {
            try {
                byte[] picture = bytes(URI.create(row.url()));
                String suffix =
                        PictureFormat.suffix(picture)
                                .orElseThrow(() -> new Refused("no picture", true));
                Path target = folder.resolve(ImageFolder.PICTURES).resolve(stem(row) + suffix);
                AtomicFile.write(target, out -> out.write(picture));
                return;
            } catch (IllegalArgumentException e) {
                lose(row, "no address", true);
                return;
            } catch (Refused e) {
                if (e.hopeless || attempt >= manners.tries()) {
                    boolean forGood =
                            e.getMessage()
                                    .matches("HTTP status (404|410)|no picture|not an address.*");
                    lose(row, e.getMessage(), forGood);
                    return;
                }
                Thread.sleep(Math.max(e.wait * 1000, manners.pause().toMillis() << attempt));
            }
        }
    }

    private void lose(ImageRows.Row row, String reason, boolean forGood) {
        gone.put(row.row(), new ImageReport.Gone(row.row(), row.url(), reason, forGood));
    }

    private byte[] bytes(URI address) throws Refused, InterruptedException {
        if (address.getHost() == null
                || !("http".equals(address.getScheme()) || "https".equals(address.getScheme()))) {
            throw new Refused("not an address of the web", true);
        }
        HttpResponse<InputStream> response = http.get(address, Map.of());
        if (response.statusCode() != 200) {
            Http.close(response);
            throw new Refused("HTTP status " + response.statusCode(), true);
        }
        // A read waits as long as the server is silent; closing the body from outside ends it.
        AtomicBoolean late = new AtomicBoolean();
        ScheduledFuture<?> end =
                clock.schedule(
                        () -> {
                            late.set(true);
                            Http.close(response);
                        },
                        manners.deadline().toMillis(),
                        TimeUnit.MILLISECONDS);
        try (InputStream body = response.body();
                ByteArrayOutputStream all = new ByteArrayOutputStream()) {
            byte[] piece = new byte[1 << 14];
            for (int n = body.read(piece); n >= 0; n = body.read(piece)) {
                all.write(piece, 0, n);
                if (all.size() > manners.atMost()) {
                    throw new Refused("more than " + Bytes.words(manners.atMost()), true);
                }
            }
            return all.toByteArray();
        } catch (IOException e) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            throw late.get() ? new Refused("no answer in time", false) : cut(e);
        } finally {
            end.cancel(false);
        }
    }

    private static Refused cut(IOException e) {
        Refused refused = Http.refusal(e);
        return new Refused(
                refused.hopeless ? refused.getMessage() : "the connection broke", refused.hopeless);
    }

    private static String host(String url) {
        try {
            return String.valueOf(URI.create(url).getHost());
        } catch (IllegalArgumentException e) {
            return "";
        }
    }

    private static String stem(ImageRows.Row row) {
        String address = Checksum.sha256(row.url().getBytes(StandardCharsets.UTF_8));
        return String.format("%08d-%s", row.row(), address.substring(0, 8));
    }

    private Optional<Path> here(ImageRows.Row row) {
        Path stem = folder.resolve(ImageFolder.PICTURES).resolve(stem(row));
        return PictureFormat.suffixes().stream()
                .map(suffix -> stem.resolveSibling(stem.getFileName() + suffix))
                .filter(Files::exists)
                .findFirst();
    }

    private ImageReport report() {
        List<ImageReport.Gone> sorted =
                gone.values().stream()
                        .sorted(Comparator.comparingInt(ImageReport.Gone::row))
                        .toList();
        int here = (int) rows.stream().filter(row -> here(row).isPresent()).count();
        return new ImageReport(folder, rows.size(), here, sorted);
    }

    private void keep() {
        ImageFolder kept = new ImageFolder(folder);
        for (ImageRows.Row row : rows) {
            here(row).ifPresent(file -> kept.add(file, row.caption(), row.url()));
        }
        kept.write(report().gone());
    }
}
