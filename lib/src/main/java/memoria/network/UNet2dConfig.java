package memoria.network;

import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import memoria.json.JsonRecord;

/**
 * The architecture of a {@link UNet2d}: what the {@code config.json} of diffusers' {@code UNet2DModel} says, under its names.
 *
 * @param inChannels channels of x
 * @param outChannels channels of the output
 * @param blockOutChannels width of each level, multiples of the groups
 * @param layersPerBlock residual blocks per level
 * @param downAttention whether each level attends on the way down
 * @param upAttention whether each block attends on the way up, the smallest level first
 * @param attentionHeadDim channels of one head, 0 for one head over all channels
 * @param addAttention whether the middle attends
 * @param normNumGroups groups of every normalisation
 * @param normEps added to their variances
 * @param flipSinToCos whether the embedding of time is [cos | sin], else [sin | cos]
 * @param freqShift how the lowest frequency is chosen: {@code f_i = exp(-ln(10^4) i / (half - freqShift))}
 * @param downsamplePadding 1 on all sides, or 0 for one pixel at the right and bottom only
 * @param scaleShift whether time enters as scale and shift (else as a summand)
 * @param numClasses number of class labels, 0 for an unconditional network
 * @param centerInputSample whether x is read as lying in [0, 1] and stretched to [-1, 1]
 * @param dropout probability in residual blocks while training
 * @param timeFactor what t is multiplied with before it is embedded
 */
public record UNet2dConfig(
        int inChannels,
        int outChannels,
        List<Integer> blockOutChannels,
        int layersPerBlock,
        List<Boolean> downAttention,
        List<Boolean> upAttention,
        int attentionHeadDim,
        boolean addAttention,
        int normNumGroups,
        double normEps,
        boolean flipSinToCos,
        double freqShift,
        int downsamplePadding,
        boolean scaleShift,
        int numClasses,
        boolean centerInputSample,
        double dropout,
        double timeFactor)
        implements NetworkConfig {

    /** Entries of a {@code config.json} that say nothing about the function. */
    private static final Set<String> OTHER = Set.of("sample_size", "num_train_timesteps");

    /**
     * Checks every argument and copies the lists.
     *
     * @param inChannels as in the record
     * @param outChannels as in the record
     * @param blockOutChannels as in the record
     * @param layersPerBlock as in the record
     * @param downAttention as in the record
     * @param upAttention as in the record
     * @param attentionHeadDim as in the record
     * @param addAttention as in the record
     * @param normNumGroups as in the record
     * @param normEps as in the record
     * @param flipSinToCos as in the record
     * @param freqShift as in the record
     * @param downsamplePadding as in the record
     * @param scaleShift as in the record
     * @param numClasses as in the record
     * @param centerInputSample as in the record
     * @param dropout as in the record
     * @param timeFactor as in the record
     * @throws IllegalArgumentException if one is not legal; it is named
     */
    public UNet2dConfig {
        blockOutChannels = List.copyOf(blockOutChannels);
        downAttention = List.copyOf(downAttention);
        upAttention = List.copyOf(upAttention);
        require(inChannels >= 1, "in_channels", inChannels, "at least 1");
        require(outChannels >= 1, "out_channels", outChannels, "at least 1");
        require(normNumGroups >= 1, "norm_num_groups", normNumGroups, "at least 1");
        int groups = Math.max(1, normNumGroups);
        require(
                !blockOutChannels.isEmpty()
                        && blockOutChannels.stream()
                                .allMatch(c -> c >= 2 && c % 2 == 0 && c % groups == 0),
                "block_out_channels",
                blockOutChannels,
                "at least one level, each a multiple of the " + normNumGroups + " groups");
        int levels = blockOutChannels.size();
        require(
                downAttention.size() == levels,
                "down_block_types",
                downAttention,
                "one entry per level");
        require(upAttention.size() == levels, "up_block_types", upAttention, "one entry per level");
        require(layersPerBlock >= 1, "layers_per_block", layersPerBlock, "at least 1");
        require(
                attentionHeadDim == 0
                        || attentionHeadDim > 0
                                && blockOutChannels.stream()
                                        .allMatch(c -> c % attentionHeadDim == 0),
                "attention_head_dim",
                attentionHeadDim,
                "0 or a divisor of the levels' widths");
        require(normEps > 0, "norm_eps", normEps, "above 0");
        require(
                freqShift >= 0 && freqShift < blockOutChannels.get(0) / 2,
                "freq_shift",
                freqShift,
                "0 to below half the first width");
        require(
                downsamplePadding == 0 || downsamplePadding == 1,
                "downsample_padding",
                downsamplePadding,
                "0 or 1");
        require(numClasses >= 0, "num_class_embeds", numClasses, "0 or more");
        require(dropout >= 0 && dropout < 1, "dropout", dropout, "0 to below 1");
        require(timeFactor > 0 && Double.isFinite(timeFactor), "timeFactor", timeFactor, "above 0");
    }

    private static void require(boolean legal, String name, Object value, String range) {
        if (!legal) {
            throw new IllegalArgumentException(name + ": " + value + " is not " + range);
        }
    }

    /**
     * Reads the {@code config.json} of a {@code UNet2DModel}; what it leaves out has diffusers' defaults.
     *
     * @param json the file's content
     * @return the architecture
     * @throws IllegalArgumentException if it is another network's, or says what is not built here; the entry is named
     */
    public static UNet2dConfig diffusers(JsonObject json) {
        Entries e = new Entries(json);
        e.only("_class_name", "UNet2DModel");
        e.only("act_fn", "silu");
        e.only("time_embedding_type", "positional");
        e.only("mid_block_scale_factor", "1");
        e.only("downsample_type", "conv");
        e.only("upsample_type", "conv");
        e.none("class_embed_type");
        e.none("attn_norm_num_groups");
        e.only("add_attention", "true", "false");
        e.only("resnet_time_scale_shift", "default", "scale_shift");
        List<Integer> widths = e.integers("block_out_channels", List.of(224, 448, 672, 896));
        UNet2dConfig config =
                new UNet2dConfig(
                        e.integer("in_channels", 3),
                        e.integer("out_channels", 3),
                        widths,
                        e.integer("layers_per_block", 2),
                        e.attends("down_block_types", "DownBlock2D", false, widths.size()),
                        e.attends("up_block_types", "UpBlock2D", true, widths.size()),
                        e.isNull("attention_head_dim") ? 0 : e.integer("attention_head_dim", 8),
                        e.text("add_attention", "true").equals("true"),
                        e.integer("norm_num_groups", 32),
                        e.number("norm_eps", 1e-5),
                        e.text("flip_sin_to_cos", "true").equals("true"),
                        e.number("freq_shift", 0),
                        e.integer("downsample_padding", 1),
                        e.text("resnet_time_scale_shift", "default").equals("scale_shift"),
                        e.integer("num_class_embeds", 0),
                        e.text("center_input_sample", "false").equals("true"),
                        e.number("dropout", 0),
                        1);
        e.requireAllRead();
        return config;
    }

    /** The entries of a configuration; each is looked at or refused. */
    private record Entries(JsonObject json, Set<String> read) {

        Entries(JsonObject json) {
            this(json, new HashSet<>(OTHER));
        }

        JsonElement get(String key) {
            read.add(key);
            JsonElement value = json.get(key);
            return value == null || value.isJsonNull() ? null : value;
        }

        boolean isNull(String key) {
            return json.get(key) instanceof JsonNull;
        }

        String text(String key, String absent) {
            JsonElement value = get(key);
            return value == null
                    ? absent
                    : value.isJsonPrimitive() ? value.getAsString() : value.toString();
        }

        double number(String key, double absent) {
            String text = text(key, String.valueOf(absent));
            try {
                return Double.parseDouble(text);
            } catch (NumberFormatException e) {
                throw refused(key, text);
            }
        }

        int integer(String key, int absent) {
            double number = number(key, absent);
            if (number != Math.rint(number)) {
                throw refused(key, String.valueOf(number));
            }
            return (int) number;
        }

        List<Integer> integers(String key, List<Integer> absent) {
            JsonElement value = get(key);
            if (value == null) {
                return absent;
            }
            if (!value.isJsonArray()) {
                throw refused(key, value.toString());
            }
            List<Integer> list = new ArrayList<>();
            value.getAsJsonArray().forEach(element -> list.add(element.getAsInt()));
            return list;
        }

        /** diffusers' defaults: attention everywhere but at the largest size. */
        List<Boolean> attends(String key, String plain, boolean up, int levels) {
            JsonElement value = get(key);
            List<Boolean> attends = new ArrayList<>();
            if (value == null) {
                for (int i = 0; i < levels; i++) {
                    attends.add(i != (up ? levels - 1 : 0));
                }
                return attends;
            }
            for (JsonElement kind : value.getAsJsonArray()) {
                String name = kind.getAsString();
                if (!name.equals(plain) && !name.equals("Attn" + plain)) {
                    throw refused(key, name);
                }
                attends.add(name.startsWith("Attn"));
            }
            return attends;
        }

        void only(String key, String... legal) {
            String text = text(key, legal[0]);
            for (String one : legal) {
                if (text.equals(one) || text.equals(one + ".0")) {
                    return;
                }
            }
            throw refused(key, text);
        }

        void none(String key) {
            JsonElement value = get(key);
            if (value != null) {
                throw refused(key, value.toString());
            }
        }

        void requireAllRead() {
            for (String key : json.keySet()) {
                if (!read.contains(key) && !key.startsWith("_") && get(key) != null) {
                    throw refused(key, json.get(key).toString());
                }
            }
        }

        private static IllegalArgumentException refused(String key, String value) {
            return new IllegalArgumentException(
                    key + ": " + value + "; such a network is not supported");
        }
    }

    /**
     * A copy whose times are multiplied before they are embedded: for networks trained on continuous times.
     *
     * @param factor above 0
     * @return a changed copy
     */
    public UNet2dConfig optTimeFactor(double factor) {
        return JsonRecord.with(this, "timeFactor", factor);
    }

    @Override
    public UNet2d build(Params params) {
        return new UNet2d(this, params);
    }

    @Override
    public long outChannels(Shape item) {
        return outChannels;
    }

    @Override
    public void requireItem(Shape item) {
        long[] shape = item.getShape();
        int multiple = 1 << (blockOutChannels.size() - 1);
        if (shape.length != 3
                || shape[0] != inChannels
                || shape[1] < 1
                || shape[2] < 1
                || shape[1] % multiple != 0
                || shape[2] % multiple != 0) {
            throw new IllegalArgumentException(
                    "x: items of shape "
                            + item
                            + "; this network takes ("
                            + inChannels
                            + ", H, W), height and width multiples of "
                            + multiple);
        }
    }

    /** Heads of the attention over so many channels. */
    int heads(int channels) {
        return attentionHeadDim == 0 ? 1 : channels / attentionHeadDim;
    }
}
