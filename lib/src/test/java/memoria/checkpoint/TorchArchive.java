package memoria.checkpoint;

import ai.djl.ndarray.NDArray;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Writes state dictionaries as {@code torch.save} does: an archive of stored entries, one pickle and one entry per tensor. */
public final class TorchArchive {

    private TorchArchive() {}

    /** Writes float32 tensors. */
    public static void write(Path file, Map<String, NDArray> tensors) throws IOException {
        PickleWriter pickle = new PickleWriter().raw("\u0080\u0002");
        archive(file, dictionary(pickle, tensors).raw("."), tensors);
    }

    /** Writes float32 tensors as Stable Diffusion's training left them: a {@code state_dict} beside a note of the trainer's. */
    public static void writeTrained(Path file, Map<String, NDArray> tensors) throws IOException {
        PickleWriter pickle =
                new PickleWriter()
                        .raw("\u0080\u0002}(")
                        .text("callbacks")
                        .raw("}")
                        .global("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint")
                        .raw("}s")
                        .text("state_dict");
        archive(file, dictionary(pickle, tensors).raw("u."), tensors);
    }

    private static PickleWriter dictionary(PickleWriter pickle, Map<String, NDArray> tensors) {
        pickle.emptyDictionary().raw("(");
        int count = 0;
        for (Map.Entry<String, NDArray> entry : tensors.entrySet()) {
            NDArray tensor = entry.getValue();
            pickle.text(entry.getKey())
                    .global("torch._utils", "_rebuild_tensor_v2")
                    .raw("(")
                    .storage("" + count++, tensor.size())
                    .view(tensor);
        }
        return pickle.raw("u");
    }

    private static void archive(Path file, PickleWriter pickle, Map<String, NDArray> tensors)
            throws IOException {
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            put(zip, "archive/data.pkl", pickle.bytes());
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
}
