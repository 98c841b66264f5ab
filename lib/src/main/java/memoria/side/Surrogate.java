package memoria.side;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.stream.IntStream;
import memoria.artifact.ModelId;
import memoria.data.Images;
import memoria.diffusion.Forward;
import memoria.diffusion.Noise;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Seeds;
import memoria.metrics.Bootstrap;
import memoria.metrics.Interval;
import memoria.network.FeatureNetwork;
import memoria.network.ResNetConfig;
import memoria.progress.Progress;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scope;
import memoria.torch.Tensors;

/**
 * A surrogate condition (SIDE, Sec. 3.2): a classifier whose {@code p_t(y | x_t)} stands for the label that the unconditional target never
 * had. A time-dependent network is TDKD's; one without time is the paper's ablation OL-TI, which sees noisy images as if they were clean.
 */
public final class Surrogate implements AutoCloseable {

    private static final int BATCH = 250;

    private final ModelId id;
    private final FeatureNetwork network;
    private final Anchor.Scores scores;
    private final int[] groups;

    private Surrogate(ModelId id, FeatureNetwork network, Anchor.Scores scores, int[] groups) {
        this.id = id;
        this.network = network;
        this.scores = scores;
        this.groups = groups;
    }

    /**
     * A surrogate condition.
     *
     * @param id which network, for specs
     * @param network one output per class, with or without a time module; the caller closes it
     * @return the condition
     * @throws IllegalArgumentException if the network has fewer than 2 outputs
     */
    public static Surrogate of(ModelId id, FeatureNetwork network) {
        ResNetConfig config = network.network().config();
        if (config.outputs() < 2 || config.normalised()) {
            throw new IllegalArgumentException(
                    "network: "
                            + config.outputs()
                            + " outputs"
                            + (config.normalised() ? " of length 1" : "")
                            + "; a classifier has at least 2 and does not normalise them");
        }
        boolean timed = config.time() != ResNetConfig.Time.NONE;
        return new Surrogate(
                id,
                network,
                (x, t) -> network.network().forward(x, timed ? t : null),
                IntStream.range(0, config.outputs()).toArray());
    }

    /**
     * The same time-dependent classifier, held to its teacher near t = 0, where the teacher is right and the student about a point behind.
     *
     * @param teacher the classifier without time that this one was distilled from, with the same classes
     * @param anchor how far from t = 0 the teacher has a say
     * @return the condition, under this one's name and {@link Anchor#id}'s checksum; it shares this one's network and the teacher's
     * @throws IllegalArgumentException if this one knows no time, the teacher does, their images or classes differ, or classes were merged
     */
    public Surrogate anchored(Surrogate teacher, Anchor anchor) {
        if (!timeDependent() || teacher.timeDependent()) {
            throw new IllegalArgumentException(
                    "teacher: "
                            + teacher.id.name()
                            + (teacher.timeDependent() ? " knows" : " knows no")
                            + " time and "
                            + id.name()
                            + (timeDependent() ? " knows it" : " does not")
                            + "; a student that does and a teacher that does not are needed");
        }
        if (!Arrays.equals(groups, teacher.groups) || classes() != groups.length) {
            throw new IllegalArgumentException(
                    "teacher: "
                            + teacher.classes()
                            + " labels of "
                            + teacher.groups.length
                            + " classes for "
                            + classes()
                            + " of "
                            + groups.length
                            + "; the same classes are needed, and merged ones only afterwards");
        }
        if (!network.item().equals(teacher.network.item())) {
            throw new IllegalArgumentException(
                    "teacher: images "
                            + teacher.network.item()
                            + "; "
                            + network.item()
                            + " as the student's are needed");
        }
        return new Surrogate(
                anchor.id(id, teacher.id),
                network,
                (x, t) -> anchor.mix(x, t, teacher.scores, scores),
                groups);
    }

    /**
     * The same classifier with fewer labels: classes are put together at random, {@code p(group | x_t)} is the sum of theirs.
     *
     * @param labels how many groups, 2 to {@link #classes}; none is empty
     * @param seed of the grouping
     * @return the coarser condition, under the name {@code NAME@LABELS.SEED}; it shares this one's network
     * @throws IllegalArgumentException if the number is out of range
     */
    public Surrogate merged(int labels, long seed) {
        if (labels < 2 || labels > classes()) {
            throw new IllegalArgumentException(
                    "labels: " + labels + " of " + classes() + "; 2 to that many are legal");
        }
        double[] u = Noise.uniform("side/merged", seed, labels, groups.length);
        int[] order =
                IntStream.range(0, groups.length)
                        .boxed()
                        .sorted((a, b) -> Double.compare(u[a], u[b]))
                        .mapToInt(i -> i)
                        .toArray();
        int[] merged = new int[groups.length];
        for (int i = 0; i < order.length; i++) {
            merged[order[i]] = i % labels;
        }
        String name = id.name() + "@" + labels + "." + seed;
        return new Surrogate(new ModelId(name, id.sha256()), network, scores, merged);
    }

    /**
     * Which network.
     *
     * @return name and checksum
     */
    public ModelId id() {
        return id;
    }

    /**
     * How many labels it knows.
     *
     * @return at least 2
     */
    public int classes() {
        return Arrays.stream(groups).max().orElseThrow() + 1;
    }

    /**
     * Whether it is told how noisy its input is.
     *
     * @return true for TDKD's
     */
    public boolean timeDependent() {
        return network.network().config().time() != ResNetConfig.Time.NONE;
    }

    /**
     * Log-probabilities.
     *
     * @param xt noisy images (B, C, H, W)
     * @param t their time, an index of the target's schedule
     * @return {@code log p_t(y | x_t)} (B, classes), recording if x_t is
     */
    public NDArray logProbabilities(NDArray xt, double t) {
        return logProbabilities(xt, everywhere(xt, t));
    }

    /**
     * Log-probabilities, each row at a time of its own.
     *
     * @param xt noisy images (B, C, H, W)
     * @param t one time per row, an index of the target's schedule
     * @return {@code log p_t(y | x_t)} (B, classes), recording if x_t is
     * @throws IllegalArgumentException if there is not one time per row
     */
    public NDArray logProbabilities(NDArray xt, double[] t) {
        if (t.length != xt.getShape().get(0)) {
            throw new IllegalArgumentException(
                    "t: " + t.length + " times for " + xt.getShape().get(0) + " rows; one per row");
        }
        int outputs = groups.length;
        if (classes() == outputs) {
            return scores.of(xt, t).logSoftmax(-1);
        }
        float[] member = new float[outputs * classes()];
        for (int c = 0; c < outputs; c++) {
            member[c * classes() + groups[c]] = 1;
        }
        NDArray sums = Tensors.of(xt.getManager(), member, new Shape(outputs, classes()));
        // The floor keeps the logarithm of an impossible group finite.
        return Ops.clamp(scores.of(xt, t).softmax(-1).matMul(sums), 1e-30, 1).log();
    }

    private static double[] everywhere(NDArray xt, double t) {
        double[] times = new double[Math.toIntExact(xt.getShape().get(0))];
        Arrays.fill(times, t);
        return times;
    }

    /**
     * The gradient that guides (Eq. 3): {@code d log p_t(y_i | x_t,i) / d x_t,i} in every row.
     *
     * @param xt noisy images (B, C, H, W)
     * @param t their time
     * @param labels y, one per row, 0 to {@code classes() - 1}
     * @return shaped as x_t, outside any graph
     * @throws IllegalArgumentException if there is not one label per row or one is out of range
     */
    public NDArray gradient(NDArray xt, double t, long[] labels) {
        return gradient(xt, everywhere(xt, t), labels);
    }

    /**
     * The gradient that guides, each row at a time of its own.
     *
     * @param xt noisy images (B, C, H, W)
     * @param t one time per row
     * @param labels y, one per row, 0 to {@code classes() - 1}
     * @return shaped as x_t, outside any graph
     * @throws IllegalArgumentException if there is not one time and one label per row, or a label is out of range
     */
    public NDArray gradient(NDArray xt, double[] t, long[] labels) {
        int rows = Math.toIntExact(xt.getShape().get(0));
        if (labels.length != rows || Arrays.stream(labels).anyMatch(y -> y < 0 || y >= classes())) {
            throw new IllegalArgumentException(
                    "labels: "
                            + Arrays.toString(labels)
                            + " for "
                            + rows
                            + " rows; one per row, 0 to "
                            + (classes() - 1));
        }
        float[] chosen = new float[rows * classes()];
        for (int i = 0; i < rows; i++) {
            chosen[i * classes() + (int) labels[i]] = 1;
        }
        return Scope.keep(
                () ->
                        Autograd.on(
                                () -> {
                                    NDArray leaf = Autograd.leaf(xt);
                                    NDArray log = logProbabilities(leaf, t);
                                    NDArray y = Tensors.of(xt.getManager(), chosen, log.getShape());
                                    return Autograd.grad(log.mul(y).sum(), leaf, false);
                                }));
    }

    /**
     * The share of noised images whose label it gives.
     *
     * @param images clean images
     * @param labels their classes
     * @param schedule of the noise
     * @param t the noise's time; at 0 the images get the least noise of the schedule
     * @param seed of the noise
     * @return accuracy with its exact 95% interval
     * @throws IllegalArgumentException if there is not one label per image
     */
    public Interval accuracy(
            Images images, int[] labels, NoiseSchedule schedule, double t, long seed) {
        boolean[] right = right(images, labels, schedule, t, seed);
        long count = IntStream.range(0, right.length).filter(i -> right[i]).count();
        return Interval.proportion(count, right.length);
    }

    /**
     * How much more accurate this condition is than another, both asked about the same noised images: its accuracy less the other's. The
     * interval is the bootstrap's over images, so it is narrower than the intervals of two accuracies suggest.
     *
     * @param other the condition compared with
     * @param images clean images, at least one
     * @param labels their classes
     * @param schedule of the noise
     * @param t the noise's time
     * @param seed of the noise and of the resampling
     * @return the difference with its 95% interval; above 0 where this one is better
     * @throws IllegalArgumentException if there is not one label per image, or no image
     */
    public Interval accuracyAbove(
            Surrogate other,
            Images images,
            int[] labels,
            NoiseSchedule schedule,
            double t,
            long seed) {
        boolean[] own = right(images, labels, schedule, t, seed);
        boolean[] others = other.right(images, labels, schedule, t, seed);
        double[] gained = new double[own.length];
        Arrays.setAll(gained, i -> (own[i] ? 1 : 0) - (others[i] ? 1 : 0));
        return Bootstrap.seed(seed).mean(gained);
    }

    private boolean[] right(
            Images images, int[] labels, NoiseSchedule schedule, double t, long seed) {
        if (labels.length != images.count()) {
            throw new IllegalArgumentException(
                    "labels: " + labels.length + " for " + images.count() + " images");
        }
        boolean[] right = new boolean[labels.length];
        for (int from = 0; from < images.count(); from += BATCH) {
            Progress.checkpoint();
            int first = from;
            int to = Math.min(images.count(), from + BATCH);
            long[] found =
                    Scope.use(() -> noisy(images.slice(first, to), schedule, t, seed, first));
            for (int i = 0; i < found.length; i++) {
                right[from + i] = found[i] == labels[from + i];
            }
        }
        return right;
    }

    private long[] noisy(Images some, NoiseSchedule schedule, double t, long seed, int first) {
        return Autograd.off(
                () -> {
                    NDArray x0 = some.tensor(network.manager());
                    double[] times = new double[some.count()];
                    Arrays.fill(times, t);
                    Seeds rows = Seeds.range(first, first + some.count());
                    NDArray eps =
                            Noise.tensor(x0.getManager(), "side/accuracy", rows, seed, some.item());
                    NDArray xt = new Forward(schedule).sample(x0, times, eps);
                    return logProbabilities(xt, t).argMax(1).toLongArray();
                });
    }

    /** Frees the network. */
    @Override
    public void close() {
        network.close();
    }
}
