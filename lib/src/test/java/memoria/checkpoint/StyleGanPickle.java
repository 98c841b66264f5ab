package memoria.checkpoint;

import ai.djl.ndarray.NDArray;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/** Writes a generator as StyleGAN2-ADA pickles it: whole networks, their source beside them, every storage a file in the file. */
public final class StyleGanPickle {

    /** If anybody ran it, the test would end here. */
    private static final String SOURCE = "import sys\nsys.exit('the source was run')\n".repeat(40);

    private final PickleWriter out = new PickleWriter();
    private final Map<String, Map<String, Object>> attributes;

    private StyleGanPickle(Map<String, Map<String, Object>> attributes) {
        this.attributes = attributes;
    }

    /**
     * The bytes of a file with one generator as {@code G} and {@code G_ema}.
     *
     * @param tensors by the names of the state dictionary
     * @param attributes by the path of a module, empty for the generator; numbers, texts, booleans, dictionaries of such or null
     */
    public static byte[] bytes(
            Map<String, NDArray> tensors, Map<String, Map<String, Object>> attributes) {
        Map<String, Object> tree = new TreeMap<>();
        tensors.forEach((name, tensor) -> plant(tree, name, tensor));
        StyleGanPickle pickle = new StyleGanPickle(attributes);
        pickle.out.raw("\u0080\u0003}(").text("training_set_kwargs");
        pickle.value(Map.of("class_name", "training.dataset.ImageFolderDataset"));
        pickle.out.text("G_ema");
        pickle.module("Generator", "", tree);
        pickle.out.raw("q\u0001").text("G").raw("h\u0001").text("augment_pipe").raw("Nu.");
        return pickle.out.bytes();
    }

    @SuppressWarnings("unchecked")
    private static void plant(Map<String, Object> tree, String name, NDArray tensor) {
        int dot = name.indexOf('.');
        if (dot < 0) {
            tree.put(name, tensor);
        } else {
            Object below = tree.computeIfAbsent(name.substring(0, dot), n -> new TreeMap<>());
            plant((Map<String, Object>) below, name.substring(dot + 1), tensor);
        }
    }

    @SuppressWarnings("unchecked")
    private void module(String className, String path, Map<String, Object> tree) {
        Map<String, Object> parameters = new LinkedHashMap<>();
        Map<String, Object> buffers = new LinkedHashMap<>();
        Map<String, Object> parts = new LinkedHashMap<>();
        tree.forEach(
                (name, value) -> {
                    boolean buffer = name.matches("w_avg|noise_const|resample_filter");
                    (value instanceof NDArray ? buffer ? buffers : parameters : parts)
                            .put(name, value);
                });
        out.global("torch_utils.persistence", "_reconstruct_persistent_obj").raw("}(");
        out.text("type").text("class").text("version").number(6);
        out.text("module_src").text(SOURCE).text("class_name").text(className);
        out.text("state").raw("}(");
        attributes
                .getOrDefault(path, Map.of())
                .forEach(
                        (name, value) -> {
                            out.text(name);
                            value(value);
                        });
        out.text("act_gain");
        scalar(Math.sqrt(2));
        out.text("_non_persistent_buffers_set").global("builtins", "set").raw("]\u0085R");
        out.text("_parameters").emptyDictionary().raw("(");
        parameters.forEach(
                (name, value) -> {
                    out.text(name).global("torch._utils", "_rebuild_parameter").raw("(");
                    tensor((NDArray) value);
                    out.raw("\u0088").emptyDictionary().raw("tR");
                });
        out.raw("u").text("_buffers").emptyDictionary().raw("(");
        buffers.forEach(
                (name, value) -> {
                    out.text(name);
                    tensor((NDArray) value);
                });
        out.raw("u").text("_modules").emptyDictionary().raw("(");
        parts.forEach(
                (name, value) -> {
                    out.text(name);
                    String inner = path.isEmpty() ? name : path + "." + name;
                    module("Layer", inner, (Map<String, Object>) value);
                });
        out.raw("uuu\u0085R");
    }

    private void tensor(NDArray tensor) {
        out.global("torch._utils", "_rebuild_tensor_v2").raw("(");
        out.global("torch.storage", "_load_from_bytes").bytes(storage(tensor)).raw("\u0085R");
        out.view(tensor);
    }

    /** A storage saved by itself in the format before PyTorch 1.6. */
    private static byte[] storage(NDArray tensor) {
        byte[] numbers = tensor.toByteArray();
        PickleWriter head = new PickleWriter();
        head.raw("\u0080\u0002\u008a\nl\u00fc\u009cF\u00f9 j\u00a8P\u0019.");
        head.raw("\u0080\u0002M\u00e9\u0003.");
        head.raw("\u0080\u0002}.");
        head.raw("\u0080\u0002").storage("94", tensor.size()).raw(".");
        head.raw("\u0080\u0002](").text("94").raw("e.");
        byte[] before = head.bytes();
        return ByteBuffer.allocate(before.length + 8 + numbers.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(before)
                .putLong(tensor.size())
                .put(numbers)
                .array();
    }

    /** As numpy pickles a number. */
    private void scalar(double value) {
        out.global("numpy.core.multiarray", "scalar");
        out.global("numpy", "dtype").text("f8").raw("K\0K\u0001\u0087R");
        out.raw("(K\u0003")
                .text("<")
                .raw("NNNJ\u00ff\u00ff\u00ff\u00ffJ\u00ff\u00ff\u00ff\u00ffK\0tb");
        byte[] eight =
                ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putDouble(value).array();
        out.bytes(eight).raw("\u0086R");
    }

    private void value(Object value) {
        if (value == null) {
            out.raw("N");
        } else if (value instanceof Boolean flag) {
            out.raw(flag ? "\u0088" : "\u0089");
        } else if (value instanceof Integer number) {
            out.number(number);
        } else if (value instanceof Double number) {
            out.number(number);
        } else if (value instanceof Map<?, ?> map) {
            out.global("dnnlib.util", "EasyDict").raw(")\u0081(");
            map.forEach(
                    (key, inner) -> {
                        out.text("" + key);
                        value(inner);
                    });
            out.raw("u");
        } else {
            out.text("" + value);
        }
    }
}
