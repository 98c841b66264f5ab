package memoria.stablediffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import memoria.network.AutoencoderConfig;
import memoria.network.UNetConfig;

/**
 * Which of our parameters a checkpoint's tensor is: a table of modules, theirs to ours, one for each family of files. Names below a module
 * are the same on both sides; ours are those of latent diffusion.
 */
final class NameMap {

    private final Map<String, String> modules = new LinkedHashMap<>();
    private final Set<String> pointwise = new HashSet<>();

    private NameMap() {}

    /** Their tensor under our name, or nothing if no module of the table holds it. */
    Optional<String> ours(String theirs) {
        for (int dot = theirs.lastIndexOf('.'); dot > 0; dot = theirs.lastIndexOf('.', dot - 1)) {
            String module = modules.get(theirs.substring(0, dot));
            if (module != null) {
                String rest = theirs.substring(dot + 1);
                return Optional.of(module.isEmpty() ? rest : module + "." + rest);
            }
        }
        return Optional.empty();
    }

    /** What the files call a parameter of ours; our own name where the table has no module for it. */
    String theirs(String ours) {
        for (Map.Entry<String, String> module : modules.entrySet()) {
            String prefix = module.getValue().isEmpty() ? "" : module.getValue() + ".";
            if (ours.startsWith(prefix)) {
                return module.getKey() + "." + ours.substring(prefix.length());
            }
        }
        return ours;
    }

    /** A tensor with the shape we give it: linear layers over channels are 1x1 convolutions with us. */
    NDArray fit(String ours, NDArray tensor) {
        Shape shape = tensor.getShape();
        if (shape.dimension() != 2 || !pointwise.contains(ours)) {
            return tensor;
        }
        try (tensor) {
            return tensor.reshape(shape.get(0), shape.get(1), 1, 1);
        }
    }

    private NameMap with(String theirs, String ours) {
        modules.put(theirs, ours);
        return this;
    }

    /** A single file of latent diffusion: one part of it, under a prefix. */
    static NameMap below(String prefix) {
        return new NameMap().with(prefix, "");
    }

    /** Files whose names are ours, all below some modules. */
    static NameMap same(String... modules) {
        NameMap map = new NameMap();
        for (String module : modules) {
            map.with(module, module);
        }
        return map;
    }

    /** {@code unet/} of a diffusers folder. */
    static NameMap diffusers(UNetConfig c) {
        NameMap map = new NameMap();
        map.with("conv_in", "input_blocks.0.0")
                .with("time_embedding.linear_1", "time_embed.0")
                .with("time_embedding.linear_2", "time_embed.2")
                .with("mid_block.attentions.0", "middle_block.1")
                .with("conv_norm_out", "out.0")
                .with("conv_out", "out.2");
        map.residual("mid_block.resnets.0", "middle_block.0");
        map.residual("mid_block.resnets.1", "middle_block.2");
        int levels = c.channelMult().size();
        int blocks = c.numResBlocks();
        for (int level = 0; level < levels; level++) {
            String down = "down_blocks." + level;
            int first = 1 + level * (blocks + 1);
            for (int i = 0; i < blocks; i++) {
                String ours = "input_blocks." + (first + i);
                map.residual(down + ".resnets." + i, ours + ".0");
                map.with(down + ".attentions." + i, ours + ".1");
            }
            map.with(down + ".downsamplers.0.conv", "input_blocks." + (first + blocks) + ".0.op");
            String up = "up_blocks." + level;
            for (int i = 0; i <= blocks; i++) {
                String ours = "output_blocks." + (level * (blocks + 1) + i);
                map.residual(up + ".resnets." + i, ours + ".0");
                map.with(up + ".attentions." + i, ours + ".1");
            }
            boolean attends = c.attentionResolutions().contains(1 << (levels - 1 - level));
            int last = level * (blocks + 1) + blocks;
            String upsampler = "output_blocks." + last + (attends ? ".2" : ".1") + ".conv";
            map.with(up + ".upsamplers.0.conv", upsampler);
        }
        return map;
    }

    private void residual(String theirs, String ours) {
        with(theirs + ".norm1", ours + ".in_layers.0")
                .with(theirs + ".conv1", ours + ".in_layers.2")
                .with(theirs + ".time_emb_proj", ours + ".emb_layers.1")
                .with(theirs + ".norm2", ours + ".out_layers.0")
                .with(theirs + ".conv2", ours + ".out_layers.3")
                .with(theirs + ".conv_shortcut", ours + ".skip_connection");
    }

    /** {@code vae/} of a diffusers folder; older ones name the attention's layers query, key, value and proj_attn. */
    static NameMap diffusers(AutoencoderConfig c) {
        NameMap map = new NameMap();
        map.with("quant_conv", "quant_conv").with("post_quant_conv", "post_quant_conv");
        int levels = c.channelMult().size();
        for (String half : new String[] {"encoder", "decoder"}) {
            map.with(half + ".conv_in", half + ".conv_in")
                    .with(half + ".conv_norm_out", half + ".norm_out")
                    .with(half + ".conv_out", half + ".conv_out");
            map.plainResidual(half + ".mid_block.resnets.0", half + ".mid.block_1");
            map.plainResidual(half + ".mid_block.resnets.1", half + ".mid.block_2");
            map.attention(half + ".mid_block.attentions.0", half + ".mid.attn_1");
        }
        for (int level = 0; level < levels; level++) {
            String down = "encoder.down_blocks." + level;
            String up = "decoder.up_blocks." + (levels - 1 - level);
            for (int i = 0; i <= c.numResBlocks(); i++) {
                map.plainResidual(down + ".resnets." + i, "encoder.down." + level + ".block." + i);
                map.attention(down + ".attentions." + i, "encoder.down." + level + ".attn." + i);
                map.plainResidual(up + ".resnets." + i, "decoder.up." + level + ".block." + i);
                map.attention(up + ".attentions." + i, "decoder.up." + level + ".attn." + i);
            }
            map.with(down + ".downsamplers.0.conv", "encoder.down." + level + ".downsample.conv")
                    .with(up + ".upsamplers.0.conv", "decoder.up." + level + ".upsample.conv");
        }
        return map;
    }

    private void plainResidual(String theirs, String ours) {
        with(theirs, ours).with(theirs + ".conv_shortcut", ours + ".nin_shortcut");
    }

    private void attention(String theirs, String ours) {
        with(theirs + ".group_norm", ours + ".norm");
        String[][] layers = {
            {"q", "to_q", "query"},
            {"k", "to_k", "key"},
            {"v", "to_v", "value"},
            {"proj_out", "to_out.0", "proj_attn"}
        };
        for (String[] layer : layers) {
            pointwise.add(ours + "." + layer[0] + ".weight");
            with(theirs + "." + layer[1], ours + "." + layer[0]);
            with(theirs + "." + layer[2], ours + "." + layer[0]);
        }
    }
}
