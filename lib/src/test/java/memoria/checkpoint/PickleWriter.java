package memoria.checkpoint;

import ai.djl.ndarray.NDArray;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Instructions of a pickle, one after another. */
final class PickleWriter {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    byte[] bytes() {
        return out.toByteArray();
    }

    PickleWriter raw(String latin1) {
        out.writeBytes(latin1.getBytes(StandardCharsets.ISO_8859_1));
        return this;
    }

    /** A class or function. */
    PickleWriter global(String module, String name) {
        return raw("c" + module + "\n" + name + "\n");
    }

    PickleWriter text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        raw("X").integer(bytes.length);
        out.writeBytes(bytes);
        return this;
    }

    PickleWriter bytes(byte[] bytes) {
        raw("B").integer(bytes.length);
        out.writeBytes(bytes);
        return this;
    }

    PickleWriter number(long value) {
        raw("J").integer(Math.toIntExact(value));
        return this;
    }

    PickleWriter number(double value) {
        raw("G");
        out.writeBytes(ByteBuffer.allocate(8).putDouble(value).array());
        return this;
    }

    PickleWriter emptyDictionary() {
        return global("collections", "OrderedDict").raw(")R");
    }

    /** The reference that torch.save writes for a storage. */
    PickleWriter storage(String key, long count) {
        raw("(").text("storage").global("torch", "FloatStorage").text(key).text("cpu");
        return number(count).raw("tQ");
    }

    /** What follows a tensor's function and its storage, up to its making. */
    PickleWriter view(NDArray tensor) {
        long[] shape = tensor.getShape().getShape();
        raw("K\0(");
        for (long size : shape) {
            number(size);
        }
        raw("t(");
        for (int axis = 0; axis < shape.length; axis++) {
            long stride = 1;
            for (int inner = axis + 1; inner < shape.length; inner++) {
                stride *= shape[inner];
            }
            number(stride);
        }
        return raw("t\u0089").emptyDictionary().raw("tR");
    }

    private void integer(int value) {
        out.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
    }
}
