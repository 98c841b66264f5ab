package memoria.similarity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import memoria.Mutations;
import memoria.artifact.Spec;
import memoria.artifact.Store;
import memoria.checkpoint.SafeTensors;
import memoria.data.DataSet;
import memoria.data.Images;
import memoria.data.Provenance;
import memoria.lid.Spectra;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged files of results; {@link Mutations} says what is held. */
class ResultsFuzzTest {

    @TempDir Path folder;

    @Test
    void embeddings() throws Exception {
        Path good = folder.resolve("good");
        try (NDManager manager = Torch.manager()) {
            NDArray rows = Tensors.of(manager, new float[] {1, 2, 3, 4, 5, 6}, new Shape(2, 3));
            SafeTensors.write(good, Map.of("embeddings", rows), Map.of());
        }
        byte[] bytes = Files.readAllBytes(good);
        Mutations.hold(bytes, folder.resolve("whole.safetensors"), Embeddings::open);
        Mutations.holdHeader(bytes, folder.resolve("header.safetensors"), Embeddings::open);
    }

    @Test
    void labelsOfCopies() throws Exception {
        DataSet samples =
                DataSet.of(
                        Images.of(new float[6], 6, 1, 1, 1),
                        new int[6],
                        List.of("sample"),
                        Provenance.made("samples"));
        Path good = folder.resolve("good");
        List<Neighbour> neighbours =
                IntStream.range(0, 6).mapToObj(i -> new Neighbour(i, 1, -i)).toList();
        CopyLabels.candidates(samples, 2, Map.of("nL2", neighbours))
                .label(CopyKind.EXACT, "eye", 0)
                .write(good);
        Mutations.hold(
                Files.readAllBytes(good),
                folder.resolve("labels.csv"),
                file -> CopyLabels.read(file, samples));
    }

    @Test
    void spectra() throws Exception {
        Path good = folder.resolve("good");
        Spectra.of(new double[][] {{3, 2, 1}, {5, 4, 0}}, 8, Spectra.Large.NORMAL)
                .save(good, "made \u00e9");
        byte[] bytes = Files.readAllBytes(good);
        Mutations.hold(bytes, folder.resolve("spectra.safetensors"), Spectra::load);
        Mutations.holdHeader(bytes, folder.resolve("header.safetensors"), Spectra::load);
    }

    @Test
    void artifacts() throws Exception {
        Spec spec =
                Spec.parse("{\"kind\": \"numbers\", \"seeds\": [1, 2, 3], \"deep\": {\"x\": 1e3}}");
        Path theirs = Files.createDirectories(folder.resolve("theirs/" + spec.key()));
        Mutations.hold(
                spec.json().getBytes(StandardCharsets.UTF_8),
                theirs.resolve("spec.json"),
                file -> Store.at(folder.resolve("ours")).merge(Store.at(folder.resolve("theirs"))));
    }
}
