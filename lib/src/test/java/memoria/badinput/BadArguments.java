package memoria.badinput;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import memoria.artifact.Labels;
import memoria.artifact.ModelId;
import memoria.artifact.SampleJob;
import memoria.artifact.Spec;
import memoria.data.DataSet;
import memoria.data.Images;
import memoria.data.Planting;
import memoria.data.Provenance;
import memoria.data.Variation;
import memoria.diffusion.Ddim;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Seeds;
import memoria.metrics.Bootstrap;
import memoria.metrics.EffectSize;
import memoria.metrics.Interval;
import memoria.metrics.Matching;
import memoria.metrics.Roc;
import memoria.network.GeneratorConfig;
import memoria.network.MlpConfig;
import memoria.network.UNetConfig;
import memoria.notebook.Show;
import memoria.progress.Progress;
import memoria.similarity.Copies;
import memoria.similarity.CopyKind;
import memoria.similarity.CopyLabels;
import memoria.similarity.Neighbours;
import memoria.similarity.NormalizedL2;
import memoria.similarity.NullThreshold;
import memoria.torch.Adam;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Script;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import memoria.training.GanTraining;
import memoria.training.Recipe;
import memoria.training.Shipped;
import memoria.training.Training;

/** Arguments out of range, everywhere but in the diffusion itself. */
public final class BadArguments extends BadInput {

    private static final double NAN = Double.NaN;

    private final NDManager manager = Torch.manager();
    private final Images three = images(3, 1, 4, 4);
    private final DataSet set = set(three, 0, 1, 1);

    /** The table. */
    public BadArguments() {
        engine();
        images();
        dataSets();
        similarity();
        metrics();
        labels();
        networks();
        training();
        gans();
        artifacts();
    }

    static Images images(int count, int channels, int height, int width) {
        float[] pixels = new float[count * channels * height * width];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (float) Math.sin(1 + 0.7 * i);
        }
        return Images.of(pixels, count, channels, height, width);
    }

    static DataSet set(Images images, int... labels) {
        return DataSet.of(images, labels, List.of("low", "high"), Provenance.made("waves"));
    }

    private void engine() {
        refused("no threads", () -> Torch.threads(0), "count: 0 threads", "at least 1");
        refused("an unknown device", () -> Torch.device("tpu"), "device: 'tpu'", "cpu, gpu");
        fails(
                IllegalStateException.class,
                "a GPU that is not there",
                () -> Torch.device("gpu:999"),
                "device: 'gpu:999'",
                "finds",
                "MEMORIA_DEVICE");
        float[] values = {1, 2, 3};
        refused(
                "more elements than values",
                () -> Tensors.of(manager, values, new Shape(2, 2)),
                "shape: (2, 2)",
                "4 elements",
                "3 values");
        refused(
                "fewer bytes than elements",
                () -> Tensors.of(manager, ByteBuffer.allocate(3), new Shape(2), DataType.FLOAT32),
                "bytes: 3",
                "(2)",
                "takes 8");
        NDArray x = Tensors.of(manager, values);
        refused(
                "a cast to whole numbers",
                () -> Ops.cast(x, DataType.INT32),
                "type: int32",
                "FLOAT16, FLOAT32, FLOAT64");
        refused(
                "a gradient of several numbers",
                () -> Autograd.grad(x, x, false),
                "y: ",
                "one element",
                "(3)");
        refused(
                "gradients of several numbers",
                () -> Autograd.grads(x, List.of(x)),
                "y: ",
                "one element",
                "(3)");
        refused(
                "a script without a class",
                () -> Script.compile(manager, "def f(x): return x"),
                "source: no line 'class Name(Module):'");
        refused(
                "a script that does not compile",
                () -> Script.compile(manager, "class A(Module):\n  def f(self:"),
                "source: TorchScript does not compile");
        refused("nothing to optimize", () -> new Adam(Map.of(), 1), "params: nothing");
        refused("no step size", () -> new Adam(Map.of("x", x), 0), "learningRate: 0.0", "above 0");
        refused(
                "a missing gradient",
                () -> new Adam(Map.of("x", x), 1).step(List.of()),
                "grads: 0 for 1 parameters");
        refused("a negative total", () -> Progress.start("work", -1), "total: -1 is negative");
    }

    private void images() {
        refused(
                "too few pixels",
                () -> Images.of(new float[5], 1, 1, 2, 3),
                "data: 5 values",
                "1 x 1 x 2 x 3",
                "6");
        refused(
                "no channel",
                () -> Images.of(new float[0], 1, 0, 2, 2),
                "count, channels, height, width: 1 x 0 x 2 x 2",
                "at least 1");
        refused(
                "a tensor that is no batch",
                () -> Images.from(Tensors.of(manager, 1, 2)),
                "tensor: shape (2)",
                "(N, C, H, W)");
        refused("nothing to join", () -> Images.concat(), "parts: none", "at least one");
        refused(
                "joined shapes that differ",
                () -> Images.concat(three, images(1, 3, 4, 4)),
                "parts: images of (3, 4, 4)",
                "(1, 4, 4) is needed");
        refused("an image beyond the last", () -> three.pixels(3), "i: 3", "3 images");
        refused("a range upside down", () -> three.slice(2, 1), "from, to: 2, 1", "3 images");
        refused("no height", () -> three.resize(0, 4), "h, w: 0, 4", "at least 1");
        refused(
                "batches of other sizes compared",
                () -> three.largestDifference(three.first(2)),
                "other: 2 items",
                "here are 3");
        refused(
                "pixels that are no numbers",
                () -> withNaN().requireFinite("images"),
                "images: image 1 holds NaN",
                "finite");
        fails(
                IllegalStateException.class,
                "a picture of two channels",
                () -> images(1, 2, 4, 4).picture(0),
                "channels: 2",
                "1 (grey) and 3 (colour)");
        refused("a grid of nothing", () -> Show.grid(), "images: at least one");
        refused(
                "a grid of two channels",
                () -> Show.grid(images(1, 2, 4, 4)),
                "images: 2 channels",
                "1 (grey) or 3 (colour)");
        refused(
                "a pair without a partner",
                () -> Show.pairs(three, three.first(2), new String[3]),
                "right: 2 images for 3");
    }

    private Images withNaN() {
        float[] pixels = three.all();
        pixels[17] = Float.NaN;
        return Images.of(pixels, 3, 1, 4, 4);
    }

    private void dataSets() {
        refused("labels missing", () -> set(three, 0), "labels: 1 for 3 images");
        refused(
                "a wrong label",
                () -> set(three, 0, 7, 1),
                "labels: image 1 is of class 7",
                "0 to 1");
        refused("more than there are", () -> set.first(4), "n: 4", "3 distinct images");
        refused("an image twice", () -> set.select(0, 0), "indices: ", "twice");
        refused("an unknown class", () -> set.where(2), "label: 2", "0 to 1");
        refused("more planted than there are", () -> set.plant(4, 2), "count: 4", "3 distinct");
        refused("planted no times", () -> set.plant(1, 0), "times: 0", "at least 1");
        refused(
                "a template that is not there",
                () -> set.vary(3, 1, Variation.PATCH, 0),
                "index: 3",
                "3 distinct");
        refused(
                "fewer than no versions",
                () -> set.vary(0, -1, Variation.PATCH, 0),
                "count: -1",
                "0 or more");
        refused(
                "two images varied as one",
                () -> Variation.BRIGHTNESS.of(three, 1, 0),
                "image: 3 images",
                "exactly 1");
        Planting planting = Planting.among("train", 3).optExact(1, 2);
        refused("no images", () -> Planting.among("train", 0), "first: 0", "at least 1");
        refused("skipped backwards", () -> planting.optSkip(-1), "skip: -1", "0 or more");
        refused("all planted", () -> planting.optExact(4, 2), "planted: 4", "0 to 3");
        refused("shown never", () -> planting.optExact(1, 0), "times: 0", "at least 1");
        refused("shown no number of times", () -> planting.optExact(1), "times: []", "at least 1");
        refused("one never", () -> planting.optExact(1, 2, 0), "times: [2, 0]", "at least 1");
        refused("no times", () -> set.plant(1, List.of()), "times: none", "at least 1");
        refused(
                "templates among the planted",
                () -> planting.optTemplates(3, 1),
                "templates: 3",
                "0 to 2");
        refused(
                "fewer than no variations",
                () -> planting.optTemplates(1, -1),
                "variations: -1",
                "0 or more");
        refused("an unknown template", () -> planting.template(0), "t: 0", "0 to -1");
        refused("a source too small", () -> planting.optSkip(1).of(set), "3");
        refused("a position beyond the end", () -> set.index(3), "position: 3", "size 3");
    }

    private void similarity() {
        NormalizedL2 nl2 = NormalizedL2.against(three).neighbours(2);
        refused("an empty training set", () -> NormalizedL2.against(three.first(0)), "set: empty");
        refused(
                "a training image with NaN",
                () -> NormalizedL2.against(withNaN()),
                "set: image 1 holds NaN");
        refused("a query with NaN", () -> nl2.of(withNaN()), "queries: image 1 holds NaN");
        refused(
                "queries of another shape",
                () -> nl2.of(images(1, 3, 4, 4)),
                "queries: images of (3, 4, 4)",
                "(1, 4, 4) is needed");
        refused(
                "fifty neighbours of three images",
                () -> NormalizedL2.against(three).of(three),
                "k: 50",
                "3 images",
                "neighbours(k)");
        refused("one neighbour", () -> nl2.neighbours(1), "k: 1", "2 to");
        refused("more neighbours than images", () -> nl2.neighbours(4), "k: 4", "3 images");
        refused("alpha of 0", () -> nl2.alpha(0), "alpha: 0.0", "above 0");
        refused(
                "a training set with copies",
                () -> NormalizedL2.against(three.select(0, 0, 1)).neighbours(2).of(three),
                "train: one image comes 2 times",
                "DataSet.distinct()");
        refused(
                "no neighbours",
                () -> Neighbours.among(three).nearest(three, 0),
                "k: 0",
                "1 to 3 are legal");
        refused(
                "all others and one more",
                () -> Neighbours.among(three).leaveOneOut(3),
                "k: 3",
                "1 to 2 are legal");
        for (double rate : new double[] {0, 1, -0.1, NAN}) {
            refused(
                    "a rate of " + rate,
                    () -> nl2.threshold(three, rate),
                    "rate: " + rate,
                    "above 0 and below 1");
        }
        refused(
                "too few unseen images for the rate",
                () -> Copies.among(three, nl2, three, 0.01),
                "unseen: 3 images",
                "0.01",
                "at least 100");
        refused(
                "an unseen score that is no number",
                () -> NullThreshold.exceeded(new double[] {0, NAN}, 0.5),
                "unseen: a score is not a number");
        Copies copies = Copies.among(three, nl2, three, 0.5);
        refused("no ranks", () -> copies.ranked(0), "n: 0", "at least 1");
        refused("a row beyond the last", () -> copies.nearest(3), "rows: 3", "3 generated");
        refused("a row below 0", () -> copies.scores(-1), "rows: -1", "3 generated");
        nl2.close();
    }

    private void labels() {
        CopyLabels labels =
                CopyLabels.candidates(
                        set,
                        1,
                        Map.of("nL2", NormalizedL2.against(three).neighbours(2).nearest(three)));
        refused(
                "no candidates",
                () -> CopyLabels.candidates(set, 0, Map.of()),
                "top: 0",
                "at least 1");
        refused(
                "neighbours of other samples",
                () -> CopyLabels.candidates(set, 1, Map.of("nL2", List.of())),
                "nearest: 0 neighbours by nL2",
                "3 samples");
        refused(
                "an image that is no candidate",
                () -> labels.label(CopyKind.EXACT, "eye", 9),
                "images: 9",
                "1 candidates");
        refused("labelled by no one", () -> labels.label(CopyKind.EXACT, "", 0), "by: ''", "legal");
        refused("none of a kind", () -> labels.few(0), "each: 0", "at least 1");
        refused(
                "measurements of others",
                () -> labels.of(CopyKind.EXACT, new double[2]),
                "measured: 2 numbers",
                "1 candidates");
        double[] two = {1, 2};
        refused("too few controls", () -> Matching.closest(two, two, 2), "each: 2", "out of 2");
        refused("no controls", () -> Matching.closest(two, two, 0), "each: 0", "1 or more");
        refused(
                "a case of NaN",
                () -> Matching.closest(new double[] {NAN}, two, 1),
                "cases: number 0 is NaN");
        refused(
                "a spread of one",
                () -> EffectSize.cohen(new double[1], two),
                "a: 1",
                "at least 2");
        refused("a group with NaN", () -> EffectSize.cohen(two, new double[] {1, NAN}), "b: NaN");
    }

    private void metrics() {
        double[] none = {};
        double[] numbers = {1, 2};
        refused(
                "more successes than trials",
                () -> Interval.proportion(3, 2),
                "successes, trials: 3 of 2",
                "0 to that many");
        refused("no trials", () -> Interval.above(none, 0), "0 of 0", "at least one trial");
        refused("a level of 1", () -> Interval.proportion(1, 2, 1), "level: 1.0", "below 1");
        refused("an interval upside down", () -> new Interval(1, 2, 0, 0.9), "low, high: 2.0, 0.0");
        refused("no scores", () -> Roc.of(numbers, none), "negatives: no values", "at least one");
        refused(
                "a score that is no number",
                () -> Roc.of(new double[] {1, NAN}, numbers),
                "positives: value 1",
                "NaN");
        refused(
                "a rate of 1",
                () -> Roc.of(numbers, numbers).truePositiveRate(1),
                "falsePositiveRate: 1.0",
                "below 1");
        refused(
                "few resamples",
                () -> Bootstrap.seed(1).resamples(3),
                "count: 3 resamples",
                "at least 100");
        refused("the mean of nothing", () -> Bootstrap.seed(1).mean(none), "no values");
    }

    private void networks() {
        UNetConfig config = UNetConfig.of(1, 32, 1);
        refused("an odd width", () -> UNetConfig.of(1, 33, 1), "modelChannels: 33", "of 32");
        refused("no levels", () -> config.optChannelMult(), "channelMult: []", "at least one");
        refused(
                "heads that do not divide",
                () -> config.optNumHeads(5, -1),
                "numHeads: 5",
                "divisor");
        refused(
                "attention at a third of the size",
                () -> config.optAttentionResolutions(3),
                "attentionResolutions: [3]",
                "powers of two");
        refused("everything dropped", () -> config.optDropout(1), "dropout: 1.0", "below 1");
        refused(
                "time that stands still",
                () -> config.optTimeFactor(0),
                "timeFactor: 0.0",
                "above 0");
        refused("points of no dimension", () -> MlpConfig.of(0, 4), "dimension: 0", "at least 1");
        refused("no hidden layer", () -> MlpConfig.of(2), "hidden: []", "one or more");
        refused(
                "three channels for one",
                () -> UNetConfig.of(1, 32, 3).requireDenoises(new Shape(1, 8, 8)),
                "outChannels: 3",
                "1 (the noise) and 2 (noise and variance)");
        refused(
                "an image of no height",
                () -> config.requireItem(new Shape(1, 0, 8)),
                "x: 0x8 pixels",
                "multiples of 8");
    }

    private void training() {
        UNetConfig config = UNetConfig.of(1, 32, 1).optChannelMult(1, 1);
        NoiseSchedule schedule = NoiseSchedule.linear(100);
        Recipe recipe = Recipe.steps(1);
        refused("no steps", () -> Recipe.steps(0), "steps: 0", "at least 1");
        refused("batches of 0", () -> recipe.optBatch(0), "batch: 0", "at least 1");
        refused("no rate", () -> recipe.optLearningRate(0, 0), "learningRate: 0.0", "above 0");
        refused("no number", () -> recipe.optLearningRate(NAN, 0), "learningRate", "NaN");
        refused("averages that never move", () -> recipe.optEma(1), "ema: 1.0", "[0, 1)");
        refused("a negative norm", () -> recipe.optClipNorm(-1), "clipNorm: -1.0", "0 or more");
        refused(
                "an empty set",
                () -> new Training(set.first(0), config, schedule, recipe),
                "data: the set is empty",
                "at least 1 image");
        refused(
                "a label without a class",
                () -> new Training(set, config.optNumClasses(1), schedule, recipe),
                "config: 1 classes",
                "label 1");
        refused(
                "images of other channels",
                () -> new Training(set, UNetConfig.of(3, 32, 3), schedule, recipe),
                "x: items of shape (1, 4, 4)",
                "(3, H, W)");
        refused(
                "dropped labels without classes",
                () -> new Training(set, config, schedule, recipe.optConditionDropout(0.1)),
                "conditionDropout 0.1",
                "needs a network with classes");
        refused(
                "no saves",
                () -> new Training(set, config, schedule, recipe).optSaveEvery(0),
                "saveEvery: 0",
                "at least 1");
        refused(
                "a snapshot that was not kept",
                () -> Shipped.TEMPLATES.snapshot(Path.of("."), 750),
                "steps: 750",
                "every 500 steps up to 4000");
        refused(
                "a snapshot of a model without any",
                () -> Shipped.HEAVY.snapshot(Path.of("."), 500),
                "steps: 500",
                "no snapshots");
        refused(
                "snapshots backwards",
                () -> new Training(set, config, schedule, recipe).optSnapshotEvery(-1),
                "snapshotEvery: -1",
                "0 or more");
    }

    private void gans() {
        GeneratorConfig config = new GeneratorConfig(2, 1, 8, 0);
        Recipe recipe = Recipe.steps(1);
        refused("no latent", () -> new GeneratorConfig(0, 1, 8, 0), "latent: 0", "at least 1");
        refused("an odd width", () -> new GeneratorConfig(2, 1, 9, 0), "width: 9", "multiple of 8");
        refused("no doubling back", () -> new GeneratorConfig(2, 1, 8, -1), "levels: -1", "0 to 8");
        refused(
                "a GAN of an empty set",
                () -> new GanTraining(set.first(0), config, recipe),
                "data: the set is empty",
                "at least 1 image");
        refused(
                "a GAN of images of another size",
                () -> new GanTraining(set, new GeneratorConfig(2, 1, 8, 1), recipe),
                "(1, 8, 8)",
                "(1, 4, 4)");
        refused(
                "a GAN with a condition",
                () -> new GanTraining(set, config, recipe.optConditionDropout(0.1)),
                "conditionDropout 0.1",
                "only 0 is legal");
        GanTraining training = new GanTraining(set, config, recipe);
        refused("a reward", () -> training.optPenalty(-1, 1), "gamma: -1.0", "0 or more");
        refused("a penalty of NaN", () -> training.optPenalty(NAN, 1), "gamma: NaN", "0 or more");
        refused("a penalty never", () -> training.optPenalty(1, 0), "every: 0", "at least 1");
    }

    private void artifacts() {
        refused("a spec that is no object", () -> Spec.parse("[1]"), "json: not a JSON object");
        JsonObject infinite = new JsonObject();
        infinite.addProperty("eta", Double.POSITIVE_INFINITY);
        refused("a number that is not finite", () -> Spec.of(infinite), "spec.eta: Infinity");
        refused(
                "a checksum that is none",
                () -> new ModelId("heavy", "abc"),
                "name, sha256: 'heavy', 'abc'",
                "64 lower-case hex digits");
        refused("a negative class", () -> Labels.all(-1), "label: -1", "at least 0");
        refused("no classes in turn", () -> Labels.seedModulo(0), "classes: 0", "at least 1");
        ModelId id = new ModelId("heavy", "0".repeat(64));
        refused(
                "a job without seeds",
                () -> SampleJob.of(id, () -> null, Ddim.steps(5), Seeds.of()),
                "seeds: none",
                "at least one");
        refused(
                "shards of nothing",
                () -> SampleJob.of(id, () -> null, Ddim.steps(5), Seeds.of(1)).shardSize(0),
                "size: 0",
                "at least 1");
        fails(
                java.io.UncheckedIOException.class,
                "the identity of a file that is not there",
                () -> ModelId.of("heavy", Path.of("nowhere.safetensors")),
                "Cannot read nowhere.safetensors",
                "no such file");
    }

    @Override
    public void close() {
        manager.close();
    }
}
