package memoria.benchmarks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import memoria.network.UNet;
import memoria.network.UNetConfig;
import memoria.torch.Script;
import memoria.torch.Tensors;

/**
 * The whole of a {@link UNet} as one TorchScript module: every layer written out one after another, the parameters its attributes, time's
 * sinusoids computed inside. It is what a scripted and saved network would be, loaded and run as the engine runs such files, in inference
 * mode: the yardstick of the library's own forward.
 */
final class ScriptedUNet implements AutoCloseable {

    private static final int GROUPS = 32;

    private final UNetConfig config;
    private final UNet network;

    /** What a layer's parameters are in the text: attributes of the module, or elements of an argument. */
    private final boolean asArgument;

    private final List<NDArray> attributes = new ArrayList<>();
    private final StringBuilder body = new StringBuilder();
    private final PtSymbolBlock module;
    private final Script script;
    private int variables;

    /**
     * Writes and compiles the module. It gets a copy of the parameters; those of a network that reads texts are its argument instead: Stable
     * Diffusion's fit in no archive in memory.
     *
     * @param network without classes
     */
    ScriptedUNet(UNet network) {
        if (network.config().numClasses() > 0) {
            throw new IllegalArgumentException("network: with classes; one without is needed");
        }
        this.network = network;
        this.config = network.config();
        this.asArgument = config.contextDim() > 0;
        NDManager owner = network.params().manager();
        write(owner);
        script = asArgument ? Script.compile(owner, source()) : null;
        module = asArgument ? null : load((PtNDManager) owner);
    }

    private PtSymbolBlock load(PtNDManager owner) {
        byte[] archive = TorchScriptArchive.of(source(), attributes);
        try {
            return JniUtils.loadModule(owner, new ByteArrayInputStream(archive), false, false);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Runs the module of a network that reads texts.
     *
     * @param x (N, C, H, W)
     * @param t (N), float32
     * @param context (N, L, contextDim)
     * @return the output
     */
    NDArray forward(NDArray x, NDArray t, NDArray context) {
        return script.run("forward", x, t, context, attributes);
    }

    /**
     * Runs the module.
     *
     * @param x (N, C, H, W)
     * @param t (N), float32
     * @param optimize whether the graph executor may rewrite the graph: fuse, specialise on shapes
     * @return the output
     */
    NDArray forward(NDArray x, NDArray t, boolean optimize) {
        JniUtils.setGraphExecutorOptimize(optimize);
        try (IValue first = IValue.from((PtNDArray) x);
                IValue second = IValue.from((PtNDArray) t);
                IValue out = module.forward(first, second)) {
            return out.toTensor((PtNDManager) x.getManager());
        } finally {
            // The library's own scripts are interpreted; the switch is the thread's.
            JniUtils.setGraphExecutorOptimize(false);
        }
    }

    private String source() {
        StringBuilder text = new StringBuilder("class Net(Module):\n  __parameters__ = [");
        int own = asArgument ? 0 : attributes.size();
        for (int i = 0; i < own; i++) {
            text.append('"').append(TorchScriptArchive.name(i)).append("\", ");
        }
        text.append("]\n  __buffers__ = []\n");
        for (int i = 0; i < own; i++) {
            text.append("  ").append(TorchScriptArchive.name(i)).append(" : Tensor\n");
        }
        String more = asArgument ? ", context: Tensor, p: List[Tensor]" : "";
        return text.append("  def forward(self: __torch__.Net, x: Tensor, t: Tensor")
                .append(more)
                .append(") -> Tensor:\n")
                .append(body)
                .toString();
    }

    private void write(NDManager owner) {
        int half = config.modelChannels() / 2;
        float[] frequencies = new float[half];
        for (int i = 0; i < half; i++) {
            frequencies[i] = (float) Math.exp((float) -Math.log(10_000) * i / half);
        }
        String f = attribute(Tensors.of(owner, frequencies));
        String scaled = let("torch.mul(t, %s)", config.timeFactor());
        String angle = let("torch.mul(torch.unsqueeze(%s, 1), %s)", scaled, f);
        String wave = let("torch.cat([torch.cos(%s), torch.sin(%s)], 1)", angle, angle);
        String hidden = let("torch.silu(%s)", linear("time_embed.0", wave));
        String emb = linear("time_embed.2", hidden);

        Deque<String> kept = new ArrayDeque<>();
        String h = conv("input_blocks.0.0", "x", 1);
        kept.push(h);
        int factor = 1;
        int block = 1;
        int levels = config.channelMult().size();
        for (int level = 0; level < levels; level++) {
            for (int i = 0; i < config.numResBlocks(); i++) {
                h = block("input_blocks." + block++, h, emb, factor, config.numHeads());
                kept.push(h);
            }
            if (level < levels - 1) {
                String down = "input_blocks." + block++ + ".0";
                h =
                        config.convResample()
                                ? conv(down + ".op", h, 2)
                                : let(
                                        "torch.avg_pool2d(%s, [2, 2], [2, 2], [0, 0], False, True, None)",
                                        h);
                kept.push(h);
                factor *= 2;
            }
        }
        h = resBlock("middle_block.0", h, emb);
        h = attention("middle_block.1", h, config.numHeads());
        h = resBlock("middle_block.2", h, emb);
        block = 0;
        for (int level = levels - 1; level >= 0; level--) {
            for (int i = 0; i <= config.numResBlocks(); i++) {
                String name = "output_blocks." + block++;
                h = let("torch.cat([%s, %s], 1)", h, kept.pop());
                h = block(name, h, emb, factor, headsUp());
                if (level > 0 && i == config.numResBlocks()) {
                    int place = config.attentionResolutions().contains(factor) ? 2 : 1;
                    h = let("torch.upsample_nearest2d(%s, None, [2., 2.])", h);
                    if (config.convResample()) {
                        h = conv(name + "." + place + ".conv", h, 1);
                    }
                    factor /= 2;
                }
            }
        }
        h = let("torch.silu(%s)", norm("out.0", h));
        String out = conv("out.2", h, 1);
        body.append("    return ").append(out).append('\n');
    }

    private int headsUp() {
        int own = config.numHeadsUpsample();
        return own == -1 || config.contextDim() > 0 ? config.numHeads() : own;
    }

    private String block(String name, String x, String emb, int factor, int heads) {
        String h = resBlock(name + ".0", x, emb);
        return config.attentionResolutions().contains(factor)
                ? attention(name + ".1", h, heads)
                : h;
    }

    private String resBlock(String name, String x, String emb) {
        String h = let("torch.silu(%s)", norm(name + ".in_layers.0", x));
        h = conv(name + ".in_layers.2", h, 1);
        String e = linear(name + ".emb_layers.1", let("torch.silu(%s)", emb));
        e = let("torch.unsqueeze(torch.unsqueeze(%s, -1), -1)", e);
        if (config.useScaleShiftNorm()) {
            String scale = let("(torch.chunk(%s, 2, 1))[0]", e);
            String shift = let("(torch.chunk(%s, 2, 1))[1]", e);
            h = norm(name + ".out_layers.0", h);
            h = let("torch.add(torch.mul(%s, torch.add(%s, 1)), %s)", h, scale, shift);
        } else {
            h = norm(name + ".out_layers.0", let("torch.add(%s, %s)", h, e));
        }
        h = conv(name + ".out_layers.3", let("torch.silu(%s)", h), 1);
        boolean projects = network.params().all().containsKey(name + ".skip_connection.weight");
        String skip = projects ? conv(name + ".skip_connection", x, 1) : x;
        return let("torch.add(%s, %s)", skip, h);
    }

    private String transformer(String name, String x, int heads) {
        String h = group(name + ".norm", x, "1.0e-6");
        h = conv(name + ".proj_in", h, 1);
        h = let("torch.transpose(torch.flatten(%s, 2, 3), 1, 2)", h);
        for (int i = 0; i < config.transformerDepth(); i++) {
            String block = name + ".transformer_blocks." + i;
            String n = layerNorm(block + ".norm1", h);
            h = let("torch.add(%s, %s)", h, attend(block + ".attn1", n, n, heads));
            n = layerNorm(block + ".norm2", h);
            h = let("torch.add(%s, %s)", h, attend(block + ".attn2", n, "context", heads));
            n = linear(block + ".ff.net.0.proj", layerNorm(block + ".norm3", h));
            String value = let("(torch.chunk(%s, 2, -1))[0]", n);
            String gate = let("torch.gelu((torch.chunk(%s, 2, -1))[1])", n);
            n = linear(block + ".ff.net.2", let("torch.mul(%s, %s)", value, gate));
            h = let("torch.add(%s, %s)", h, n);
        }
        h = let("torch.reshape(torch.transpose(%s, 1, 2), torch.size(%s))", h, x);
        return let("torch.add(%s, %s)", conv(name + ".proj_out", h, 1), x);
    }

    private String attend(String name, String x, String to, int heads) {
        String[] qkv = {"to_q", "to_k", "to_v"};
        for (int i = 0; i < 3; i++) {
            String from = i == 0 ? x : to;
            String weight = of(name + "." + qkv[i], "weight");
            String h = let("torch.linear(%s, %s, None)", from, weight);
            qkv[i] =
                    let(
                            "torch.transpose(torch.reshape(%s, [torch.size(%s, 0), -1, %d, torch.floordiv(torch.size(%s, 2), %d)]), 1, 2)",
                            h, h, heads, h, heads);
        }
        String a = let("torch.scaled_dot_product_attention(%s, %s, %s)", qkv[0], qkv[1], qkv[2]);
        return linear(
                name + ".to_out.0",
                let("torch.reshape(torch.transpose(%s, 1, 2), torch.size(%s))", a, x));
    }

    private String layerNorm(String name, String x) {
        return let(
                "torch.layer_norm(%s, [torch.size(%s, -1)], %s, %s, 1.0e-5, True)",
                x, x, of(name, "weight"), of(name, "bias"));
    }

    private String attention(String name, String x, int heads) {
        if (config.contextDim() > 0) {
            return transformer(name, x, heads);
        }
        long channels = parameter(name + ".norm.weight").size();
        long rows = channels / heads;
        String flat = let("torch.reshape(%s, [torch.size(%s, 0), %d, -1])", x, x, channels);
        String h = conv1d(name + ".qkv", norm(name + ".norm", flat));
        String parts =
                let("torch.reshape(%s, [torch.size(%s, 0), %d, 3, %d, -1])", h, x, heads, rows);
        String[] qkv = new String[3];
        for (int i = 0; i < 3; i++) {
            qkv[i] = let("torch.transpose(torch.select(%s, 2, %d), 2, 3)", parts, i);
        }
        String a = let("torch.scaled_dot_product_attention(%s, %s, %s)", qkv[0], qkv[1], qkv[2]);
        a =
                let(
                        "torch.reshape(torch.transpose(%s, 2, 3), [torch.size(%s, 0), %d, -1])",
                        a, x, channels);
        String sum = let("torch.add(%s, %s)", flat, conv1d(name + ".proj_out", a));
        return let("torch.reshape(%s, torch.size(%s))", sum, x);
    }

    private String conv(String name, String x, int stride) {
        long side = parameter(name + ".weight").getShape().get(2);
        return let(
                "torch.conv2d(%s, %s, %s, [%d, %d], [%d, %d], [1, 1], 1)",
                x, of(name, "weight"), of(name, "bias"), stride, stride, side / 2, side / 2);
    }

    private String conv1d(String name, String x) {
        return let(
                "torch.conv1d(%s, %s, %s, [1], [0], [1], 1)",
                x, of(name, "weight"), of(name, "bias"));
    }

    private String linear(String name, String x) {
        return let("torch.linear(%s, %s, %s)", x, of(name, "weight"), of(name, "bias"));
    }

    private String norm(String name, String x) {
        return group(name, x, "1.0e-5");
    }

    private String group(String name, String x, String eps) {
        return let(
                "torch.group_norm(%s, %d, %s, %s, " + eps + ")",
                x,
                GROUPS,
                of(name, "weight"),
                of(name, "bias"));
    }

    private NDArray parameter(String name) {
        return network.params().all().get(name);
    }

    private String of(String layer, String kind) {
        return attribute(parameter(layer + "." + kind));
    }

    private String attribute(NDArray tensor) {
        attributes.add(tensor);
        return asArgument
                ? "p[" + (attributes.size() - 1) + "]"
                : "self." + TorchScriptArchive.name(attributes.size() - 1);
    }

    /** Appends an assignment to a new variable, which it returns. */
    private String let(String expression, Object... arguments) {
        String variable = "v" + variables++;
        body.append("    ").append(variable).append(" = ");
        body.append(String.format(Locale.ROOT, expression, arguments)).append('\n');
        return variable;
    }

    @Override
    public void close() {
        if (script == null) {
            module.close();
        } else {
            script.close();
        }
    }
}
