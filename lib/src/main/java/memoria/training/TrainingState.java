package memoria.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import memoria.checkpoint.SafeTensors;
import memoria.json.Json;
import memoria.torch.Ops;

/**
 * A saved training: every tensor, the step, the loss curve so far.
 *
 * @param tensors by name
 * @param step updates done
 * @param curve means of finished windows
 * @param window losses of the unfinished one
 */
record TrainingState(
        Map<String, NDArray> tensors, long step, JsonArray curve, List<Double> window) {

    static void write(
            Path file,
            Map<String, NDArray> tensors,
            JsonObject identity,
            long step,
            JsonArray curve,
            List<Double> window) {
        JsonArray open = new JsonArray();
        window.forEach(open::add);
        SafeTensors.write(
                file,
                tensors,
                Map.of(
                        "identity", identity.toString(),
                        "step", Long.toString(step),
                        "curve", curve.toString(),
                        "window", open.toString()));
    }

    /** Reads a state, refusing one that is damaged, and one that belongs to another training. */
    static TrainingState read(Path file, NDManager owner, JsonObject identity) {
        SafeTensors content = SafeTensors.read(file);
        Map<String, String> metadata = content.metadata();
        String found = metadata.getOrDefault("identity", "{}");
        if (!said(file, () -> withoutSteps(Json.parse(found))).equals(withoutSteps(identity))) {
            throw new IllegalStateException(
                    "folder: "
                            + file
                            + " belongs to another training ("
                            + found
                            + "); choose another folder or remove the file to start anew");
        }
        return said(
                file,
                () ->
                        new TrainingState(
                                content.tensors(owner),
                                Long.parseLong(metadata.get("step")),
                                array(metadata.get("curve")),
                                Json.elements(array(metadata.get("window")))
                                        .map(e -> e.getAsDouble())
                                        .toList()));
    }

    private static JsonArray array(String text) {
        return Json.parse(text).getAsJsonArray();
    }

    private static <T> T said(Path file, Supplier<T> read) {
        try {
            return Json.expect(read);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "file: "
                            + file
                            + " is no state of a training, or damaged; remove it to start anew: "
                            + e.getMessage(),
                    e);
        }
    }

    /** Training on for more steps is the same training. */
    private static JsonElement withoutSteps(JsonElement identity) {
        JsonElement copy = Json.parse(identity.toString());
        if (copy.getAsJsonObject().has("recipe")) {
            copy.getAsJsonObject().getAsJsonObject("recipe").remove("steps");
        }
        return copy;
    }

    /** Overwrites a tensor with the saved values. */
    void copy(String name, NDArray into) {
        NDArray saved = tensors.get(name);
        if (saved == null || !saved.getShape().equals(into.getShape())) {
            throw new IllegalStateException("state: tensor '" + name + "' is missing or misshapen");
        }
        Ops.assign(into, saved);
    }
}
