package memoria.badinput;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import memoria.data.Checksum;
import memoria.data.Images;
import memoria.metrics.Bootstrap;
import memoria.metrics.CopyTable;
import memoria.metrics.FrechetDistance;
import memoria.metrics.PrecisionRecall;
import memoria.models.Models;
import memoria.network.Params;
import memoria.network.ResNet;
import memoria.network.ResNetConfig;
import memoria.network.ResNetConfig.Time;
import memoria.similarity.ClipRetrieval;
import memoria.similarity.Descriptor;
import memoria.similarity.DescriptorSimilarity;
import memoria.similarity.Embeddings;
import memoria.similarity.EmbeddingsWriter;
import memoria.similarity.ExactSearch;
import memoria.similarity.HnswIndex;
import memoria.similarity.Lpips;
import memoria.similarity.Preprocessing;
import memoria.torch.Torch;
import memoria.training.Augmentation;
import memoria.training.CopyContrast;

/** Descriptors, searches, feature networks and feature metrics that cannot be. */
public final class BadSimilarity extends BadInput {

    private final NDManager manager = Torch.manager();
    private final Images grey = Images.of(new float[32], 2, 1, 4, 4);
    private final Embeddings two = Embeddings.of(new float[] {1, 0, 0, 1}, 2);
    private final Embeddings wide = Embeddings.of(new float[] {1, 0, 0, 0, 1, 0}, 3);
    private final Descriptor flat =
            Descriptor.of("flat", Preprocessing.none(1), x -> x.reshape(x.getShape().get(0), 16));

    /** The table. */
    public BadSimilarity(Path folder) throws IOException {
        networks();
        preparations(folder);
        searches(folder);
        retrieval();
        metrics();
    }

    private void networks() {
        ResNetConfig small = ResNetConfig.small(1, 4, 3, 1);
        ResNet net = new ResNet(small, Params.fresh(manager, 0));
        refused("a depth nobody has", () -> ResNetConfig.ofDepth(20, 9), "depth: 20", "18, 34, 50");
        refused("an odd width", () -> small.optWidth(3), "width: 3", "even");
        refused("no stage", () -> ResNetConfig.small(1, 4, 3), "layers: []", "at least one");
        refused("an empty stage", () -> ResNetConfig.small(1, 4, 3, 0), "layers: [0]", "1 block");
        refused("a negative exponent", () -> small.optGem(-1), "gem: -1.0", "0 (the mean)");
        refused("no output", () -> ResNetConfig.small(1, 4, 0, 1), "outputs: 0", "at least 1");
        refused(
                "time that stands still",
                () -> small.optTime(Time.ONCE, 0),
                "timeFactor: 0.0",
                "above 0");
        refused(
                "colour for a grey network",
                () -> net.forward(manager.zeros(new Shape(1, 3, 4, 4))),
                "(3, 4, 4)",
                "(1, height, width)");
        refused(
                "a stage that is not there",
                () -> net.stage(manager.zeros(new Shape(1, 1, 4, 4)), null, 2),
                "stage: 2 of 1");
        refused("a network that does not ship", () -> Models.network("x"), "no network 'x'");
        refused(
                "features of nobody",
                () -> Descriptor.features("x"),
                "no feature network 'x'",
                "fashion-features",
                "inception-fid");
        refused("a distance of nobody", () -> Lpips.open("x"), "no checkpoint 'x'", "lpips-vgg");
        refused(
                "cold contrast",
                () -> new CopyContrast(0, 1, Augmentation.STRONG),
                "temperature: 0.0",
                "above 0");
        refused(
                "a negative spread",
                () -> new CopyContrast(1, -1, Augmentation.STRONG),
                "entropy: -1.0",
                "0 or more");
        refused(
                "more than everything blurred",
                () -> new Augmentation(0, 0, 0, false, 1.5, 0, 0, 0),
                "blur: 1.5",
                "0 to 1");
    }

    private void preparations(Path folder) throws IOException {
        Path text = Files.writeString(folder.resolve("text.pt"), "no archive");
        String sha256 = Checksum.sha256(text);
        refused(
                "a text as TorchScript",
                () -> Descriptor.torchScript(text, sha256, Preprocessing.sscd()),
                "text.pt is not a TorchScript archive");
        refused(
                "TorchScript that nobody vouches for",
                () -> Descriptor.torchScript(text, Preprocessing.sscd()),
                "text.pt",
                sha256,
                "environment/fetch sscd");
        refused(
                "TorchScript with another checksum",
                () -> Lpips.torchScript(text, "0".repeat(64)),
                "text.pt",
                sha256 + " instead of 000");
        refused(
                "a checksum cut short",
                () -> Lpips.torchScript(text, "abc"),
                "sha256: 'abc'",
                "64 hex digits");
        refused(
                "a negative side",
                () -> new Preprocessing(-1, List.of(0.5), List.of(0.5), true),
                "side: -1",
                "0 (unchanged)");
        refused(
                "means without deviations",
                () -> new Preprocessing(0, List.of(0.5), List.of(), true),
                "mean, std: 1 and 0");
        refused(
                "no deviation",
                () -> new Preprocessing(0, List.of(0.5), List.of(0.0), true),
                "std: [0.0]",
                "above 0");
        refused(
                "two channels for three",
                () ->
                        Descriptor.of("x", Preprocessing.sscd(), x -> x)
                                .of(manager.zeros(new Shape(1, 2, 4, 4))),
                "x: 2 channels",
                "takes 3");
        refused("points as images", () -> flat.of(manager.zeros(new Shape(2, 2))), "(N, C, H, W)");
        refused("no image", () -> flat.of(grey.first(0)), "images: none");
        refused(
                "images of another size",
                () ->
                        DescriptorSimilarity.against(flat, grey)
                                .nearest(Images.of(new float[25], 1, 1, 5, 5)),
                "(1, 5, 5)",
                "(1, 4, 4)");
        refused(
                "a batch of another size",
                () ->
                        DescriptorSimilarity.against(flat, grey)
                                .of(manager.zeros(new Shape(1, 1, 5, 5))),
                "(1, 5, 5)",
                "(1, 4, 4)");
        refused(
                "a search among other points",
                () -> DescriptorSimilarity.against(flat, grey.first(1), new ExactSearch(two)),
                "over 2 points",
                "1 training images");
    }

    private void searches(Path folder) {
        ExactSearch search = new ExactSearch(two);
        refused("none of the nearest", () -> search.nearest(two, 0), "k: 0", "1 to that many");
        refused("more than there are", () -> search.nearest(two, 3), "k: 3 most alike of 2");
        refused("other dimensions", () -> search.nearest(wide, 1), "queries: rows of 3");
        refused("half a row", () -> Embeddings.of(new float[3], 2), "3 values", "whole rows");
        refused("an endless value", () -> Embeddings.of(new float[] {1f / 0f}, 1), "Infinity");
        refused("rows beyond the end", () -> two.rows(1, 3), "from, to: 1, 3 of 2");
        refused("mixed dimensions", () -> two.and(wide), "more: rows of 3", "have 2");
        refused(
                "a file without dimensions",
                () -> new EmbeddingsWriter(folder.resolve("none"), 0),
                "dimensions: 0");
        refused("no file", Embeddings::open, "files: none");
        refused(
                "a folder without an index",
                () -> HnswIndex.open(folder.resolve("nothing"), two),
                "nothing",
                "no index");
        refused(
                "too many dimensions for an index",
                () -> HnswIndex.build(folder.resolve("i"), Embeddings.of(new float[1025], 1025)),
                "1025",
                "1024");
    }

    private void retrieval() {
        URI address = URI.create("http://localhost:1");
        refused(
                "a service without a scheme",
                () -> ClipRetrieval.at(URI.create("localhost:1234"), "i"),
                "localhost:1234",
                "http://localhost:1234");
        refused("an index without a name", () -> ClipRetrieval.at(address, ""), "index: empty");
        refused(
                "no results",
                () -> ClipRetrieval.at(address, "i").results(0),
                "results: 0",
                "at least 1");
        refused(
                "no time",
                () -> ClipRetrieval.at(address, "i").timeout(Duration.ofSeconds(-1)),
                "limit: PT-1S",
                "above 0");
        refused(
                "two queries at once",
                () -> ClipRetrieval.at(address, "i").byImage(grey),
                "image: 2 images");
    }

    private void metrics() {
        Embeddings one = Embeddings.of(new float[] {1, 2}, 2);
        refused("one image", () -> FrechetDistance.of(one, two), "1 of 2", "at least 2");
        refused("two descriptors", () -> FrechetDistance.of(two, wide), "of 3", "one dimension");
        refused(
                "no pairs",
                () -> FrechetDistance.ratio(one, two, two, Bootstrap.seed(0)),
                "1 and 2",
                "as many of both");
        refused("no neighbour", () -> PrecisionRecall.of(two, two, 0), "k: 0", "at least 1");
        refused("too few images", () -> PrecisionRecall.of(two, two, 2), "k: 2", "2 and 2");
        refused("precision of others", () -> PrecisionRecall.of(two, wide, 1), "2 and 3 numbers");
        refused("no limit", () -> CopyTable.against("x", Double.NaN), "limit: NaN", "a number");
        CopyTable table = CopyTable.against("x", 0).row("a", new double[1]);
        refused("a limit twice", () -> table.limit("x", 1), "'x'", "[x]");
        refused("a row twice", () -> table.row("a", new double[1]), "'a'", "[a]");
        refused("a row of nothing", () -> table.row("b", new double[0]), "similarities: no values");
    }

    @Override
    public void close() {
        manager.close();
    }
}
