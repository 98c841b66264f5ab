package memoria.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import memoria.json.Json;
import memoria.torch.Tensors;

/**
 * What torchvision's networks answer, recorded in float64 by {@code reference/nets.py}, which lies beside the numbers, and the formula that both
 * sides fill weights and images with.
 */
final class ReferenceNets {

    private ReferenceNets() {}

    static JsonObject read() {
        try (InputStream in = ReferenceNets.class.getResourceAsStream("/reference/nets.json")) {
            return Json.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8))
                    .getAsJsonObject();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    static double[] doubles(JsonElement list) {
        return Json.elements(list.getAsJsonArray()).mapToDouble(JsonElement::getAsDouble).toArray();
    }

    /** FNV-1a of a name: where its numbers begin. */
    private static int start(String name) {
        int h = 0x811c9dc5;
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            h = (h ^ (b & 0xff)) * 16777619;
        }
        return h;
    }

    /** A step an element, murmur3's finalizer, and the upper 24 bits as a number of [-1, 1). */
    private static double mixed(int start, int element) {
        int h = start + element * 0x9e3779b1;
        h ^= h >>> 16;
        h *= 0x85ebca6b;
        h ^= h >>> 13;
        h *= 0xc2b2ae35;
        h ^= h >>> 16;
        return (h >>> 8) / 8388608.0 - 1;
    }

    static NDArray fill(NDManager manager, String name, double scale, double shift, Shape shape) {
        int start = start(name);
        float[] values = new float[Math.toIntExact(shape.size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (mixed(start, i) * scale + shift);
        }
        return Tensors.of(manager, values, shape);
    }

    /** As the script's: the kind of a parameter is told by its name. */
    static NDArray weight(NDManager manager, String name, Shape shape) {
        if (name.endsWith("running_var")) {
            return fill(manager, name, 0.5, 1, shape);
        }
        if (name.endsWith("bn.weight")) {
            return fill(manager, name, 0.25, 1, shape);
        }
        if (name.endsWith("bias") || name.endsWith("running_mean")) {
            return fill(manager, name, 0.1, 0, shape);
        }
        return fill(manager, name, Math.sqrt(6 / (shape.size() / (double) shape.get(0))), 0, shape);
    }

    static Shape shape(JsonElement sizes) {
        return new Shape(
                Json.elements(sizes.getAsJsonArray()).mapToLong(JsonElement::getAsLong).toArray());
    }

    /** The published names and shapes, as the script lists them. */
    static Map<String, Shape> shapes(JsonObject state) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        state.keySet().forEach(name -> shapes.put(name, shape(state.get(name))));
        return shapes;
    }

    static double norm(float[] values) {
        return Math.sqrt(
                IntStream.range(0, values.length)
                        .mapToDouble(i -> (double) values[i] * values[i])
                        .sum());
    }

    /**
     * The gradient with respect to the images: its length, its first eight numbers and its last eight.
     *
     * @param share of their root mean square that they may differ by: the deeper a network, the more ReLUs turn over in float32 that are on
     *     the other side in float64, and a part of the gradient goes with each
     */
    static void assertGradient(float[] ours, JsonObject theirs, double share) {
        double norm = theirs.get("norm").getAsDouble();
        assertThat(norm(ours)).isCloseTo(norm, within(1e-3 * norm));
        double[] first = doubles(theirs.get("first"));
        double[] last = doubles(theirs.get("last"));
        // In float32 some ReLUs turn over that are on the other side in float64, and a part of the
        // gradient goes with each.
        double tolerance = 5e-3 * norm / Math.sqrt(ours.length);
        for (int i = 0; i < first.length; i++) {
            assertThat((double) ours[i]).isCloseTo(first[i], within(tolerance));
            int end = ours.length - last.length + i;
            assertThat((double) ours[end]).isCloseTo(last[i], within(tolerance));
        }
    }
}
