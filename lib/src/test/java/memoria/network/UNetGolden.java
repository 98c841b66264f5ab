package memoria.network;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import memoria.diffusion.Condition;
import memoria.diffusion.NoiseSchedule;
import memoria.golden.GoldenCase;
import memoria.golden.GoldenFamily;
import memoria.torch.Autograd;

/** {@code iddpm_unet_*} and {@code ldm_unet}: the network's output, its features and its embedding of time. */
public final class UNetGolden implements GoldenFamily {

    @Override
    public boolean serves(String caseName) {
        return caseName.startsWith("iddpm_unet_") || caseName.startsWith("ldm_unet");
    }

    @Override
    public void compare(GoldenCase golden) {
        UNet net = unet(golden, golden.constants());
        NDArray x = golden.input("x");
        double[] t = times(golden.input("t"));
        Condition y = condition(golden);
        Autograd.off(
                () -> {
                    for (String tensor : golden.names()) {
                        NDArray ours = compute(golden, net, tensor, x, t, y);
                        if (ours != null) {
                            golden.check(tensor, ours);
                        }
                    }
                    return null;
                });
    }

    private static Condition condition(GoldenCase golden) {
        if (golden.has("context")) {
            return Condition.embedding(golden.input("context"));
        }
        return golden.has("y") ? Condition.classes(golden.integers("y")) : Condition.none();
    }

    /** The transformer that the index names, by itself. */
    private static NDArray transformer(GoldenCase golden, UNet net) {
        Matcher name =
                Pattern.compile("\\w+_blocks\\.\\d+\\.\\d+").matcher(golden.describe("st_out"));
        NDArray in = golden.input("st_in");
        Params at = Params.of(golden.manager(), net.params().all());
        Layers.Layer layer =
                Transformer.of(
                        at.at(name.find() ? name.group() : "input_blocks.1.1"),
                        net.config(),
                        (int) in.getShape().get(1));
        NDArray context = golden.input("st_context");
        return layer.forward(in, new Layers.Pass(null, context, Dropout.NONE, 0, null, false));
    }

    private static NDArray compute(
            GoldenCase golden, UNet net, String tensor, NDArray x, double[] t, Condition y) {
        return switch (tensor) {
            case "out" -> net.forward(x, t, y, Dropout.NONE);
            case "out_frac" -> net.forward(x, times(golden.input("t_frac")), y, Dropout.NONE);
            case "middle" -> net.features(x, t, y, UNet.Features.MIDDLE);
            case "first_block" -> net.features(x, t, y, UNet.Features.FIRST);
            case "timestep_embedding" ->
                    TimeEmbedding.cosFirst(golden.manager(), t, net.config().modelChannels());
            case "st_out" -> transformer(golden, net);
            default -> null;
        };
    }

    /** A tensor of times, whole or not. */
    private static double[] times(NDArray t) {
        double[] times = new double[(int) t.size()];
        for (int i = 0; i < times.length; i++) {
            times[i] =
                    switch (t.getDataType()) {
                        case INT64 -> t.getLong(i);
                        case FLOAT64 -> t.getDouble(i);
                        default -> t.getFloat(i);
                    };
        }
        return times;
    }

    /** The network of a case, from its weights and the arguments of improved-diffusion's UNetModel. */
    public static UNet unet(GoldenCase golden, JsonObject arguments) {
        return unet(golden, arguments, 1);
    }

    /** As {@link #unet(GoldenCase, JsonObject)}, for times of a schedule that may be rescaled to 1000 before they are embedded. */
    public static UNet unet(GoldenCase golden, JsonObject constants, NoiseSchedule schedule) {
        boolean rescaled =
                constants.has("rescale_timesteps")
                        && constants.get("rescale_timesteps").getAsBoolean();
        double factor = rescaled ? 1000.0 / schedule.steps() : 1;
        return unet(golden, constants.getAsJsonObject("unet"), factor);
    }

    private static UNet unet(GoldenCase golden, JsonObject arguments, double timeFactor) {
        Map<String, NDArray> weights = golden.weights();
        UNetConfig config =
                UNetConfig.of(
                                (int) weights.get("input_blocks.0.0.weight").getShape().get(1),
                                arguments.get("model_channels").getAsInt(),
                                (int) weights.get("out.2.weight").getShape().get(0))
                        .optTimeFactor(timeFactor);
        int heads = 1;
        int headsUp = -1;
        int headChannels = -1;
        for (Map.Entry<String, JsonElement> argument : arguments.entrySet()) {
            JsonElement value = argument.getValue();
            if (value.isJsonNull()) {
                continue;
            }
            switch (argument.getKey()) {
                case "num_res_blocks" -> config = config.optNumResBlocks(value.getAsInt());
                case "attention_resolutions" ->
                        config = config.optAttentionResolutions(integers(value));
                case "channel_mult" -> config = config.optChannelMult(integers(value));
                case "conv_resample" -> config = config.optConvResample(value.getAsBoolean());
                case "num_classes" -> config = config.optNumClasses(value.getAsInt());
                case "num_heads" -> heads = value.getAsInt();
                case "num_heads_upsample" -> headsUp = value.getAsInt();
                case "use_scale_shift_norm" ->
                        config = config.optUseScaleShiftNorm(value.getAsBoolean());
                case "dropout" -> config = config.optDropout(value.getAsDouble());
                case "context_dim" ->
                        config = config.optContext(value.getAsInt(), config.transformerDepth());
                case "transformer_depth" ->
                        config = config.optContext(config.contextDim(), value.getAsInt());
                case "num_head_channels" -> headChannels = value.getAsInt();
                case "dims" -> require(value.getAsInt() == 2, argument);
                case "in_channels",
                        "model_channels",
                        "out_channels",
                        "image_size",
                        "param_seed",
                        "legacy",
                        "use_spatial_transformer",
                        "use_new_attention_order",
                        "use_fp16",
                        "use_checkpoint" -> {
                    // Channels are read above; the others do not change the function.
                }
                default -> require(false, argument);
            }
        }
        UNetConfig whole =
                headChannels == -1
                        ? config.optNumHeads(heads, headsUp)
                        : config.optNumHeadChannels(headChannels);
        return whole.build(Params.of(golden.manager(), weights));
    }

    private static void require(boolean legal, Map.Entry<String, JsonElement> argument) {
        if (!legal) {
            throw new IllegalArgumentException("unet: " + argument + " is not understood");
        }
    }

    private static Integer[] integers(JsonElement list) {
        return StreamSupport.stream(list.getAsJsonArray().spliterator(), false)
                .map(JsonElement::getAsInt)
                .toArray(Integer[]::new);
    }
}
