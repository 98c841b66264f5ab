package memoria.network;

import static memoria.network.Params.Init.FAN_IN;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import memoria.torch.Ops;

/**
 * What a {@link Generator} is trained against: a number per image, the higher the more it looks like one of the training set. A convolution,
 * one of stride 2 per level, and a linear layer, with SiLU between them: twice differentiable, as the gradient penalty needs it.
 */
public final class Discriminator {

    private final Params params;
    private final List<NDArray> weights = new ArrayList<>();
    private final List<NDArray> biases = new ArrayList<>();

    /**
     * Builds the discriminator.
     *
     * @param config the generator's architecture; the widths here are the same, in reverse
     * @param params fresh, or a checkpoint's
     * @throws IllegalArgumentException if a tensor is missing, unknown or of another shape; it is named
     */
    public Discriminator(GeneratorConfig config, Params params) {
        this.params = params;
        conv(config.channels(), config.width());
        for (int i = config.levels(); i > 0; i--) {
            conv(config.width(i), config.width(i - 1));
        }
        long features = (long) config.width(0) * config.smallest() * config.smallest();
        weights.add(params.get("output.weight", FAN_IN, features, 1, features));
        biases.add(params.get("output.bias", FAN_IN, features, 1));
        params.requireAllUsed();
    }

    private void conv(int in, int out) {
        Params p = params.at("convs." + weights.size());
        weights.add(p.get("weight", FAN_IN, 9L * in, out, in, 3, 3));
        biases.add(p.get("bias", FAN_IN, 9L * in, out));
    }

    /**
     * Judges images.
     *
     * @param x (N, C, H, W)
     * @return (N, 1)
     */
    public NDArray forward(NDArray x) {
        NDArray h = x;
        int last = weights.size() - 1;
        for (int i = 0; i < last; i++) {
            h = Ops.silu(Ops.conv2d(h, weights.get(i), biases.get(i), i == 0 ? 1 : 2, 1));
        }
        return Ops.linear(h.reshape(x.getShape().get(0), -1), weights.get(last), biases.get(last));
    }

    /**
     * The parameters it was built on.
     *
     * @return the set
     */
    public Params params() {
        return params;
    }
}
