package memoria.network;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.Map;
import java.util.stream.StreamSupport;
import memoria.diffusion.NoiseSchedule;
import memoria.golden.GoldenCase;
import memoria.golden.GoldenFamily;
import memoria.torch.Autograd;

/** {@code iddpm_unet_*}: the network's output, its features and its embedding of time. */
public final class UNetGolden implements GoldenFamily {

    @Override
    public boolean serves(String caseName) {
        return caseName.startsWith("iddpm_unet_");
    }

    @Override
    public void compare(GoldenCase golden) {
        UNet net = unet(golden, golden.constants());
        NDArray x = golden.input("x");
        double[] t = times(golden.input("t"));
        long[] y = golden.has("y") ? golden.integers("y") : null;
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

    private static NDArray compute(
            GoldenCase golden, UNet net, String tensor, NDArray x, double[] t, long[] y) {
        return switch (tensor) {
            case "out" -> net.forward(x, t, y, Dropout.NONE);
            case "out_frac" -> net.forward(x, times(golden.input("t_frac")), y, Dropout.NONE);
            case "middle" -> net.features(x, t, y, UNet.Features.MIDDLE);
            case "first_block" -> net.features(x, t, y, UNet.Features.FIRST);
            case "timestep_embedding" ->
                    TimeEmbedding.cosFirst(golden.manager(), t, net.config().modelChannels());
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
        UNetConfig config =
                UNetConfig.of(
                                arguments.get("in_channels").getAsInt(),
                                arguments.get("model_channels").getAsInt(),
                                arguments.get("out_channels").getAsInt())
                        .optTimeFactor(timeFactor);
        int heads = 1;
        int headsUp = -1;
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
                case "dims" -> require(value.getAsInt() == 2, argument);
                case "in_channels",
                        "model_channels",
                        "out_channels",
                        "image_size",
                        "param_seed",
                        "use_checkpoint" -> {
                    // Channels are read above; the others do not change the function.
                }
                default -> require(false, argument);
            }
        }
        UNetConfig whole = config.optNumHeads(heads, headsUp);
        return whole.build(Params.of(golden.manager(), golden.weights()));
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
