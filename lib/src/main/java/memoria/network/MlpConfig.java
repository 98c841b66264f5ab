package memoria.network;

import ai.djl.ndarray.types.Shape;
import java.util.List;

/**
 * The architecture of an {@link Mlp}.
 *
 * @param dimension d of the points
 * @param hidden widths of the layers on the way down; the way up mirrors them
 * @param timeWidth width of the time embedding, even, at least 4
 * @param timeFactor what t is multiplied with before it is embedded; {@code 1/T} gives the continuous time of the LID paper's networks
 */
public record MlpConfig(int dimension, List<Integer> hidden, int timeWidth, double timeFactor)
        implements NetworkConfig {

    /**
     * Checks every argument and copies the list.
     *
     * @param dimension as in the record
     * @param hidden as in the record
     * @param timeWidth as in the record
     * @param timeFactor as in the record
     * @throws IllegalArgumentException if one is not legal; it is named
     */
    public MlpConfig {
        hidden = List.copyOf(hidden);
        if (dimension < 1) {
            throw new IllegalArgumentException("dimension: " + dimension + " is not at least 1");
        }
        if (hidden.isEmpty() || hidden.stream().anyMatch(w -> w < 1)) {
            throw new IllegalArgumentException(
                    "hidden: " + hidden + " is not one or more widths of at least 1");
        }
        if (timeWidth < 4 || timeWidth % 2 != 0) {
            throw new IllegalArgumentException(
                    "timeWidth: " + timeWidth + " is not even and at least 4");
        }
        if (!(timeFactor > 0) || Double.isInfinite(timeFactor)) {
            throw new IllegalArgumentException("timeFactor: " + timeFactor + " is not above 0");
        }
    }

    /**
     * A network for points, with time embedded in 64 numbers at the resolution of a thousand steps.
     *
     * @param dimension d of the points
     * @param hidden widths on the way down
     * @return the configuration
     */
    public static MlpConfig of(int dimension, Integer... hidden) {
        return new MlpConfig(dimension, List.of(hidden), 64, 1);
    }

    @Override
    public Network build(Params params) {
        return new Mlp(this, params);
    }

    @Override
    public int numClasses() {
        return 0;
    }

    @Override
    public double dropout() {
        return 0;
    }

    @Override
    public long outChannels(Shape item) {
        return item.get(0);
    }

    @Override
    public void requireItem(Shape item) {
        if (item.dimension() == 0 || item.size() != dimension) {
            throw new IllegalArgumentException(
                    "item: "
                            + item
                            + " has "
                            + item.size()
                            + " numbers; this network takes "
                            + dimension);
        }
    }
}
