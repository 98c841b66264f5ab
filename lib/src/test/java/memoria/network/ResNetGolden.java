package memoria.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.Map;
import memoria.golden.GoldenCase;
import memoria.golden.GoldenFamily;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Tensors;

/** {@code sscd_resnet}: a residual network as copy descriptor, its weights given by a formula over the names of its state dictionary. */
public final class ResNetGolden implements GoldenFamily {

    private static final String ROOT = "backbone.";

    @Override
    public boolean serves(String caseName) {
        return caseName.startsWith("sscd_resnet");
    }

    @Override
    public void compare(GoldenCase golden) {
        JsonObject constants = golden.constants();
        int depth = Integer.parseInt(constants.get("backbone").getAsString().replaceAll("\\D", ""));
        NDArray x = golden.input("x");
        ResNetConfig config =
                ResNetConfig.ofDepth(depth, constants.get("dims").getAsInt())
                        .optInChannels((int) x.getShape().get(1))
                        .optGem(constants.get("pool_param").getAsDouble())
                        .optNormalised(true);
        Params params = Params.of(golden.manager(), weights(golden));
        ResNet net = new ResNet(config, params);
        ResNet raw = new ResNet(config.optNormalised(false), params);
        Autograd.off(
                () -> {
                    for (String tensor : golden.names()) {
                        NDArray ours = compute(golden, net, raw, tensor, x);
                        if (ours != null) {
                            golden.check(tensor, ours);
                        }
                    }
                    return null;
                });
    }

    private static NDArray compute(
            GoldenCase golden, ResNet net, ResNet raw, String tensor, NDArray x) {
        if (tensor.matches("layer\\d_mean")) {
            return Ops.meanPool(net.stage(x, null, tensor.charAt(5) - '0'));
        }
        if (tensor.startsWith("gem_out_p")) {
            String digits = tensor.substring("gem_out_p".length());
            double p = Double.parseDouble(digits.charAt(0) + "." + digits.substring(1) + "0");
            return Ops.gemPool(golden.input("gem_in"), p);
        }
        return switch (tensor) {
            case "embedding" -> net.forward(x);
            case "fc" -> raw.forward(x);
            case "gem" -> net.features(x, null);
            case "conv1_weight_check" -> first(golden, net.params(), "conv1.weight", tensor);
            case "fc_bias_check" -> first(golden, net.params(), "fc.bias", tensor);
            default -> null;
        };
    }

    private static NDArray first(GoldenCase golden, Params params, String name, String tensor) {
        NDArray w = params.all().get(name);
        return Ops.narrow(w.reshape(w.size()), 0, 0, golden.shape(tensor).get(0));
    }

    private static Map<String, NDArray> weights(GoldenCase golden) {
        Map<String, NDArray> weights = new LinkedHashMap<>();
        long salt = golden.constants().get("salt").getAsLong();
        for (JsonElement entry : order(golden)) {
            JsonArray told = entry.getAsJsonArray();
            String name = told.get(1).getAsString();
            long[] shape =
                    told.get(2).getAsJsonArray().asList().stream()
                            .mapToLong(JsonElement::getAsLong)
                            .toArray();
            float[] values = values(name, new Shape(shape), salt + told.get(0).getAsLong());
            weights.put(
                    name.replaceFirst("^" + ROOT, ""),
                    Tensors.of(golden.manager(), values, new Shape(shape)));
        }
        return weights;
    }

    private static JsonArray order(GoldenCase golden) {
        try {
            String text = Files.readString(golden.beside(golden.name() + "_param_order.json"));
            return JsonParser.parseString(text).getAsJsonArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The formula of the case's {@code weight_formula}. */
    private static float[] values(String name, Shape shape, long number) {
        float[] values = new float[(int) shape.size()];
        boolean matrix = shape.dimension() >= 2;
        for (int k = 0; k < values.length && !name.endsWith("num_batches_tracked"); k++) {
            double u = uniform((int) (k + number * 0x9E3779B9L));
            double value;
            if (name.endsWith("running_var")) {
                value = 1 + 0.3 * u;
            } else if (matrix) {
                value = u * Math.sqrt(6.0 / (values.length / (double) shape.get(0)));
            } else if (name.endsWith("weight")) {
                boolean last = name.contains("bn3") || name.contains("bn2");
                value = (last ? 0.3 : 1.0) * (1 + 0.2 * u);
            } else {
                value = 0.1 * u;
            }
            values[k] = (float) value;
        }
        return values;
    }

    /** In [-1, 1): murmur3's last mixing steps. */
    private static double uniform(int key) {
        int h = key;
        h ^= h >>> 16;
        h *= 0x85EBCA6B;
        h ^= h >>> 13;
        h *= 0xC2B2AE35;
        h ^= h >>> 16;
        return Integer.toUnsignedLong(h) / (double) (1L << 31) - 1;
    }
}
