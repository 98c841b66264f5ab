package memoria.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;

/** A network that maps noisy items and times to a prediction of the noise (and, where it was trained to, of the variance). */
public interface Network {

    /**
     * The network's output.
     *
     * @param x (N, ...), float32
     * @param t one time per row, in the unit of the training schedule's index, fractions allowed
     * @param labels one class per row, null for an unconditional network
     * @param dropout {@link Dropout#NONE} unless training
     * @return (N, ...) with as many channels as x, or twice as many where the variance is predicted too
     * @throws IllegalArgumentException if an argument does not fit the architecture
     */
    NDArray forward(NDArray x, double[] t, long[] labels, Dropout dropout);

    /**
     * The parameters it was built on.
     *
     * @return the set
     */
    Params params();

    /**
     * The architecture.
     *
     * @return the configuration that builds it again
     */
    NetworkConfig config();

    /**
     * Checks that items of a shape can be fed to this network.
     *
     * @param item shape of one item
     * @throws IllegalArgumentException if they cannot
     */
    void requireItem(Shape item);
}
