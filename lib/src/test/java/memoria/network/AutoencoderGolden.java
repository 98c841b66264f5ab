package memoria.network;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.Map;
import java.util.stream.StreamSupport;
import memoria.golden.GoldenCase;
import memoria.golden.GoldenFamily;
import memoria.torch.Autograd;

/** {@code ldm_vae}: the autoencoder's moments, the Gaussian they are, and decoded latents. */
public final class AutoencoderGolden implements GoldenFamily {

    @Override
    public boolean serves(String caseName) {
        return caseName.startsWith("ldm_vae");
    }

    @Override
    public void compare(GoldenCase golden) {
        Map<String, NDArray> weights = golden.weights();
        compare(
                golden,
                new AutoencoderKl(
                        config(golden.constants(), weights), Params.of(golden.manager(), weights)));
    }

    /** Every tensor of a case against an autoencoder. */
    public static void compare(GoldenCase golden, AutoencoderKl net) {
        Autograd.off(
                () -> {
                    NDArray moments = net.moments(golden.input("image"));
                    AutoencoderKl.Posterior posterior = AutoencoderKl.Posterior.of(moments);
                    for (String tensor : golden.names()) {
                        NDArray ours =
                                switch (tensor) {
                                    case "moments" -> moments;
                                    case "mean" -> posterior.mean();
                                    case "logvar" -> posterior.logVariance();
                                    case "std" -> posterior.std();
                                    case "kl" -> posterior.kl();
                                    case "sample" -> posterior.sample(golden.input("noise"));
                                    case "decoded" -> net.decode(golden.input("z"));
                                    default -> null;
                                };
                        if (ours != null) {
                            golden.check(tensor, ours);
                        }
                    }
                    return null;
                });
    }

    /** The architecture from latent diffusion's {@code ddconfig}; channels that it does not tell are read off the weights. */
    private static AutoencoderConfig config(JsonObject dd, Map<String, NDArray> weights) {
        int embed = (int) weights.get("post_quant_conv.weight").getShape().get(1);
        int resolution = dd.get("resolution").getAsInt();
        Integer[] factors =
                integers(dd, "attn_resolutions").map(r -> resolution / r).toArray(Integer[]::new);
        return AutoencoderConfig.of(
                        (int) weights.get("encoder.conv_in.weight").getShape().get(1),
                        embed,
                        dd.get("ch").getAsInt())
                .optZChannels((int) weights.get("post_quant_conv.weight").getShape().get(0))
                .optChannelMult(integers(dd, "ch_mult").toArray(Integer[]::new))
                .optNumResBlocks(dd.get("num_res_blocks").getAsInt())
                .optAttentionFactors(factors);
    }

    private static java.util.stream.Stream<Integer> integers(JsonObject dd, String key) {
        JsonArray list = dd.has(key) ? dd.getAsJsonArray(key) : new JsonArray();
        return StreamSupport.stream(list.spliterator(), false).map(JsonElement::getAsInt);
    }
}
