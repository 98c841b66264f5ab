package memoria.similarity;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonElement;
import java.util.Collections;
import java.util.List;
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
        for (String file : scripts(golden)) {
            try (Descriptor descriptor = Descriptor.torchScript(golden.beside(file), prepared)) {
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

    private static List<String> scripts(GoldenCase golden) {
        return golden.constants().getAsJsonArray("files").asList().stream()
                .map(JsonElement::getAsString)
                .filter(name -> name.contains("torchscript"))
                .toList();
    }
}
