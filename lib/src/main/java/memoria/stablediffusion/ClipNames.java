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
    /** Hugging Face's, which every Stable Diffusion checkpoint uses for its text encoder. Both towers are seen from the whole set. */
    HUGGING_FACE(
            new Text(
                    "text_model.embeddings.token_embedding.weight",
                    "text_model.embeddings.position_embedding.weight",
                    "text_model.encoder.layers.",
                    "text_model.final_layer_norm",
                    "text_projection.weight"),
            new Image(
                    "vision_model.embeddings.patch_embedding.weight",
                    "vision_model.embeddings.class_embedding",
                    "vision_model.embeddings.position_embedding.weight",
                    "vision_model.encoder.layers.",
                    "vision_model.pre_layrnorm",
                    "vision_model.post_layernorm",
                    "visual_projection.weight"),
            new Block("layer_norm1", "layer_norm2", "mlp.fc1", "mlp.fc2")),
    /** openai's own; its projections are stored transposed. The image tower is seen from its part, {@code visual}. */
    OPENAI(
            new Text(
                    "token_embedding.weight",
                    "positional_embedding",
                    "transformer.resblocks.",
                    "ln_final",
                    "text_projection"),
            new Image(
                    "conv1.weight",
                    "class_embedding",
                    "positional_embedding",
                    "transformer.resblocks.",
                    "ln_pre",
                    "ln_post",
                    "proj"),
            new Block("ln_1", "ln_2", "mlp.c_fc", "mlp.c_proj"));

    /** The text tower's own names; a layer's number follows that of the layers. */
    record Text(
            String tokens, String positions, String layers, String finalNorm, String projection) {
        String layer(int i) {
            return layers + i;
        }
    }

    /** The image tower's own names. */
    record Image(
            String patches,
            String classEmbedding,
            String positions,
            String layers,
            String firstNorm,
            String lastNorm,
            String projection) {
        String layer(int i) {
            return layers + i;
        }
    }

    /** Names within a layer of either tower. */
    record Block(String firstNorm, String secondNorm, String hidden, String outer) {}

    private final Text text;
    private final Image image;
    private final Block block;

    ClipNames(Text text, Image image, Block block) {
        this.text = text;
        this.image = image;
        this.block = block;
    }

    Text text() {
        return text;
    }

    Image image() {
        return image;
    }

    Block block() {
        return block;
    }

    boolean isTransposed() {
        return this == OPENAI;
    }

    /** The parameters of one block in the order {@code clip_block} reads them: 16, or 12 where query, key and value are stored as one. */
    List<NDArray> block(Params p, int width, int inner) {
        List<NDArray> w = new ArrayList<>();
        norm(p.at(block.firstNorm), width, w);
        if (this == OPENAI) {
            w.add(p.get("attn.in_proj_weight", FAN_IN, width, 3L * width, width));
            w.add(p.get("attn.in_proj_bias", ZERO, width, 3L * width));
            linear(p.at("attn.out_proj"), width, width, w);
        } else {
            for (String part : List.of("q_proj", "k_proj", "v_proj", "out_proj")) {
                linear(p.at("self_attn." + part), width, width, w);
            }
        }
        norm(p.at(block.secondNorm), width, w);
        linear(p.at(block.hidden), width, inner, w);
        linear(p.at(block.outer), inner, width, w);
        return w;
    }

    /** The projection into the space that texts and images share, as this naming stores it. */
    NDArray projection(Params p, String name, int width, int features) {
        long[] shape = isTransposed() ? new long[] {width, features} : new long[] {features, width};
        return p.get(name, FAN_IN, width, shape);
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
