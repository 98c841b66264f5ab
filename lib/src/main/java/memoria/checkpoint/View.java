package memoria.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import memoria.torch.Tensors;

/** A tensor that is a view of a storage: sizes, strides and an offset, which a file may state as it likes. */
final class View {

    private static final int MOST_AXES = 32;
    private static final long LARGEST = 1 << 30;

    private View() {}

    /**
     * The memory that the tensor of a view takes.
     *
     * @return its bytes, at most 1 GiB
     * @throws Pickle.Refused if it is larger or reaches beyond its storage
     */
    static long bytes(String name, Pickle.Tensor view) {
        int axes = view.shape().length;
        long last = view.offset();
        long elements = 1;
        boolean legal = last >= 0 && axes <= MOST_AXES && axes == view.stride().length;
        for (int axis = 0; legal && axis < axes; axis++) {
            long size = view.shape()[axis];
            long stride = view.stride()[axis];
            legal = size >= 0 && stride >= 0 && size <= LARGEST && stride <= LARGEST;
            elements = legal ? elements * size : 0;
            last += legal ? Math.max(0, size - 1) * stride : 0;
            legal &= elements * view.storage().type().bytes <= LARGEST;
            legal &= last <= Integer.MAX_VALUE;
        }
        if (!legal || elements > 0 && last >= view.storage().count()) {
            throw new Pickle.Refused(
                    "the tensor '" + name + "' lies outside its storage; the file is damaged");
        }
        return elements * view.storage().type().bytes;
    }

    /**
     * The tensor of a view.
     *
     * @param stored bytes of its storage
     * @return its own copy, in row-major order
     * @throws Pickle.Refused if the storage is shorter than it was said to be
     */
    static NDArray load(NDManager manager, String name, Pickle.Tensor view, byte[] stored) {
        Dtype type = view.storage().type();
        int bytes = (int) bytes(name, view);
        if (stored.length < view.storage().count() * type.bytes) {
            throw new Pickle.Refused("it is truncated inside the storage of '" + name + "'");
        }
        ByteBuffer row;
        if (bytes == 0) {
            row = ByteBuffer.allocate(0);
        } else if (together(view)) {
            row = ByteBuffer.wrap(stored, (int) view.offset() * type.bytes, bytes).slice();
        } else {
            row = ByteBuffer.allocate(bytes);
            copy(stored, view, type.bytes, 0, view.offset(), row);
            row.flip();
        }
        NDArray tensor =
                Tensors.of(
                        manager,
                        type.decode(row.order(ByteOrder.LITTLE_ENDIAN)),
                        new Shape(view.shape()),
                        type.type);
        tensor.setName(name);
        return tensor;
    }

    /** Whether the numbers lie in row-major order already. */
    private static boolean together(Pickle.Tensor view) {
        long expected = 1;
        for (int axis = view.shape().length - 1; axis >= 0; axis--) {
            if (view.shape()[axis] != 1 && view.stride()[axis] != expected) {
                return false;
            }
            expected *= view.shape()[axis];
        }
        return true;
    }

    /** Numbers of a view in row-major order, wherever they lie in the storage. */
    private static void copy(
            byte[] stored, Pickle.Tensor view, int each, int axis, long at, ByteBuffer into) {
        if (axis == view.shape().length) {
            into.put(stored, (int) at * each, each);
            return;
        }
        for (long i = 0; i < view.shape()[axis]; i++) {
            copy(stored, view, each, axis + 1, at + i * view.stride()[axis], into);
        }
    }
}
