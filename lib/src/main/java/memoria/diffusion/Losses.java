package memoria.diffusion;

import ai.djl.ndarray.NDArray;
import memoria.torch.Ops;
import memoria.torch.Scalars;

/**
 * What a network is trained to make small, one value per image. Differentiable in the prediction.
 *
 * @param schedule of the training
 * @param variance of the reverse process; matters to {@link #bound} and {@link #hybrid} only
 */
public record Losses(NoiseSchedule schedule, Variance variance) {

    private static final double LN2 = Math.log(2);
    private static final double HALF_LEVEL = 1.0 / 255;
    private static final double LEAST_PROBABILITY = 1e-12;

    /**
     * The terms of the hybrid objective.
     *
     * @param total their sum (B)
     * @param mse {@link #mse} (B)
     * @param bound {@link #bound} with the mean held constant, times T / 1000 (B)
     */
    public record Hybrid(NDArray total, NDArray mse, NDArray bound) {}

    /**
     * The simple objective: mean over pixels of {@code (noise - epsilon)^2} (Ho et al., 2020, Eq. 14).
     *
     * @param epsilon predicted noise (B, item)
     * @param noise the true noise (B, item)
     * @return (B)
     */
    public static NDArray mse(NDArray epsilon, NDArray noise) {
        NDArray error = noise.sub(epsilon);
        return Rows.mean(error.mul(error));
    }

    /**
     * One term of the variational bound, in bits per pixel: {@code KL(q(x_{t-1} | x_t, x_0) || p(x_{t-1} | x_t))}, at index 0 the negative
     * log-likelihood of the image's 256 levels (Ho et al., 2020, Eqs. 5 and 13). The predicted image is not clipped.
     *
     * @param x0 images (B, item)
     * @param xt noisy images (B, item)
     * @param index of x_t, one per row
     * @param prediction for x_t
     * @return (B)
     * @throws IllegalArgumentException if an index is out of range or the variance needs channels that the prediction lacks
     */
    public NDArray bound(NDArray x0, NDArray xt, int[] index, Prediction prediction) {
        Reverse reverse = new Reverse(schedule);
        double[] t = Rows.of(index, i -> i);
        NDArray x0Hat = reverse.x0Hat(xt, prediction.epsilon(), t);
        Gaussian p = reverse.ddpm(xt, x0Hat, index, variance, prediction.variance());
        NDArray kl = Rows.mean(new Forward(schedule).posterior(x0, xt, index).kl(p));
        NDArray nll = Rows.mean(logLikelihood(x0, p).neg());
        double[] last = Rows.of(index, i -> i == 0 ? 1 / LN2 : 0);
        double[] other = Rows.of(index, i -> i == 0 ? 0 : 1 / LN2);
        return Rows.combine(last, nll, other, kl);
    }

    /**
     * The objective of a network that learns its variance: {@link #mse} plus {@link #bound} times T / 1000, where the bound trains the
     * variance channels alone (Nichol and Dhariwal, 2021, Eq. 16).
     *
     * @param x0 images (B, item)
     * @param xt noisy images (B, item)
     * @param noise the noise in x_t (B, item)
     * @param index of x_t, one per row
     * @param prediction for x_t
     * @return the sum and its terms
     * @throws IllegalArgumentException if an index is out of range or the variance needs channels that the prediction lacks
     */
    public Hybrid hybrid(
            NDArray x0, NDArray xt, NDArray noise, int[] index, Prediction prediction) {
        Prediction frozen = new Prediction(Ops.detach(prediction.epsilon()), prediction.variance());
        NDArray bound = Scalars.mul(bound(x0, xt, index, frozen), schedule.steps() / 1000.0);
        NDArray mse = mse(prediction.epsilon(), noise);
        return new Hybrid(mse.add(bound), mse, bound);
    }

    /** Log-probability of the level of 256 that x0 lies on; the outermost levels take the tails. */
    private static NDArray logLikelihood(NDArray x0, Gaussian p) {
        NDArray centred = x0.sub(p.mean());
        NDArray precision = Scalars.mul(p.logVariance(), -0.5).exp();
        NDArray above = normalCdf(precision.mul(Scalars.add(centred, HALF_LEVEL)));
        NDArray below = normalCdf(precision.mul(Scalars.add(centred, -HALF_LEVEL)));
        NDArray lowest = indicator(Scalars.add(Scalars.mul(x0, -1), -0.999));
        NDArray highest = indicator(Scalars.add(x0, -0.999));
        NDArray probability = above.add(highest.mul(Scalars.add(above.neg(), 1)));
        NDArray excluded = below.mul(Scalars.add(lowest.neg(), 1));
        return Ops.clamp(probability.sub(excluded), LEAST_PROBABILITY, 1).log();
    }

    /** 1 where x is above 0, else 0. */
    private static NDArray indicator(NDArray x) {
        return Ops.cast(Ops.detach(x).gt(0), x.getDataType());
    }

    /** The tanh approximation of the normal distribution function that the published models were trained with. */
    private static NDArray normalCdf(NDArray x) {
        NDArray cube = x.mul(x).mul(x);
        NDArray inner =
                Ops.axpby(Math.sqrt(2 / Math.PI), x, Math.sqrt(2 / Math.PI) * 0.044715, cube);
        return Scalars.mul(Scalars.add(inner.tanh(), 1), 0.5);
    }
}
