package memoria.diffusion;

import java.util.Arrays;

/** The betas of published schedules; {@link NoiseSchedule}'s factories of the same names say whose they are. */
final class Betas {

    /** Beyond any published model's: a file that states more is damaged. */
    private static final int MOST_STEPS = 1_000_000;

    private static final double COSINE_OFFSET = 0.008;
    private static final double COSINE_MAX = 0.999;

    private Betas() {}

    /** As numpy's linspace: the last value is met exactly. */
    static double[] linear(int steps, double first, double last) {
        double[] betas = new double[positive(steps)];
        double width = (last - first) / Math.max(1, steps - 1);
        Arrays.setAll(betas, i -> i == steps - 1 && i > 0 ? last : first + i * width);
        return betas;
    }

    static double[] scaledLinear(int steps, double first, double last) {
        double[] betas = linear(steps, Math.sqrt(first), Math.sqrt(last));
        Arrays.setAll(betas, i -> Math.pow(betas[i], 2));
        return betas;
    }

    static double[] cosine(int steps) {
        double[] betas = new double[positive(steps)];
        Arrays.setAll(
                betas,
                i -> {
                    double kept = f((i + 1.0) / steps) / f((double) i / steps);
                    return Math.min(1 - kept, COSINE_MAX);
                });
        return betas;
    }

    private static double f(double s) {
        double c = Math.cos((s + COSINE_OFFSET) / (1 + COSINE_OFFSET) * Math.PI / 2);
        return c * c;
    }

    static int positive(int steps) {
        if (steps < 1) {
            throw new IllegalArgumentException("steps: " + steps + "; at least 1 is needed");
        }
        if (steps > MOST_STEPS) {
            throw new IllegalArgumentException(
                    "steps: " + steps + "; at most " + MOST_STEPS + " are legal");
        }
        return steps;
    }
}
