package memoria.similarity;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonObject;
import java.util.List;
import memoria.data.DataSet;
import memoria.data.Images;
import memoria.diffusion.Samples;

/**
 * How alike an image is to the training image most alike to it: AMG's sigma. Larger is more alike; range and scale are the
 * implementation's. Detectors, guidances and thresholds know a measure by this interface alone.
 */
public interface Similarity extends AutoCloseable {

    /**
     * The training images compared with.
     *
     * @return the set
     */
    Images train();

    /**
     * How many of {@link #train} are training images; those behind them were chosen by the user and have no caption.
     *
     * @return all of them unless the measure knows chosen images
     */
    default int searched() {
        return train().count();
    }

    /**
     * The most alike training image of every image.
     *
     * @param images of the training images' shape
     * @return one per image
     * @throws IllegalArgumentException if shapes differ or a value is not finite
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    List<Neighbour> nearest(Images images);

    /**
     * The similarity of a batch as a tensor that can be differentiated; which training images are the nearest is held fixed.
     *
     * @param x (B, C, H, W) of the training images' shape
     * @return (B), recording if x is
     * @throws IllegalArgumentException if shapes differ or a value is not finite
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    NDArray of(NDArray x);

    /**
     * Compares a batch once, for its similarities and for the gradients of some of them.
     *
     * @param images of the training images' shape
     * @return what was found; as long as nothing faster is known, its tensors come from {@link #of(NDArray)}
     * @throws IllegalArgumentException as {@link #nearest(Images)}
     */
    default Comparison compare(Images images) {
        List<Neighbour> nearest = nearest(images);
        return new Comparison() {
            @Override
            public List<Neighbour> nearest() {
                return nearest;
            }

            @Override
            public NDArray of(NDArray x, int... rows) {
                return Similarity.this.of(x);
            }
        };
    }

    /**
     * Whether alike images have a similarity above 0, as with descriptors. AMG's despecification and caption guidance need that; with
     * {@link NormalizedL2}, which is never positive, they have no effect.
     *
     * @return true for measures that are positive when alike
     */
    boolean positive();

    /**
     * The similarity of every image.
     *
     * @param images of the training images' shape
     * @return one number per image
     * @throws IllegalArgumentException as {@link #nearest(Images)}
     */
    default double[] of(Images images) {
        return nearest(images).stream().mapToDouble(Neighbour::similarity).toArray();
    }

    /**
     * The similarity of every distinct image of a set.
     *
     * @param set images of the training images' shape
     * @return as {@link #of(Images)}
     * @throws IllegalArgumentException as {@link #nearest(Images)}
     */
    default double[] of(DataSet set) {
        return of(set.distinct());
    }

    /**
     * The similarity of every generated image.
     *
     * @param samples images of the training images' shape
     * @return as {@link #of(Images)}, one per seed
     * @throws IllegalArgumentException as {@link #nearest(Images)}
     */
    default double[] of(Samples samples) {
        return of(samples.images());
    }

    /**
     * The level that unseen real images exceed at a rate: what counts as memorized.
     *
     * @param unseen real images that are not in the training set
     * @param rate in (0, 1), for example 0.01 or 0.001
     * @return the level
     * @throws IllegalArgumentException if there are fewer than {@code 1 / rate} images or {@link #nearest(Images)} refuses them
     */
    default double threshold(Images unseen, double rate) {
        NullThreshold.allowed(unseen.count(), rate);
        return NullThreshold.exceeded(of(unseen), rate);
    }

    /**
     * As {@link #threshold(Images, double)}, for the distinct images of a set.
     *
     * @param unseen real images that are not in the training set
     * @param rate in (0, 1)
     * @return the level
     * @throws IllegalArgumentException as {@link #threshold(Images, double)}
     */
    default double threshold(DataSet unseen, double rate) {
        return threshold(unseen.distinct(), rate);
    }

    /**
     * A description that names the measure, its numbers and its training images by checksum, part of the key of a saved result.
     *
     * @return a fresh object
     * @throws IllegalStateException if there is none
     */
    default JsonObject spec() {
        throw new IllegalStateException(
                "similarity: "
                        + getClass().getName()
                        + " has no spec(), so what it decides cannot be described or cached");
    }

    /** Frees native memory; a later use makes it again. */
    @Override
    void close();
}
