package memoria.lid;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import memoria.golden.GoldenCase;
import memoria.golden.GoldenFamily;
import memoria.network.Params;
import memoria.network.StyleGan2;
import memoria.network.StyleGan2.NoiseMode;
import memoria.network.StyleGan2Config;
import memoria.network.StyleOperators;
import memoria.torch.Autograd;
import memoria.torch.Ops;

/** {@code stylegan2}: operators, mapping with truncation, images, and the Jacobian with its singular values. */
public final class StyleGan2Golden implements GoldenFamily {

    /** {@code 07} is 0.7, {@code 15} may be meant as 1.5, but no such case is known: a leading digit is the whole part. */
    private static final Pattern TRUNCATED = Pattern.compile("trunc(\\d)(\\d*)(_cutoff(\\d+))?");

    private static final Pattern ROW = Pattern.compile("([zw])(\\d+)$");

    @Override
    public boolean serves(String caseName) {
        return caseName.startsWith("stylegan2");
    }

    @Override
    public void compare(GoldenCase golden) {
        StyleGan2 gan = generator(golden);
        NDArray z = golden.input("z");
        NDArray c = golden.has("c") ? golden.input("c") : null;
        for (String tensor : golden.names()) {
            if (tensor.startsWith("ops_")) {
                operator(golden, tensor);
            } else if (tensor.startsWith("jacobian_") || tensor.startsWith("singular_values_")) {
                derivative(golden, tensor, gan, z, c);
            } else if (!tensor.equals("z") && !tensor.equals("c")) {
                golden.check(tensor, Autograd.off(() -> forward(tensor, gan, z, c)));
            }
        }
    }

    private static NDArray forward(String tensor, StyleGan2 gan, NDArray z, NDArray c) {
        StyleGan2 view = gan;
        Matcher told = TRUNCATED.matcher(tensor);
        if (told.find()) {
            double psi = Double.parseDouble(told.group(1) + "." + told.group(2) + "0");
            view =
                    told.group(4) == null
                            ? gan.optTruncation(psi)
                            : gan.optTruncation(psi, Integer.parseInt(told.group(4)));
        }
        if (tensor.contains("no_noise")) {
            view = view.optNoise(NoiseMode.NONE);
        }
        NDArray ws = view.mapping(z, c);
        return tensor.startsWith("ws") ? ws : view.synthesis(ws);
    }

    private static void derivative(
            GoldenCase golden, String tensor, StyleGan2 gan, NDArray z, NDArray c) {
        Matcher row = ROW.matcher(tensor);
        if (!row.find()) {
            return;
        }
        int at = Integer.parseInt(row.group(2));
        NDArray label = c == null ? null : Ops.narrow(c, 0, at, 1);
        NDArray start = Ops.narrow(z, 0, at, 1);
        UnaryOperator<NDArray> map;
        if (row.group(1).equals("z")) {
            map = from -> gan.synthesis(gan.mapping(from, label));
        } else {
            start = Ops.narrow(gan.mapping(start, label), 1, 0, 1).squeeze(1);
            int layers = gan.config().numWs();
            map =
                    w -> {
                        Shape all = new Shape(w.getShape().get(0), layers, w.getShape().get(1));
                        return gan.synthesis(w.expandDims(1).broadcast(all));
                    };
        }
        JacobianRank rank = JacobianRank.of(map);
        if (tensor.startsWith("singular")) {
            golden.check(tensor, rank.spectra(start).of(0));
        } else {
            NDArray from = start;
            golden.check(
                    tensor, Ops.detach(Autograd.secondOrder(() -> rank.jacobian(from))).squeeze(0));
        }
    }

    private static void operator(GoldenCase golden, String tensor) {
        NDArray x = golden.input("ops_in");
        NDArray f = golden.input("ops_filter");
        Matcher up = Pattern.compile("_up(\\d+)$").matcher(tensor);
        Matcher clamp = Pattern.compile("_clamp([\\d.]+)$").matcher(tensor);
        if (tensor.startsWith("ops_modconv")) {
            golden.check(
                    tensor,
                    StyleOperators.modulatedConv2d(
                            x,
                            golden.input("ops_weight"),
                            golden.input("ops_styles"),
                            f,
                            up.find() ? Integer.parseInt(up.group(1)) : 1));
        } else if (tensor.startsWith("ops_bias_act_")) {
            String kind = tensor.substring("ops_bias_act_".length()).replaceAll("_.*", "");
            double limit = clamp.find() ? Double.parseDouble(clamp.group(1)) : -1;
            golden.check(
                    tensor,
                    StyleOperators.biasAct(
                            x,
                            golden.input("ops_bias"),
                            StyleGan2Config.Activation.valueOf(kind.toUpperCase(Locale.ROOT)),
                            limit));
        } else if (tensor.startsWith("ops_upsample2d")) {
            golden.check(tensor, StyleOperators.upsample2d(x, f));
        } else if (tensor.startsWith("ops_downsample2d")) {
            golden.check(tensor, StyleOperators.downsample2d(x, f));
        }
    }

    /** The generator of a case, from its weights and the arguments of StyleGAN2-ADA's Generator. */
    private static StyleGan2 generator(GoldenCase golden) {
        Map<String, NDArray> weights = golden.weights();
        JsonObject constants = golden.constants();
        int channels =
                (int)
                        weights.get(
                                        "synthesis.b"
                                                + constants.get("img_resolution").getAsInt()
                                                + ".torgb.bias")
                                .getShape()
                                .get(0);
        StyleGan2Config config =
                StyleGan2Config.of(
                        constants.get("z_dim").getAsInt(),
                        constants.has("c_dim") ? constants.get("c_dim").getAsInt() : 0,
                        constants.get("w_dim").getAsInt(),
                        constants.get("img_resolution").getAsInt(),
                        channels);
        for (Map.Entry<String, JsonElement> argument : constants.entrySet()) {
            JsonElement value = argument.getValue();
            if (value.isJsonNull()) {
                continue;
            }
            config =
                    switch (argument.getKey()) {
                        case "channel_base" -> config.with("channelBase", value.getAsInt());
                        case "channel_max" -> config.with("channelMax", value.getAsInt());
                        case "mapping_layers", "num_layers" ->
                                config.with("mappingLayers", value.getAsInt());
                        case "embed_features" -> config.with("embedFeatures", value.getAsInt());
                        case "layer_features" -> config.with("layerFeatures", value.getAsInt());
                        case "lr_multiplier" -> config.with("lrMultiplier", value.getAsDouble());
                        case "architecture" ->
                                config.with(
                                        "architecture",
                                        value.getAsString().toUpperCase(Locale.ROOT));
                        case "activation" ->
                                config.with(
                                        "activation", value.getAsString().toUpperCase(Locale.ROOT));
                        case "conv_clamp" -> config.with("convClamp", value.getAsDouble());
                        case "use_noise" -> config.with("useNoise", value.getAsBoolean());
                        case "resample_filter" -> config.with("resampleFilter", numbers(value));
                        case "z_dim",
                                "c_dim",
                                "w_dim",
                                "img_resolution",
                                "img_channels",
                                "num_ws",
                                "num_fp16_res",
                                "param_seed",
                                "w_avg_beta" ->
                                // Read above or from the tensors; half precision and training do
                                // not concern a computation in single precision.
                                config;
                        default ->
                                throw new IllegalArgumentException(
                                        "stylegan2: " + argument + " is not understood");
                    };
        }
        return new StyleGan2(config, Params.of(golden.manager(), weights), new JsonObject());
    }

    private static List<Double> numbers(JsonElement list) {
        List<Double> all = new java.util.ArrayList<>();
        list.getAsJsonArray().forEach(number -> all.add(number.getAsDouble()));
        return all;
    }
}
