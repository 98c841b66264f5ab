package memoria.network;

import static memoria.network.Params.Init.FAN_IN;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import memoria.diffusion.Condition;
import memoria.torch.Ops;

/**
 * The MLP of the LID paper's synthetic experiments: fully connected, shaped like a UNet, time appended to the input.
 *
 * <pre>{@code
 * h_0 = [x | emb(t)],  h_i = silu(W_i h_{i-1} + b_i)             down, i = 1..n
 * u_n = h_n,           u_{i-1} = silu(W' [h_{i-1} | u_i] + b')   up; the last layer has no activation
 * }</pre>
 *
 * <p>The narrowest layer meets itself nowhere: the way up starts with {@code [h_{n-1} | h_n]}.
 */
public final class Mlp implements Network {

    private final MlpConfig config;
    private final Params params;
    private final List<NDArray> weights = new ArrayList<>();
    private final List<NDArray> biases = new ArrayList<>();

    /**
     * Builds the network on its parameters {@code layers.I.weight} and {@code layers.I.bias}.
     *
     * @param config the architecture
     * @param params fresh, or a checkpoint's
     * @throws IllegalArgumentException if a tensor is missing, unknown or of another shape; it is named
     */
    public Mlp(MlpConfig config, Params params) {
        this.config = config;
        this.params = params;
        List<Integer> widths = new ArrayList<>(List.of(config.dimension() + config.timeWidth()));
        widths.addAll(config.hidden());
        int n = config.hidden().size();
        for (int i = 1; i <= n; i++) {
            layer(widths.get(i - 1), widths.get(i));
        }
        for (int i = n; i >= 1; i--) {
            layer(
                    widths.get(i - 1) + widths.get(i),
                    i == 1 ? config.dimension() : widths.get(i - 1));
        }
        params.requireAllUsed();
    }

    private void layer(int in, int out) {
        Params p = params.at("layers." + weights.size());
        weights.add(p.get("weight", FAN_IN, in, out, in));
        biases.add(p.get("bias", FAN_IN, in, out));
    }

    @Override
    public NDArray forward(NDArray x, double[] t, Condition condition, Dropout dropout) {
        long rows = x.getShape().get(0);
        if (x.size() != rows * config.dimension()) {
            throw new IllegalArgumentException(
                    "x: shape "
                            + x.getShape()
                            + "; this network takes points of dimension "
                            + config.dimension());
        }
        if (t.length != rows) {
            throw new IllegalArgumentException("t: " + t.length + " times for " + rows + " rows");
        }
        config.requireCondition(condition, rows);
        double[] scaled = new double[t.length];
        for (int i = 0; i < t.length; i++) {
            scaled[i] = t[i] * config.timeFactor();
        }
        int n = config.hidden().size();
        List<NDArray> h = new ArrayList<>();
        h.add(
                Ops.cat(
                        List.of(
                                x.reshape(rows, config.dimension()),
                                TimeEmbedding.sinFirst(x.getManager(), scaled, config.timeWidth())),
                        1));
        for (int i = 0; i < n; i++) {
            h.add(Ops.silu(Ops.linear(h.get(i), weights.get(i), biases.get(i))));
        }
        NDArray u = h.get(n);
        for (int i = n; i < 2 * n; i++) {
            NDArray joined = Ops.cat(List.of(h.get(2 * n - 1 - i), u), 1);
            u = Ops.linear(joined, weights.get(i), biases.get(i));
            if (i < 2 * n - 1) {
                u = Ops.silu(u);
            }
        }
        return u.reshape(x.getShape());
    }

    @Override
    public Params params() {
        return params;
    }

    @Override
    public MlpConfig config() {
        return config;
    }
}
