package memoria.metrics;

import java.util.Arrays;

/** Controls that are as much like the cases as can be had in something that is not to be measured, such as how complex an image is. */
public final class Matching {

    private Matching() {}

    /**
     * Chooses controls. Round by round every case takes the control closest to it that nobody has taken yet, the earlier one where two are
     * equally close.
     *
     * @param cases one number per case
     * @param pool one number per possible control
     * @param each controls per case, at least 1
     * @return indices in the pool, none twice, ascending: {@code each} per case
     * @throws IllegalArgumentException if a number is not finite or the pool is too small
     */
    public static int[] closest(double[] cases, double[] pool, int each) {
        requireFinite("cases", cases);
        requireFinite("pool", pool);
        if (each < 1 || (long) each * cases.length > pool.length) {
            throw new IllegalArgumentException(
                    "each: "
                            + each
                            + " for "
                            + cases.length
                            + " cases out of "
                            + pool.length
                            + " possible controls; 1 or more, as far as the pool reaches");
        }
        boolean[] taken = new boolean[pool.length];
        int[] chosen = new int[each * cases.length];
        for (int i = 0; i < chosen.length; i++) {
            chosen[i] = closest(cases[i % cases.length], pool, taken);
            taken[chosen[i]] = true;
        }
        Arrays.sort(chosen);
        return chosen;
    }

    private static int closest(double value, double[] pool, boolean[] taken) {
        int best = -1;
        for (int j = 0; j < pool.length; j++) {
            if (!taken[j]
                    && (best < 0 || Math.abs(pool[j] - value) < Math.abs(pool[best] - value))) {
                best = j;
            }
        }
        return best;
    }

    private static void requireFinite(String name, double[] values) {
        for (int i = 0; i < values.length; i++) {
            if (!Double.isFinite(values[i])) {
                throw new IllegalArgumentException(
                        name + ": number " + i + " is " + values[i] + ", not finite");
            }
        }
    }
}
