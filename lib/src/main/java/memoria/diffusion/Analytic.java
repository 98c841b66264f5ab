package memoria.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import memoria.data.Images;
import memoria.torch.Ops;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;

/**
 * Denoisers that need no training, because the score of their data is known in closed form: the yardstick for samplers, detectors and
 * attacks. They compute in double precision and are differentiable.
 *
 * <p>A {@link #gaussian} on a few directions has a known local dimension; a {@link #finite} set is what a model becomes that has learned
 * its training images by heart.
 */
public final class Analytic implements Denoiser, AutoCloseable {

    /** A function of flat rows x_t in double precision and their times: the mean of x_0 given x_t, or {@code log p_t(x_t)}. */
    @FunctionalInterface
    private interface Exact {
        NDArray of(NDArray xt, double[] t);
    }

    private final NDManager manager = Torch.manager();
    private final NoiseSchedule schedule;
    private final Shape item;
    private Exact posterior;
    private Exact evidence;
    private List<Analytic> parts = List.of();

    private Analytic(NoiseSchedule schedule, Shape item) {
        this.schedule = schedule;
        this.item = item;
    }

    /**
     * Normally distributed data: {@code x_0 = mean + sum_j sqrt(variance_j) z_j direction_j} with standard normal z. Data of local
     * intrinsic dimension k, if all k variances are above 0.
     *
     * @param schedule of the diffusion
     * @param item shape of one row, of d values
     * @param mean (d)
     * @param directions orthonormal (k, d), k from 0 to d
     * @param variances above or at 0 (k)
     * @return the exact denoiser
     * @throws IllegalArgumentException if sizes differ, a variance is negative or the directions are not orthonormal
     */
    public static Analytic gaussian(
            NoiseSchedule schedule,
            Shape item,
            double[] mean,
            double[][] directions,
            double[] variances) {
        int d = Math.toIntExact(item.size());
        int k = variances.length;
        if (mean.length != d || directions.length != k) {
            throw new IllegalArgumentException(
                    "mean, directions, variances: "
                            + mean.length
                            + " values, "
                            + directions.length
                            + " directions and "
                            + k
                            + " variances for items of "
                            + d
                            + " values");
        }
        for (int i = 0; i < k; i++) {
            if (!(variances[i] >= 0)) {
                throw new IllegalArgumentException("variances: " + variances[i] + " is negative");
            }
            for (int j = 0; j <= i; j++) {
                double product = directions[i].length == d ? dot(directions[i], directions[j]) : 2;
                if (Math.abs(product - (i == j ? 1 : 0)) > 1e-6) {
                    throw new IllegalArgumentException(
                            "directions: rows "
                                    + j
                                    + " and "
                                    + i
                                    + " are not orthonormal vectors of length "
                                    + d);
                }
            }
        }
        Analytic model = new Analytic(schedule, item);
        NDArray centre = constant(Tensors.of(model.manager, mean, new Shape(1, d)));
        if (k == 0) {
            model.posterior = (xt, t) -> xt.sub(xt).add(centre);
            model.evidence =
                    (xt, t) -> {
                        NDArray signal = column(xt, t, s -> Math.sqrt(schedule.alphaBar(s)));
                        return model.logNormal(xt.sub(signal.mul(centre)), t);
                    };
            return model;
        }
        double[] flat = Arrays.stream(directions).flatMapToDouble(Arrays::stream).toArray();
        NDArray basis = constant(Tensors.of(model.manager, flat, new Shape(k, d)));
        NDArray transposed = constant(basis.transpose());
        model.posterior =
                (xt, t) -> {
                    double[] gain = new double[t.length * k];
                    for (int i = 0; i < gain.length; i++) {
                        double alphaBar = schedule.alphaBar(t[i / k]);
                        double noise = Math.pow(schedule.noiseStd(t[i / k]), 2);
                        double variance = variances[i % k];
                        gain[i] = Math.sqrt(alphaBar) * variance / (alphaBar * variance + noise);
                    }
                    NDArray signal = column(xt, t, s -> Math.sqrt(schedule.alphaBar(s)));
                    NDArray residual = xt.sub(signal.mul(centre));
                    NDArray weights = Tensors.of(xt.getManager(), gain, new Shape(t.length, k));
                    NDArray inBasis = residual.matMul(transposed).mul(weights);
                    return inBasis.matMul(basis).add(centre);
                };
        model.evidence =
                (xt, t) -> {
                    // Along a direction the variance is alphaBar v + noise; elsewhere noise alone.
                    double[] excess = new double[t.length * k];
                    double[] logs = new double[t.length];
                    for (int i = 0; i < excess.length; i++) {
                        double noise = model.variance(t[i / k]);
                        double full = schedule.alphaBar(t[i / k]) * variances[i % k] + noise;
                        excess[i] = (1 / noise - 1 / full) / 2;
                        logs[i / k] -= Math.log(full / noise) / 2;
                    }
                    NDArray signal = column(xt, t, s -> Math.sqrt(schedule.alphaBar(s)));
                    NDArray residual = xt.sub(signal.mul(centre));
                    NDArray gain = Tensors.of(xt.getManager(), excess, new Shape(t.length, k));
                    NDArray along = residual.matMul(transposed).square().mul(gain);
                    return model.logNormal(residual, t)
                            .add(along.sum(new int[] {1}, true))
                            .add(Tensors.of(xt.getManager(), logs, new Shape(t.length, 1)));
                };
        return model;
    }

    /** {@code log N(residual; 0, (1 - alphaBar_t) I)}, one per row. */
    private NDArray logNormal(NDArray residual, double[] t) {
        NDArray half = column(residual, t, s -> -0.5 / variance(s));
        double d = item.size();
        NDArray norm = column(residual, t, s -> -d / 2 * Math.log(2 * Math.PI * variance(s)));
        return residual.square().sum(new int[] {1}, true).mul(half).add(norm);
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    /**
     * Data that is one of finitely many images: {@code x0-hat} is their mean, weighted by {@code softmax(log w_i - |x_t - sqrt(alphaBar_t)
     * x_i|^2 / (2 (1 - alphaBar_t)))}.
     *
     * @param schedule of the diffusion
     * @param images the data, at least one
     * @param weights how often each image occurs, above 0, in any unit; none for equally often
     * @return the exact denoiser
     * @throws IllegalArgumentException if there is no image, or there are weights but not one per image, above 0
     */
    public static Analytic finite(NoiseSchedule schedule, Images images, double... weights) {
        int n = images.count();
        boolean positive = Arrays.stream(weights).allMatch(w -> w > 0);
        if (n == 0 || (weights.length != 0 && weights.length != n) || !positive) {
            throw new IllegalArgumentException(
                    "images, weights: "
                            + n
                            + " images with "
                            + weights.length
                            + " weights; at least one image, and none or one weight above 0 for each are legal");
        }
        Analytic model = new Analytic(schedule, images.item());
        float[] pixels = images.all();
        int d = images.itemSize();
        double[] data = new double[pixels.length];
        double[] halfNorms = new double[n];
        double[] logWeights = new double[n];
        for (int i = 0; i < pixels.length; i++) {
            data[i] = pixels[i];
            halfNorms[i / d] += 0.5 * data[i] * data[i];
        }
        double total = weights.length == 0 ? n : Arrays.stream(weights).sum();
        for (int i = 0; i < n; i++) {
            logWeights[i] = Math.log((weights.length == 0 ? 1 : weights[i]) / total);
        }
        NDArray points = constant(Tensors.of(model.manager, data, new Shape(n, d)));
        NDArray transposed = constant(points.transpose());
        NDArray norms = constant(Tensors.of(model.manager, halfNorms, new Shape(1, n)));
        NDArray prior = constant(Tensors.of(model.manager, logWeights, new Shape(1, n)));
        Exact logits =
                (xt, t) -> {
                    NDArray dot = xt.matMul(transposed);
                    NDArray a =
                            column(xt, t, s -> Math.sqrt(schedule.alphaBar(s)) / model.variance(s));
                    NDArray b = column(xt, t, s -> -schedule.alphaBar(s) / model.variance(s));
                    return a.mul(dot).add(b.mul(norms)).add(prior);
                };
        model.posterior = (xt, t) -> logits.of(xt, t).softmax(-1).matMul(points);
        model.evidence = (xt, t) -> logSumExp(logits.of(xt, t)).add(model.logNormal(xt, t));
        return model;
    }

    /**
     * Data that comes from one of several parts: {@code x0-hat} is the parts' {@code x0-hat}, weighted by the probability of each part given
     * x_t, {@code softmax_k(log w_k + log p_k,t(x_t))}.
     *
     * @param weights how often data comes from each part, above 0, in any unit
     * @param parts exact denoisers of one schedule and item, at least one; closed with the mixture
     * @return the exact denoiser of the mixture
     * @throws IllegalArgumentException if there is no part, the counts differ, a weight is not above 0, or the parts differ in schedule or
     *     item
     */
    public static Analytic mixture(double[] weights, Analytic... parts) {
        if (parts.length == 0
                || parts.length != weights.length
                || !Arrays.stream(weights).allMatch(w -> w > 0)) {
            throw new IllegalArgumentException(
                    "weights, parts: "
                            + Arrays.toString(weights)
                            + " for "
                            + parts.length
                            + " parts; one above 0 for each of at least one part");
        }
        NoiseSchedule schedule = parts[0].schedule;
        for (Analytic part : parts) {
            if (!part.item.equals(parts[0].item) || !part.schedule.spec().equals(schedule.spec())) {
                throw new IllegalArgumentException(
                        "parts: one has another schedule or item than the first, " + parts[0].item);
            }
        }
        Analytic model = new Analytic(schedule, parts[0].item);
        model.parts = List.of(parts);
        double total = Arrays.stream(weights).sum();
        double[] logs = Arrays.stream(weights).map(w -> Math.log(w / total)).toArray();
        NDArray prior = constant(Tensors.of(model.manager, logs, new Shape(1, logs.length)));
        Exact logits =
                (xt, t) ->
                        Ops.cat(model.parts.stream().map(p -> p.evidence.of(xt, t)).toList(), 1)
                                .add(prior);
        model.posterior =
                (xt, t) -> {
                    NDArray share = logits.of(xt, t).softmax(-1);
                    NDArray sum = null;
                    for (int k = 0; k < parts.length; k++) {
                        NDArray x0Hat = parts[k].posterior.of(xt, t);
                        NDArray part = x0Hat.mul(Ops.narrow(share, 1, k, 1));
                        sum = sum == null ? part : sum.add(part);
                    }
                    return sum;
                };
        model.evidence = (xt, t) -> logSumExp(logits.of(xt, t));
        return model;
    }

    private static NDArray logSumExp(NDArray x) {
        NDArray largest = Ops.detach(x.max(new int[] {1}, true));
        return x.sub(largest).exp().sum(new int[] {1}, true).log().add(largest);
    }

    /**
     * The density of noisy data, exactly.
     *
     * @param x (B, item)
     * @param t one time per row
     * @return {@code log p_t(x)}, float64 (B), recording if x is
     */
    public NDArray logDensity(NDArray x, double[] t) {
        NDArray xt = Ops.cast(x, DataType.FLOAT64).reshape(t.length, item.size());
        return evidence.of(xt, t).reshape(t.length);
    }

    /** A tensor that lives as long as the model, whatever scope the model was made in. */
    private static NDArray constant(NDArray tensor) {
        return Scope.release(tensor);
    }

    private double variance(double t) {
        return Math.pow(schedule.noiseStd(t), 2);
    }

    /** One coefficient per row, owned by x's manager: the model's would keep those of every call. */
    private static NDArray column(NDArray x, double[] t, DoubleUnaryOperator coefficient) {
        return Tensors.of(x.getManager(), Rows.of(t, coefficient), new Shape(t.length, 1));
    }

    @Override
    public Prediction predict(NDArray x, double[] t, Condition condition) {
        Shape expected = new Shape(t.length).addAll(item);
        if (!x.getShape().equals(expected)) {
            throw new IllegalArgumentException(
                    "x: shape "
                            + x.getShape()
                            + "; "
                            + expected
                            + " is needed for "
                            + t.length
                            + " times");
        }
        if (condition.rows() != 0) {
            throw new IllegalArgumentException("condition: this model knows none");
        }
        NDArray xt = Ops.cast(x, DataType.FLOAT64).reshape(t.length, item.size());
        NDArray signal = column(xt, t, s -> -Math.sqrt(schedule.alphaBar(s)) / noise(s));
        NDArray scale = column(xt, t, s -> 1 / noise(s));
        NDArray epsilon = scale.mul(xt).add(signal.mul(posterior.of(xt, t)));
        return new Prediction(Ops.cast(epsilon, x.getDataType()).reshape(x.getShape()));
    }

    private double noise(double t) {
        double noise = schedule.noiseStd(t);
        if (noise == 0) {
            throw new IllegalArgumentException("t: " + t + " has no noise to predict");
        }
        return noise;
    }

    @Override
    public NoiseSchedule schedule() {
        return schedule;
    }

    @Override
    public Shape item() {
        return item;
    }

    @Override
    public NDManager manager() {
        return manager;
    }

    /** Frees the model's tensors. */
    @Override
    public void close() {
        parts.forEach(Analytic::close);
        manager.close();
    }
}
