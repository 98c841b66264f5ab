package memoria.artifact;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import memoria.checkpoint.SafeTensors;
import memoria.data.AtomicFile;
import memoria.data.Folders;
import memoria.data.TextFile;
import memoria.progress.Interrupted;
import memoria.progress.Progress;
import memoria.torch.Scope;
import memoria.torch.Torch;

/**
 * A folder of artifacts: one subfolder per spec, named by its key, with {@code spec.json} and the finished shards. A shard is there whole
 * or not at all, whatever kills the process; work that stopped goes on with the first missing shard, here or, after {@link #merge},
 * anywhere else. Several processes may fill one store.
 */
public final class Store {

    private static final String SPEC = "spec.json";

    private final Path root;

    private Store(Path root) {
        this.root = root;
    }

    /**
     * A store in a folder.
     *
     * @param root the folder; made when something is put into it
     * @return the store
     */
    public static Store at(Path root) {
        return new Store(root);
    }

    /**
     * The user's store, {@code artifacts} in {@link Folders#cache}.
     *
     * @return the store
     */
    public static Store ofUser() {
        return at(Folders.cache().resolve("artifacts"));
    }

    /**
     * Where an artifact lies.
     *
     * @param spec what it is
     * @return its folder, which may not exist yet
     */
    public Path folder(Spec spec) {
        return root.resolve(spec.key());
    }

    /**
     * The shards of a work that are finished.
     *
     * @param work what is made
     * @return ascending indices
     * @throws Interrupted if the thread is interrupted
     */
    public List<Integer> finished(Work work) {
        Spec spec = work.spec();
        return List.copyOf(new ShardFiles(folder(spec), spec.key()).list().good().keySet());
    }

    /**
     * A finished artifact: shards that are missing are made, spoiled ones are removed and made again, the others are left as they are.
     *
     * @param work what to make
     * @return all shards
     * @throws Interrupted if the thread is interrupted; the message says how many shards are kept and where
     * @throws java.io.UncheckedIOException if the store cannot be written
     * @throws IllegalArgumentException if the spec in the artifact's folder is another one than the folder's name says
     */
    public Artifact complete(Work work) {
        Spec spec = work.spec();
        Path folder = folder(spec);
        requireSpec(folder, spec);
        ShardFiles files = new ShardFiles(folder, spec.key());
        files.sweep();
        ShardFiles.Listing found = files.list();
        found.bad().forEach(ShardFiles::delete);
        Map<Integer, Path> good = found.good();
        int before = good.size();
        String label = "Shards of " + spec.key().substring(0, 8);
        try (Progress progress = Progress.start(label, before, work.shards())) {
            for (int i = 0; i < work.shards(); i++) {
                if (!good.containsKey(i)) {
                    Progress.checkpoint();
                    good.put(i, make(work, i, files));
                    progress.at(good.size());
                }
            }
        } catch (Interrupted e) {
            throw e.keeping(good.size() + " of " + work.shards() + " shards in " + folder);
        }
        List<Path> shards = List.copyOf(good.values()).subList(0, work.shards());
        return new Artifact(spec, shards, work.shards() - before, found.bad());
    }

    private static void requireSpec(Path folder, Spec spec) {
        Path file = folder.resolve(SPEC);
        if (!Files.exists(file)) {
            byte[] text = (spec.json() + "\n").getBytes(StandardCharsets.UTF_8);
            AtomicFile.write(file, out -> out.write(text));
        } else if (!read(file).equals(spec)) {
            throw foreign(file);
        }
    }

    private static Spec read(Path file) {
        String text = TextFile.read(file);
        try {
            return Spec.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("file: " + file + ": " + e.getMessage(), e);
        }
    }

    private static IllegalArgumentException foreign(Path file) {
        return new IllegalArgumentException(
                "file: "
                        + file
                        + ": the spec's key is not the name of its folder; one of them was changed");
    }

    private static Path make(Work work, int index, ShardFiles files) {
        Path unnamed = files.unnamed(index);
        try (NDManager manager = Torch.manager()) {
            Scope.run(
                    () -> {
                        Map<String, NDArray> tensors = work.shard(index, manager);
                        Map<String, String> notes =
                                Map.of(
                                        ShardFiles.KEY,
                                        work.spec().key(),
                                        ShardFiles.INDEX,
                                        Integer.toString(index),
                                        "engine",
                                        Torch.version() + " on " + Torch.device());
                        SafeTensors.write(unnamed, tensors, notes);
                    });
            return files.name(unnamed, index);
        } finally {
            ShardFiles.delete(unnamed);
        }
    }

    /**
     * What a merge did.
     *
     * @param copied shards taken over
     * @param refused spoiled files of the other store, left where they are
     */
    public record Merged(int copied, List<Path> refused) {}

    /**
     * Takes over the shards of another store. Merging again changes nothing, and several stores may be merged in any order: where two have
     * made the same shard with different rounding, the one with the smaller checksum stays.
     *
     * @param other filled on another machine, say; not changed
     * @return what was done
     * @throws IllegalArgumentException if a spec in either store is another one than its folder's name says
     * @throws java.io.UncheckedIOException if this store cannot be written or the other cannot be read
     */
    public Merged merge(Store other) {
        int copied = 0;
        List<Path> refused = new ArrayList<>();
        for (Path theirs : ShardFiles.files(other.root)) {
            Path file = theirs.resolve(SPEC);
            if (!Files.exists(file)) {
                continue;
            }
            Spec spec = read(file);
            if (!theirs.getFileName().toString().equals(spec.key())) {
                throw foreign(file);
            }
            ShardFiles.Listing found = new ShardFiles(theirs, spec.key()).list();
            refused.addAll(found.bad());
            requireSpec(folder(spec), spec);
            ShardFiles files = new ShardFiles(folder(spec), spec.key());
            Map<Integer, Path> ours = files.list().good();
            for (Map.Entry<Integer, Path> shard : found.good().entrySet()) {
                Progress.checkpoint();
                copied += files.adopt(shard.getValue(), ours.get(shard.getKey())) ? 1 : 0;
            }
        }
        return new Merged(copied, List.copyOf(refused));
    }
}
