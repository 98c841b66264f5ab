package memoria.network;

import ai.djl.ndarray.NDArray;
import memoria.diffusion.Condition;
import memoria.diffusion.Prediction;
import memoria.torch.Ops;

/** A network that maps noisy items and times to a prediction of the noise (and, where it was trained to, of the variance). */
public interface Network {

    /**
     * The network's output.
     *
     * @param x (N, ...), float32
     * @param t one time per row, in the unit of the training schedule's index, fractions allowed
     * @param condition what the network was trained with, one per row: classes, embeddings of texts, or {@link Condition#none()}
     * @param dropout {@link Dropout#NONE} unless training
     * @return (N, ...) with as many channels as x, or twice as many where the variance is predicted too
     * @throws IllegalArgumentException if an argument does not fit the architecture
     */
    NDArray forward(NDArray x, double[] t, Condition condition, Dropout dropout);

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
     * The network's output as a prediction: where it has twice as many channels as x, the second half is the variance (Nichol and Dhariwal,
     * 2021, Eq. 15).
     *
     * @param x as in {@link #forward}
     * @param t as in {@link #forward}
     * @param condition as in {@link #forward}
     * @param dropout as in {@link #forward}
     * @return noise and, if the network has them, variance channels, each shaped as x
     * @throws IllegalArgumentException if an argument does not fit the architecture
     */
    default Prediction predict(NDArray x, double[] t, Condition condition, Dropout dropout) {
        NDArray out = forward(x, t, condition, dropout);
        long channels = x.getShape().get(1);
        if (out.getShape().get(1) == channels) {
            return new Prediction(out);
        }
        return new Prediction(
                Ops.narrow(out, 1, 0, channels), Ops.narrow(out, 1, channels, channels));
    }
}
