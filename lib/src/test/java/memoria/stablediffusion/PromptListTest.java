package memoria.stablediffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PromptListTest {

    @TempDir Path folder;

    @AfterEach
    void forget() {
        System.clearProperty("memoria.manifests");
        System.clearProperty("memoria.data");
    }

    @Test
    void aFileHasAPromptALine() throws IOException {
        Path file = Files.writeString(folder.resolve("p.txt"), "a red disc \n\n  a green square\n");
        assertThat(PromptList.of(file.toString())).containsExactly("a red disc", "a green square");
    }

    @Test
    void aPublishedListGivesItsCaptionsWithoutItsPictures() throws IOException {
        Path here = Files.createDirectories(folder.resolve("data/sets"));
        Files.writeString(
                here.resolve("list.jsonl"),
                """
                {"url": "http://127.0.0.1:1/a.jpg", "caption": "one"}
                {"url": "http://127.0.0.1:1/b.jpg", "caption": ""}
                {"url": "http://127.0.0.1:1/c.jpg", "caption": "three"}
                """);
        Path own = Files.createDirectories(folder.resolve("manifests"));
        Files.writeString(
                own.resolve("sets.json"),
                "{\"name\": \"sets\", \"kind\": \"data\", \"files\": [{\"name\": \"list.jsonl\", \"mirrors\": [], \"bytes\": "
                        + Files.size(here.resolve("list.jsonl"))
                        + "}], \"images\": {\"list\": \"list.jsonl\", \"url\": \"url\", \"caption\": \"caption\", \"count\": 3}}");
        System.setProperty("memoria.manifests", own.toString());
        System.setProperty("memoria.data", folder.resolve("data").toString());
        System.setProperty("memoria.lock", folder.resolve("lock.json").toString());
        try {
            assertThat(PromptList.of("sets")).containsExactly("one", "three");
        } finally {
            System.clearProperty("memoria.lock");
        }
    }

    @Test
    void whatHasNoPromptsIsNamed() throws IOException {
        assertThatThrownBy(() -> PromptList.of("laion-memorised"))
                .hasMessageContaining("no prompts 'laion-memorised'")
                .hasMessageContaining("laion-memorized-500");
        assertThatThrownBy(() -> PromptList.of("cifar-10"))
                .hasMessageContaining("'cifar-10' has no list of captioned pictures");
        Path empty = Files.writeString(folder.resolve("e.txt"), " \n");
        assertThatThrownBy(() -> PromptList.of("" + empty)).hasMessageContaining("no prompt");
        Path latin = folder.resolve("l.txt");
        Files.write(latin, "caf\u00e9".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> PromptList.of("" + latin)).hasMessageContaining("not UTF-8");
    }
}
