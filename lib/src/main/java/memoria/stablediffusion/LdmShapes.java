package memoria.stablediffusion;

import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import memoria.network.AutoencoderConfig;
import memoria.network.UNetConfig;

/**
 * Architectures read off the shapes of a single file's tensors, which tells nothing else. The number of heads, which no shape shows, is 8 as
 * in every Stable Diffusion 1.
 */
final class LdmShapes {

    private static final int HEADS = 8;
    private static final String TEXT_KEYS = ".1.transformer_blocks.0.attn2.to_k.weight";

    private final Map<String, Shape> shapes;

    private LdmShapes(Map<String, Shape> shapes) {
        this.shapes = shapes;
    }

    /** The UNet, by our names. */
    static UNetConfig unet(Map<String, Shape> shapes) {
        return new LdmShapes(shapes).unet();
    }

    private UNetConfig unet() {
        int base = size("input_blocks.0.0.weight", 0);
        List<Integer> widths = new ArrayList<>();
        TreeSet<Integer> attends = new TreeSet<>();
        int blocks = 0;
        int factor = 1;
        int width = base;
        for (int i = 1; shapes.containsKey(input(i, "in_layers.0")) || down(i); i++) {
            if (down(i)) {
                widths.add(width / base);
                factor *= 2;
                continue;
            }
            width = size(input(i, "out_layers.3"), 0);
            blocks += factor == 1 ? 1 : 0;
            if (shapes.containsKey("input_blocks." + i + ".1.norm.weight")) {
                attends.add(factor);
            }
        }
        widths.add(width / base);
        int depth = 0;
        while (shapes.containsKey("middle_block.1.transformer_blocks." + depth + ".norm1.weight")) {
            depth++;
        }
        return UNetConfig.of(size("input_blocks.0.0.weight", 1), base, size("out.2.weight", 0))
                .optNumResBlocks(blocks)
                .optChannelMult(widths.toArray(Integer[]::new))
                .optAttentionResolutions(attends.toArray(Integer[]::new))
                .optNumHeads(HEADS, -1)
                .optContext(size("middle_block" + TEXT_KEYS, 1), depth);
    }

    private boolean down(int i) {
        return shapes.containsKey("input_blocks." + i + ".0.op.weight");
    }

    private static String input(int i, String layer) {
        return "input_blocks." + i + ".0." + layer + ".weight";
    }

    /** The autoencoder, by our names. */
    static AutoencoderConfig autoencoder(Map<String, Shape> shapes) {
        return new LdmShapes(shapes).autoencoder();
    }

    private AutoencoderConfig autoencoder() {
        int base = size("encoder.conv_in.weight", 0);
        List<Integer> widths = new ArrayList<>();
        List<Integer> attends = new ArrayList<>();
        int blocks = 0;
        for (int level = 0; shapes.containsKey(block(level, 0)); level++) {
            widths.add(size(block(level, 0), 0) / base);
            if (shapes.containsKey("encoder.down." + level + ".attn.0.norm.weight")) {
                attends.add(1 << level);
            }
            blocks = 0;
            while (shapes.containsKey(block(level, blocks))) {
                blocks++;
            }
        }
        return AutoencoderConfig.of(
                        size("encoder.conv_in.weight", 1), size("post_quant_conv.weight", 1), base)
                .optZChannels(size("post_quant_conv.weight", 0))
                .optChannelMult(widths.toArray(Integer[]::new))
                .optNumResBlocks(blocks)
                .optAttentionFactors(attends.toArray(Integer[]::new));
    }

    private static String block(int level, int i) {
        return "encoder.down." + level + ".block." + i + ".conv1.weight";
    }

    private int size(String name, int axis) {
        Shape shape = shapes.get(name);
        if (shape == null || shape.dimension() <= axis) {
            throw new IllegalArgumentException(
                    "tensor '"
                            + name
                            + (shape == null ? "' is missing" : "' has shape " + shape)
                            + "; this is no checkpoint of latent diffusion");
        }
        return Math.toIntExact(shape.get(axis));
    }
}
