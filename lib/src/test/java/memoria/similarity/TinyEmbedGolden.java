package memoria.similarity;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonElement;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import memoria.checkpoint.TorchFile;
import memoria.data.Checksum;
import memoria.golden.GoldenCase;
import memoria.golden.GoldenFamily;
import memoria.torch.Autograd;

/** {@code tiny_embed}: descriptors by TorchScript files, scripted and traced. */
public final class TinyEmbedGolden implements GoldenFamily {

    @Override
    public boolean serves(String caseName) {
        return caseName.startsWith("tiny_embed");
    }

    @Override
    public void compare(GoldenCase golden) {
        NDArray x = golden.input("x");
        golden.weights();
        checkpoints(golden);
        int channels = (int) x.getShape().get(1);
        // Undoes that images are in [-1, 1]: the input is prepared already.
        Preprocessing prepared =
                new Preprocessing(
                        0,
                        Collections.nCopies(channels, 0.5),
                        Collections.nCopies(channels, 0.5),
                        false);
        NDArray reference = golden.input("embedding");
        NDArray farthest = null;
        double distance = -1;
        for (String name : scripts(golden)) {
            Path file = golden.beside(name);
            try (Descriptor descriptor =
                    Descriptor.torchScript(file, Checksum.sha256(file), prepared)) {
                NDArray ours = Autograd.off(() -> descriptor.of(x));
                double error = ours.sub(reference).abs().max().getFloat();
                if (!(error <= distance)) {
                    farthest = ours;
                    distance = error;
                }
            }
        }
        golden.check("embedding", farthest);
    }

    /** The weights are in {@code .pt} files too, alone or deep inside a checkpoint: these are what is compared with the tensors. */
    private static void checkpoints(GoldenCase golden) {
        for (JsonElement element : golden.constants().getAsJsonArray("files")) {
            String file = element.getAsString();
            if (!file.contains("torchscript")) {
                TorchFile.read(golden.beside(file))
                        .tensors(golden.manager())
                        .forEach((name, tensor) -> check(golden, name, tensor));
            }
        }
    }

    private static void check(GoldenCase golden, String name, NDArray tensor) {
        golden.names().stream()
                .filter(n -> n.startsWith("weights."))
                .filter(n -> ("." + name).endsWith(n.substring("weights".length())))
                .forEach(n -> golden.check(n, tensor));
    }

    private static List<String> scripts(GoldenCase golden) {
        return golden.constants().getAsJsonArray("files").asList().stream()
                .map(JsonElement::getAsString)
                .filter(name -> name.contains("torchscript"))
                .toList();
    }
}
