package memoria.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Fetches a set into the cache. A file that is on this machine is checked and used where it lies; what is missing is downloaded, checked,
 * and unpacked. A file without a published checksum is trusted on first use: its SHA-256 is written to a lock file, which is said aloud, and
 * demanded from then on.
 *
 * <pre>{@code
 * Fetched prompts = Fetch.of(Manifests.of("laion-memorized-500")).images(100).run();
 * System.out.println(prompts.images());
 * }</pre>
 */
public final class Fetch {

    private final Manifest manifest;
    private final TrustLock lock = new TrustLock(Folders.lock());
    private boolean offline = Folders.offline();
    private boolean keepArchives;
    private boolean again;
    private int pictures = -1;
    private Set<String> only = Set.of();
    private Consumer<String> say = System.err::println;
    private Download.Patience patience = Download.Patience.USUAL;
    private ImageList.Manners manners = ImageList.Manners.USUAL;

    private Fetch(Manifest manifest) {
        this.manifest = manifest;
    }

    /**
     * A fetch of everything that is not optional.
     *
     * @param manifest the set
     * @return the fetch, to be run
     */
    public static Fetch of(Manifest manifest) {
        return new Fetch(manifest);
    }

    /**
     * Only these files.
     *
     * @param files their names; optional ones too
     * @return this
     * @throws IllegalArgumentException if the set has no such file
     */
    public Fetch only(String... files) {
        Arrays.stream(files).forEach(manifest::file);
        only = Set.copyOf(Arrays.asList(files));
        return this;
    }

    /**
     * Downloads nothing: what is missing is an error. {@code MEMORIA_OFFLINE} does the same.
     *
     * @return this
     */
    public Fetch offline() {
        offline = true;
        return this;
    }

    /**
     * Keeps archives after they were unpacked.
     *
     * @return this
     */
    public Fetch keepArchives() {
        keepArchives = true;
        return this;
    }

    /**
     * How many pictures of a list to fetch. Without this, all are if the list is one of a known length, none if it is not.
     *
     * @param atMost how many, spread over the list and always the same ones; 0 for none, {@link Integer#MAX_VALUE} for all
     * @return this
     * @throws IllegalArgumentException if atMost is negative
     */
    public Fetch images(int atMost) {
        if (atMost < 0) {
            throw new IllegalArgumentException("atMost: " + atMost + "; legal are 0 and more");
        }
        pictures = atMost;
        return this;
    }

    /**
     * Asks again for pictures that an earlier fetch found gone for good.
     *
     * @return this
     */
    public Fetch again() {
        again = true;
        return this;
    }

    /**
     * Who is told what a person should know, such as a file that was trusted on first use.
     *
     * @param listener gets a line; the error stream if this is not called
     * @return this
     */
    public Fetch say(Consumer<String> listener) {
        say = listener;
        return this;
    }

    Fetch patience(Download.Patience chosen) {
        patience = chosen;
        return this;
    }

    Fetch manners(ImageList.Manners chosen) {
        manners = chosen;
        return this;
    }

    /**
     * Finds or fetches the files.
     *
     * @return where they lie
     * @throws IllegalArgumentException naming the file if one that was found is not the published one, or an archive is refused
     * @throws IllegalStateException if something is missing and may not or cannot be fetched by a program; the message says what to do
     * @throws UncheckedIOException if no mirror delivers, or the disk refuses; pictures that are gone are reported instead
     * @throws memoria.progress.Interrupted if the thread is interrupted; what arrived is kept
     */
    public Fetched run() {
        Map<String, Path> places = new LinkedHashMap<>();
        for (ManifestFile file : wanted()) {
            places.put(file.name(), place(file));
        }
        if (manifest.subset() != null && only.isEmpty()) {
            places.put(SubsetIndex.FILE, SubsetIndex.of(manifest, this));
        }
        return new Fetched(manifest, places, pictures(places));
    }

    private Optional<ImageReport> pictures(Map<String, Path> places) {
        Manifest.Listed listed = manifest.images();
        if (listed == null || !places.containsKey(listed.list())) {
            return Optional.empty();
        }
        int count = pictures >= 0 ? pictures : listed.count() == null ? 0 : Integer.MAX_VALUE;
        if (count == 0) {
            return Optional.empty();
        }
        ImageReport report;
        try {
            report = pictures(places.get(listed.list()), listed, count);
        } catch (IllegalStateException e) {
            if (pictures > 0) {
                throw e;
            }
            say.accept("The list's pictures are left out: " + e.getMessage());
            return Optional.empty();
        }
        say.accept(report.toString());
        return Optional.of(report);
    }

    private ImageReport pictures(Path list, Manifest.Listed listed, int count) {
        if (listed.picture() != null) {
            return new RowPictures(list, listed, manifest.cached()).unpack(count);
        }
        List<ImageRows.Row> rows = ImageRows.read(list, listed);
        return new ImageList(ImageRows.sample(rows, count), manifest.cached(), manners)
                .fetch(again, offline);
    }

    private List<ManifestFile> wanted() {
        return manifest.files().stream()
                .filter(f -> only.isEmpty() ? !f.optional() : only.contains(f.name()))
                .toList();
    }

    private Path place(ManifestFile file) {
        Optional<Path> found =
                manifest.places().flatMap(folder -> file.in(folder).stream()).findFirst();
        if (found.isPresent() && Files.isDirectory(found.get())) {
            return found.get();
        }
        found.ifPresent(here -> verify(file, here));
        Path here = found.orElseGet(() -> download(file));
        if (file.unpack() == null) {
            return here;
        }
        Archive.unpack(here, file.unpack(), manifest.cached());
        if (!keepArchives && here.startsWith(manifest.cached())) {
            delete(here);
        }
        return manifest.cached();
    }

    private Path download(ManifestFile file) {
        Path target = manifest.cached().resolve(file.name());
        if (offline) {
            throw new IllegalStateException(
                    manifest.title()
                            + ": "
                            + file.name()
                            + " is not on this machine and MEMORIA_OFFLINE forbids a download. Looked in "
                            + manifest.places()
                                    .map(Path::toString)
                                    .collect(Collectors.joining(", "))
                            + "; MEMORIA_DATA may name a folder that has it");
        }
        if (file.mirrors().isEmpty()) {
            throw new IllegalStateException(
                    manifest.title()
                            + ": "
                            + file.name()
                            + " has to be fetched by hand. "
                            + manifest.access().how()
                            + " The set's folder is "
                            + manifest.cached());
        }
        Seal seal = seal(file);
        try {
            new Download(file.addresses(), seal, patience, http())
                    .to(target)
                    .filter(arrival -> !seal.known())
                    .ifPresent(arrival -> trust(file, arrival));
        } catch (UncheckedIOException e) {
            // What the publisher asks for does not help against a full disk.
            boolean refused = e.getMessage().startsWith(Download.FAILED);
            throw refused ? new UncheckedIOException(e.getMessage() + help(file), e.getCause()) : e;
        }
        new Verified(manifest.cached()).add(target, seal(file));
        return target;
    }

    private Http http() {
        Manifest.Token token = manifest.access().token();
        return token == null
                ? new Http(patience.connect(), patience.stall())
                : new Http(
                        patience.connect(),
                        patience.stall(),
                        token.host(),
                        System.getenv(token.variable()));
    }

    private String help(ManifestFile file) {
        String how = manifest.access().how().isEmpty() ? "" : "\n" + manifest.access().how();
        return how + trusted(file).map(entry -> "\n" + lockSays(entry)).orElse("");
    }

    /** The published checksum, else the one that was trusted. */
    private Seal seal(ManifestFile file) {
        Seal published = file.seal();
        return trusted(file).map(e -> new Seal(e.bytes(), e.sha256(), null)).orElse(published);
    }

    private Optional<TrustLock.Entry> trusted(ManifestFile file) {
        return file.seal().known() ? Optional.empty() : lock.of(key(file));
    }

    private String lockSays(TrustLock.Entry entry) {
        return lock.file()
                + " holds the checksum of the copy that came on "
                + entry.on()
                + " from "
                + entry.from()
                + "; if the publisher changed the file and you trust the new one, remove that entry";
    }

    private String key(ManifestFile file) {
        return manifest.name() + "/" + file.name();
    }

    private void trust(ManifestFile file, Download.Arrival arrival) {
        trust(file, arrival.sha256(), arrival.bytes(), arrival.from().toString());
    }

    private void trust(ManifestFile file, String sha256, long bytes, String from) {
        String today = LocalDate.now(Clock.systemUTC()).toString();
        lock.add(key(file), new TrustLock.Entry(sha256, bytes, from, today));
        say.accept(
                key(file)
                        + ": nobody publishes its checksum, so this first copy ("
                        + from
                        + ") is trusted: SHA-256 "
                        + sha256
                        + " now stands in "
                        + lock.file()
                        + " and will be demanded; commit that file");
    }

    private void verify(ManifestFile file, Path here) {
        if (file.contentSha256() != null) {
            // Packagers pack anew: what is in it counts.
            manifest.content(file.name().replaceAll("\\.gz$", ""), here);
            return;
        }
        Seal seal = seal(file);
        Verified verified = new Verified(manifest.cached());
        if (verified.holds(here, seal)) {
            return;
        }
        Optional<String> mismatch = seal.mismatch(here);
        if (mismatch.isPresent()) {
            throw new IllegalArgumentException(
                    "file: "
                            + here
                            + ": "
                            + mismatch.get()
                            + "; remove it, then it is looked for elsewhere or downloaded"
                            + trusted(file).map(entry -> ". " + lockSays(entry)).orElse(""));
        }
        if (!seal.known()) {
            trust(file, Checksum.sha256(here), here.toFile().length(), here.toString());
        }
        verified.add(here, seal(file));
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw AtomicFile.failure("remove", file, e);
        }
    }

    /** Another file of this or another set, fetched in the same manner. */
    Path also(Manifest set, String file) {
        Fetch fetch = of(set).only(file).say(say).patience(patience);
        return (offline ? fetch.offline() : fetch).run().file(file);
    }
}
