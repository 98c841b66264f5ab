package memoria.stablediffusion;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import memoria.diffusion.NoiseSchedule;
import memoria.network.AutoencoderConfig;
import memoria.network.UNetConfig;

/** The {@code config.json} of a diffusers folder as our architectures. What we do not build is refused by its entry. */
final class DiffusersConfig {

    private DiffusersConfig() {}

    /** {@code UNet2DConditionModel}. */
    static UNetConfig unet(JsonObject json) {
        List<Integer> widths = integers(json, "block_out_channels");
        int base = widths.get(0);
        requireGroups(json);
        require(json, "use_linear_projection", false);
        require(json, "flip_sin_to_cos", true);
        require(json, "freq_shift", 0);
        require(json, "act_fn", "silu");
        require(json, "resnet_time_scale_shift", "default");
        require(json, "center_input_sample", false);
        require(json, "class_embed_type", null);
        require(json, "num_class_embeds", null);
        require(json, "dual_cross_attention", false);
        require(json, "only_cross_attention", false);
        List<Integer> attends = new ArrayList<>();
        JsonArray kinds = json.getAsJsonArray("down_block_types");
        for (int level = 0; level < kinds.size(); level++) {
            String kind = kinds.get(level).getAsString();
            if (kind.equals("CrossAttnDownBlock2D")) {
                attends.add(1 << level);
            } else if (!kind.equals("DownBlock2D")) {
                throw refused("down_block_types", kinds.get(level));
            }
        }
        UNetConfig config =
                UNetConfig.of(
                                integer(json, "in_channels", 4),
                                base,
                                integer(json, "out_channels", 4))
                        .optChannelMult(multiples(widths))
                        .optNumResBlocks(integer(json, "layers_per_block", 2))
                        .optAttentionResolutions(attends.toArray(Integer[]::new))
                        .optContext(
                                integer(json, "cross_attention_dim", 1280),
                                integer(json, "transformer_layers_per_block", 1));
        return heads(config, json.get("attention_head_dim"), widths);
    }

    /** In these files {@code attention_head_dim} is the number of heads: one for all levels, or one per level for heads of equal width. */
    private static UNetConfig heads(UNetConfig config, JsonElement heads, List<Integer> widths) {
        if (heads == null || heads.isJsonNull()) {
            return config.optNumHeads(8, -1);
        }
        if (!heads.isJsonArray()) {
            return config.optNumHeads(heads.getAsInt(), -1);
        }
        int width = widths.get(0) / heads.getAsJsonArray().get(0).getAsInt();
        for (int level = 0; level < widths.size(); level++) {
            if (heads.getAsJsonArray().get(level).getAsInt() * width != widths.get(level)) {
                throw refused("attention_head_dim", heads);
            }
        }
        return config.optNumHeadChannels(width);
    }

    /** The side of the latents that {@code UNet2DConditionModel} was trained on, where it is stated. */
    static Optional<Integer> side(JsonObject json) {
        JsonElement size = json.get("sample_size");
        if (size == null || size.isJsonNull()) {
            return Optional.empty();
        }
        int side = integer(json, "sample_size", 1);
        if (side < 1) {
            throw refused("sample_size", size);
        }
        return Optional.of(side);
    }

    /** {@code AutoencoderKL}. */
    static AutoencoderConfig autoencoder(JsonObject json) {
        List<Integer> widths = integers(json, "block_out_channels");
        requireGroups(json);
        require(json, "act_fn", "silu");
        int images = integer(json, "in_channels", 3);
        require(json, "out_channels", images);
        String[] kinds = {"down_block_types", "up_block_types"};
        for (String key : kinds) {
            for (JsonElement kind : json.getAsJsonArray(key)) {
                if (!kind.getAsString().matches("(Down|Up)(En|De)coderBlock2D")) {
                    throw refused(key, kind);
                }
            }
        }
        AutoencoderConfig config =
                AutoencoderConfig.of(images, integer(json, "latent_channels", 4), widths.get(0))
                        .optChannelMult(multiples(widths))
                        .optNumResBlocks(integer(json, "layers_per_block", 1));
        return json.has("scaling_factor")
                ? config.optScale(json.get("scaling_factor").getAsDouble())
                : config;
    }

    /** {@code scheduler_config.json}; what it does not tell is Stable Diffusion's. */
    static NoiseSchedule schedule(JsonObject json) {
        require(json, "beta_schedule", "scaled_linear");
        require(json, "rescale_betas_zero_snr", false);
        NoiseSchedule usual = StableDiffusion.schedule();
        int steps = integer(json, "num_train_timesteps", usual.steps());
        double first = json.has("beta_start") ? json.get("beta_start").getAsDouble() : 0.00085;
        double last = json.has("beta_end") ? json.get("beta_end").getAsDouble() : 0.012;
        return NoiseSchedule.scaledLinear(steps, first, last);
    }

    /** Whether {@code scheduler_config.json} says that the network was trained to predict the velocity. */
    static boolean predictsVelocity(JsonObject json) {
        if (json.has("prediction_type")
                && json.get("prediction_type").getAsString().equals("v_prediction")) {
            return true;
        }
        require(json, "prediction_type", "epsilon");
        return false;
    }

    private static Integer[] multiples(List<Integer> widths) {
        for (int width : widths) {
            if (width % widths.get(0) != 0) {
                throw new IllegalArgumentException(
                        "block_out_channels: "
                                + widths
                                + "; widths that are multiples of the first are legal");
            }
        }
        return widths.stream().map(width -> width / widths.get(0)).toArray(Integer[]::new);
    }

    private static void requireGroups(JsonObject json) {
        require(json, "norm_num_groups", 32);
    }

    private static int integer(JsonObject json, String key, int absent) {
        JsonElement value = json.get(key);
        if (value == null || value.isJsonNull()) {
            return absent;
        }
        if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isNumber()) {
            throw refused(key, value);
        }
        return value.getAsInt();
    }

    private static List<Integer> integers(JsonObject json, String key) {
        JsonElement value = json.get(key);
        if (value == null || !value.isJsonArray() || value.getAsJsonArray().size() == 0) {
            throw new IllegalArgumentException(key + ": a list of widths is missing");
        }
        List<Integer> list = new ArrayList<>();
        value.getAsJsonArray().forEach(element -> list.add(element.getAsInt()));
        return list;
    }

    /** An entry may be absent; if it is there, it says what we build. */
    private static void require(JsonObject json, String key, Object built) {
        JsonElement value = json.get(key);
        if (value == null || value.isJsonNull()) {
            return;
        }
        String text = value.isJsonPrimitive() ? value.getAsString() : value.toString();
        boolean equal =
                built instanceof Number number
                        ? text.matches("-?[\\d.]+")
                                && Double.parseDouble(text) == number.doubleValue()
                        : text.equals(String.valueOf(built));
        if (!equal) {
            throw refused(key, value);
        }
    }

    private static IllegalArgumentException refused(String key, JsonElement value) {
        String version2 =
                key.equals("use_linear_projection")
                        ? "; this is an architecture of Stable Diffusion 2, and versions 1.4 and 1.5 are supported"
                        : "; such a network is not supported";
        return new IllegalArgumentException(key + ": " + value + version2);
    }
}
