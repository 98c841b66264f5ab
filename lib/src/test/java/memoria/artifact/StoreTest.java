package memoria.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import memoria.progress.Interrupted;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreTest {

    @TempDir Path folder;

    /** Shard i holds i plus an offset; notes which shards it was asked for. */
    private static class Numbers implements Work {
        final List<Integer> made = new ArrayList<>();
        private final String name;
        private final int shards;
        private final float offset;
        int interruptAt = -1;

        Numbers(String name, int shards, float offset) {
            this.name = name;
            this.shards = shards;
            this.offset = offset;
        }

        Numbers(int shards) {
            this("numbers", shards, 0);
        }

        @Override
        public Spec spec() {
            return Spec.parse("{\"kind\":\"" + name + "\",\"shards\":" + shards + "}");
        }

        @Override
        public int shards() {
            return shards;
        }

        @Override
        public Map<String, NDArray> shard(int index, NDManager manager) {
            if (index == interruptAt) {
                Thread.currentThread().interrupt();
                memoria.progress.Progress.checkpoint();
            }
            made.add(index);
            return Map.of("x", Tensors.of(manager, index + offset, 7));
        }
    }

    private static float value(Artifact artifact, int shard) {
        try (NDManager manager = Torch.manager()) {
            return artifact.shard(shard, manager).get("x").getFloat(0);
        }
    }

    private static Path shard(Store store, Work work, int index) throws IOException {
        try (Stream<Path> files = Files.list(store.folder(work.spec()))) {
            return files.filter(
                            f -> f.getFileName().toString().startsWith("shard-0000" + index + "."))
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** Relative names and contents of all files below a folder. */
    private static Map<String, byte[]> tree(Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(Files::isRegularFile)
                    .collect(
                            Collectors.toMap(
                                    f -> root.relativize(f).toString(),
                                    StoreTest::bytes,
                                    (a, b) -> a,
                                    TreeMap::new));
        }
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void assertSame(Path one, Path two) throws IOException {
        Map<String, byte[]> a = tree(one);
        Map<String, byte[]> b = tree(two);
        assertThat(b.keySet()).isEqualTo(a.keySet());
        a.forEach((name, content) -> assertThat(b.get(name)).as(name).isEqualTo(content));
    }

    @Test
    void whatIsThereIsNotMadeAgain() {
        Store store = Store.at(folder.resolve("new/store"));
        Numbers work = new Numbers(3);
        assertThat(store.finished(work)).isEmpty();
        Artifact first = store.complete(work);
        Artifact second = store.complete(work);
        assertThat(work.made).containsExactly(0, 1, 2);
        assertThat(first.made()).isEqualTo(3);
        assertThat(second.made()).isZero();
        assertThat(second.shards()).isEqualTo(first.shards());
        assertThat(store.finished(work)).containsExactly(0, 1, 2);
        assertThat(value(second, 2)).isEqualTo(2);
        assertThat(store.folder(work.spec()).resolve("spec.json"))
                .hasContent("{\"kind\":\"numbers\",\"shards\":3}");
    }

    @Test
    void anInterruptKeepsFinishedShardsAndSaysHowMany() {
        Store store = Store.at(folder);
        Numbers work = new Numbers(5);
        work.interruptAt = 2;
        assertThatThrownBy(() -> store.complete(work))
                .isInstanceOf(Interrupted.class)
                .hasMessageContaining("2 of 5 shards in " + store.folder(work.spec()));
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
        work.interruptAt = -1;
        assertThat(store.complete(work).made()).isEqualTo(3);
        assertThat(work.made).containsExactly(0, 1, 2, 3, 4);
    }

    @Test
    void anInterruptBetweenShardsKeepsTheOneJustMade() {
        Store store = Store.at(folder);
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> store.complete(new Numbers(2))).isInstanceOf(Interrupted.class);
        Numbers flagged =
                new Numbers(2) {
                    @Override
                    public Map<String, NDArray> shard(int index, NDManager manager) {
                        Thread.currentThread().interrupt();
                        return super.shard(index, manager);
                    }
                };
        assertThatThrownBy(() -> store.complete(flagged))
                .isInstanceOf(Interrupted.class)
                .hasMessageContaining("1 of 2 shards");
        assertThat(store.finished(flagged)).containsExactly(0);
    }

    @Test
    void aSpoiledShardIsNamedAndMadeAgain() throws IOException {
        Store store = Store.at(folder);
        Numbers work = new Numbers(4);
        store.complete(work);
        Path flipped = shard(store, work, 1);
        byte[] content = Files.readAllBytes(flipped);
        content[content.length - 1] ^= 1;
        Files.write(flipped, content);
        Path cut = shard(store, work, 2);
        Files.write(cut, new byte[3]);
        assertThat(store.finished(work)).containsExactly(0, 3);
        Artifact artifact = store.complete(work);
        assertThat(artifact.damaged()).containsExactly(flipped, cut);
        assertThat(artifact.made()).isEqualTo(2);
        assertThat(work.made).containsExactly(0, 1, 2, 3, 1, 2);
        assertThat(value(artifact, 1)).isEqualTo(1);
    }

    @Test
    void aShardOfAnotherSpecOrPlaceIsNotTaken() throws IOException {
        Store store = Store.at(folder);
        Numbers work = new Numbers("one", 2, 0);
        Numbers other = new Numbers("two", 2, 0);
        store.complete(other);
        Path theirs = shard(store, other, 0);
        Path mine = store.folder(work.spec());
        Files.createDirectories(mine);
        Files.copy(theirs, mine.resolve(theirs.getFileName()));
        assertThat(store.complete(work).made()).isEqualTo(2);
        Path first = shard(store, work, 0);
        Files.move(first, mine.resolve(first.getFileName().toString().replace("00000", "00001")));
        assertThat(store.finished(work)).containsExactly(1);
    }

    @Test
    void aSpecThatWasChangedIsRefused() throws IOException {
        Store store = Store.at(folder);
        Numbers work = new Numbers(1);
        store.complete(work);
        Path spec = store.folder(work.spec()).resolve("spec.json");
        Files.writeString(spec, "{\"kind\":\"other\"}");
        assertThatThrownBy(() -> store.complete(work))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(spec.toString())
                .hasMessageContaining("not the name of its folder");
        assertThatThrownBy(() -> Store.at(folder.resolve("x")).merge(store))
                .hasMessageContaining("not the name of its folder");
        Files.writeString(spec, "half a sp");
        assertThatThrownBy(() -> store.complete(work))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(spec + ": json: not a JSON object");
    }

    @Test
    void leftoversOfKilledProcessesAreSweptWhenTheyAreOld() throws IOException {
        Store store = Store.at(folder);
        Numbers work = new Numbers(1);
        Path place = Files.createDirectories(store.folder(work.spec()));
        Path old = Files.createFile(place.resolve(".shard-00000.1.tmp"));
        Path young = Files.createFile(place.resolve(".shard-00000.2.tmp"));
        Files.setLastModifiedTime(old, FileTime.from(Instant.now().minusSeconds(7200)));
        store.complete(work);
        assertThat(old).doesNotExist();
        assertThat(young).exists();
    }

    @Test
    void aStoreThatCannotBeWrittenIsNamed() throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        assertThatThrownBy(() -> Store.at(file).complete(new Numbers(1)))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("Cannot write " + file);
    }

    @Test
    void storesMergeInAnyOrderAnyNumberOfTimes() throws IOException {
        // Two machines made overlapping shards of one work, one with another rounding.
        Store a = filled("a", 0, 0, 1, 2);
        Store b = filled("b", 1e-6f, 2, 3);
        Store c = filled("c", 2e-6f, 3, 4);
        a.complete(new Numbers("only here", 1, 0));
        Store[][] orders = {{a, b, c}, {c, b, a}, {b, a, c}, {b, b, c, a, b}};
        for (int i = 0; i < orders.length; i++) {
            Store into = Store.at(folder.resolve("into" + i));
            int copied = 0;
            for (Store from : orders[i]) {
                Store.Merged merged = into.merge(from);
                copied += merged.copied();
                assertThat(merged.refused()).isEmpty();
            }
            assertThat(copied).isBetween(6, 8);
            assertThat(into.merge(b).copied()).isZero();
            assertSame(folder.resolve("into0"), folder.resolve("into" + i));
            Numbers work = new Numbers(5);
            assertThat(into.complete(work).made()).isZero();
        }
    }

    private Store filled(String name, float offset, Integer... shards) throws IOException {
        Store store = Store.at(folder.resolve(name));
        Numbers work = new Numbers("numbers", 5, offset);
        store.complete(work);
        for (int i = 0; i < 5; i++) {
            if (!List.of(shards).contains(i)) {
                Files.delete(shard(store, work, i));
            }
        }
        return store;
    }

    @Test
    void aMergeLeavesSpoiledShardsBehindAndNamesThem() throws IOException {
        Store from = filled("a", 0, 0, 1);
        Path bad = shard(from, new Numbers(5), 1);
        Files.write(bad, new byte[10]);
        Store into = Store.at(folder.resolve("b"));
        assertThat(into.merge(from)).isEqualTo(new Store.Merged(1, List.of(bad)));
        assertThat(into.merge(Store.at(folder.resolve("none"))).copied()).isZero();
    }
}
