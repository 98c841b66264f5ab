package memoria.stablediffusion;

import static memoria.network.Params.Init.FAN_IN;
import static memoria.network.Params.Init.ONE;
import static memoria.network.Params.Init.ZERO;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import memoria.network.Params;

/** How public checkpoints name CLIP's parameters. */
public enum ClipNames {
    /** Hugging Face's, which every Stable Diffusion checkpoint uses for its text encoder. */
    HUGGING_FACE(
            "text_model.embeddings.token_embedding.weight",
            "text_model.embeddings.position_embedding.weight",
            "text_model.encoder.layers.",
            "layer_norm1",
            "layer_norm2",
            "mlp.fc1",
            "mlp.fc2",
            "text_model.final_layer_norm",
            "text_projection.weight"),
    /** openai's own; its projections are stored transposed. */
    OPENAI(
            "token_embedding.weight",
            "positional_embedding",
            "transformer.resblocks.",
            "ln_1",
            "ln_2",
            "mlp.c_fc",
            "mlp.c_proj",
            "ln_final",
            "text_projection");

    private final String tokens;
    private final String positions;
    private final String layers;
    private final String firstNorm;
    private final String secondNorm;
    private final String hidden;
    private final String outer;
    private final String finalNorm;
    private final String projection;

    ClipNames(
            String tokens,
            String positions,
            String layers,
            String firstNorm,
            String secondNorm,
            String hidden,
            String outer,
            String finalNorm,
            String projection) {
        this.tokens = tokens;
        this.positions = positions;
        this.layers = layers;
        this.firstNorm = firstNorm;
        this.secondNorm = secondNorm;
        this.hidden = hidden;
        this.outer = outer;
        this.finalNorm = finalNorm;
        this.projection = projection;
    }

    String tokens() {
        return tokens;
    }

    String positions() {
        return positions;
    }

    String layer(int i) {
        return layers + i;
    }

    String firstNorm() {
        return firstNorm;
    }

    String hidden() {
        return hidden;
    }

    String finalNorm() {
        return finalNorm;
    }

    String projection() {
        return projection;
    }

    boolean isTransposed() {
        return this == OPENAI;
    }

    /** The parameters of one block in the order {@code clip_block} reads them: 16, or 12 where query, key and value are stored as one. */
    List<NDArray> block(Params p, int width, int inner) {
        List<NDArray> w = new ArrayList<>();
        norm(p.at(firstNorm), width, w);
        if (this == OPENAI) {
            w.add(p.get("attn.in_proj_weight", FAN_IN, width, 3L * width, width));
            w.add(p.get("attn.in_proj_bias", ZERO, width, 3L * width));
            linear(p.at("attn.out_proj"), width, width, w);
        } else {
            for (String part : List.of("q_proj", "k_proj", "v_proj", "out_proj")) {
                linear(p.at("self_attn." + part), width, width, w);
            }
        }
        norm(p.at(secondNorm), width, w);
        linear(p.at(hidden), width, inner, w);
        linear(p.at(outer), inner, width, w);
        return w;
    }

    static void norm(Params p, int width, List<NDArray> w) {
        w.add(p.get("weight", ONE, 0, width));
        w.add(p.get("bias", ZERO, 0, width));
    }

    private static void linear(Params p, int in, int out, List<NDArray> w) {
        w.add(p.get("weight", FAN_IN, in, out, in));
        w.add(p.get("bias", ZERO, in, out));
    }
}
