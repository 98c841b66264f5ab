package memoria.diffusion;

/** Which variance the reverse process of DDPM has. */
public enum Variance {
    /** {@link #LEARNED_RANGE} if the network predicts variance channels, else {@link #FIXED_LARGE}. */
    OF_MODEL,
    /** That of {@code q(x_{t-1} | x_t, x_0)}: the lower bound (Ho et al., 2020, section 3.2). */
    FIXED_SMALL,
    /** {@code beta_t}: the upper bound; at index 0 the posterior variance of index 1, for the likelihood's sake. */
    FIXED_LARGE,
    /** The network's extra channels are the log-variance. */
    LEARNED,
    /** The network's extra channels v in [-1, 1] interpolate the logarithms of both bounds (Nichol and Dhariwal, 2021, Eq. 15). */
    LEARNED_RANGE;

    Variance resolve(boolean channels) {
        if (this == OF_MODEL) {
            return channels ? LEARNED_RANGE : FIXED_LARGE;
        }
        if (!channels && (this == LEARNED || this == LEARNED_RANGE)) {
            throw new IllegalArgumentException(
                    "variance: "
                            + this
                            + ", but the network predicts no variance channels; FIXED_SMALL or FIXED_LARGE is legal");
        }
        return this;
    }
}
