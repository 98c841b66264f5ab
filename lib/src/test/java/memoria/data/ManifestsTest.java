package memoria.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import dev.harrel.jsonschema.Validator;
import dev.harrel.jsonschema.ValidatorFactory;
import dev.harrel.jsonschema.providers.GsonNode;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import memoria.json.Json;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ManifestsTest {

    private static final Path ROOT = Path.of(System.getProperty("memoria.root"));

    private static final Validator VALIDATOR =
            new ValidatorFactory()
                    .withJsonNodeFactory(new GsonNode.Factory())
                    .withDisabledSchemaValidation(false)
                    .createValidator();
    private static final URI SCHEMA = VALIDATOR.registerSchema(Manifests.schema());

    @TempDir Path folder;

    @AfterEach
    void forget() {
        System.clearProperty("memoria.manifests");
    }

    static Stream<String> names() throws IOException {
        try (Stream<Path> files = Files.list(ROOT.resolve("data-manifests"))) {
            return files
                    .map(f -> f.getFileName().toString())
                    .filter(f -> f.endsWith(".json"))
                    .filter(f -> !f.equals("schema.json") && !f.equals("lock.json"))
                    .map(f -> f.replace(".json", ""))
                    .toList()
                    .stream();
        }
    }

    private static String text(String name) throws IOException {
        return Files.readString(ROOT.resolve("data-manifests").resolve(name + ".json"));
    }

    private static List<String> faults(String text) {
        return VALIDATOR.validate(SCHEMA, text).getErrors().stream()
                .map(e -> e.getInstanceLocation() + " " + e.getError())
                .toList();
    }

    @ParameterizedTest
    @MethodSource("names")
    void everyManifestFollowsTheSchema(String name) throws IOException {
        assertThat(faults(text(name))).isEmpty();
        Manifest manifest = Manifests.of(name);
        assertThat(manifest.name()).isEqualTo(name);
        for (String notebook : manifest.notebooks()) {
            assertThat(ROOT.resolve("notebooks").resolve(notebook + ".ipynb")).exists();
        }
        // A file that nothing recognises says so.
        for (ManifestFile file : manifest.files()) {
            boolean admitted =
                    manifest.sources().stream().anyMatch(s -> s.from().contains("first use"));
            assertThat(file.seal().known() || admitted).as(file.name()).isTrue();
        }
    }

    @Test
    void allOfThemAreInTheLibraryAndTheIssuesListIsComplete() throws IOException {
        List<String> all = Manifests.all().stream().map(Manifest::name).toList();
        assertThat(all).containsExactlyElementsOf(names().sorted().toList());
        assertThat(all)
                .contains(
                        "cifar-10",
                        "celeba",
                        "celeba-25000",
                        "celeba-hq-face-identity",
                        "fashion-mnist",
                        "laion-memorized-86",
                        "laion-memorized-500",
                        "laion-aesthetics-6.5",
                        "coco-captions-2017",
                        "tuxemon",
                        "iddpm-cifar10",
                        "ddpm-cifar10-32",
                        "stylegan2-ada-cifar10",
                        "stable-diffusion-v1-4",
                        "stable-diffusion-v1-5",
                        "sscd",
                        "clip-vit-large-patch14",
                        "clip-vocabulary",
                        "inception-fid",
                        "lpips",
                        "lpips-vgg");
    }

    @Test
    void theReadmeNamesThemAll() throws IOException {
        String readme = Files.readString(ROOT.resolve("README.md"));
        assertThat(names().toList()).allMatch(name -> readme.contains("`" + name + "`"));
    }

    private static String changed(Consumer<JsonObject> change) throws IOException {
        JsonObject json = Json.parse(text("cifar-10")).getAsJsonObject();
        change.accept(json);
        return Json.pretty(json);
    }

    private static JsonObject file(JsonObject json) {
        return json.getAsJsonArray("files").get(0).getAsJsonObject();
    }

    /** The schema is no rubber stamp: each of these passes but for one thing. */
    @Test
    void theSchemaRefuses() throws IOException {
        assertThat(faults(changed(json -> {}))).isEmpty();
        List<Consumer<JsonObject>> faulty =
                List.of(
                        json -> json.remove("licence"),
                        json -> json.remove("citation"),
                        json -> json.remove("sources"),
                        json -> json.addProperty("licnece", "MIT"),
                        json -> json.addProperty("name", "../up"),
                        json -> json.addProperty("kind", "thing"),
                        json -> json.getAsJsonObject("access").addProperty("kind", "account"),
                        json -> file(json).addProperty("sha256", "C4A3"),
                        json -> file(json).addProperty("bytes", -1),
                        json -> file(json).addProperty("about", 5),
                        json -> file(json).addProperty("name", "../cifar.tar.gz"),
                        json -> file(json).addProperty("name", "/etc/passwd"),
                        json -> file(json).addProperty("name", "a/../../b"),
                        json -> file(json).getAsJsonObject("unpack").addProperty("format", "rar"),
                        json -> file(json).getAsJsonObject("unpack").remove("atMost"),
                        json -> file(json).getAsJsonArray("mirrors").add("ftp://example.org/x"));
        for (int i = 0; i < faulty.size(); i++) {
            assertThat(faults(changed(faulty.get(i)))).as("change %d", i).isNotEmpty();
        }
    }

    @Test
    void sizesAreKnownBeforeAnythingIsFetched() {
        Manifest cifar = Manifests.of("cifar-10");
        assertThat(cifar.size().bytes()).isEqualTo(170_052_171);
        assertThat(cifar.size()).hasToString("170 MB");
        assertThat(Manifests.of("iddpm-cifar10").size().bytes()).isEqualTo(210_000_000);
        // The second checkpoint is optional, and not counted.
        assertThat(Manifests.of("stable-diffusion-v1-5").size()).hasToString("4.3 GB");
        assertThat(Manifests.of("stylegan2-ada-cifar10").size())
                .hasToString("1 file of unknown size");
    }

    @Test
    void anUnknownNameIsAnsweredWithThoseThereAre() {
        assertThatThrownBy(() -> Manifests.of("cifar10"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no manifest 'cifar10'")
                .hasMessageContaining("cifar-10");
    }

    @Test
    void theReadersOwnManifestsAreFoundAndGoFirst() throws IOException {
        System.setProperty("memoria.manifests", folder.toString());
        Files.writeString(
                folder.resolve("mine.json"),
                "{\"name\": \"mine\", \"title\": \"My pictures\", \"files\": []}");
        Files.writeString(
                folder.resolve("sscd.json"),
                "{\"name\": \"sscd\", \"title\": \"My SSCD\", \"files\": []}");
        assertThat(Manifests.of("mine").title()).isEqualTo("My pictures");
        assertThat(Manifests.of("sscd").title()).isEqualTo("My SSCD");
        Map<String, String> titles =
                Manifests.all().stream().collect(Collectors.toMap(Manifest::name, Manifest::title));
        assertThat(titles).containsEntry("sscd", "My SSCD").containsKeys("mine", "cifar-10");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"name\": \"other\", \"files\": []}",
                "{\"name\": \"mine\", \"files\": [{\"name\": \"../x\"}]}",
                "{\"name\": \"mine\", \"files\": [{\"name\": \"/x\"}]}",
                "{\"name\": \"mine\", \"files\": [{\"name\": \"C:/x\"}]}",
                "{\"name\": \"mine\", \"files\": [{\"name\": \"a\", \"unpack\": {\"format\": \"zip\", \"expect\": [\"../x\"]}}]}",
                "{\"name\": \"mine\"",
                "[]",
                ""
            })
    void aManifestOfTheReadersOwnThatIsNotLegalIsNamed(String text) throws IOException {
        Path file = Files.writeString(folder.resolve("mine.json"), text);
        assertThatThrownBy(() -> Manifests.read(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(file.toString());
    }

    @Test
    void aSubsetFollowsItsRuleAndMustMakeItsNumber() {
        Map<String, String> identities = new HashMap<>();
        for (int i = 1; i <= 40; i++) {
            identities.put(String.format("%06d.jpg", i), i <= 15 ? "a" : i <= 29 ? "b" : "c");
        }
        Subset first = new Subset("celeba", null, 25L, null, 25, "the first 25");
        assertThat(first.select(identities))
                .hasSize(25)
                .startsWith("000001.jpg")
                .endsWith("000025.jpg");
        Subset people = new Subset(null, "ids", null, 14, 29, "14 images each");
        assertThat(Set.copyOf(people.select(identities)))
                .hasSize(29)
                .doesNotContain("000030.jpg", "000040.jpg");
        Subset wrong = new Subset(null, "ids", null, 15, 29, "15 images each");
        assertThatThrownBy(() -> wrong.select(identities))
                .hasMessageContaining("chooses 15 images of 40 instead of 29");
    }
}
