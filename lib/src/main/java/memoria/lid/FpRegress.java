package memoria.lid;

import java.util.Arrays;
import memoria.metrics.Regression;

/**
 * LIDL's dimension (Tempczyk et al., 2022) from one diffusion model instead of many density models (Kamkari et al., 2024): the log density rho
 * of the data with noise of ratio delta added falls along {@code (LID - d) log delta}, and FLIPD is its rate, so
 *
 * <pre>{@code
 * rho(delta_{i-1}) = rho(delta_i) - beta(t_i) (t_i - t_{i-1}) / 2 * (FLIPD(t_i) - d) / sigma(t_i)^2,    LID = d + slope of rho on log delta
 * }</pre>
 *
 * <p>from the largest delta down, by Euler steps. It reads a sweep of {@link Flipd} over ascending {@link NoiseLevel#ratio levels}. An Euler
 * step holds the rate of the larger delta, so coarse levels give too small a slope: LIDL's eight find 82% of d - LID on a subspace,
 * steps of one percent all of it.
 */
public final class FpRegress {

    /** LIDL's own eight deltas. */
    private static final double[] DELTAS = {
        0.01, 0.013895, 0.019307, 0.026827, 0.037276, 0.051795, 0.071969, 0.1
    };

    private FpRegress() {}

    /**
     * LIDL's own noise levels, delta from 0.01 to 0.1.
     *
     * @return eight levels, ascending
     */
    public static NoiseLevel[] levels() {
        return levels(DELTAS);
    }

    /**
     * Noise levels of one's own.
     *
     * @param deltas ratios above 0
     * @return one level each
     * @throws IllegalArgumentException if one is not above 0
     */
    public static NoiseLevel[] levels(double... deltas) {
        return Arrays.stream(deltas).mapToObj(NoiseLevel::ratio).toArray(NoiseLevel[]::new);
    }

    /**
     * The dimension of every image of a sweep.
     *
     * @param sweep FLIPD at three or more ascending noise levels
     * @return one per image
     * @throws IllegalArgumentException if there are fewer than three levels or they do not ascend
     */
    public static double[] lid(FlipdValues sweep) {
        double[] t = sweep.times();
        double[] sigma = sweep.noiseStds();
        if (t.length < 3) {
            throw new IllegalArgumentException(
                    "sweep: " + t.length + " noise levels; at least 3 are needed for a slope");
        }
        double[][] rho = new double[sweep.count()][t.length];
        double[] logDelta = new double[t.length];
        for (int level = t.length - 1; level >= 0; level--) {
            logDelta[level] = Math.log(sigma[level] / Math.sqrt(1 - sigma[level] * sigma[level]));
            if (level == 0) {
                break;
            }
            if (!(t[level] > t[level - 1])) {
                throw new IllegalArgumentException(
                        "sweep: times "
                                + t[level - 1]
                                + ", "
                                + t[level]
                                + "; ascending ones are legal");
            }
            double[] lid = sweep.lid(level);
            double weight =
                    sweep.betas()[level]
                            * (t[level] - t[level - 1])
                            / (2 * sigma[level] * sigma[level]);
            for (int i = 0; i < lid.length; i++) {
                rho[i][level - 1] = rho[i][level] - weight * (lid[i] - sweep.ambient());
            }
        }
        return Arrays.stream(slopes(logDelta, rho)).map(s -> sweep.ambient() + s).toArray();
    }

    /**
     * Slopes of straight lines through several curves over the same places. A place where one curve is not a number is left out of all.
     *
     * @param x places
     * @param curves one row of values at these places each
     * @return one slope per curve
     * @throws IllegalArgumentException if fewer than three places are left, all alike, or counts differ
     */
    public static double[] slopes(double[] x, double[][] curves) {
        int[] kept =
                java.util.stream.IntStream.range(0, x.length)
                        .filter(i -> Arrays.stream(curves).noneMatch(c -> Double.isNaN(c[i])))
                        .toArray();
        double[] at = Arrays.stream(kept).mapToDouble(i -> x[i]).toArray();
        return Arrays.stream(curves)
                .map(c -> Arrays.stream(kept).mapToDouble(i -> c[i]).toArray())
                .mapToDouble(values -> Regression.of(at, values).slope().estimate())
                .toArray();
    }
}
