package memoria.torch;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;

/** Copies between Java arrays and tensors. A tensor made here owns its memory; one made by the engine's own {@code create} borrows it. */
public final class Tensors {

    private Tensors() {}

    /**
     * A float32 tensor with a copy of the values.
     *
     * @param manager its owner
     * @param values in row-major order
     * @param shape as many elements as there are values
     * @return the tensor
     * @throws IllegalArgumentException if the counts differ
     */
    public static NDArray of(NDManager manager, float[] values, Shape shape) {
        return copy(manager, FloatBuffer.wrap(values), values.length, shape, DataType.FLOAT32);
    }

    /**
     * A float32 tensor of one dimension.
     *
     * @param manager its owner
     * @param values the values
     * @return the tensor, (values.length)
     */
    public static NDArray of(NDManager manager, float... values) {
        return of(manager, values, new Shape(values.length));
    }

    /**
     * A float64 tensor with a copy of the values.
     *
     * @param manager its owner
     * @param values in row-major order
     * @param shape as many elements as there are values
     * @return the tensor
     * @throws IllegalArgumentException if the counts differ
     */
    public static NDArray of(NDManager manager, double[] values, Shape shape) {
        return copy(manager, DoubleBuffer.wrap(values), values.length, shape, DataType.FLOAT64);
    }

    /**
     * An int64 tensor of one dimension.
     *
     * @param manager its owner
     * @param values the values
     * @return the tensor, (values.length)
     */
    public static NDArray of(NDManager manager, long... values) {
        return copy(
                manager,
                LongBuffer.wrap(values),
                values.length,
                new Shape(values.length),
                DataType.INT64);
    }

    /**
     * A tensor with a copy of raw values in native byte order.
     *
     * @param manager its owner
     * @param bytes from its position on
     * @param shape of the tensor
     * @param type of its elements
     * @return the tensor
     * @throws IllegalArgumentException if the buffer holds another number of bytes than the shape needs
     */
    public static NDArray of(NDManager manager, ByteBuffer bytes, Shape shape, DataType type) {
        long needed = shape.size() * type.getNumOfBytes();
        if (bytes.remaining() != needed) {
            throw new IllegalArgumentException(
                    "bytes: "
                            + bytes.remaining()
                            + " for a tensor "
                            + shape
                            + " of "
                            + type
                            + ", which takes "
                            + needed);
        }
        ByteBuffer direct = ByteBuffer.allocateDirect((int) needed).order(ByteOrder.nativeOrder());
        direct.put(bytes.duplicate()).rewind();
        return own(manager, direct, shape, type);
    }

    /** Writes into a tensor's memory. */
    @FunctionalInterface
    public interface Filler {
        /**
         * Writes every byte.
         *
         * @param memory in native byte order, from its position to its limit
         * @throws IOException if what is written cannot be read
         */
        void fill(ByteBuffer memory) throws IOException;
    }

    /**
     * A tensor whose values are written straight into its memory, without a copy on the Java heap: for what comes from a file. On a GPU they
     * go through one tensor on the CPU.
     *
     * @param manager its owner
     * @param shape of the tensor, at most 2 GiB
     * @param type of its elements
     * @param filler writes them
     * @return the tensor
     * @throws IllegalArgumentException if it is larger
     * @throws IOException if the filler throws it
     */
    public static NDArray filled(NDManager manager, Shape shape, DataType type, Filler filler)
            throws IOException {
        long bytes = shape.size() * type.getNumOfBytes();
        if (bytes > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "shape: " + shape + " of " + type + " takes " + bytes + " bytes, over 2 GiB");
        }
        if (bytes == 0) {
            return manager.create(shape, type);
        }
        if (!manager.getDevice().equals(Device.cpu())) {
            try (NDManager host = manager.newSubManager(Device.cpu());
                    NDArray there = filled(host, shape, type, filler)) {
                NDArray here = there.toDevice(manager.getDevice(), true);
                here.attach(manager);
                return here;
            }
        }
        NDArray tensor = manager.create(shape, type);
        try {
            filler.fill(tensor.toByteBuffer(true).order(ByteOrder.nativeOrder()));
        } catch (IOException | RuntimeException e) {
            tensor.close();
            throw e;
        }
        return tensor;
    }

    /**
     * One value per row, shaped to multiply a batch: (rows, 1, 1, ...).
     *
     * @param manager its owner
     * @param perRow one value per row, rounded to float32
     * @param dimensions of the batch it will meet, at least 1
     * @return the tensor
     */
    public static NDArray column(NDManager manager, double[] perRow, int dimensions) {
        float[] values = new float[perRow.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) perRow[i];
        }
        long[] shape = new long[dimensions];
        java.util.Arrays.fill(shape, 1);
        shape[0] = values.length;
        return of(manager, values, new Shape(shape));
    }

    /**
     * Zeros that take no memory: one number, seen in a shape.
     *
     * @param manager its owner
     * @param shape any
     * @return the tensor, which must not be written to
     */
    public static NDArray spread(NDManager manager, Shape shape) {
        if (shape.dimension() == 0) {
            return manager.zeros(shape);
        }
        // A view keeps the memory of what it sees, here memory of the engine's own.
        try (NDArray zero = manager.full(new Shape(1), 0f)) {
            return zero.broadcast(shape);
        }
    }

    /**
     * A tensor in a precision, in place of one that may have another.
     *
     * @param type {@code FLOAT16}, {@code FLOAT32} or {@code FLOAT64}
     * @param x any shape; closed if it is of another type
     * @return x itself if it is of this type, else a copy
     * @throws IllegalArgumentException if the type is another
     */
    public static NDArray as(DataType type, NDArray x) {
        if (x.getDataType() == type) {
            return x;
        }
        try (x) {
            return Ops.cast(x, type);
        }
    }

    private static NDArray copy(
            NDManager manager, Buffer values, int count, Shape shape, DataType type) {
        if (shape.size() != count) {
            throw new IllegalArgumentException(
                    "shape: "
                            + shape
                            + " has "
                            + shape.size()
                            + " elements, but there are "
                            + count
                            + " values");
        }
        ByteBuffer direct =
                ByteBuffer.allocateDirect(count * type.getNumOfBytes())
                        .order(ByteOrder.nativeOrder());
        if (values instanceof FloatBuffer floats) {
            direct.asFloatBuffer().put(floats);
        } else if (values instanceof DoubleBuffer doubles) {
            direct.asDoubleBuffer().put(doubles);
        } else {
            direct.asLongBuffer().put((LongBuffer) values);
        }
        return own(manager, direct, shape, type);
    }

    /** The engine reads a direct buffer in place until its handle closes, so the copy is made while the handle is open. */
    private static NDArray own(NDManager manager, ByteBuffer direct, Shape shape, DataType type) {
        try (NDArray borrowed = manager.create(direct, shape, type)) {
            return borrowed.duplicate();
        }
    }
}
