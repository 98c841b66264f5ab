package memoria.diffusion;

import ai.djl.ndarray.NDArray;
import memoria.torch.Ops;
import memoria.torch.Scalars;

/**
 * The reverse process p of a schedule: single steps from noise to images, as functions of a prediction. Samplers are loops over these;
 * each row of a batch may be at another index. Differentiable.
 *
 * @param schedule the noise at each time; for a sampler with fewer steps, the respaced schedule
 */
public record Reverse(NoiseSchedule schedule) {

    /**
     * The image a prediction of noise amounts to: {@code (x_t - sqrt(1 - alphaBar_t) epsilon) / sqrt(alphaBar_t)} (Ho et al., 2020,
     * Eq. 15).
     *
     * @param xt noisy images (B, item)
     * @param epsilon predicted noise (B, item)
     * @param t one time per row, fractions allowed
     * @return x0-hat (B, item), not limited to [-1, 1]
     * @throws IllegalArgumentException if a time is out of range or their count is not B
     */
    public NDArray x0Hat(NDArray xt, NDArray epsilon, double... t) {
        return Rows.combine(
                Rows.of(t, s -> Math.sqrt(1 / schedule.alphaBar(s))),
                xt,
                Rows.of(t, s -> -schedule.noiseStd(s) / Math.sqrt(schedule.alphaBar(s))),
                epsilon);
    }

    /**
     * The noise that a prediction of the image amounts to: the inverse of {@link #x0Hat}.
     *
     * @param xt noisy images (B, item)
     * @param x0Hat predicted images (B, item)
     * @param t one time per row, fractions allowed
     * @return epsilon (B, item)
     * @throws IllegalArgumentException if a time is out of range or their count is not B
     */
    public NDArray epsilon(NDArray xt, NDArray x0Hat, double... t) {
        return Rows.combine(
                Rows.of(t, s -> 1 / schedule.noiseStd(s)),
                xt,
                Rows.of(t, s -> -Math.sqrt(schedule.alphaBar(s)) / schedule.noiseStd(s)),
                x0Hat);
    }

    /**
     * The distribution {@code p(x_{t-1} | x_t)} of DDPM: the posterior of q with the predicted image in place of x_0 (Ho et al., 2020,
     * Eq. 11; Nichol and Dhariwal, 2021, section 3.1).
     *
     * @param xt noisy images (B, item)
     * @param x0Hat predicted images (B, item), clipped to [-1, 1] or not
     * @param index of x_t, one per row
     * @param kind which variance
     * @param v the network's variance channels (B, item), or null
     * @return the distribution; draw from it with {@link #draw}
     * @throws IllegalArgumentException if an index is out of range, their count is not B, or the kind needs channels that are null
     */
    public Gaussian ddpm(NDArray xt, NDArray x0Hat, int[] index, Variance kind, NDArray v) {
        Variance resolved = kind.resolve(v != null);
        Forward q = new Forward(schedule);
        NDArray mean = q.posteriorMean(x0Hat, xt, index);
        double[] small = Rows.of(index, q::posteriorLogVariance);
        if (resolved == Variance.FIXED_SMALL) {
            double[] variance = Rows.of(index, q::posteriorVariance);
            return new Gaussian(mean, Rows.column(variance, xt), Rows.column(small, xt));
        }
        if (resolved == Variance.FIXED_LARGE) {
            double[] large =
                    Rows.of(
                            index,
                            i -> i == 0 ? q.posteriorLogVariance(0) : Math.log(schedule.beta(i)));
            return new Gaussian(
                    mean, Rows.column(Rows.of(large, Math::exp), xt), Rows.column(large, xt));
        }
        NDArray logVariance = v;
        if (resolved == Variance.LEARNED_RANGE) {
            double[] large = Rows.of(index, i -> Math.log(schedule.beta(i)));
            NDArray part = Scalars.mul(Scalars.add(v, 1), 0.5);
            NDArray rest = Scalars.add(part.neg(), 1);
            logVariance = Rows.combine(large, part, small, rest);
        }
        return new Gaussian(mean, logVariance.exp(), logVariance);
    }

    /**
     * A draw from {@link #ddpm}; rows at index 0, the last step, get no noise.
     *
     * @param p the distribution
     * @param index of x_t, one per row
     * @param noise standard normal (B, item); may be null if every index is 0
     * @return x_{t-1} (B, item)
     */
    public NDArray draw(Gaussian p, int[] index, NDArray noise) {
        double[] on = Rows.of(index, i -> i == 0 ? 0 : 1);
        return noise == null ? p.mean() : p.sample(Rows.scale(on, noise));
    }

    /**
     * One step of DDIM (Song et al., 2021, Eq. 12) with
     * {@code sigma_t = eta sqrt((1 - alphaBar_{t-1}) / (1 - alphaBar_t)) sqrt(1 - alphaBar_t / alphaBar_{t-1})}:
     * {@code x_{t-1} = sqrt(alphaBar_{t-1}) x0-hat + sqrt(1 - alphaBar_{t-1} - sigma_t^2) epsilon + sigma_t noise}.
     *
     * @param x0Hat predicted images (B, item); if they were clipped, epsilon is taken anew by {@link #epsilon}
     * @param epsilon predicted noise (B, item)
     * @param index of x_t, one per row
     * @param eta 0 for a deterministic step, 1 for the noise of DDPM
     * @param noise standard normal (B, item); may be null if eta is 0 or every index is 0
     * @return x_{t-1} (B, item)
     * @throws IllegalArgumentException if an index is out of range or their count is not B
     */
    public NDArray ddim(NDArray x0Hat, NDArray epsilon, int[] index, double eta, NDArray noise) {
        double[] sigma = Rows.of(index, i -> ddimNoise(i, (float) eta));
        double[] direction = new double[index.length];
        for (int i = 0; i < index.length; i++) {
            float left = 1 - alphaBarPrev(index[i]) - (float) sigma[i] * (float) sigma[i];
            direction[i] = root(Math.max(0, left));
        }
        double[] signal = Rows.of(index, i -> root(alphaBarPrev(i)));
        NDArray next = Rows.combine(signal, x0Hat, direction, epsilon);
        return noise == null ? next : next.add(Rows.scale(sigma, noise));
    }

    // The public samplers round DDIM's coefficients to single precision before they are subtracted.
    // Where alphaBar is nearly 1 that changes
    // the third digit of the little noise left, and only the same rounding gives the same numbers.

    private float ddimNoise(int index, float eta) {
        float alphaBar = (float) schedule.alphaBar(index);
        float before = alphaBarPrev(index);
        return eta * root((1 - before) / (1 - alphaBar)) * root(1 - alphaBar / before);
    }

    private float alphaBarPrev(int index) {
        return (float) schedule.alphaBarPrev(index);
    }

    private static float root(float x) {
        return (float) Math.sqrt(x);
    }

    /**
     * One step of DDIM towards the noise, without randomness (Song et al., 2021, section 4.3):
     * {@code x_{t+1} = sqrt(alphaBar_{t+1}) x0-hat + sqrt(1 - alphaBar_{t+1}) epsilon}.
     *
     * @param x0Hat predicted images (B, item)
     * @param epsilon predicted noise (B, item)
     * @param index of x_t, one per row
     * @return x_{t+1} (B, item); after the last index, pure epsilon
     * @throws IllegalArgumentException if an index is out of range or their count is not B
     */
    public NDArray ddimInverse(NDArray x0Hat, NDArray epsilon, int[] index) {
        return Rows.combine(
                Rows.of(index, i -> root((float) schedule.alphaBarNext(i))),
                x0Hat,
                Rows.of(index, i -> root(1 - (float) schedule.alphaBarNext(i))),
                epsilon);
    }

    /**
     * A predicted image brought into the range of images.
     *
     * @param x0Hat (B, item)
     * @return every value limited to [-1, 1]
     */
    public static NDArray clip(NDArray x0Hat) {
        return Ops.clamp(x0Hat, -1, 1);
    }
}
