package memoria.diffusion;

import ai.djl.ndarray.NDArray;
import memoria.torch.Scalars;

/**
 * A normal distribution over images with independent pixels.
 *
 * @param mean (B, item)
 * @param variance broadcasts to the mean
 * @param logVariance broadcasts to the mean; where the variance is 0 a finite stand-in, so it need not be the variance's logarithm
 */
public record Gaussian(NDArray mean, NDArray variance, NDArray logVariance) {

    /**
     * A draw: {@code mean + exp(logVariance / 2) noise}.
     *
     * @param noise standard normal (B, item)
     * @return (B, item)
     */
    public NDArray sample(NDArray noise) {
        return mean.add(Scalars.mul(logVariance, 0.5).exp().mul(noise));
    }

    /**
     * This distribution pushed along a gradient: {@code N(mean + variance g, variance)} (Dhariwal and Nichol, 2021, Algorithm 1).
     *
     * @param g gradient of a log-density in x (B, item)
     * @return the pushed distribution
     */
    public Gaussian pushed(NDArray g) {
        return new Gaussian(mean.add(variance.mul(g)), variance, logVariance);
    }

    /**
     * Kullback-Leibler divergence {@code KL(this || other)} of every pixel, from the log-variances.
     *
     * @param other the second distribution
     * @return nats, shaped as the means
     */
    public NDArray kl(Gaussian other) {
        NDArray ratio = logVariance.sub(other.logVariance);
        NDArray shift = mean.sub(other.mean);
        NDArray square = shift.mul(shift).mul(other.logVariance.neg().exp());
        return Scalars.mul(Scalars.add(ratio.exp().sub(ratio).add(square), -1), 0.5);
    }
}
