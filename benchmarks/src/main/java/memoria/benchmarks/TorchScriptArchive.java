package memoria.benchmarks;

import ai.djl.ndarray.NDArray;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** A TorchScript file with one class {@code Net} and its float32 attributes, as {@code torch.jit.save} would write it. */
final class TorchScriptArchive {

    private TorchScriptArchive() {}

    /** The attribute that holds the i-th tensor. */
    static String name(int i) {
        return "p" + i;
    }

    /** The file's bytes. */
    static byte[] of(String source, List<NDArray> attributes) {
        var bytes = new ByteArrayOutputStream();
        try (var zip = new ZipOutputStream(bytes)) {
            put(zip, "data.pkl", pickle(attributes));
            put(zip, "code/__torch__.py", source.getBytes(StandardCharsets.UTF_8));
            put(zip, "constants.pkl", latin1("\u0080\u0002)."));
            put(zip, "version", latin1("3\n"));
            for (int i = 0; i < attributes.size(); i++) {
                put(zip, "data/" + i, raw(attributes.get(i)));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static void put(ZipOutputStream zip, String entry, byte[] content) throws IOException {
        zip.putNextEntry(new ZipEntry("net/" + entry));
        zip.write(content);
        zip.closeEntry();
    }

    private static byte[] latin1(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] raw(NDArray tensor) {
        float[] values = tensor.toFloatArray();
        ByteBuffer buffer = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        buffer.asFloatBuffer().put(values);
        return buffer.array();
    }

    /** Pickle protocol 2: an object of the class, whose state maps each attribute to a tensor rebuilt from its storage. */
    private static byte[] pickle(List<NDArray> attributes) {
        var out = new ByteArrayOutputStream();
        write(out, "\u0080\u0002c__torch__\nNet\n)\u0081}(");
        for (int i = 0; i < attributes.size(); i++) {
            NDArray tensor = attributes.get(i);
            long[] shape = tensor.getShape().getShape();
            long[] strides = new long[shape.length];
            for (int axis = shape.length - 1, step = 1; axis >= 0; axis--) {
                strides[axis] = step;
                step *= (int) shape[axis];
            }
            text(out, name(i));
            write(out, "ctorch._utils\n_rebuild_tensor_v2\n((");
            text(out, "storage");
            write(out, "ctorch\nFloatStorage\n");
            text(out, Integer.toString(i));
            text(out, "cpu");
            number(out, tensor.size());
            write(out, "tQ");
            number(out, 0);
            tuple(out, shape);
            tuple(out, strides);
            // No gradient, no hooks.
            write(out, "\u0089ccollections\nOrderedDict\n)RtR");
        }
        write(out, "ub.");
        return out.toByteArray();
    }

    private static void write(ByteArrayOutputStream out, String opcodes) {
        out.writeBytes(latin1(opcodes));
    }

    private static void text(ByteArrayOutputStream out, String ascii) {
        write(out, "X");
        little(out, ascii.length());
        write(out, ascii);
    }

    private static void number(ByteArrayOutputStream out, long value) {
        write(out, "J");
        little(out, Math.toIntExact(value));
    }

    private static void tuple(ByteArrayOutputStream out, long[] values) {
        write(out, "(");
        for (long value : values) {
            number(out, value);
        }
        write(out, "t");
    }

    private static void little(ByteArrayOutputStream out, int value) {
        ByteBuffer four = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
        out.writeBytes(four.putInt(value).array());
    }
}
