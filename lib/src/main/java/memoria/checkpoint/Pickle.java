package memoria.checkpoint;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Python's pickled data as PyTorch writes it: dictionaries, lists, numbers, texts, and tensors by reference to their storage. Nothing of the
 * file is executed: a pickle names classes and functions, and only those that make a tensor or a dictionary are known here, and a few that
 * trainings leave beside them, which become nothing; any other is refused by its name, however the pickle spells it.
 */
final class Pickle {

    /** A class or function by its full Python name. */
    private record Global(String name) {}

    /** Numbers of one type that tensors share. */
    record Storage(Dtype type, String key, long count) {}

    /** A view of a storage. */
    record Tensor(Storage storage, long offset, long[] shape, long[] stride) {}

    /** What a file may not hold. */
    static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Refused(String message) {
            super(message);
        }
    }

    private static final Map<String, Dtype> STORAGES =
            Map.of(
                    "torch.DoubleStorage", Dtype.F64,
                    "torch.FloatStorage", Dtype.F32,
                    "torch.HalfStorage", Dtype.F16,
                    "torch.BFloat16Storage", Dtype.BF16,
                    "torch.LongStorage", Dtype.I64,
                    "torch.IntStorage", Dtype.I32,
                    "torch.ShortStorage", Dtype.I16,
                    "torch.CharStorage", Dtype.I8,
                    "torch.ByteStorage", Dtype.U8,
                    "torch.BoolStorage", Dtype.BOOL);

    private static final String DICT = "collections.OrderedDict";
    private static final String TENSOR = "torch._utils._rebuild_tensor_v2";
    private static final String PARAMETER = "torch._utils._rebuild_parameter";
    private static final String SIZE = "torch.Size";

    /** The names that one kind of file may use beside these, and what comes of them. */
    interface Names {
        boolean know(String name);

        /** What a call makes; only names that are known are called. */
        Object call(String name, List<?> arguments);
    }

    /** What Stable Diffusion's and other trainers' checkpoints name beside tensors: read over, never made. */
    private static final Set<String> PASSED_OVER =
            Set.of(
                    "numpy.core.multiarray.scalar",
                    "numpy._core.multiarray.scalar",
                    "numpy.dtype",
                    "_codecs.encode",
                    "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint");

    private static final Names CHECKPOINT =
            new Names() {
                @Override
                public boolean know(String name) {
                    return PASSED_OVER.contains(name);
                }

                @Override
                public Object call(String name, List<?> arguments) {
                    return null;
                }
            };

    /** A state dictionary of a thousand tensors takes 30 thousand; each may make an object of some 100 bytes. */
    private static final int MOST_INSTRUCTIONS = 1 << 20;

    private final ByteBuffer in;
    private final Names names;
    private final Deque<List<Object>> marked = new ArrayDeque<>();
    private final Map<Integer, Object> memo = new HashMap<>();
    private List<Object> stack = new ArrayList<>();

    private Pickle(ByteBuffer in, Names names) {
        this.in = in;
        this.names = names;
    }

    /**
     * Reads one pickle from the buffer's position on, which ends behind it.
     *
     * @throws Refused if it names what is not known, or is damaged
     */
    static Object read(ByteBuffer in) {
        return read(in, CHECKPOINT);
    }

    /** As {@link #read(ByteBuffer)}, for a file that may use other names. */
    static Object read(ByteBuffer in, Names names) {
        try {
            return new Pickle(in.order(ByteOrder.LITTLE_ENDIAN), names).run();
        } catch (BufferUnderflowException e) {
            throw new Refused("it is truncated inside a pickle");
        } catch (ClassCastException
                | IndexOutOfBoundsException
                | IllegalStateException
                | NullPointerException
                | UnsupportedOperationException e) {
            // Instructions that meet another value than they need: nothing, or a tuple to fill.
            throw new Refused("its pickle is damaged");
        }
    }

    private Object run() {
        for (int done = 0; done < MOST_INSTRUCTIONS; done++) {
            int code = in.get() & 0xff;
            switch (code) {
                case '.' -> {
                    return pop();
                }
                case 0x80 -> in.get();
                case 0x95 -> in.getLong();
                case '(' -> {
                    marked.push(stack);
                    stack = new ArrayList<>();
                }
                case '0' -> pop();
                case 'q' -> memo.put(in.get() & 0xff, top());
                case 'r' -> memo.put(in.getInt(), top());
                case 0x94 -> memo.put(memo.size(), top());
                case 'h' -> stack.add(remembered(in.get() & 0xff));
                case 'j' -> stack.add(remembered(in.getInt()));
                case 'c' -> stack.add(known(line() + "." + line()));
                case 0x93 -> {
                    String inner = (String) pop();
                    stack.add(known(pop() + "." + inner));
                }
                case 'i' -> {
                    known(line() + "." + line());
                    throw unknown(code);
                }
                case 'Q' -> stack.add(storage((List<?>) pop()));
                case 'R', 0x81 -> reduce();
                case 'b' -> build();
                case 's', 'u', 'a', 'e', 0x90 -> fill(code);
                default -> {
                    // First the value: a tuple changes which stack is on top.
                    Object value = value(code);
                    stack.add(value);
                }
            }
        }
        throw new Refused(
                "its pickle has more than "
                        + MOST_INSTRUCTIONS
                        + " instructions; no checkpoint needs so many");
    }

    private static Refused unknown(int code) {
        return new Refused(String.format("its pickle has an instruction 0x%02x not known", code));
    }

    /** Values that need nothing but their own bytes, and tuples. */
    private Object value(int code) {
        return switch (code) {
            case 'N' -> null;
            case 0x88 -> true;
            case 0x89 -> false;
            case 'K' -> (long) (in.get() & 0xff);
            case 'M' -> (long) (in.getShort() & 0xffff);
            case 'J' -> (long) in.getInt();
            case 0x8a -> longOf(in.get() & 0xff);
            case 'G' -> Double.longBitsToDouble(Long.reverseBytes(in.getLong()));
            // Numbers and texts of Python's first protocol: only to get past them to what is named.
            case 'I', 'L', 'F', 'S', 'V' -> line();
            case 'X', 'T' -> text(in.getInt());
            case 0x8c, 'U' -> text(in.get() & 0xff);
            case 'B' -> bytes(in.getInt());
            case 'C' -> bytes(in.get() & 0xff);
            case '}' -> new LinkedHashMap<>();
            case ']', 0x8f -> new ArrayList<>();
            case ')' -> List.of();
            case 0x85 -> tuple(1);
            case 0x86 -> tuple(2);
            case 0x87 -> tuple(3);
            case 't' -> Collections.unmodifiableList(unmark());
            default -> throw unknown(code);
        };
    }

    private Object top() {
        return stack.get(stack.size() - 1);
    }

    private Object pop() {
        return stack.remove(stack.size() - 1);
    }

    /** What was put on the stack since the last mark. */
    private List<Object> unmark() {
        List<Object> since = stack;
        stack = marked.isEmpty() ? null : marked.pop();
        if (stack == null) {
            throw new Refused("its pickle is damaged");
        }
        return since;
    }

    private Object remembered(int place) {
        if (!memo.containsKey(place)) {
            throw new Refused("its pickle is damaged");
        }
        return memo.get(place);
    }

    private List<Object> tuple(int size) {
        Object[] items = new Object[size];
        for (int i = size - 1; i >= 0; i--) {
            items[i] = pop();
        }
        List<Object> all = new ArrayList<>();
        Collections.addAll(all, items);
        return Collections.unmodifiableList(all);
    }

    private String text(int length) {
        if (length < 0 || length > in.remaining()) {
            throw new BufferUnderflowException();
        }
        byte[] bytes = new byte[length];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** A part of the file; nothing is copied. */
    private ByteBuffer bytes(int length) {
        if (length < 0 || length > in.remaining()) {
            throw new BufferUnderflowException();
        }
        ByteBuffer part = in.slice(in.position(), length).order(ByteOrder.LITTLE_ENDIAN);
        in.position(in.position() + length);
        return part;
    }

    private String line() {
        StringBuilder text = new StringBuilder();
        for (char c = (char) in.get(); c != '\n'; c = (char) in.get()) {
            text.append(c);
        }
        return text.toString();
    }

    /** A little-endian number of any length; what does not fit a long is PyTorch's magic number and is not needed. */
    private long longOf(int bytes) {
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            long next = in.get();
            value = i < 8 ? value & ~(-1L << 8 * i) | next << 8 * i : value;
        }
        return value;
    }

    private Object known(String name) {
        boolean legal =
                STORAGES.containsKey(name)
                        || names.know(name)
                        || List.of(DICT, TENSOR, PARAMETER, SIZE).contains(name);
        if (!legal) {
            throw new Refused(
                    "it names "
                            + name
                            + ", which is neither a tensor nor a dictionary; nothing else is loaded");
        }
        return new Global(name);
    }

    private static Storage storage(List<?> id) {
        Dtype type = STORAGES.get(((Global) id.get(1)).name);
        if (!"storage".equals(id.get(0)) || type == null) {
            throw new Refused("its pickle is damaged");
        }
        return new Storage(type, (String) id.get(2), (Long) id.get(4));
    }

    private void reduce() {
        List<?> arguments = (List<?>) pop();
        String name = ((Global) pop()).name;
        stack.add(
                switch (name) {
                    case DICT -> new LinkedHashMap<>();
                    case TENSOR ->
                            new Tensor(
                                    (Storage) arguments.get(0),
                                    (Long) arguments.get(1),
                                    longs(arguments.get(2)),
                                    longs(arguments.get(3)));
                    case PARAMETER, SIZE -> arguments.get(0);
                    default -> {
                        if (!names.know(name)) {
                            throw new Refused("its pickle calls " + name);
                        }
                        yield names.call(name, arguments);
                    }
                });
    }

    private static long[] longs(Object tuple) {
        return ((List<?>) tuple).stream().mapToLong(v -> (Long) v).toArray();
    }

    /** Attributes of an object, such as a state dictionary's versions: nothing here has any. */
    private void build() {
        pop();
        top();
    }

    @SuppressWarnings("unchecked")
    private void fill(int code) {
        List<Object> items =
                switch (code) {
                    case 's' -> tuple(2);
                    case 'a' -> tuple(1);
                    default -> unmark();
                };
        if (code == 's' || code == 'u') {
            Map<Object, Object> map = (Map<Object, Object>) top();
            for (int i = 0; i < items.size(); i += 2) {
                map.put(key(items.get(i)), items.get(i + 1));
            }
        } else {
            ((List<Object>) top()).addAll(items);
        }
    }

    /** A list that holds itself has no hash code: only what cannot hold anything is a key. */
    private static Object key(Object key) {
        boolean legal =
                key == null
                        || key instanceof String
                        || key instanceof Number
                        || key instanceof Boolean
                        || key instanceof Global;
        if (!legal) {
            throw new Refused(
                    "its pickle has a dictionary whose key is neither a text nor a number");
        }
        return key;
    }
}
