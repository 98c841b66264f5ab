package memoria.badinput;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import memoria.artifact.Spec;
import memoria.artifact.Store;
import memoria.artifact.Work;
import memoria.checkpoint.SafeTensors;
import memoria.data.AtomicFile;
import memoria.data.DataSet;
import memoria.diffusion.NoiseSchedule;
import memoria.models.Models;
import memoria.network.DenoiserFile;
import memoria.network.MlpConfig;
import memoria.network.Params;
import memoria.torch.Ops;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import memoria.training.Recipe;
import memoria.training.Training;

/** Files that are truncated, foreign or damaged, and disks that refuse. */
public final class BadFiles extends BadInput {

    /** Changes tensors and metadata of a good denoiser file. */
    @FunctionalInterface
    private interface Damage {
        void to(Map<String, NDArray> tensors, Map<String, String> metadata);
    }

    private final NDManager manager = Torch.manager();
    private final Path folder;
    private final List<Path> mounted = new ArrayList<>();

    /**
     * The table.
     *
     * @param folder for the files
     * @throws IOException if they cannot be made
     */
    public BadFiles(Path folder) throws IOException {
        this.folder = folder;
        safetensors();
        denoisers();
        dataSets();
        states();
        disks();
    }

    private Path file(String name, byte[] content) throws IOException {
        return Files.write(folder.resolve(name), content);
    }

    private static byte[] headed(String json, int dataBytes) {
        byte[] header = json.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + header.length + dataBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .put(header)
                .array();
    }

    private static byte[] zip(Map<String, byte[]> entries) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                zip.putNextEntry(new ZipEntry(entry.getKey()));
                zip.write(entry.getValue());
            }
        }
        return bytes.toByteArray();
    }

    private void unreadable(String what, byte[] content, String reason) throws IOException {
        Path file = file(what.replace(' ', '-') + ".safetensors", content);
        refused("safetensors: " + what, () -> SafeTensors.read(file), "file: " + file, reason);
        refused("a model: " + what, () -> Models.denoiser(file), "file: " + file, reason);
    }

    private void safetensors() throws IOException {
        Path good = folder.resolve("good.safetensors");
        SafeTensors.write(good, Map.of("w", Tensors.of(manager, 1, 2, 3)), Map.of());
        byte[] whole = Files.readAllBytes(good);
        String text = "this is a text, not a model, and long enough to look like one";
        byte[] pickle = {(byte) 0x80, 2, '}', 'q', 0, '.', 0, 0, 0, 0};
        unreadable("no bytes", new byte[0], "it is truncated: 0 bytes");
        unreadable("zero bytes", new byte[64], "it is not a safetensors file");
        unreadable("text", text.getBytes(StandardCharsets.UTF_8), "it is not a safetensors file");
        unreadable("zip", zip(Map.of("archive/data.pkl", pickle)), "perhaps a PyTorch checkpoint");
        unreadable("pickle", pickle, "it is not a safetensors file");
        unreadable("cut in the header", Arrays.copyOf(whole, 20), "it is truncated");
        unreadable("cut in the data", Arrays.copyOf(whole, whole.length - 4), "truncated");
        unreadable("broken JSON", headed("{\"w\":{]}", 0), "not the JSON of this format");
        unreadable(
                "an unknown type",
                headed("{\"w\":{\"dtype\":\"F8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1),
                "unknown type 'F8'; known are");
        unreadable(
                "a negative size",
                headed("{\"w\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4),
                "tensor 'w': a size or offset is negative: -1");
        unreadable(
                "sizes beyond all memory",
                headed(
                        "{\"w\":{\"dtype\":\"F32\",\"shape\":[9223372036854775807,9],\"data_offsets\":[0,4]}}",
                        4),
                "tensor 'w': its size does not fit");
        refused(
                "a tensor that is not there",
                () -> SafeTensors.read(good).tensor(manager, "v"),
                "file: " + good,
                "no tensor 'v'; it has [w]");
        Path shrinking = file("shrinking.safetensors", whole);
        refused(
                "a file that shrinks while it is open",
                () -> {
                    SafeTensors open = SafeTensors.read(shrinking);
                    try (RandomAccessFile raw = new RandomAccessFile(shrinking.toFile(), "rw")) {
                        raw.setLength(whole.length - 4);
                    }
                    open.tensors(manager);
                },
                "truncated inside tensor 'w'");
        Path nowhere = folder.resolve("nowhere.safetensors");
        fails(
                UncheckedIOException.class,
                "a file that is not there",
                () -> SafeTensors.read(nowhere),
                "Cannot read " + nowhere,
                "no such file");
        fails(
                UncheckedIOException.class,
                "a folder in place of a file",
                () -> SafeTensors.read(folder),
                "Cannot read " + folder,
                "directory");
    }

    private void denoiser(String what, Damage damage, CharSequence... said) {
        MlpConfig config = MlpConfig.of(2, 8);
        Params params = Params.fresh(manager, 1);
        config.build(params);
        Path good = folder.resolve("good-denoiser.safetensors");
        DenoiserFile.write(
                good,
                params.all(),
                config,
                NoiseSchedule.linear(100),
                new Shape(2, 1, 1),
                new JsonObject());
        SafeTensors content = SafeTensors.read(good);
        Map<String, NDArray> tensors = content.tensors(manager);
        Map<String, String> metadata = new HashMap<>(content.metadata());
        damage.to(tensors, metadata);
        Path bad = folder.resolve("denoiser-" + what.replaceAll("\\W", "-") + ".safetensors");
        SafeTensors.write(bad, tensors, metadata);
        List<CharSequence> all = new ArrayList<>(List.of(said));
        all.add("file: " + bad);
        refused(
                "a denoiser: " + what,
                () -> Models.denoiser(bad),
                all.toArray(CharSequence[]::new));
    }

    private void denoisers() {
        String weight = "layers.0.weight";
        denoiser("a tensor is missing", (t, m) -> t.remove(weight), "no tensor '" + weight + "'");
        denoiser(
                "an unknown tensor",
                (t, m) -> t.put("layers.9.weight", t.get(weight)),
                "1 tensor(s)",
                "does not know",
                "layers.9.weight");
        denoiser(
                "a tensor of another shape",
                (t, m) -> t.put(weight, t.get(weight).transpose()),
                "'" + weight + "' has shape (66, 8)",
                "needs (8, 66)");
        denoiser(
                "a tensor of another type",
                (t, m) -> t.put(weight, Ops.cast(t.get(weight), DataType.FLOAT64)),
                "'" + weight + "' is of type float64",
                "FLOAT32");
        for (String key : List.of("architecture", "schedule", "item", "made")) {
            denoiser("no " + key, (t, m) -> m.remove(key), "metadata has no '" + key + "'");
            denoiser(key + " is no JSON", (t, m) -> m.put(key, "{"), "'" + key + "' is not JSON");
            denoiser(key + " is null", (t, m) -> m.put(key, "null"), "Not a JSON");
        }
        denoiser(
                "an unknown architecture",
                (t, m) -> m.put("architecture", "{\"type\":\"cnn\"}"),
                "architecture: type 'cnn'",
                "unet, unet2d, mlp");
        denoiser(
                "an architecture with holes",
                (t, m) -> m.put("architecture", "{\"type\":\"mlp\",\"dimension\":2}"),
                "MlpConfig: 'hidden' is missing");
        denoiser(
                "an architecture without layers",
                (t, m) -> m.merge("architecture", "", (old, x) -> old.replace("[8]", "null")),
                "MlpConfig: ");
        denoiser(
                "a schedule out of range",
                (t, m) -> m.put("schedule", "{\"kind\":\"betas\",\"betas\":[2]}"),
                "beta[0] = 2.0",
                "strictly between 0 and 1");
        denoiser("items of another size", (t, m) -> m.put("item", "[3,1,1]"), "item: (3, 1, 1)");
        denoiser("items of words", (t, m) -> m.put("item", "[{}]"), "JsonObject");
    }

    private void dataSets() throws IOException {
        DataSet set = BadArguments.set(BadArguments.images(3, 1, 4, 4).quantized(), 0, 1, 1);
        Path good = folder.resolve("good.zip");
        set.save(good);
        byte[] whole = Files.readAllBytes(good);
        unloadable(
                "text", "not a zip".getBytes(StandardCharsets.UTF_8), "not a data set written by");
        unloadable("truncated", Arrays.copyOf(whole, 300), "truncated");
        unloadable("another zip", zip(Map.of("a.txt", new byte[3])), "no entry dataset.json");
        Map<String, byte[]> entries = new HashMap<>();
        try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(good))) {
            for (ZipEntry e = zip.getNextEntry(); e != null; e = zip.getNextEntry()) {
                entries.put(e.getName(), zip.readAllBytes());
            }
        }
        String json = new String(entries.get("dataset.json"), StandardCharsets.UTF_8);
        String sum = json.replaceFirst("\"sha256\": \"[0-9a-f]{4}", "\"sha256\": \"0000");
        entries.put("dataset.json", sum.getBytes(StandardCharsets.UTF_8));
        unloadable("another checksum", zip(entries), "SHA-256 is ", "dataset.json states 0000");
        String label = json.replace("\"labels\": \"0 1 1\"", "\"labels\": \"0 1 7\"");
        entries.put("dataset.json", label.getBytes(StandardCharsets.UTF_8));
        unloadable("a wrong label", zip(entries), "image 2 is of class 7", "0 to 1");
        Path target = folder.resolve("never.zip");
        fails(
                IllegalStateException.class,
                "an empty set saved",
                () -> set.first(0).save(target),
                "empty data set");
        fails(
                IllegalStateException.class,
                "a set of two channels saved",
                () -> BadArguments.set(BadArguments.images(1, 2, 4, 4), 0).save(target),
                "2 channels",
                "1 (grey) and 3 (colour)");
        fails(
                IllegalStateException.class,
                "a set between the levels saved",
                () -> BadArguments.set(BadArguments.images(1, 1, 4, 4), 0).save(target),
                "256 levels",
                "quantized");
    }

    private void unloadable(String what, byte[] content, CharSequence... reason)
            throws IOException {
        Path file = file(what.replace(' ', '-') + ".zip", content);
        refused("a data set: " + what, () -> DataSet.load(file), reason);
    }

    private void states() throws IOException {
        Path own = Files.createDirectories(folder.resolve("training"));
        Training training =
                new Training(
                        BadArguments.set(BadArguments.images(3, 2, 1, 1), 0, 1, 1),
                        MlpConfig.of(2, 8),
                        NoiseSchedule.linear(100),
                        Recipe.steps(1));
        Path state = own.resolve("state.safetensors");
        Files.write(state, new byte[64]);
        refused("a damaged state", () -> training.run(own), "file: " + state);
        Path other = Files.createDirectories(folder.resolve("other"));
        SafeTensors.write(other.resolve("state.safetensors"), Map.of(), Map.of());
        fails(
                IllegalStateException.class,
                "the state of another training",
                () -> training.run(other),
                "belongs to another training",
                "choose another folder");
    }

    /** A full and a read-only file system where the superuser may mount them, else stand-ins. */
    private void disks() throws IOException {
        NDArray large = manager.zeros(new Shape(1 << 16));
        Path full = folder.resolve("full");
        if (mount(full, "size=16k")) {
            Path model = full.resolve("model.safetensors");
            unwritable("a full disk", model, large, "No space left on device");
            Path spec = full.resolve("store");
            fails(
                    UncheckedIOException.class,
                    "a store on a full disk",
                    () -> Store.at(spec).complete(work(large)),
                    "Cannot write " + spec,
                    "No space left on device");
        } else if (Files.exists(Path.of("/dev/full"))) {
            fails(
                    UncheckedIOException.class,
                    "a full disk",
                    () -> AtomicFile.write(full, BadFiles::fill),
                    "Cannot write " + full,
                    "No space left on device");
        }
        Path locked = folder.resolve("locked");
        if (mount(locked, "ro")) {
            unwritable("a read-only disk", locked.resolve("model"), large, "ead-only file system");
            unwritable("a folder there", locked.resolve("a/model"), large, "ead-only file system");
        } else if (Files.createDirectories(locked).toFile().setWritable(false)
                && !Files.isWritable(locked)) {
            unwritable("a folder locked", locked.resolve("model"), large, "ermission denied");
        }
        Path file = file("file", new byte[1]);
        unwritable("a file in place of a folder", file.resolve("model"), large, "not a folder");
    }

    private void unwritable(String what, Path file, NDArray tensor, String reason) {
        fails(
                UncheckedIOException.class,
                what,
                () -> SafeTensors.write(file, Map.of("w", tensor), Map.of()),
                "Cannot write " + file,
                reason);
    }

    private static Work work(NDArray large) {
        return new Work() {
            @Override
            public Spec spec() {
                return Spec.parse("{}");
            }

            @Override
            public int shards() {
                return 1;
            }

            @Override
            public Map<String, NDArray> shard(int index, NDManager manager) {
                return Map.of("w", large);
            }
        };
    }

    private static void fill(OutputStream ignored) throws IOException {
        try (FileOutputStream full = new FileOutputStream("/dev/full")) {
            full.write(1);
        }
    }

    private boolean mount(Path at, String options) throws IOException {
        Files.createDirectories(at);
        boolean done = command("mount", "-t", "tmpfs", "-o", options, "none", at.toString());
        if (done) {
            mounted.add(at);
        }
        return done;
    }

    private static boolean command(String... words) {
        try {
            return new ProcessBuilder(words)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    public void close() {
        for (Path at : mounted) {
            command("umount", at.toString());
        }
        manager.close();
    }
}
