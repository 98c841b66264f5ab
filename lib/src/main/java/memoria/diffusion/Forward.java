package memoria.diffusion;

import ai.djl.ndarray.NDArray;

/**
 * The forward process q of a schedule: how images become noise (Ho et al., 2020, section 2). Functions of tensors are differentiable.
 *
 * @param schedule the noise at each time; a respaced schedule is a process of its own
 */
public record Forward(NoiseSchedule schedule) {

    /**
     * A noisy image, {@code x_t = sqrt(alphaBar_t) x_0 + sqrt(1 - alphaBar_t) noise} (Ho et al., 2020, Eq. 4).
     *
     * @param x0 images (B, item)
     * @param t one time per row, fractions allowed
     * @param noise standard normal (B, item)
     * @return x_t (B, item)
     * @throws IllegalArgumentException if a time is out of range or their count is not B
     */
    public NDArray sample(NDArray x0, double[] t, NDArray noise) {
        return Rows.combine(signal(t), x0, Rows.of(t, schedule::noiseStd), noise);
    }

    /**
     * The distribution {@code q(x_t | x_0)}.
     *
     * @param x0 images (B, item)
     * @param t one time per row, fractions allowed
     * @return its mean, variance and log-variance
     * @throws IllegalArgumentException if a time is out of range or their count is not B
     */
    public Gaussian marginal(NDArray x0, double[] t) {
        double[] variance = Rows.of(t, s -> Math.pow(schedule.noiseStd(s), 2));
        return new Gaussian(
                Rows.scale(signal(t), x0),
                Rows.column(variance, x0),
                Rows.column(Rows.of(variance, Math::log), x0));
    }

    /**
     * The distribution {@code q(x_{t-1} | x_t, x_0)} (Ho et al., 2020, Eqs. 6 and 7).
     *
     * @param x0 images (B, item)
     * @param xt noisy images (B, item)
     * @param index of x_t, one per row
     * @return its mean, variance and log-variance
     * @throws IllegalArgumentException if an index is out of range or their count is not B
     */
    public Gaussian posterior(NDArray x0, NDArray xt, int[] index) {
        return new Gaussian(
                posteriorMean(x0, xt, index),
                Rows.column(Rows.of(index, this::posteriorVariance), x0),
                Rows.column(Rows.of(index, this::posteriorLogVariance), x0));
    }

    NDArray posteriorMean(NDArray x0, NDArray xt, int[] index) {
        return Rows.combine(
                Rows.of(index, this::posteriorMeanX0),
                x0,
                Rows.of(index, this::posteriorMeanXt),
                xt);
    }

    /**
     * Variance of {@code q(x_{t-1} | x_t, x_0)}: {@code beta_t (1 - alphaBar_{t-1}) / (1 - alphaBar_t)} (Ho et al., 2020, Eq. 7).
     *
     * @param index 0 to T - 1
     * @return the variance; 0 at index 0
     * @throws IllegalArgumentException if the index is out of range
     */
    public double posteriorVariance(int index) {
        return schedule.beta(index)
                * schedule.noiseVariance(index - 1)
                / schedule.noiseVariance(index);
    }

    /**
     * Logarithm of {@link #posteriorVariance}; at index 0, where that is 0, the value of index 1 stands in.
     *
     * @param index 0 to T - 1
     * @return the logarithm, finite; that of beta if there is one step only
     * @throws IllegalArgumentException if the index is out of range
     */
    public double posteriorLogVariance(int index) {
        double beta = schedule.beta(index);
        return Math.log(schedule.steps() == 1 ? beta : posteriorVariance(Math.max(1, index)));
    }

    /**
     * Factor of x_0 in the mean of {@code q(x_{t-1} | x_t, x_0)}: {@code beta_t sqrt(alphaBar_{t-1}) / (1 - alphaBar_t)}.
     *
     * @param index 0 to T - 1
     * @return the factor; 1 at index 0
     * @throws IllegalArgumentException if the index is out of range
     */
    public double posteriorMeanX0(int index) {
        return schedule.beta(index)
                * Math.sqrt(schedule.alphaBarPrev(index))
                / schedule.noiseVariance(index);
    }

    /**
     * Factor of x_t in the mean of {@code q(x_{t-1} | x_t, x_0)}: {@code sqrt(1 - beta_t) (1 - alphaBar_{t-1}) / (1 - alphaBar_t)}.
     *
     * @param index 0 to T - 1
     * @return the factor; 0 at index 0
     * @throws IllegalArgumentException if the index is out of range
     */
    public double posteriorMeanXt(int index) {
        return Math.sqrt(1 - schedule.beta(index))
                * schedule.noiseVariance(index - 1)
                / schedule.noiseVariance(index);
    }

    private double[] signal(double[] t) {
        return Rows.of(t, s -> Math.sqrt(schedule.alphaBar(s)));
    }
}
