package memoria.training;

import java.util.function.LongUnaryOperator;
import memoria.diffusion.Noise;
import org.apache.commons.rng.UniformRandomProvider;

/**
 * Which training positions make up which batch: every epoch is a new shuffle of all positions, and position k of the run depends on the
 * seed and k alone.
 */
final class Batches implements LongUnaryOperator {

    private final int size;
    private final long seed;
    private long epoch = -1;
    private int[] order;

    Batches(int size, long seed) {
        this.size = size;
        this.seed = seed;
    }

    /** The data position at place k of the endless sequence of epochs. */
    @Override
    public long applyAsLong(long k) {
        if (k / size != epoch) {
            epoch = k / size;
            order = shuffle();
        }
        return order[(int) (k % size)];
    }

    private int[] shuffle() {
        UniformRandomProvider random = Noise.generator("training/order", seed, epoch);
        int[] shuffled = new int[size];
        for (int i = 0; i < size; i++) {
            int j = random.nextInt(i + 1);
            shuffled[i] = shuffled[j];
            shuffled[j] = i;
        }
        return shuffled;
    }
}
