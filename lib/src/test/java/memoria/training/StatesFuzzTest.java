package memoria.training;

import ai.djl.ndarray.NDManager;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import memoria.Mutations;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged states of a training; {@link Mutations} says what is held. */
class StatesFuzzTest {

    @TempDir Path folder;

    @Test
    void states() throws Exception {
        JsonObject identity = new JsonObject();
        identity.add("recipe", new JsonObject());
        identity.addProperty("data", "abc");
        Path good = folder.resolve("good");
        try (NDManager manager = Torch.manager()) {
            JsonArray curve = new JsonArray();
            curve.add(1.5);
            TrainingState.write(
                    good,
                    Map.of("w", Tensors.of(manager, 1f, 2f)),
                    identity,
                    12,
                    curve,
                    List.of(0.5, 0.25));
            Mutations.holdHeader(
                    Files.readAllBytes(good),
                    folder.resolve("state.safetensors"),
                    file -> {
                        try (NDManager owner = manager.newSubManager()) {
                            TrainingState.read(file, owner, identity);
                        } catch (IllegalStateException documented) {
                            // It belongs to another training.
                            throw new IllegalArgumentException(documented.getMessage(), documented);
                        }
                    });
        }
    }
}
