package memoria.checkpoint;

import ai.djl.ndarray.NDArray;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Writes state dictionaries as {@code torch.save} does: an archive of stored entries, one pickle and one entry per tensor. */
public final class TorchArchive {

    private final ByteArrayOutputStream pickle = new ByteArrayOutputStream();

    private TorchArchive() {}

    /** Writes float32 tensors. */
    public static void write(Path file, Map<String, NDArray> tensors) throws IOException {
        TorchArchive archive = new TorchArchive();
        byte[] data = archive.dictionary(tensors);
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            put(zip, "archive/data.pkl", data);
            int key = 0;
            for (NDArray tensor : tensors.values()) {
                put(zip, "archive/data/" + key++, tensor.toByteArray());
            }
            put(zip, "archive/version", "3\n".getBytes(StandardCharsets.US_ASCII));
        }
    }

    private static void put(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
        CRC32 crc = new CRC32();
        crc.update(bytes);
        ZipEntry entry = new ZipEntry(name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(bytes.length);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(bytes);
        zip.closeEntry();
    }

    private byte[] dictionary(Map<String, NDArray> tensors) {
        raw("\u0080\u0002ccollections\nOrderedDict\n)R(");
        int key = 0;
        for (Map.Entry<String, NDArray> entry : tensors.entrySet()) {
            text(entry.getKey());
            tensor(entry.getValue(), key++);
        }
        raw("u.");
        return pickle.toByteArray();
    }

    private void tensor(NDArray tensor, int key) {
        long[] shape = tensor.getShape().getShape();
        raw("ctorch._utils\n_rebuild_tensor_v2\n((");
        text("storage");
        raw("ctorch\nFloatStorage\n");
        text("" + key);
        text("cpu");
        number(tensor.size());
        raw("tQK\0(");
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
        raw("t\u0089ccollections\nOrderedDict\n)RtR");
    }

    private void raw(String latin1) {
        pickle.writeBytes(latin1.getBytes(StandardCharsets.ISO_8859_1));
    }

    private void text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        raw("X");
        integer(bytes.length);
        pickle.writeBytes(bytes);
    }

    private void number(long value) {
        raw("J");
        integer(Math.toIntExact(value));
    }

    private void integer(int value) {
        pickle.writeBytes(
                ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
    }
}
