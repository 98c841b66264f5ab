package memoria.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SafeTensorsTest {

    @TempDir Path folder;
    private final NDManager manager = Torch.manager();

    @AfterEach
    void free() {
        manager.close();
    }

    @Test
    void everyTypeAndShapeComesBackAsItWas() {
        NDArray base = Tensors.of(manager, new float[] {0, 1, -2.5f, 3, 1e-8f, 7}, new Shape(2, 3));
        Map<String, NDArray> tensors = new LinkedHashMap<>();
        for (DataType type :
                new DataType[] {
                    DataType.FLOAT64,
                    DataType.FLOAT32,
                    DataType.FLOAT16,
                    DataType.INT64,
                    DataType.INT32,
                    DataType.INT8,
                    DataType.BOOLEAN
                }) {
            tensors.put("t." + type, base.toType(type, true));
        }
        tensors.put("u8", manager.create(new byte[] {0, 1, -1}, new Shape(3)).duplicate());
        tensors.put("scalar", Tensors.of(manager, new float[] {42}, new Shape()));
        tensors.put("empty", manager.zeros(new Shape(0, 4)));
        tensors.put("transposed", base.transpose());
        tensors.put("name \"with\" \u00fcmlaut\n", base);
        Map<String, String> metadata = Map.of("recipe", "{\"a\": [1, 2]}", "\u03b1", "");
        Path file = folder.resolve("t.safetensors");
        SafeTensors.write(file, tensors, metadata);

        SafeTensors read = SafeTensors.read(file);
        assertThat(read.metadata()).isEqualTo(metadata);
        assertThat(read.shapes()).containsOnlyKeys(tensors.keySet());
        Map<String, NDArray> loaded = read.tensors(manager);
        tensors.forEach(
                (name, tensor) -> {
                    NDArray other = loaded.get(name);
                    assertThat(other.getShape()).as(name).isEqualTo(tensor.getShape());
                    assertThat(other.getDataType()).as(name).isEqualTo(tensor.getDataType());
                    assertThat(other.toByteArray()).as(name).isEqualTo(tensor.toByteArray());
                    assertThat(read.type(name)).isEqualTo(tensor.getDataType());
                    assertThat(read.tensor(manager, name).toByteArray())
                            .isEqualTo(other.toByteArray());
                });
        assertThat(loaded.get("transposed").toFloatArray())
                .containsExactly(0, 3, 1, 1e-8f, -2.5f, 7);
    }

    @Test
    void theSameContentMakesTheSameFileWithAlignedTensors() throws IOException {
        NDArray wide = Tensors.of(manager, new double[] {1, 2}, new Shape(2));
        NDArray narrow = manager.create(new byte[] {1, 2, 3}, new Shape(3)).duplicate();
        Map<String, NDArray> one = new LinkedHashMap<>();
        one.put("b", narrow);
        one.put("a", wide);
        Map<String, NDArray> two = new LinkedHashMap<>();
        two.put("a", wide);
        two.put("b", narrow);
        Path first = folder.resolve("1");
        Path second = folder.resolve("2");
        SafeTensors.write(first, one, Map.of("k", "v", "j", "w"));
        SafeTensors.write(second, two, Map.of("j", "w", "k", "v"));
        assertThat(first).hasSameBinaryContentAs(second);
        byte[] bytes = Files.readAllBytes(first);
        long header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        assertThat(header % 8).isZero();
        assertThat(
                        ByteBuffer.wrap(bytes, (int) header + 8, 8)
                                .order(ByteOrder.LITTLE_ENDIAN)
                                .getDouble())
                .isEqualTo(1);
    }

    @Test
    void bfloat16IsWidenedWithoutLoss() throws IOException {
        byte[] data = {(byte) 0x80, 0x3f, 0x20, (byte) 0xc0};
        Path file = file("{'a':{'dtype':'BF16','shape':[2],'data_offsets':[0,4]}}", data);
        SafeTensors read = SafeTensors.read(file);
        assertThat(read.type("a")).isEqualTo(DataType.FLOAT32);
        assertThat(read.tensor(manager, "a").toFloatArray()).containsExactly(1, -2.5f);
    }

    @Test
    void everyNonZeroByteIsTrue() throws IOException {
        Path file =
                file(
                        "{'a':{'dtype':'BOOL','shape':[3],'data_offsets':[0,3]}}",
                        new byte[] {0, 2, -1});
        assertThat(SafeTensors.read(file).tensor(manager, "a").toBooleanArray())
                .containsExactly(false, true, true);
    }

    @Test
    void aFileIsReadableThoughTheThreadIsInterrupted() {
        Path file = folder.resolve("f");
        Thread.currentThread().interrupt();
        SafeTensors.write(file, Map.of("a", Tensors.of(manager, 1f, 2f)), Map.of());
        NDArray a = SafeTensors.read(file).tensor(manager, "a");
        assertThat(Thread.interrupted()).isTrue();
        assertThat(a.toFloatArray()).containsExactly(1, 2);
    }

    /** A file from a header, written with single quotes, and data. */
    private Path file(String header, byte[] data) throws IOException {
        return Files.write(folder.resolve("x.safetensors"), bytes(header, data));
    }

    private static byte[] bytes(String header, byte[] data) throws IOException {
        byte[] json = header.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
        var out = new ByteArrayOutputStream();
        out.write(
                ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).array());
        out.write(json);
        out.write(data);
        return out.toByteArray();
    }

    private static String f32(String name, String shape, long begin, long end) {
        return "'%s':{'dtype':'F32','shape':%s,'data_offsets':[%d,%d]}"
                .formatted(name, shape, begin, end);
    }

    private static byte[] length(long length, int following) {
        return ByteBuffer.allocate(8 + following)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(length)
                .array();
    }

    static Stream<Arguments> bad() throws IOException {
        byte[] eight = new byte[8];
        String ok = f32("a", "[2]", 0, 8);
        byte[] invalid = bytes("{'?':1}", eight);
        invalid[10] = (byte) 0xff;
        byte[] zip = new byte[40];
        zip[0] = 'P';
        zip[1] = 'K';
        return Stream.of(
                bad("it is truncated: 0 bytes", new byte[0]),
                bad("it is truncated: 7 bytes", new byte[7]),
                bad("announces a header of 1000 bytes and holds 0", length(1000, 0)),
                bad("header of 18446744073709551615 bytes", length(-1, 10)),
                bad("header of 100000001 bytes", length(100_000_001, 10)),
                bad("2 to 100000000 are legal", length(0, 10)),
                bad("perhaps a PyTorch checkpoint", zip),
                bad("its header is not JSON", bytes("\u0089PNG and more of it", eight)),
                bad("not UTF-8", invalid),
                bad("not the JSON", "{" + ok, eight),
                bad("not the JSON", "{a:1}", eight),
                bad("not the JSON", "{'a':[]}", eight),
                bad("not the JSON", "{'a':{'dtype':{},'shape':[2],'data_offsets':[0,8]}}", eight),
                bad("not the JSON of this format: line 1 column ", "{" + ok + "} {", eight),
                bad("lacks dtype", "{'a':{'shape':[2],'data_offsets':[0,8]}}", eight),
                bad("lacks dtype", "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0]}}", eight),
                bad(
                        "unknown type 'F8_E4M3'",
                        "{'a':{'dtype':'F8_E4M3','shape':[8],'data_offsets':[0,8]}}",
                        eight),
                bad("the name 'a' comes twice", "{" + ok + "," + ok + "}", eight),
                bad(
                        "takes 12 bytes, its data_offsets are 0 to 8",
                        "{" + f32("a", "[3]", 0, 8) + "}",
                        eight),
                bad("its data_offsets are 8 to 0", "{" + f32("a", "[2]", 8, 0) + "}", eight),
                bad("is negative: -2", "{" + f32("a", "[-2,-1]", 0, 8) + "}", eight),
                bad("is negative: -8", "{" + f32("a", "[2]", -8, 0) + "}", eight),
                bad("not a whole number", "{" + f32("a", "[2.5]", 0, 8) + "}", eight),
                bad("not a whole number", "{" + f32("a", "[1e300]", 0, 8) + "}", eight),
                bad(
                        "does not fit into 64 bits",
                        "{" + f32("a", "[4294967296,4294967296]", 0, 8) + "}",
                        eight),
                bad(
                        "'b' overlaps the one before it: it begins at byte 4 instead of 8",
                        "{" + ok + "," + f32("b", "[1]", 4, 8) + "}",
                        eight),
                bad("'a' leaves a gap before it", "{" + f32("a", "[1]", 4, 8) + "}", eight),
                bad("4 bytes follow the last tensor", "{" + f32("a", "[1]", 0, 4) + "}", eight),
                bad(
                        "the file is truncated: tensor 'a' ends at byte 12 of the data, but there are 8",
                        "{" + f32("a", "[3]", 0, 12) + "}",
                        eight),
                bad("'k' is not a string", "{'__metadata__':{'k':1}," + ok + "}", eight),
                bad("'k' comes twice", "{'__metadata__':{'k':'','k':''}," + ok + "}", eight),
                bad("two __metadata__", "{'__metadata__':{},'__metadata__':{}," + ok + "}", eight));
    }

    private static Arguments bad(String reason, byte[] content) {
        return arguments(reason, content);
    }

    private static Arguments bad(String reason, String header, byte[] data) throws IOException {
        return arguments(reason, bytes(header, data));
    }

    @ParameterizedTest(name = "[{index}] {0}")
    @MethodSource("bad")
    void aBadFileIsNamedWithTheReason(String reason, byte[] content) throws IOException {
        Path file = Files.write(folder.resolve("x.safetensors"), content);
        assertThatThrownBy(() -> SafeTensors.read(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("file: " + file)
                .hasMessageContaining(reason);
    }

    @Test
    void missingFilesAndTensorsAreNamed() throws IOException {
        assertThatThrownBy(() -> SafeTensors.read(folder.resolve("none")))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("no such file");
        Path file = file("{" + f32("a", "[2]", 0, 8) + "}", new byte[8]);
        SafeTensors read = SafeTensors.read(file);
        assertThatThrownBy(() -> read.tensor(manager, "b"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no tensor 'b'; it has [a]");
        Files.write(file, Arrays.copyOf(Files.readAllBytes(file), 60));
        assertThatThrownBy(() -> read.tensors(manager))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("truncated inside tensor 'a'");
    }

    @Test
    void whatTheFormatCannotHoldIsRefusedBeforeWriting() {
        Path file = folder.resolve("f");
        NDArray a = Tensors.of(manager, 1f, 2f);
        Map<String, String> nothing = new LinkedHashMap<>();
        nothing.put("k", null);
        assertThatThrownBy(() -> SafeTensors.write(file, Map.of("__metadata__", a), Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("__metadata__");
        assertThatThrownBy(() -> SafeTensors.write(file, Map.of("a", a), nothing))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'k' is null");
        assertThat(file).doesNotExist();
    }

    @Test
    void mutatedFilesAreReadOrRefusedNeverAnythingElse() throws IOException {
        Path file = folder.resolve("f");
        Map<String, NDArray> tensors =
                Map.of(
                        "layer.weight", Tensors.of(manager, new float[12], new Shape(3, 4)),
                        "layer.bias", Tensors.of(manager, new double[5], new Shape(5)),
                        "n", Tensors.of(manager, 7L));
        SafeTensors.write(file, tensors, Map.of("recipe", "none", "seed", "7"));
        byte[] good = Files.readAllBytes(file);
        SplittableRandom random = new SplittableRandom(20);
        int refused = 0;
        for (int trial = 0; trial < 800; trial++) {
            byte[] bad = good.clone();
            for (int change = random.nextInt(1, 4); change > 0; change--) {
                // Mostly the header: the data has nothing to get wrong.
                int at = random.nextInt(random.nextInt(10) == 0 ? bad.length : bad.length - 96);
                bad[at] =
                        random.nextBoolean()
                                ? (byte) random.nextInt(256)
                                : (byte) "0123456789[]{},:\"-e".charAt(random.nextInt(19));
            }
            if (random.nextInt(10) == 0) {
                bad = Arrays.copyOf(bad, random.nextInt(bad.length));
            }
            Files.write(file, bad);
            try (NDManager scratch = manager.newSubManager()) {
                SafeTensors.read(file).tensors(scratch);
            } catch (IllegalArgumentException e) {
                assertThat(e).hasMessageContaining(file.toString());
                refused++;
            }
        }
        assertThat(refused).isBetween(200, 799);
    }
}
