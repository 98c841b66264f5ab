package memoria.checkpoint;

import ai.djl.ndarray.types.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Element types of a safetensors file and the tensors they become. */
enum Dtype {
    F64(8, DataType.FLOAT64),
    F32(4, DataType.FLOAT32),
    F16(2, DataType.FLOAT16),
    /** The upper half of a float32; the engine cannot hold it, so it is widened, without loss. */
    BF16(2, DataType.FLOAT32) {
        @Override
        ByteBuffer decode(ByteBuffer stored) {
            ByteBuffer wide =
                    ByteBuffer.allocate(Math.multiplyExact(2, stored.remaining()))
                            .order(ByteOrder.nativeOrder());
            while (stored.hasRemaining()) {
                wide.putInt(stored.getShort() << 16);
            }
            return wide.flip();
        }
    },
    I64(8, DataType.INT64),
    I32(4, DataType.INT32),
    I16(2, DataType.INT16),
    I8(1, DataType.INT8),
    U8(1, DataType.UINT8),
    BOOL(1, DataType.BOOLEAN) {
        @Override
        ByteBuffer decode(ByteBuffer stored) {
            // Any other byte than 0 and 1 is undefined behaviour in native code.
            for (int i = stored.position(); i < stored.limit(); i++) {
                stored.put(i, (byte) (stored.get(i) == 0 ? 0 : 1));
            }
            return stored;
        }
    };

    final int bytes;
    final DataType type;

    Dtype(int bytes, DataType type) {
        this.bytes = bytes;
        this.type = type;
    }

    /** Stored bytes, little-endian, as the tensor's bytes. */
    ByteBuffer decode(ByteBuffer stored) {
        return stored;
    }

    /** The type that stores a tensor, or null. */
    static Dtype of(DataType type) {
        for (Dtype dtype : values()) {
            if (dtype.type == type && dtype != BF16) {
                return dtype;
            }
        }
        return null;
    }
}
