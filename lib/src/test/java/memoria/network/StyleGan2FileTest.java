package memoria.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import memoria.checkpoint.NetworkPickle;
import memoria.checkpoint.StyleGanPickle;
import memoria.data.Images;
import memoria.diffusion.Noise;
import memoria.diffusion.Seeds;
import memoria.torch.Scope;
import memoria.torch.Torch;
import org.apache.commons.rng.UniformRandomProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StyleGan2FileTest {

    private static final StyleGan2Config SMALL =
            StyleGan2Config.of(8, 0, 12, 8, 3)
                    .with("mappingLayers", 2)
                    .with("channelBase", 64)
                    .with("channelMax", 12)
                    .with("convClamp", 256.0);

    @TempDir Path folder;

    /** What StyleGAN2-ADA's modules remember of how they were built. */
    private static Map<String, Map<String, Object>> attributes(StyleGan2Config c) {
        Map<String, Object> layer = new HashMap<>();
        layer.put("activation", c.activation().name().toLowerCase(Locale.ROOT));
        layer.put("use_noise", c.useNoise());
        layer.put("conv_clamp", c.convClamp() < 0 ? null : (Object) c.convClamp());
        Map<String, Object> generator = new LinkedHashMap<>();
        generator.put("z_dim", c.zDim());
        generator.put("c_dim", c.cDim());
        generator.put("w_dim", c.wDim());
        generator.put("img_resolution", c.imgResolution());
        generator.put("img_channels", c.imgChannels());
        generator.put(
                "_init_kwargs",
                Map.of(
                        "synthesis_kwargs",
                        Map.of("channel_base", c.channelBase(), "channel_max", c.channelMax())));
        return Map.of(
                "",
                generator,
                "mapping",
                Map.of("num_layers", c.mappingLayers()),
                "mapping.fc0",
                Map.of("bias_gain", c.lrMultiplier()),
                "synthesis.b4",
                Map.of("architecture", c.architecture().name().toLowerCase(Locale.ROOT)),
                "synthesis.b4.conv1",
                layer);
    }

    private static byte[] pickled(StyleGan2 gan) {
        return StyleGanPickle.bytes(gan.params().all(), attributes(gan.config()));
    }

    /** A file of a small generator. */
    static byte[] small() {
        try (StyleGan2 made = fresh(SMALL)) {
            return pickled(made);
        }
    }

    private static StyleGan2 fresh(StyleGan2Config config) {
        return new StyleGan2(config, Params.fresh(Torch.manager(), 7), new JsonObject());
    }

    @ParameterizedTest
    @CsvSource({"SKIP, 0, true", "ORIG, 0, false", "RESNET, 5, true"})
    void aGeneratorIsRebuiltFromItsPickle(String architecture, int classes, boolean noise)
            throws IOException {
        StyleGan2Config config =
                SMALL.with("architecture", architecture)
                        .with("cDim", classes)
                        .with("useNoise", noise);
        Path file = folder.resolve("made.pkl");
        try (StyleGan2 made = fresh(config)) {
            Files.write(file, pickled(made));
            try (StyleGan2 read = StyleGan2File.read(file)) {
                assertThat(read.params().sha256()).isEqualTo(made.params().sha256());
                StyleGan2 one = classes == 0 ? made : made.ofClass(2);
                StyleGan2 other = classes == 0 ? read : read.ofClass(2);
                Images expected = one.sample(Seeds.range(0, 3));
                assertThat(other.sample(Seeds.range(0, 3)).largestDifference(expected)).isZero();
            }
        }
    }

    /** Written by CPython's own pickler from classes of the original names. */
    @ParameterizedTest
    @ValueSource(ints = {3, 4})
    void pythonsPicklesOfBothProtocolsAreRead(int protocol) throws IOException {
        Path file = folder.resolve("python.pkl");
        try (InputStream in =
                NetworkPickle.class.getResourceAsStream("persistence-" + protocol + ".pkl")) {
            Files.copy(in, file);
        }
        NetworkPickle content = NetworkPickle.read(file);
        assertThat(content.networks()).containsExactly("G", "G_ema");
        JsonObject g = content.attributes("G_ema");
        assertThat(g.get("class_name").getAsString()).isEqualTo("Generator");
        assertThat(g.get("act_gain").getAsDouble()).isEqualTo(Math.sqrt(2));
        assertThat(g.getAsJsonObject("_init_kwargs").get("z_dim").getAsInt()).isEqualTo(3);
        try (var manager = Torch.manager()) {
            Map<String, NDArray> tensors = content.tensors(manager, "G_ema");
            assertThat(tensors.get("mapping.fc0.weight").toFloatArray())
                    .containsExactly(1, 2, 3, 4, 5, 6);
            assertThat(tensors.get("mapping.w_avg").toFloatArray()).containsExactly(0.1f, 0.2f);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "os, system",
        "posix, system",
        "builtins, eval",
        "builtins, exec",
        "builtins, getattr",
        "subprocess, Popen",
        "torch_utils.persistence, import_hook",
        "torch, load",
        "dnnlib.util, open_url"
    })
    void hostileNamesAreRefusedByName(String module, String name) throws IOException {
        String call = "c" + module + "\n" + name + "\nX\u0002\0\0\0id\u0085R";
        String stacked =
                "\u008c" + (char) module.length() + module + "\u008c" + (char) name.length();
        for (String how : new String[] {call, stacked + name + "\u0093X\u0002\0\0\0id\u0085R"}) {
            Path file = folder.resolve("evil.pkl");
            String text = "\u0080\u0004}(X\u0005\0\0\0G_ema" + how + "u.";
            Files.write(file, text.getBytes(StandardCharsets.ISO_8859_1));
            assertThatThrownBy(() -> StyleGan2File.read(file))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("evil.pkl")
                    .hasMessageContaining(module + "." + name);
        }
    }

    @Test
    void otherFilesAreNamedWithTheReason() throws IOException {
        Path file = Files.writeString(folder.resolve("text.pkl"), "no pickle");
        assertThatThrownBy(() -> StyleGan2File.read(file))
                .hasMessageContaining("text.pkl")
                .hasMessageContaining("not a pickle");
        Files.write(file, "\u0080\u0003}.".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> StyleGan2File.read(file)).hasMessageContaining("no dictionary");
        try (StyleGan2 made = fresh(SMALL)) {
            Map<String, NDArray> fewer = new LinkedHashMap<>(made.params().all());
            fewer.remove("synthesis.b8.conv0.weight");
            Files.write(file, StyleGanPickle.bytes(fewer, attributes(SMALL)));
            assertThatThrownBy(() -> StyleGan2File.read(file))
                    .hasMessageContaining("text.pkl")
                    .hasMessageContaining("synthesis.b8.conv0.weight");
        }
    }

    /** {@code -Dmutations=10000} for the long run. */
    @Test
    void damageIsNeverWorseThanTheDocumentedException() throws IOException {
        byte[] whole;
        try (StyleGan2 made = fresh(SMALL)) {
            whole = pickled(made);
        }
        UniformRandomProvider random = Noise.generator("mutations pkl", 1, 0);
        Path file = folder.resolve("mutated.pkl");
        for (int i = 0; i < Integer.getInteger("mutations", 100); i++) {
            byte[] bytes = whole.clone();
            for (int change = 0; change <= random.nextInt(3); change++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            if (random.nextInt(5) == 0) {
                bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
            }
            Files.write(file, bytes);
            try {
                Scope.run(() -> StyleGan2File.read(file).close());
            } catch (IllegalArgumentException documented) {
                assertThat(documented).hasMessageContaining("mutated.pkl");
            }
        }
    }
}
