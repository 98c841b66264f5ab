package memoria.network;

import static memoria.network.Params.Init.FAN_IN;
import static memoria.network.Params.Init.ONE;
import static memoria.network.Params.Init.ZERO;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import memoria.torch.Autograd;
import memoria.torch.Ops;

/**
 * Latent diffusion's {@code SpatialTransformer} (Rombach et al., 2022, section 3.3): the pixels are tokens, and each block lets them attend
 * to each other, then to the text, then feeds each forward through a gated layer (GEGLU):
 *
 * <pre>{@code
 * h = h + attend(norm1(h), norm1(h))      Q, K and V of the pixels
 * h = h + attend(norm2(h), context)       Q of the pixels, K and V of the text's tokens
 * h = h + W2 (a * gelu(b)),  [a | b] = W1 norm3(h)
 * }</pre>
 */
final class Transformer {

    private Transformer() {}

    /** The layer, by the public checkpoints' names. */
    static Layers.Layer of(Params p, UNetConfig c, int channels) {
        int heads = c.transformerHeads(channels);
        List<NDArray> w = new ArrayList<>();
        w.add(p.get("norm.weight", ONE, 0, channels));
        w.add(p.get("norm.bias", ZERO, 0, channels));
        w.add(p.get("proj_in.weight", FAN_IN, channels, channels, channels, 1, 1));
        w.add(p.get("proj_in.bias", FAN_IN, channels, channels));
        w.add(p.get("proj_out.weight", ZERO, 0, channels, channels, 1, 1));
        w.add(p.get("proj_out.bias", ZERO, 0, channels));
        for (int i = 0; i < c.transformerDepth(); i++) {
            block(p.at("transformer_blocks." + i), channels, c.contextDim(), w);
        }
        String name = p.name();
        return (x, pass) -> {
            boolean fused = !Autograd.isSecondOrder();
            if (pass.maps() != null) {
                pass.maps().put(name, Ops.call("text_attention", x, pass.context(), w, heads));
            }
            boolean tangent = Autograd.isTangent();
            return Ops.call(
                    "transformer", x, pass.context(), w, heads, fused, pass.slice(), tangent);
        };
    }

    /** Twenty tensors, in the order the script reads them. */
    private static void block(Params p, int channels, int contextDim, List<NDArray> w) {
        norm(p.at("norm1"), channels, w);
        attention(p.at("attn1"), channels, channels, w);
        norm(p.at("norm2"), channels, w);
        attention(p.at("attn2"), channels, contextDim, w);
        norm(p.at("norm3"), channels, w);
        linear(p.at("ff.net.0.proj"), channels, 8 * channels, w);
        linear(p.at("ff.net.2"), 4 * channels, channels, w);
    }

    private static void attention(Params p, int channels, int from, List<NDArray> w) {
        w.add(p.get("to_q.weight", FAN_IN, channels, channels, channels));
        w.add(p.get("to_k.weight", FAN_IN, from, channels, from));
        w.add(p.get("to_v.weight", FAN_IN, from, channels, from));
        linear(p.at("to_out.0"), channels, channels, w);
    }

    private static void norm(Params p, int channels, List<NDArray> w) {
        w.add(p.get("weight", ONE, 0, channels));
        w.add(p.get("bias", ZERO, 0, channels));
    }

    private static void linear(Params p, int in, int out, List<NDArray> w) {
        w.add(p.get("weight", FAN_IN, in, out, in));
        w.add(p.get("bias", FAN_IN, in, out));
    }
}
