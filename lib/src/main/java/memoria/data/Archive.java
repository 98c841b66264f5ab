package memoria.data;

import java.io.BufferedInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.Enumeration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.GZIPInputStream;
import memoria.progress.Progress;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;

/**
 * Unpacks an archive that others made. Everything goes into a temporary folder first; what is whole is moved to its place, so that nothing
 * half-unpacked carries its final name. Refused with file, entry and reason: paths that are absolute or climb out, links, devices, names
 * twice, more bytes or entries than a set may have, encrypted entries, wrong checksums, and archives that end too soon.
 */
final class Archive {

    private static final int BUFFER = 1 << 16;
    private static final int MOST_ENTRIES = 1_000_000;

    private final Path file;
    private final ManifestFile.Unpack how;
    private final Path temporary;
    private final Set<String> seen = new HashSet<>();
    private final Progress progress;
    private long bytes;
    private int entries;

    private Archive(Path file, ManifestFile.Unpack how, Path temporary, Progress progress) {
        this.file = file;
        this.how = how;
        this.temporary = temporary;
        this.progress = progress;
    }

    /**
     * Unpacks a file, unless another process did meanwhile.
     *
     * @param file the archive
     * @param how its format, what is wanted of it, and what must come of it
     * @param folder where its entries go
     * @throws IllegalArgumentException naming the file, the entry and the reason if it is refused; nothing of it stays
     * @throws java.io.UncheckedIOException if the disk refuses
     */
    static void unpack(Path file, ManifestFile.Unpack how, Path folder) {
        Path lock = folder.resolve("." + file.getFileName() + ".unpacking.lock");
        Path temporary = folder.resolve("." + file.getFileName() + ".unpacking");
        synchronized (Archive.class) {
            try {
                Files.createDirectories(folder);
                try (FileChannel channel =
                                FileChannel.open(
                                        lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                        FileLock held = channel.lock();
                        Progress progress = Progress.start("Unpacking " + file.getFileName(), 0)) {
                    boolean there =
                            how.expect().stream().allMatch(p -> Files.exists(folder.resolve(p)));
                    if (held.isValid() && !there) {
                        clear(temporary);
                        Files.createDirectory(temporary);
                        new Archive(file, how, temporary, progress).all();
                        settle(temporary, folder);
                    }
                } finally {
                    clear(temporary);
                }
            } catch (IOException e) {
                throw AtomicFile.failure("unpack", file, e);
            }
        }
    }

    private void all() {
        try {
            switch (how.format()) {
                case "zip" -> zip();
                case "tar" -> tar(new BufferedInputStream(Files.newInputStream(file), BUFFER));
                case "tar.gz" -> tar(new GZIPInputStream(Files.newInputStream(file), BUFFER));
                case "gz" -> gz();
                default -> throw refusal("its format '" + how.format() + "' is not known");
            }
        } catch (Written e) {
            throw AtomicFile.failure(
                    "write",
                    temporary,
                    new IOException(
                            e.getCause().getMessage()
                                    + "; the archive is kept. Free some space, or name another folder with MEMORIA_CACHE",
                            e.getCause()));
        } catch (IOException e) {
            throw refusal("it is truncated or damaged: " + e.getMessage());
        } catch (IndexOutOfBoundsException | NegativeArraySizeException e) {
            throw refusal("it is damaged: " + e.getMessage());
        }
        for (String path : how.expect()) {
            if (!Files.exists(temporary.resolve(path))) {
                throw refusal("it lacks '" + path + "'");
            }
        }
    }

    private void zip() throws IOException {
        try (ZipFile zip = ZipFile.builder().setPath(file).get()) {
            Enumeration<ZipArchiveEntry> all = zip.getEntries();
            while (all.hasMoreElements()) {
                ZipArchiveEntry entry = all.nextElement();
                String name = entry.getName();
                int type = entry.getUnixMode() & 0xf000;
                boolean plain = type == 0 || type == 0x8000 || type == 0x4000;
                require(name, plain ? null : type == 0xa000 ? "a symbolic link" : "a device");
                if (entry.isDirectory()) {
                    continue;
                }
                if (wanted(name)) {
                    if (!zip.canReadEntryData(entry)) {
                        throw refusal(
                                "entry '" + name + "' is encrypted or packed in an unknown way");
                    }
                    try (InputStream in = zip.getInputStream(entry)) {
                        CRC32 crc = copy(name, in);
                        if (crc.getValue() != entry.getCrc()) {
                            throw refusal("the checksum of entry '" + name + "' does not match");
                        }
                    }
                }
            }
        }
    }

    private void tar(InputStream content) throws IOException {
        try (TarArchiveInputStream tar = new TarArchiveInputStream(content)) {
            for (TarArchiveEntry e = tar.getNextEntry(); e != null; e = tar.getNextEntry()) {
                require(e.getName(), special(e));
                if (!e.isDirectory() && wanted(e.getName())) {
                    copy(e.getName(), tar);
                }
            }
        }
    }

    private static String special(TarArchiveEntry entry) {
        if (entry.isSymbolicLink() || entry.isLink()) {
            return "a link to '" + entry.getLinkName() + "'";
        }
        if (entry.isCharacterDevice() || entry.isBlockDevice()) {
            return "a device";
        }
        return entry.isFIFO() ? "a pipe" : null;
    }

    private void gz() throws IOException {
        String name = file.getFileName().toString().replaceAll("\\.gz$", "");
        try (InputStream in = new GZIPInputStream(Files.newInputStream(file), BUFFER)) {
            copy(name, in);
        }
    }

    private boolean wanted(String name) {
        return how.only().isEmpty() || how.only().contains(name.replaceFirst("^(\\./)+", ""));
    }

    private void require(String name, String special) {
        Progress.checkpoint();
        Optional<String> fault = SafePath.fault(name);
        if (fault.isPresent()) {
            throw refusal("entry '" + printable(name) + "' has " + fault.get());
        }
        if (special != null) {
            throw refusal("entry '" + printable(name) + "' is " + special);
        }
        if (++entries > MOST_ENTRIES) {
            throw refusal("it has more than " + MOST_ENTRIES + " entries");
        }
    }

    private CRC32 copy(String name, InputStream in) throws IOException {
        Path target = temporary.resolve(name).normalize();
        if (!target.startsWith(temporary) || target.equals(temporary)) {
            throw refusal(
                    "entry '" + printable(name) + "' has a path that climbs out of the folder");
        }
        if (!seen.add(target.toString())) {
            throw refusal("entry '" + printable(name) + "' is there twice");
        }
        if (clashes(target)) {
            throw refusal(
                    "entry '"
                            + printable(name)
                            + "' is a file where another entry has a folder, or the other way round");
        }
        CRC32 crc = new CRC32();
        byte[] piece = new byte[BUFFER];
        try (OutputStream out = open(target)) {
            for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
                bytes += n;
                if (bytes > how.atMost()) {
                    throw refusal(
                            "entry '"
                                    + printable(name)
                                    + "' takes it beyond the "
                                    + how.atMost()
                                    + " bytes that it may unpack to (a bomb?)");
                }
                crc.update(piece, 0, n);
                write(out, piece, n);
                progress.at(bytes, Bytes.words(bytes));
                Progress.checkpoint();
            }
        }
        return crc;
    }

    private boolean clashes(Path target) {
        boolean below = false;
        for (Path up = target.getParent(); !up.equals(temporary); up = up.getParent()) {
            below |= Files.isRegularFile(up);
        }
        return below || Files.isDirectory(target);
    }

    /** The disk refused, not the archive. */
    private static final class Written extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Written(IOException cause) {
            super(cause);
        }

        @Override
        public synchronized IOException getCause() {
            return (IOException) super.getCause();
        }
    }

    private static OutputStream open(Path target) {
        try {
            Files.createDirectories(target.getParent());
            return new FileOutputStream(target.toFile());
        } catch (IOException e) {
            throw new Written(e);
        }
    }

    private static void write(OutputStream out, byte[] piece, int n) {
        try {
            out.write(piece, 0, n);
        } catch (IOException e) {
            throw new Written(e);
        }
    }

    private static String printable(String name) {
        return name == null ? "" : name.replaceAll("\\p{Cntrl}", "?");
    }

    private IllegalArgumentException refusal(String reason) {
        return new IllegalArgumentException("file: " + file + " is refused: " + reason);
    }

    /** What is whole goes to its place; remains of an earlier version make way. */
    private static void settle(Path temporary, Path folder) throws IOException {
        List<Path> tops;
        try (Stream<Path> all = Files.list(temporary)) {
            tops = all.toList();
        }
        for (Path top : tops) {
            Path target = folder.resolve(top.getFileName());
            merge(top, target);
        }
    }

    /** Two archives of one set may share a folder, as COCO's do. */
    private static void merge(Path from, Path to) throws IOException {
        if (Files.isDirectory(from) && Files.isDirectory(to)) {
            List<Path> children;
            try (Stream<Path> all = Files.list(from)) {
                children = all.toList();
            }
            for (Path child : children) {
                merge(child, to.resolve(child.getFileName()));
            }
            return;
        }
        clear(to);
        AtomicFile.move(from, to);
    }

    private static void clear(Path path) throws IOException {
        if (!Files.exists(path)) {
            return;
        }
        List<Path> all;
        try (Stream<Path> walk = Files.walk(path)) {
            all = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path each : all) {
            Files.deleteIfExists(each);
        }
    }
}
