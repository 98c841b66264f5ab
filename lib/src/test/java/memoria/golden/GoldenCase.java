package memoria.golden;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import memoria.checkpoint.SafeTensors;
import memoria.golden.Row.Status;
import memoria.torch.Ops;

/** One entry of {@code index.json} with its tensors: what a {@link GoldenFamily} reads, and where it reports. */
public final class GoldenCase {

    /** {@code |ours - reference| <= abs + rel |reference|}, as in numpy's allclose. */
    public record Tolerance(double abs, double rel) {
        /** The part of the tolerance that an error uses up: at most 1 is within it; infinite for what is not a number. */
        double used(double ours, double reference) {
            if (ours == reference || (Double.isNaN(ours) && Double.isNaN(reference))) {
                return 0;
            }
            double used = Math.abs(ours - reference) / (abs + rel * Math.abs(reference));
            return Double.isNaN(used) ? Double.POSITIVE_INFINITY : used;
        }

        @Override
        public String toString() {
            return "abs " + abs + " rel " + rel;
        }
    }

    private final Path directory;
    private final JsonObject entry;
    private final List<JsonObject> others;
    private final NDManager manager;
    private final SafeTensors file;
    private final Map<String, Row> rows = new LinkedHashMap<>();

    GoldenCase(Path directory, JsonObject entry, List<JsonObject> others, NDManager manager) {
        this.directory = directory;
        this.entry = entry;
        this.others = others;
        this.manager = manager;
        this.file = SafeTensors.read(directory.resolve(entry.get("file").getAsString()));
    }

    /** The owner of the case's tensors. */
    public NDManager manager() {
        return manager;
    }

    /** The case's name. */
    public String name() {
        return entry.get("case").getAsString();
    }

    /** A file beside the case's own, by its name in the directory. */
    public Path beside(String file) {
        return directory.resolve(file);
    }

    /** Says that nothing can be compared because a file is absent. */
    public void notRun(String reason) {
        names().forEach(t -> rows.put(t, Row.of(name(), t, Status.NOT_RUN, reason)));
    }

    /** The constants of another case of the same directory. */
    public JsonObject constantsOf(String otherCase) {
        return others.stream()
                .filter(other -> other.get("case").getAsString().equals(otherCase))
                .findFirst()
                .orElseThrow()
                .getAsJsonObject("constants");
    }

    /** Schedule, times, architecture. */
    public JsonObject constants() {
        return entry.getAsJsonObject("constants");
    }

    /** What the index says about a tensor, or about the names with {@code *} or {@code <x>} in them that cover it; empty if nothing. */
    public String describe(String tensor) {
        for (Map.Entry<String, JsonElement> told : entry.getAsJsonObject("tensors").entrySet()) {
            String pattern =
                    Pattern.quote(told.getKey())
                            .replaceAll("<\\w+>|\\*|\\{[^}]*\\}", "\\\\E.*\\\\Q");
            if (tensor.matches(pattern)) {
                return told.getValue().getAsString();
            }
        }
        return "";
    }

    /** Names of all tensors in the file. */
    public List<String> names() {
        return List.copyOf(file.shapes().keySet());
    }

    /** Whether the file has a tensor. */
    public boolean has(String tensor) {
        return file.shapes().containsKey(tensor);
    }

    /** A tensor's shape. */
    public Shape shape(String tensor) {
        return file.shapes().get(tensor);
    }

    /** A tensor that the computation reads; from here on it counts as an input. */
    public NDArray input(String tensor) {
        rows.putIfAbsent(tensor, Row.of(name(), tensor, Status.INPUT, ""));
        return file.tensor(manager, tensor);
    }

    /** An input as whole numbers. */
    public long[] integers(String tensor) {
        return Arrays.stream(values(input(tensor))).mapToLong(v -> (long) v).toArray();
    }

    /** The parameters the case was computed with, by name, float32: of its weights file, or its own tensors under its weights prefix. */
    public Map<String, NDArray> weights() {
        Map<String, NDArray> weights = new LinkedHashMap<>();
        JsonElement other = entry.get("weights_file");
        if (other != null && !other.isJsonNull()) {
            String first =
                    other.isJsonArray()
                            ? other.getAsJsonArray().get(0).getAsString()
                            : other.getAsString();
            SafeTensors.read(directory.resolve(first))
                    .tensors(manager)
                    .forEach((name, w) -> weights.put(name, single(w)));
            return weights;
        }
        String prefix = entry.get("weights_prefix").getAsString();
        names().stream()
                .filter(name -> name.startsWith(prefix))
                .forEach(name -> weights.put(name.substring(prefix.length()), single(input(name))));
        return weights;
    }

    private static NDArray single(NDArray tensor) {
        return tensor.getDataType() == DataType.FLOAT32
                ? tensor
                : Ops.cast(tensor, DataType.FLOAT32);
    }

    /** The case's tolerance. */
    public Tolerance tolerance() {
        JsonObject told = entry.getAsJsonObject("tolerance");
        return new Tolerance(
                told.has("abs") ? told.get("abs").getAsDouble() : 0,
                told.has("rel") ? told.get("rel").getAsDouble() : 0);
    }

    /** The tolerance that applies under an extra key whose text says "rel 1e-3" or "abs 0.1"; without such a key, the case's own. */
    public Tolerance tolerance(String keyPart) {
        Tolerance own = tolerance();
        JsonObject told = entry.getAsJsonObject("tolerance");
        for (String key : told.keySet()) {
            if (key.contains(keyPart) && told.getAsJsonPrimitive(key).isString()) {
                String text = told.get(key).getAsString();
                return new Tolerance(
                        Math.max(own.abs, said("abs", text)), Math.max(own.rel, said("rel", text)));
            }
        }
        return own;
    }

    /** What the index says about the tolerance under a key that holds a text; empty if nothing. */
    public String toleranceNote(String keyPart) {
        JsonObject told = entry.getAsJsonObject("tolerance");
        for (String key : told.keySet()) {
            if (key.contains(keyPart)) {
                return told.get(key).getAsString();
            }
        }
        return "";
    }

    private static double said(String which, String text) {
        Matcher found = Pattern.compile("\\b" + which + "\\s+(\\d[\\d.]*(e-?\\d+)?)").matcher(text);
        return found.find() ? Double.parseDouble(found.group(1)) : 0;
    }

    /** Compares a tensor, in the case's tolerance. */
    public void check(String tensor, NDArray ours) {
        check(tensor, ours, row -> tolerance());
    }

    /** Compares a tensor with a tolerance for each row of its first axis. */
    public void check(String tensor, NDArray ours, IntFunction<Tolerance> ofRow) {
        Shape shape = shape(tensor);
        boolean spreads = ours.getShape().dimension() == shape.dimension();
        for (int axis = 0; spreads && axis < shape.dimension(); axis++) {
            long size = ours.getShape().get(axis);
            spreads = size == 1 || size == shape.get(axis);
        }
        if (!spreads) {
            String note = "ours has shape " + ours.getShape() + ", the reference " + shape;
            rows.put(tensor, Row.of(name(), tensor, Status.FAIL, note));
            return;
        }
        NDArray whole = ours.getShape().equals(shape) ? ours : ours.broadcast(shape);
        compare(tensor, values(whole), ofRow);
    }

    /** Compares a list of numbers, in the case's tolerance. */
    public void check(String tensor, double[] ours) {
        if (!shape(tensor).equals(new Shape(ours.length))) {
            String note = "ours has " + ours.length + " values, the reference " + shape(tensor);
            rows.put(tensor, Row.of(name(), tensor, Status.FAIL, note));
            return;
        }
        compare(tensor, ours, row -> tolerance());
    }

    private void compare(String tensor, double[] ours, IntFunction<Tolerance> ofRow) {
        double[] reference = values(file.tensor(manager, tensor));
        Shape shape = shape(tensor);
        int rowsOfShape = shape.dimension() == 0 ? 1 : (int) Math.max(1, shape.get(0));
        int perRow = Math.max(1, reference.length / rowsOfShape);
        double abs = 0;
        double rel = 0;
        double used = 0;
        Tolerance widest = ofRow.apply(0);
        for (int i = 0; i < reference.length; i++) {
            Tolerance tolerance = ofRow.apply(i / perRow);
            widest = tolerance.rel > widest.rel ? tolerance : widest;
            double now = tolerance.used(ours[i], reference[i]);
            used = Math.max(used, now);
            double error = Math.abs(ours[i] - reference[i]);
            if (now > 0) {
                abs = Double.isNaN(error) ? Double.POSITIVE_INFINITY : Math.max(abs, error);
                rel = Math.max(rel, reference[i] == 0 ? 0 : error / Math.abs(reference[i]));
            }
        }
        Status status = used <= 1 ? Status.PASS : Status.FAIL;
        String note = String.format(Locale.ROOT, "%.2g of the tolerance", used);
        rows.put(tensor, new Row(name(), tensor, abs, rel, widest.toString(), status, note));
    }

    private static double[] values(NDArray tensor) {
        return switch (tensor.getDataType()) {
            case FLOAT64 -> tensor.toDoubleArray();
            case INT64 -> Arrays.stream(tensor.toLongArray()).asDoubleStream().toArray();
            case INT32 -> Arrays.stream(tensor.toIntArray()).asDoubleStream().toArray();
            case BOOLEAN -> {
                boolean[] flags = tensor.toBooleanArray();
                double[] values = new double[flags.length];
                Arrays.setAll(values, i -> flags[i] ? 1 : 0);
                yield values;
            }
            default -> {
                float[] single = single(tensor).toFloatArray();
                double[] values = new double[single.length];
                Arrays.setAll(values, i -> single[i]);
                yield values;
            }
        };
    }

    /** Everything reported, and a miss for each tensor nobody spoke of. */
    List<Row> rows() {
        List<Row> all = new ArrayList<>(rows.values());
        for (String tensor : names()) {
            if (!rows.containsKey(tensor)) {
                all.add(Row.of(name(), tensor, Status.UNUSED, describe(tensor)));
            }
        }
        return all;
    }
}
