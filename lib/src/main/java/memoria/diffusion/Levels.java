package memoria.diffusion;

import java.util.Arrays;

/** {@code log alphaBar} as a function of continuous time, and its inverse. */
interface Levels {

    /** {@code log alphaBar_t}, for t from {@link #first} to the last index. */
    double at(double t);

    /** The time with a given {@code log alphaBar}. */
    double time(double logAlphaBar);

    /** The least legal time. */
    int first();

    /** Linear between indices. */
    record Table(double[] logAlphaBar) implements Levels {
        @Override
        public double at(double t) {
            int low = (int) t;
            double part = t - low;
            return part == 0
                    ? logAlphaBar[low]
                    : logAlphaBar[low] * (1 - part) + logAlphaBar[low + 1] * part;
        }

        @Override
        public double time(double log) {
            int low = 0;
            int high = logAlphaBar.length - 1;
            while (high - low > 1) {
                int middle = (low + high) >>> 1;
                if (logAlphaBar[middle] >= log) {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            double span = logAlphaBar[high] - logAlphaBar[low];
            return span == 0 ? low : low + (log - logAlphaBar[low]) / span;
        }

        @Override
        public int first() {
            return 0;
        }
    }

    /** {@code beta(s) = min + s (max - min)} for s in [0, 1]; index t is at {@code s = (t + 1) / steps}. */
    record Vp(double min, double max, int steps) implements Levels {

        /** Those between the indices. */
        double[] betas() {
            double[] betas = new double[steps];
            Arrays.setAll(betas, i -> -Math.expm1(at(i) - at(i - 1.0)));
            return betas;
        }

        @Override
        public double at(double t) {
            double s = (t + 1) / steps;
            return -s * (min + s * (max - min) / 2);
        }

        @Override
        public double time(double log) {
            // The root of the quadratic in the form that does not cancel for small s.
            double root = Math.sqrt(min * min - 2 * (max - min) * log);
            return -2 * log / (min + root) * steps - 1;
        }

        @Override
        public int first() {
            return -1;
        }
    }
}
