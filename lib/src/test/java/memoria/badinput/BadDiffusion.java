package memoria.badinput;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.util.List;
import memoria.diffusion.Analytic;
import memoria.diffusion.Bend;
import memoria.diffusion.Condition;
import memoria.diffusion.Ddim;
import memoria.diffusion.Ddpm;
import memoria.diffusion.Guided;
import memoria.diffusion.Noise;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Samples;
import memoria.diffusion.Seeds;
import memoria.diffusion.Step;
import memoria.diffusion.Variance;
import memoria.models.Models;
import memoria.network.NetworkDenoiser;
import memoria.network.Params;
import memoria.network.UNetConfig;
import memoria.torch.Torch;

/** Times, seeds, conditions, steps and models that do not fit. */
public final class BadDiffusion extends BadInput {

    private final NoiseSchedule schedule = NoiseSchedule.linear(100);
    private final NetworkDenoiser plain = denoiser(0);
    private final NetworkDenoiser classes = denoiser(2);

    /** The table. */
    public BadDiffusion() {
        schedules();
        seedsAndConditions();
        samplers();
        predictions();
        steps();
        analytic();
        models();
    }

    private NetworkDenoiser denoiser(int numClasses) {
        UNetConfig config =
                UNetConfig.of(1, 32, 1)
                        .optNumResBlocks(1)
                        .optChannelMult(1, 1)
                        .optNumClasses(numClasses);
        Params fresh = Params.fresh(Torch.manager(), 1);
        return new NetworkDenoiser(
                config.build(fresh), schedule, new Shape(1, 8, 8), new JsonObject());
    }

    private NDArray zeros(Shape shape) {
        return plain.manager().zeros(shape);
    }

    private void schedules() {
        refused("a schedule of no steps", () -> NoiseSchedule.linear(0), "steps: 0", "at least 1");
        refused("no betas", () -> NoiseSchedule.of(new double[0]), "betas: none", "at least one");
        refused(
                "a beta of 1",
                () -> NoiseSchedule.linear(20),
                "betas: beta[19] = 1.0",
                "strictly between 0 and 1");
        refused(
                "a beta that is no number",
                () -> NoiseSchedule.scaledLinear(10, -1, 0.5),
                "betas: beta[0] = NaN",
                "strictly between 0 and 1");
        refused(
                "an SDE without noise",
                () -> NoiseSchedule.continuousVp(0, 20, 10),
                "betaMin, betaMax: 0.0, 20.0",
                "0 < betaMin <= betaMax");
        for (double t : new double[] {100, -0.5, Double.NaN}) {
            refused("the noise at t = " + t, () -> schedule.alphaBar(t), "t: " + t, "0..99");
        }
        refused("more noise than there is", () -> schedule.timeAt(2), "noiseStd: 2.0", " to 0.9");
        refused(
                "indices that fall",
                () -> schedule.respaced(3, 2),
                "indices: [3, 2]",
                "ascending indices in 0..99");
        refused("no indices", () -> schedule.respaced(new int[0]), "indices: none", "at least one");
        refused(
                "a respacing in words",
                () -> schedule.respaced("every"),
                "respacing: 'every'",
                "ddim50");
        refused("an index beyond the end", () -> schedule.original(100), "index: 100", "0..99");
        JsonObject spec = new JsonObject();
        refused("a spec of nothing", () -> NoiseSchedule.of(spec), "spec: 'kind' is missing");
        JsonObject unknown = new JsonObject();
        unknown.addProperty("kind", "steep");
        refused(
                "an unknown kind",
                () -> NoiseSchedule.of(unknown),
                "spec: kind 'steep'",
                "linear, scaledLinear, cosine");
    }

    private void seedsAndConditions() {
        Seeds seeds = Seeds.range(0, 3);
        refused("seeds that fall", () -> Seeds.range(5, 2), "from, to: 5, 2", "from <= to");
        refused("a slice beyond the end", () -> seeds.slice(2, 9), "from, to: 2, 9", "3 seeds");
        refused("a seed beyond the end", () -> seeds.at(3), "row: 3", "3 seeds");
        refused("a seed before the first", () -> seeds.select(0, -1), "row: -1", "3 seeds");
        refused("batches of 0 seeds", () -> seeds.batches(0), "size: 0", "at least 1");
        refused("no labels", () -> Condition.classes(), "labels: []", "at least one");
        refused("a negative label", () -> Condition.classes(1, -2), "labels: [1, -2]", "below 0");
        Condition two = Condition.classes(0, 1);
        refused("a condition too many", () -> two.slice(1, 3), "row 2", "with 2");
        refused("two conditions for three", () -> two.fit(3), "condition: 2 rows", "batch of 3");
        refused(
                "kinds that differ",
                () -> Condition.concat(two, Condition.none()),
                "second: None cannot follow Classes");
        refused("no bound", () -> Noise.integers("s", 1, 1, 3, 0), "bound: 0", "at least 1");
        refused(
                "samples without seeds",
                () -> new Samples(BadArguments.images(2, 1, 4, 4), seeds),
                "images: 2 for 3 seeds");
        fails(
                IllegalStateException.class,
                "a filmstrip of what was not recorded",
                () -> new Samples(BadArguments.images(3, 1, 4, 4), seeds).filmstrip(0, 3),
                "no trajectory",
                "recording(true)");
    }

    private void samplers() {
        Seeds seeds = Seeds.range(0, 3);
        refused("DDIM in no steps", () -> Ddim.steps(0), "steps: 0", "at least 1");
        refused("DDPM in no steps", () -> Ddpm.steps(0), "steps: 0", "at least 1");
        refused(
                "more DDIM steps than the model has",
                () -> Ddim.steps(101).sample(plain, seeds),
                "'ddim101' is impossible",
                "ddim100 is the nearest");
        refused(
                "more DDPM steps than the model has",
                () -> Ddpm.steps(101).sample(plain, seeds),
                "'101' asks for 101 steps",
                "1 to 100 are legal");
        for (double eta : new double[] {-0.1, 1.5, Double.NaN}) {
            refused("eta of " + eta, () -> Ddim.steps(5).eta(eta), "eta: " + eta, "in [0, 1]");
        }
        refused("batches of 0", () -> Ddim.steps(5).batch(0), "size: 0", "at least 1");
        refused(
                "no seeds",
                () -> Ddim.steps(5).sample(plain, Seeds.of()),
                "seeds: none",
                "at least one");
        refused(
                "two conditions for three seeds",
                () -> Ddim.steps(5).sample(classes, seeds, Condition.classes(0, 1)),
                "condition: 2 rows",
                "batch of 3");
        refused(
                "a learned variance of a model without",
                () -> Ddpm.steps(5).variance(Variance.LEARNED).sample(plain, seeds),
                "variance: LEARNED",
                "FIXED_SMALL or FIXED_LARGE is legal");
        refused(
                "a guidance that answers for one row",
                () ->
                        Ddim.steps(5)
                                .guidedBy(step -> new Bend.Score(step.xt().get(0)))
                                .sample(plain, seeds),
                "bend: ",
                "(1, 8, 8)",
                "(3, 1, 8, 8) is needed");
        fails(
                IllegalStateException.class,
                "the spec of a lambda",
                () -> Ddim.steps(5).guidedBy(step -> new Bend.None()).spec(),
                "guidance: ",
                "has no spec()");
    }

    private void predictions() {
        double[] once = {5};
        NDArray x = zeros(new Shape(1, 1, 8, 8));
        for (double t : new double[] {100, -0.5, Double.NaN}) {
            refused(
                    "a prediction at t = " + t,
                    () -> plain.predict(x, new double[] {t}, Condition.none()),
                    "t: " + t,
                    "0..99");
        }
        refused(
                "two times for one image",
                () -> plain.predict(x, new double[] {1, 2}, Condition.none()),
                "t: 2 times for 1 rows");
        refused(
                "three channels",
                () -> plain.predict(zeros(new Shape(1, 3, 8, 8)), once, Condition.none()),
                "x: items of shape (3, 8, 8)",
                "(1, H, W)");
        refused(
                "an odd height",
                () -> plain.predict(zeros(new Shape(1, 1, 7, 8)), once, Condition.none()),
                "x: 7x8 pixels",
                "multiples of 2");
        refused(
                "an image without a batch",
                () -> plain.predict(zeros(new Shape(8)), once, Condition.none()),
                "x: items of shape ()",
                "(1, H, W)");
        refused(
                "a label for a model without classes",
                () -> plain.predict(x, once, Condition.classes(0)),
                "condition: classes given",
                "unconditional");
        refused(
                "a label beyond the last",
                () -> classes.predict(x, once, Condition.classes(2)),
                "condition: class 2 at row 0",
                "0..1");
        refused(
                "two labels for one image",
                () -> classes.predict(x, once, Condition.classes(0, 1)),
                "condition: 2 rows for a batch of 1");
        refused(
                "no label for a model with classes",
                () -> classes.predict(x, once, Condition.none()),
                "condition: this model has 2 classes",
                "Condition.classes");
        refused(
                "an embedding for a model with classes",
                () -> classes.predict(x, once, Condition.embedding(x)),
                "condition: embedding given",
                "2 classes");
        refused(
                "an item of another shape",
                () ->
                        new NetworkDenoiser(
                                plain.network(), schedule, new Shape(3, 8, 8), new JsonObject()),
                "x: items of shape (3, 8, 8)",
                "(1, H, W)");
        NetworkDenoiser closed = denoiser(0);
        closed.close();
        fails(
                IllegalStateException.class,
                "a closed model",
                () -> closed.predict(x, once, Condition.none()),
                "model: it was closed");
        fails(
                IllegalStateException.class,
                "sampling from a closed model",
                () -> Ddim.steps(5).sample(closed, Seeds.of(1)),
                "model: it was closed");
        refused(
                "guidance without a stand-in for no condition",
                () -> new Guided(classes, Condition.none(), 2),
                "empty: 0 rows",
                "one row");
        refused(
                "an infinite scale",
                () -> new Guided(classes, Condition.classes(0), Double.POSITIVE_INFINITY),
                "scale: Infinity",
                "not finite");
        refused(
                "guidance towards nothing",
                () ->
                        new Guided(classes, Condition.classes(0), 2)
                                .predict(x, once, Condition.none()),
                "condition: none was given");
    }

    private void steps() {
        NDArray xt = zeros(new Shape(2, 1, 8, 8));
        Seeds seeds = Seeds.range(0, 2);
        Step step = Step.of(plain, schedule, 5, xt, seeds, Condition.none());
        refused(
                "a step of another batch",
                () -> Step.of(plain, schedule, 5, xt, Seeds.of(1), Condition.none()),
                "xt: shape (2, 1, 8, 8)",
                "(1, 1, 8, 8) is needed");
        refused(
                "a step beyond the last",
                () -> Step.of(plain, schedule, 100, xt, seeds, Condition.none()),
                "index: 100",
                "0..99");
        refused("no rows", () -> step.rows(), "some: no rows", "at least one");
        refused("a row too many", () -> step.rows(0, 2), "some: [0, 2]", "0..1");
        refused(
                "a function that mixes rows",
                () -> step.gradX(NDArray::sum, Step.Gradient.EPSILON_CONSTANT),
                "f: returned shape ()",
                "(2)");
    }

    private void analytic() {
        Shape item = new Shape(2, 1, 1);
        double[] mean = new double[2];
        refused(
                "directions that are not orthonormal",
                () ->
                        Analytic.gaussian(
                                schedule, item, mean, new double[][] {{1, 1}}, new double[1]),
                "directions: rows 0 and 0",
                "length 2");
        refused(
                "a negative variance",
                () ->
                        Analytic.gaussian(
                                schedule, item, mean, new double[][] {{1, 0}}, new double[] {-1}),
                "variances: -1.0");
        refused(
                "data of no image",
                () -> Analytic.finite(schedule, BadArguments.images(0, 2, 1, 1)),
                "images, weights: 0 images",
                "at least one");
    }

    private void models() {
        refused(
                "an unknown model",
                () -> Models.denoiser("heavy"),
                "name: ",
                "'heavy'",
                "fashion-heavy");
        refused(
                "unknown images",
                () -> Models.images("fashion"),
                "name: ",
                "'fashion'",
                "fashion-train");
        refused(
                "the training data of a model that names none",
                () -> Models.trainingData(plain),
                "model: its file names no shipped images");
        refused(
                "a model that does not tell how it was made",
                () -> Models.describe(plain),
                "models: ",
                "metadata has only []");
    }

    @Override
    public void close() {
        List.of(plain, classes).forEach(NetworkDenoiser::close);
    }
}
