package memoria.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import memoria.diffusion.Condition;
import memoria.diffusion.Denoiser;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Prediction;

/**
 * A network with the schedule it was trained on and the shape of its items: all a sampler or an estimator needs. It owns its parameters;
 * close it to free them.
 *
 * <p>A network with twice as many output channels as input channels predicts the variance in the second half (Nichol and Dhariwal 2021,
 * Eq. 15). A network with classes takes {@link Condition.Classes}; if it was trained without labels now and then, {@link #empty} is the
 * condition that stands for none. A network that reads texts takes {@link Condition.Embedding}, the empty prompt's included.
 */
public final class NetworkDenoiser implements Denoiser, AutoCloseable {

    private final Network network;
    private final NoiseSchedule schedule;
    private final Shape item;
    private final JsonObject metadata;

    /**
     * A denoiser.
     *
     * @param network the network; its parameters' manager is closed with this denoiser
     * @param schedule the whole schedule it was trained on
     * @param item shape of one item
     * @param metadata how it was made, as its file tells: recipe, data, loss curve
     * @throws IllegalArgumentException if the network does not take such items
     */
    public NetworkDenoiser(
            Network network, NoiseSchedule schedule, Shape item, JsonObject metadata) {
        network.config().requireDenoises(item);
        this.network = network;
        this.schedule = schedule;
        this.item = item;
        this.metadata = metadata.deepCopy();
        network.params().setRequiresGradient(false);
    }

    @Override
    public Prediction predict(NDArray x, double[] t, Condition condition) {
        requireOpen();
        for (double time : t) {
            schedule.requireTime(time);
        }
        boolean missing = condition instanceof Condition.None;
        Condition given = missing ? empty(t.length) : condition.fit(t.length);
        return network.predict(x, t, given, Dropout.NONE);
    }

    private NDManager requireOpen() {
        NDManager owner = network.params().manager();
        if (!owner.isOpen()) {
            throw new IllegalStateException("model: it was closed; load it again");
        }
        return owner;
    }

    /**
     * The condition that stands for no condition, one per row.
     *
     * @param rows how many
     * @return nothing for an unconditional model; the label "none" for one trained with condition dropout
     * @throws IllegalArgumentException if the model reads texts, or has classes and was never trained without them
     */
    public Condition empty(int rows) {
        if (network.config().contextDim() > 0) {
            throw new IllegalArgumentException(
                    "condition: this model reads texts; give Condition.embedding(...) of shape (rows, tokens, "
                            + network.config().contextDim()
                            + "), for no text the empty prompt's");
        }
        if (network.config().numClasses() == 0) {
            return Condition.none();
        }
        if (!metadata.has("emptyLabel")) {
            throw new IllegalArgumentException(
                    "condition: this model has "
                            + network.config().numClasses()
                            + " classes and was always trained with one; give Condition.classes(...)");
        }
        long[] labels = new long[rows];
        java.util.Arrays.fill(labels, metadata.get("emptyLabel").getAsLong());
        return Condition.classes(labels);
    }

    @Override
    public NoiseSchedule schedule() {
        return schedule;
    }

    @Override
    public Shape item() {
        return item;
    }

    @Override
    public NDManager manager() {
        return requireOpen();
    }

    /**
     * The network behind it: for features, adapters and further training.
     *
     * @return the network
     */
    public Network network() {
        return network;
    }

    /**
     * How it was made: recipe, data, loss curve.
     *
     * @return a copy
     */
    public JsonObject metadata() {
        return metadata.deepCopy();
    }

    /** Frees the parameters; predictions throw {@link IllegalStateException} from then on. */
    @Override
    public void close() {
        network.params().manager().close();
    }
}
