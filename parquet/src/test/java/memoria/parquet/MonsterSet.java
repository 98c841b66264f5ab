package memoria.parquet;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A made-up set {@code monsters} of pictures inside {@code train.parquet}, in a folder that the library takes for its own. */
final class MonsterSet implements AutoCloseable {

    private static final List<String> SETTINGS = List.of("cache", "lock", "manifests", "data");

    private final Path folder;

    MonsterSet(Path folder) throws Exception {
        this.folder = folder;
        for (String setting : SETTINGS) {
            System.setProperty("memoria." + setting, folder.resolve(setting).toString());
        }
        Files.createDirectories(folder.resolve("manifests"));
        Files.createDirectories(folder.resolve("data/monsters"));
        describe("\"picture\": \"image\"", "null");
    }

    Path table() {
        return folder.resolve("data/monsters/train.parquet");
    }

    /** Writes the manifest: where pictures are, and how many rows. */
    void describe(String field, String count) throws Exception {
        Files.writeString(
                folder.resolve("manifests/monsters.json"),
                ("{\"name\": \"monsters\", \"kind\": \"data\", \"title\": \"Monsters\", \"licence\": \"none\", \"terms\": \"Tests only.\","
                                + " \"files\": [{\"name\": \"train.parquet\", \"mirrors\": []}],"
                                + " \"images\": {\"list\": \"train.parquet\", %s, \"caption\": \"text\", \"count\": %s}}")
                        .formatted(field, count));
    }

    /** Forgets which copy of the table was trusted on first use. */
    void distrust() throws Exception {
        Files.deleteIfExists(folder.resolve("lock"));
    }

    @Override
    public void close() {
        SETTINGS.forEach(setting -> System.clearProperty("memoria." + setting));
    }
}
