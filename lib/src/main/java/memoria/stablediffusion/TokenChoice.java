package memoria.stablediffusion;

import java.util.Arrays;
import memoria.diffusion.Noise;

/** Which tokens of a prompt are changed: k of them, drawn without replacement (LID paper, Sec. 4.2 and D.4). */
public final class TokenChoice {

    private static final String STREAM = "prompt/tokens";

    private TokenChoice() {}

    /**
     * Draws tokens one after the other, each with its weight's share of what is left.
     *
     * @param weights one per token, 0 or more: {@link Attribution#shares}
     * @param k how many; all if there are fewer
     * @param seed of the draws
     * @param draw number of the draw under this seed
     * @return places of the tokens, ascending
     * @throws IllegalArgumentException if k is negative or a weight is not a number of at least 0
     */
    public static int[] byWeight(double[] weights, int k, long seed, long draw) {
        if (k < 0) {
            throw new IllegalArgumentException("k: " + k + " tokens; 0 or more");
        }
        for (double weight : weights) {
            if (!(weight >= 0) || Double.isInfinite(weight)) {
                throw new IllegalArgumentException("weights: " + weight + " is not 0 or more");
            }
        }
        double[] left = weights.clone();
        int count = Math.min(k, left.length);
        double[] at = Noise.uniform(STREAM, seed, draw, count);
        int[] chosen = new int[count];
        for (int i = 0; i < count; i++) {
            chosen[i] = one(left, at[i]);
            left[chosen[i]] = Double.NaN;
        }
        Arrays.sort(chosen);
        return chosen;
    }

    /** Not-a-number marks what was taken. Where all that is left weighs nothing it is drawn evenly. */
    private static int one(double[] left, double uniform) {
        double sum = Arrays.stream(left).filter(w -> w > 0).sum();
        long open = Arrays.stream(left).filter(w -> w >= 0).count();
        double reach = uniform * (sum > 0 ? sum : open);
        int last = -1;
        for (int i = 0; i < left.length; i++) {
            double weight = sum > 0 ? left[i] : left[i] >= 0 ? 1 : 0;
            if (weight > 0) {
                last = i;
                reach -= weight;
                if (reach < 0) {
                    return i;
                }
            }
        }
        return last;
    }

    /**
     * Draws tokens evenly: the paper's ablation.
     *
     * @param tokens how many there are
     * @param k how many are drawn; all if there are fewer
     * @param seed of the draws
     * @param draw number of the draw under this seed
     * @return places of the tokens, ascending
     * @throws IllegalArgumentException if a count is negative
     */
    public static int[] uniform(int tokens, int k, long seed, long draw) {
        if (tokens < 0) {
            throw new IllegalArgumentException("tokens: " + tokens + "; 0 or more");
        }
        double[] equal = new double[tokens];
        Arrays.fill(equal, 1);
        return byWeight(equal, k, seed, draw);
    }

    static void requireTokens(int count, int... chosen) {
        for (int token : chosen) {
            if (token < 0 || token >= count) {
                throw new IllegalArgumentException(
                        "chosen: token " + token + " of a prompt with " + count);
            }
        }
    }
}
