package memoria.stablediffusion;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import memoria.torch.Autograd;
import memoria.torch.Ops;

/**
 * The transformer both towers of CLIP consist of (Radford et al., 2021, section 2.4): per block
 *
 * <pre>{@code
 * h = h + W_o attend(norm1(h))
 * h = h + W_2 quickGelu(W_1 norm2(h)),   quickGelu(x) = x sigmoid(1.702 x)
 * }</pre>
 */
final class ClipBlocks {

    static final double EPS = 1e-5;

    private final List<List<NDArray>> blocks = new ArrayList<>();
    private final int heads;
    private final boolean causal;

    /**
     * No blocks yet.
     *
     * @param heads of every attention
     * @param causal whether a token sees itself and earlier ones only
     */
    ClipBlocks(int heads, boolean causal) {
        this.heads = heads;
        this.causal = causal;
    }

    void add(List<NDArray> block) {
        blocks.add(block);
    }

    /** Rows of tokens (N, L, width) through all blocks; the input is freed. */
    NDArray consume(NDArray tokens) {
        NDArray h = tokens;
        for (List<NDArray> block : blocks) {
            try (NDArray before = h) {
                h =
                        Ops.call(
                                "clip_block",
                                before,
                                block,
                                heads,
                                causal,
                                EPS,
                                !Autograd.isSecondOrder());
            }
        }
        return h;
    }

    static NDArray norm(NDArray x, List<NDArray> weightAndBias) {
        return Ops.call("layer_norm", x, weightAndBias.get(0), weightAndBias.get(1), EPS);
    }
}
