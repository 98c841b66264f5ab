package memoria.stablediffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** CLIP's tokenizer in Hugging Face's files. */
class TokenizerFolderTest {

    private static final Tokenizer WORDS =
            Tokenizer.learn(List.of("a small red square, caf\u00e9"), 6, 10);

    @TempDir Path folder;

    private void write(String name, String text) throws IOException {
        Files.writeString(folder.resolve(name), text);
    }

    private void whole() throws IOException {
        write("merges.txt", "#version: 0.2\n" + String.join("\n", WORDS.merges()) + "\n\n");
        write("vocab.json", vocabulary().toString());
        write("tokenizer_config.json", "{\"model_max_length\": 10}");
    }

    private static JsonObject vocabulary() {
        JsonObject all = new JsonObject();
        WORDS.symbols().forEach(symbol -> all.addProperty(symbol, all.size()));
        return all;
    }

    @Test
    void promptsHaveTheSameNumbers() throws IOException {
        whole();
        Tokenizer read = TokenizerFolder.read(folder);
        for (String prompt : List.of("a small red square", "CAF\u00c9 12!", "")) {
            assertThat(read.ids(prompt)).isEqualTo(WORDS.ids(prompt));
        }
        assertThat(read.length()).isEqualTo(10);
    }

    @Test
    void aLengthThatIsNotStatedOrMeansAnyIsClips() throws IOException {
        whole();
        for (String config : List.of("{}", "{\"model_max_length\": 1e30}")) {
            write("tokenizer_config.json", config);
            assertThat(TokenizerFolder.read(folder).length()).isEqualTo(77);
        }
        Files.delete(folder.resolve("tokenizer_config.json"));
        Files.delete(folder.resolve("vocab.json"));
        assertThat(TokenizerFolder.read(folder).length()).isEqualTo(77);
        assertThat(TokenizerFolder.isOne(folder)).isTrue();
        assertThat(TokenizerFolder.isOne(folder.resolve("nowhere"))).isFalse();
    }

    @Test
    void anotherTokenizersFilesAreNamed() throws IOException {
        whole();
        JsonObject swapped = vocabulary();
        swapped.addProperty("!", 1);
        swapped.addProperty("\"", 0);
        write("vocab.json", swapped.toString());
        refused("vocab.json", "gives '!' the number 1", "gives it 0");
        write("vocab.json", "{\"a\": 0}");
        refused("vocab.json", "has 1 tokens", "has " + WORDS.size());
        write("vocab.json", "[]");
        refused("vocab.json", "is not a JSON object");
        whole();
        for (String length : List.of("1", "7.5", "\"77\"", "-1")) {
            write("tokenizer_config.json", "{\"model_max_length\": " + length + "}");
            refused("tokenizer_config.json", "model_max_length: " + length, "at least 2");
        }
        whole();
        write("merges.txt", "a b c\n");
        refused("merges.txt", "a b c");
        Files.write(folder.resolve("merges.txt"), new byte[] {(byte) 0xC3, '('});
        refused("merges.txt", "not UTF-8");
    }

    private void refused(String... parts) {
        var thrown =
                assertThatThrownBy(() -> TokenizerFolder.read(folder))
                        .isInstanceOf(IllegalArgumentException.class);
        for (String part : parts) {
            thrown.hasMessageContaining(part);
        }
    }
}
