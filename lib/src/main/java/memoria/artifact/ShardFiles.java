package memoria.artifact;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import memoria.checkpoint.SafeTensors;
import memoria.data.AtomicFile;
import memoria.data.Checksum;
import memoria.progress.Progress;

/**
 * The shards in one artifact's folder: {@code shard-00007.SHA256.safetensors}. The checksum is in the name, so shard and checksum appear in
 * one step and no list has to be kept in agreement with the files.
 */
final class ShardFiles {

    /** The metadata that ties a shard to its spec and place. */
    static final String KEY = "key";

    static final String INDEX = "shard";

    private static final Pattern NAME =
            Pattern.compile("shard-(\\d{5,9})\\.([0-9a-f]{64})\\.safetensors");
    private static final Duration ABANDONED = Duration.ofHours(1);

    private final Path folder;
    private final String key;

    ShardFiles(Path folder, String key) {
        this.folder = folder;
        this.key = key;
    }

    /**
     * What is in the folder.
     *
     * @param good the valid shards by index; of several the one with the smallest checksum, so that every order of merging ends alike
     * @param bad files named as shards whose content is not what the name says or not of this spec
     */
    record Listing(SortedMap<Integer, Path> good, List<Path> bad) {}

    /** Reads and checks every shard in the folder. */
    Listing list() {
        SortedMap<Integer, Path> good = new TreeMap<>();
        List<Path> bad = new ArrayList<>();
        for (Path file : files(folder)) {
            Progress.checkpoint();
            Matcher name = NAME.matcher(file.getFileName().toString());
            if (!name.matches()) {
                continue;
            }
            int index = Integer.parseInt(name.group(1));
            if (!valid(file, index, name.group(2))) {
                bad.add(file);
            } else {
                // Files come sorted by name, so the first of an index has the smallest checksum.
                good.putIfAbsent(index, file);
            }
        }
        return new Listing(good, bad);
    }

    private boolean valid(Path file, int index, String checksum) {
        if (!Checksum.sha256(file).equals(checksum)) {
            return false;
        }
        try {
            var notes = SafeTensors.read(file).metadata();
            return key.equals(notes.get(KEY)) && Integer.toString(index).equals(notes.get(INDEX));
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    static List<Path> files(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        } catch (IOException e) {
            throw AtomicFile.failure("read", folder, e);
        }
    }

    /** Where a shard is written before its checksum is known. */
    Path unnamed(int index) {
        String process = Long.toString(ProcessHandle.current().pid());
        return folder.resolve(".shard-%05d.%s.tmp".formatted(index, process));
    }

    /** Gives a written shard its name. */
    Path name(Path unnamed, int index) {
        String name = "shard-%05d.%s.safetensors".formatted(index, Checksum.sha256(unnamed));
        Path file = folder.resolve(name);
        try {
            Files.move(unnamed, file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw AtomicFile.failure("write", file, e);
        }
        return file;
    }

    /** Takes over a valid shard of another folder unless one that goes before it is here. */
    boolean adopt(Path theirs, Path ours) {
        if (ours != null && ours.getFileName().compareTo(theirs.getFileName()) <= 0) {
            return false;
        }
        Path target = folder.resolve(theirs.getFileName().toString());
        AtomicFile.write(target, out -> Files.copy(theirs, out));
        if (ours != null) {
            delete(ours);
        }
        return true;
    }

    static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw AtomicFile.failure("write", file, e);
        }
    }

    /** Removes what killed processes left half written; another process may be writing the younger ones. */
    void sweep() {
        Instant limit = Instant.now().minus(ABANDONED);
        for (Path file : files(folder)) {
            try {
                FileTime written = Files.getLastModifiedTime(file);
                if (file.getFileName().toString().endsWith(".tmp")
                        && written.toInstant().isBefore(limit)) {
                    Files.deleteIfExists(file);
                }
            } catch (IOException e) {
                throw AtomicFile.failure("read", file, e);
            }
        }
    }
}
