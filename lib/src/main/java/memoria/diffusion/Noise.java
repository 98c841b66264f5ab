package memoria.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import memoria.data.Checksum;
import memoria.torch.Tensors;
import org.apache.commons.rng.UniformRandomProvider;
import org.apache.commons.rng.sampling.distribution.ZigguratSampler;
import org.apache.commons.rng.simple.RandomSource;

/**
 * Every random number of the library, as a pure function of a stream's name, a seed and a step: the same on any machine, in any batch, in
 * any order, after any restart.
 *
 * <p>The generator is xoshiro256++ (Blackman and Vigna, 2021). Its 256 bits of state are the SHA-256 of the stream's name in UTF-8, a zero
 * byte, the seed and the step, both as eight bytes with the highest first; the digest is read as four numbers in the same order. Normal
 * numbers are drawn from it by McFarland's modified ziggurat in double precision, uniform ones from the upper 53 bits.
 */
public final class Noise {

    private Noise() {}

    /**
     * The generator itself, for draws that the other methods do not offer: shuffles, choices without replacement.
     *
     * @param stream what the numbers are for, for example {@code "training/batch"}: different names give unrelated numbers
     * @param seed which image or run
     * @param step which step of it
     * @return a fresh generator at its first number
     */
    public static UniformRandomProvider generator(String stream, long seed, long step) {
        byte[] name = stream.getBytes(StandardCharsets.UTF_8);
        ByteBuffer key = ByteBuffer.allocate(name.length + 17);
        key.put(name).put((byte) 0).putLong(seed).putLong(step);
        ByteBuffer digest = ByteBuffer.wrap(Checksum.digest().digest(key.array()));
        long[] state = {digest.getLong(), digest.getLong(), digest.getLong(), digest.getLong()};
        return RandomSource.XO_SHI_RO_256_PP.create(state);
    }

    /**
     * Standard normal numbers. A longer draw starts with the numbers of a shorter one.
     *
     * @param stream what they are for
     * @param seed which image or run
     * @param step which step of it
     * @param count how many
     * @return N(0, 1) numbers
     */
    public static double[] gaussian(String stream, long seed, long step, int count) {
        var sampler = ZigguratSampler.NormalizedGaussian.of(generator(stream, seed, step));
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = sampler.sample();
        }
        return values;
    }

    /**
     * Uniform numbers.
     *
     * @param stream what they are for
     * @param seed which image or run
     * @param step which step of it
     * @param count how many
     * @return numbers in [0, 1)
     */
    public static double[] uniform(String stream, long seed, long step, int count) {
        UniformRandomProvider generator = generator(stream, seed, step);
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = generator.nextDouble();
        }
        return values;
    }

    /**
     * Uniform whole numbers.
     *
     * @param stream what they are for
     * @param seed which image or run
     * @param step which step of it
     * @param count how many
     * @param bound one past the largest, at least 1
     * @return numbers in 0..bound-1
     * @throws IllegalArgumentException if bound is below 1
     */
    public static int[] integers(String stream, long seed, long step, int count, int bound) {
        if (bound < 1) {
            throw new IllegalArgumentException("bound: " + bound + "; at least 1 is needed");
        }
        UniformRandomProvider generator = generator(stream, seed, step);
        int[] values = new int[count];
        for (int i = 0; i < count; i++) {
            values[i] = generator.nextInt(bound);
        }
        return values;
    }

    /**
     * Standard normal noise for a batch, one independent draw per seed.
     *
     * @param manager owner of the tensor
     * @param stream what it is for
     * @param seeds one per row
     * @param step which step
     * @param item shape of one row
     * @return float32 (seeds.count(), item)
     */
    public static NDArray tensor(
            NDManager manager, String stream, Seeds seeds, long step, Shape item) {
        int size = Math.toIntExact(item.size());
        float[] values = new float[Math.multiplyExact(seeds.count(), size)];
        for (int row = 0; row < seeds.count(); row++) {
            if (row > 0 && seeds.at(row) == seeds.at(row - 1)) {
                System.arraycopy(values, (row - 1) * size, values, row * size, size);
                continue;
            }
            var sampler =
                    ZigguratSampler.NormalizedGaussian.of(generator(stream, seeds.at(row), step));
            for (int i = row * size; i < (row + 1) * size; i++) {
                values[i] = (float) sampler.sample();
            }
        }
        return Tensors.of(manager, values, new Shape(seeds.count()).addAll(item));
    }
}
