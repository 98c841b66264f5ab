package memoria.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import memoria.data.AtomicFile;

/**
 * A {@code .pkl} of StyleGAN2-ADA: several networks, pickled whole. Such a file holds the Python source of its networks, which its own reader
 * executes. Here the source is a text that nobody looks at: of a network remain its class's name, its attributes and its tensors, and whoever
 * knows the architecture builds it again. A file that names anything but the few functions its format needs is refused by that name.
 *
 * <pre>{@code
 * NetworkPickle file = NetworkPickle.read(path);
 * JsonObject attributes = file.attributes("G_ema");
 * Map<String, NDArray> tensors = file.tensors(manager, "G_ema");
 * }</pre>
 */
public final class NetworkPickle {

    private static final String NETWORK = "torch_utils.persistence._reconstruct_persistent_obj";
    private static final String STORAGE = "torch.storage._load_from_bytes";
    private static final String EASY_DICT = "dnnlib.util.EasyDict";
    private static final Set<String> SETS = Set.of("builtins.set", "__builtin__.set");
    private static final Set<String> SCALARS =
            Set.of("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar");
    private static final String NUMPY_TYPE = "numpy.dtype";
    private static final String ENCODE = "_codecs.encode";

    private static final int LARGEST = Integer.MAX_VALUE - 8;
    private static final int DEEPEST = 32;
    private static final int MOST_VALUES = 1 << 20;
    private static final long MOST_GROWTH = 8;
    private static final long ALWAYS_LEGAL = 1 << 24;

    /** A network, or a part of one. */
    private record Module(String className, Map<?, ?> state) {}

    /** Storages are numbered as they come; their bytes lie within the file. */
    private static final class Persistence implements Pickle.Names {
        private final List<ByteBuffer> storages = new ArrayList<>();

        @Override
        public boolean know(String name) {
            return name.equals(NETWORK)
                    || name.equals(STORAGE)
                    || name.equals(EASY_DICT)
                    || name.equals(NUMPY_TYPE)
                    || name.equals(ENCODE)
                    || SETS.contains(name)
                    || SCALARS.contains(name);
        }

        @Override
        public Object call(String name, List<?> arguments) {
            if (arguments.stream().anyMatch(Objects::isNull)) {
                throw new Pickle.Refused("its pickle is damaged");
            }
            if (SCALARS.contains(name)) {
                return scalar((String) arguments.get(0), (ByteBuffer) arguments.get(1));
            }
            if (SETS.contains(name)) {
                return arguments.isEmpty() ? new ArrayList<>() : arguments.get(0);
            }
            return switch (name) {
                case NETWORK -> network((Map<?, ?>) arguments.get(0));
                case STORAGE -> storage((ByteBuffer) arguments.get(0));
                case EASY_DICT ->
                        arguments.isEmpty()
                                ? new LinkedHashMap<>()
                                : new LinkedHashMap<>((Map<?, ?>) arguments.get(0));
                // Of a type its name; of encoded text the bytes it stands for.
                case NUMPY_TYPE -> arguments.get(0);
                default -> latin1((String) arguments.get(0));
            };
        }

        private static Module network(Map<?, ?> meta) {
            if (!"class".equals(meta.get("type")) || !(meta.get("state") instanceof Map<?, ?>)) {
                throw new Pickle.Refused(
                        "it holds a persistent object that is no network: " + meta.get("type"));
            }
            return new Module((String) meta.get("class_name"), (Map<?, ?>) meta.get("state"));
        }

        /** A storage that was pickled by itself: an old-style file within the file. */
        private Pickle.Storage storage(ByteBuffer bytes) {
            ByteBuffer in = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < 3; i++) {
                Pickle.read(in);
            }
            if (!(Pickle.read(in) instanceof Pickle.Storage storage)
                    || !(Pickle.read(in) instanceof List<?> keys)
                    || !keys.equals(List.of(storage.key()))) {
                throw new Pickle.Refused("a storage in it is damaged");
            }
            long count = in.remaining() < 8 ? -1 : in.getLong();
            long size = storage.count() * storage.type().bytes;
            if (count != storage.count()
                    || count < 0
                    || count > Integer.MAX_VALUE
                    || size > in.remaining()) {
                throw new Pickle.Refused("it is truncated inside a storage");
            }
            storages.add(in.slice(in.position(), (int) size));
            return new Pickle.Storage(storage.type(), "" + (storages.size() - 1), count);
        }

        private static Object scalar(String type, ByteBuffer bytes) {
            ByteBuffer in = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
            return switch (type) {
                case "f8" -> in.getDouble();
                case "f4" -> (double) in.getFloat();
                case "i8" -> in.getLong();
                case "i4" -> (long) in.getInt();
                case "b1" -> in.get() != 0;
                default -> throw new Pickle.Refused("it holds a number of the type " + type);
            };
        }

        private static ByteBuffer latin1(String text) {
            return ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1))
                    .order(ByteOrder.LITTLE_ENDIAN);
        }
    }

    private final Path file;
    private final Map<String, Module> networks;
    private final List<ByteBuffer> storages;
    private final long size;

    private NetworkPickle(
            Path file, Map<String, Module> networks, List<ByteBuffer> storages, long size) {
        this.file = file;
        this.networks = networks;
        this.storages = storages;
        this.size = size;
    }

    /**
     * Opens a file: reads what networks it has. No code of the file runs.
     *
     * @param file the file
     * @return its networks
     * @throws IllegalArgumentException naming the file and the reason if it is damaged, something else, or names what is not loaded
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static NetworkPickle read(Path file) {
        try {
            if (Files.size(file) > LARGEST) {
                throw new Pickle.Refused("it is larger than 2 GiB");
            }
            ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file));
            if (in.remaining() < 2 || (in.get(0) & 0xff) != 0x80) {
                throw new Pickle.Refused("it is not a pickle");
            }
            Persistence names = new Persistence();
            Map<String, Module> networks = new LinkedHashMap<>();
            if (Pickle.read(in, names) instanceof Map<?, ?> content) {
                content.forEach(
                        (name, value) -> {
                            if (value instanceof Module module) {
                                networks.put(String.valueOf(name), module);
                            }
                        });
            }
            if (networks.isEmpty()) {
                throw new Pickle.Refused("it holds no dictionary of networks");
            }
            return new NetworkPickle(file, networks, names.storages, in.limit());
        } catch (Pickle.Refused e) {
            throw bad(file, e.getMessage());
        } catch (IOException e) {
            throw AtomicFile.failure("read", file, e);
        }
    }

    private static IllegalArgumentException bad(Path file, String reason) {
        return new IllegalArgumentException("file: " + file + ": " + reason);
    }

    /**
     * The networks of the file.
     *
     * @return their names, such as {@code G}, {@code D} and {@code G_ema}
     */
    public Set<String> networks() {
        return new LinkedHashSet<>(networks.keySet());
    }

    private Module network(String name) {
        Module module = networks.get(name);
        if (module == null) {
            throw bad(file, "it has no network '" + name + "'; there are " + networks.keySet());
        }
        return module;
    }

    /** A walk through nested values: one of them may stand in many places, so it has an end of its own. */
    private static final class Steps {
        private int left = MOST_VALUES;

        void take(int depth) {
            if (depth > DEEPEST || --left < 0) {
                throw new Pickle.Refused(
                        "its networks are nested deeper than "
                                + DEEPEST
                                + " or hold more than "
                                + MOST_VALUES
                                + " values");
            }
        }
    }

    /**
     * What a network was built with: its attributes that are numbers, texts, lists or dictionaries of such. {@code class_name} is its class,
     * {@code _modules} holds the same of its parts.
     *
     * @param network one of {@link #networks}
     * @return the attributes
     * @throws IllegalArgumentException if there is no such network, or it is nested too deeply
     */
    public JsonObject attributes(String network) {
        try {
            return json(network(network), new Steps(), 0).getAsJsonObject();
        } catch (Pickle.Refused e) {
            throw bad(file, e.getMessage());
        }
    }

    private static JsonElement json(Object value, Steps steps, int depth) {
        steps.take(depth);
        if (value instanceof Module module) {
            JsonObject object = json(module.state, steps, depth + 1).getAsJsonObject();
            object.addProperty("class_name", module.className);
            return object;
        }
        if (value instanceof Map<?, ?> map) {
            JsonObject object = new JsonObject();
            map.forEach((key, inner) -> object.add("" + key, json(inner, steps, depth + 1)));
            return object;
        }
        if (value instanceof List<?> list) {
            JsonArray array = new JsonArray();
            list.forEach(inner -> array.add(json(inner, steps, depth + 1)));
            return array;
        }
        return value instanceof Number number
                ? new JsonPrimitive(number)
                : value instanceof Boolean flag
                        ? new JsonPrimitive(flag)
                        : value instanceof String text
                                ? new JsonPrimitive(text)
                                : JsonNull.INSTANCE;
    }

    /**
     * Loads the parameters and buffers of a network.
     *
     * @param manager their owner
     * @param network one of {@link #networks}
     * @return by the names that PyTorch's {@code state_dict} gives them
     * @throws IllegalArgumentException if there is no such network, or the file is damaged; it is named
     */
    public Map<String, NDArray> tensors(NDManager manager, String network) {
        Map<String, Pickle.Tensor> found = new LinkedHashMap<>();
        try {
            collect("", network(network), found, new Steps(), 0);
            long bytes = 0;
            for (Map.Entry<String, Pickle.Tensor> entry : found.entrySet()) {
                bytes += View.bytes(entry.getKey(), entry.getValue());
                if (bytes > ALWAYS_LEGAL + MOST_GROWTH * size) {
                    throw new Pickle.Refused(
                            "its tensors would take more than "
                                    + MOST_GROWTH
                                    + " times the file's "
                                    + size
                                    + " bytes");
                }
            }
            Map<String, NDArray> loaded = new LinkedHashMap<>();
            found.forEach((name, view) -> loaded.put(name, load(manager, name, view)));
            return loaded;
        } catch (Pickle.Refused e) {
            throw bad(file, e.getMessage());
        } catch (BufferUnderflowException | ClassCastException | IllegalStateException e) {
            throw bad(file, "its network '" + network + "' is damaged");
        }
    }

    private NDArray load(NDManager manager, String name, Pickle.Tensor view) {
        int number;
        try {
            number = Integer.parseInt(view.storage().key());
        } catch (NumberFormatException e) {
            number = -1;
        }
        if (number < 0 || number >= storages.size()) {
            throw new Pickle.Refused("the tensor '" + name + "' has no storage in it");
        }
        ByteBuffer bytes = storages.get(number).duplicate();
        byte[] stored = new byte[bytes.remaining()];
        bytes.get(stored);
        return View.load(manager, name, view, stored);
    }

    private static void collect(
            String prefix, Module module, Map<String, Pickle.Tensor> into, Steps steps, int depth) {
        for (String kind : List.of("_parameters", "_buffers", "_modules")) {
            if (!(module.state.get(kind) instanceof Map<?, ?> entries)) {
                throw new Pickle.Refused("'" + prefix + "' has no " + kind + ": it is no network");
            }
            for (Map.Entry<?, ?> entry : entries.entrySet()) {
                steps.take(depth);
                String name = prefix + entry.getKey();
                if (entry.getValue() instanceof Pickle.Tensor tensor) {
                    into.put(name, tensor);
                } else if (entry.getValue() instanceof Module part) {
                    collect(name + ".", part, into, steps, depth + 1);
                }
            }
        }
    }
}
