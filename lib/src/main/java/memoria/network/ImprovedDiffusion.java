package memoria.network;

import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import memoria.diffusion.NoiseSchedule;
import memoria.torch.Torch;

/**
 * A model as improved-diffusion's scripts describe it: by command-line flags, with the scripts' defaults. Its checkpoints hold tensors alone, so
 * the flags that a network was trained with must be known; those of the published checkpoints are known by name.
 *
 * <pre>{@code
 * var model = ImprovedDiffusion.named("cifar10_uncond_50M_500K").read(file);
 * var own   = ImprovedDiffusion.flags("--image_size 32 --num_res_blocks 3 --learn_sigma True --diffusion_steps 4000 --noise_schedule cosine").read(file);
 * }</pre>
 */
public final class ImprovedDiffusion {

    private static final String CIFAR10 =
            "--image_size 32 --num_channels 128 --num_res_blocks 3 --learn_sigma True --dropout 0.3"
                    + " --diffusion_steps 4000 --noise_schedule cosine";
    private static final String IMAGENET64 =
            "--image_size 64 --num_res_blocks 3 --learn_sigma True --diffusion_steps 4000 --noise_schedule cosine";

    /** As the project's README lists them. */
    private static final Map<String, String> NAMED = new LinkedHashMap<>();

    static {
        NAMED.put("cifar10_uncond_50M_500K", CIFAR10);
        NAMED.put("cifar10_uncond_vlb_50M_500K", CIFAR10);
        NAMED.put("imagenet64_uncond_100M_1500K", IMAGENET64 + " --num_channels 128");
        NAMED.put("imagenet64_uncond_vlb_100M_1500K", IMAGENET64 + " --num_channels 128");
        NAMED.put(
                "imagenet64_cond_270M_250K", IMAGENET64 + " --num_channels 192 --class_cond True");
        NAMED.put(
                "lsun_uncond_100M_1200K_bs128",
                "--image_size 256 --num_channels 128 --num_res_blocks 2 --num_heads 1 --learn_sigma True"
                        + " --use_scale_shift_norm False --attention_resolutions 16 --diffusion_steps 1000 --noise_schedule linear");
    }

    /** Width multiples of each level by image size. */
    private static final Map<Integer, List<Integer>> LEVELS =
            Map.of(
                    256, List.of(1, 1, 2, 2, 4, 4),
                    64, List.of(1, 2, 3, 4),
                    32, List.of(1, 2, 2, 2));

    /** Flags that set nothing of the network or its schedule. */
    private static final Set<String> OTHERS =
            Set.of(
                    "sigma_small",
                    "timestep_respacing",
                    "use_kl",
                    "rescale_learned_sigmas",
                    "use_checkpoint",
                    "use_fp16",
                    "use_ddim",
                    "clip_denoised",
                    "num_samples",
                    "batch_size",
                    "microbatch",
                    "model_path",
                    "data_dir",
                    "lr",
                    "ema_rate",
                    "schedule_sampler");

    private static final int CLASSES = 1000;

    private final UNetConfig config;
    private final NoiseSchedule schedule;
    private final Shape item;
    private final String flags;

    private ImprovedDiffusion(UNetConfig config, NoiseSchedule schedule, int side, String flags) {
        this.config = config;
        this.schedule = schedule;
        this.item = new Shape(config.inChannels(), side, side);
        this.flags = flags;
    }

    /**
     * The published checkpoints.
     *
     * @return the names {@link #named} knows
     */
    public static List<String> names() {
        return List.copyOf(NAMED.keySet());
    }

    /**
     * A published checkpoint's model.
     *
     * @param checkpoint its file's name, with or without {@code .pt}
     * @return the model
     * @throws IllegalArgumentException if it is none of {@link #names}
     */
    public static ImprovedDiffusion named(String checkpoint) {
        String flags = NAMED.get(checkpoint.replaceFirst("\\.pt$", ""));
        if (flags == null) {
            throw new IllegalArgumentException(
                    "checkpoint: '"
                            + checkpoint
                            + "' is none of "
                            + names()
                            + "; name the flags it was trained with");
        }
        return flags(flags);
    }

    /**
     * A model by the flags of {@code image_train.py} and {@code image_sample.py}; what is left out has the scripts' default.
     *
     * @param flags as on the command line, such as {@code --image_size 32 --learn_sigma True}
     * @return the model
     * @throws IllegalArgumentException if a flag is unknown or a value not legal; it is named
     */
    public static ImprovedDiffusion flags(String flags) {
        Flags f = Flags.parse(flags);
        int side = f.integer("image_size", 64);
        List<Integer> levels = LEVELS.get(side);
        if (levels == null) {
            throw new IllegalArgumentException(
                    "image_size: " + side + " is none of " + new TreeSet<>(LEVELS.keySet()));
        }
        if (f.bool("predict_xstart", false)) {
            throw new IllegalArgumentException(
                    "predict_xstart: True; only networks that predict the noise are supported");
        }
        int steps = f.integer("diffusion_steps", 1000);
        String named = f.text("noise_schedule", "linear");
        NoiseSchedule schedule =
                switch (named) {
                    case "linear" -> NoiseSchedule.linear(steps);
                    case "cosine" -> NoiseSchedule.cosine(steps);
                    default ->
                            throw new IllegalArgumentException(
                                    "noise_schedule: '" + named + "' is none of linear, cosine");
                };
        boolean rescaled = f.bool("rescale_timesteps", true);
        UNetConfig config =
                UNetConfig.of(
                                3,
                                f.integer("num_channels", 128),
                                f.bool("learn_sigma", false) ? 6 : 3)
                        .optNumResBlocks(f.integer("num_res_blocks", 2))
                        .optChannelMult(levels.toArray(Integer[]::new))
                        .optAttentionResolutions(
                                factors(side, f.text("attention_resolutions", "16,8")))
                        .optNumHeads(f.integer("num_heads", 4), f.integer("num_heads_upsample", -1))
                        .optUseScaleShiftNorm(f.bool("use_scale_shift_norm", true))
                        .optDropout(f.number("dropout", 0))
                        .optNumClasses(f.bool("class_cond", false) ? CLASSES : 0)
                        .optTimeFactor(rescaled ? 1000.0 / steps : 1);
        f.requireAllRead();
        return new ImprovedDiffusion(config, schedule, side, flags);
    }

    /** Sizes in pixels as factors of downsampling. */
    private static Integer[] factors(int side, String sizes) {
        String flag = "attention_resolutions";
        return Arrays.stream(sizes.split(","))
                .map(size -> Flags.whole(flag, size))
                .map(
                        size -> {
                            if (size < 1) {
                                throw Flags.illegal(flag, sizes, "a list of sizes above 0");
                            }
                            return side / size;
                        })
                .toArray(Integer[]::new);
    }

    /** Flags and their values. */
    private record Flags(Map<String, String> values, Set<String> read) {

        static Flags parse(String text) {
            Map<String, String> values = new LinkedHashMap<>();
            String[] words = text.strip().split("[\\s=]+");
            for (int i = 0; i < words.length; i += 2) {
                if (!words[i].startsWith("--") || i + 1 == words.length) {
                    throw new IllegalArgumentException(
                            "flags: '" + words[i] + "' is not a flag with a value, --name value");
                }
                values.put(words[i].substring(2), words[i + 1]);
            }
            return new Flags(values, new TreeSet<>(OTHERS));
        }

        String text(String flag, String absent) {
            read.add(flag);
            return values.getOrDefault(flag, absent);
        }

        int integer(String flag, int absent) {
            return whole(flag, text(flag, "" + absent));
        }

        static int whole(String flag, String text) {
            try {
                return Integer.parseInt(text.strip());
            } catch (NumberFormatException e) {
                throw illegal(flag, text, "a whole number");
            }
        }

        double number(String flag, double absent) {
            String text = text(flag, "" + absent);
            try {
                return Double.parseDouble(text);
            } catch (NumberFormatException e) {
                throw illegal(flag, text, "a number");
            }
        }

        boolean bool(String flag, boolean absent) {
            String text = text(flag, "" + absent).toLowerCase(Locale.ROOT);
            if (!Set.of("true", "false", "yes", "no", "1", "0").contains(text)) {
                throw illegal(flag, text, "True or False");
            }
            return Set.of("true", "yes", "1").contains(text);
        }

        void requireAllRead() {
            for (String flag : values.keySet()) {
                if (!read.contains(flag)) {
                    throw new IllegalArgumentException(
                            "flags: --" + flag + " is not one of " + read);
                }
            }
        }

        private static IllegalArgumentException illegal(String flag, String value, String legal) {
            return new IllegalArgumentException(flag + ": '" + value + "' is not " + legal);
        }
    }

    /**
     * Reads a checkpoint onto the current device.
     *
     * @param file a state dictionary in PyTorch's format
     * @return the denoiser; the caller closes it
     * @throws IllegalArgumentException if the file is damaged, or its tensors are not those of these flags; the file and the reason are named
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public NetworkDenoiser read(Path file) {
        StateFile content = StateFile.open(file);
        return content.build(
                owner -> {
                    try {
                        return build(content.params(owner, ""), classes(content.shapes()));
                    } catch (IllegalArgumentException e) {
                        throw e.getMessage().startsWith("file:")
                                ? e
                                : new IllegalArgumentException(
                                        e.getMessage() + " (" + flags + ")", e);
                    }
                });
    }

    /** The scripts' count is ImageNet's; who trained on other classes changed it there. */
    private int classes(Map<String, Shape> shapes) {
        Shape table = shapes.get("label_emb.weight");
        return config.numClasses() > 0 && table != null && table.dimension() == 2
                ? Math.toIntExact(table.get(0))
                : config.numClasses();
    }

    /**
     * The model with random parameters: to train one, or to see what a checkpoint of this size takes.
     *
     * @param seed of the parameters
     * @return the denoiser; the caller closes it
     */
    public NetworkDenoiser fresh(long seed) {
        return build(Params.fresh(Torch.manager(), seed), config.numClasses());
    }

    private NetworkDenoiser build(Params params, int classes) {
        JsonObject made = new JsonObject();
        made.addProperty("flags", flags);
        UNet network = config.optNumClasses(classes).build(params);
        return new NetworkDenoiser(network, schedule, item, made);
    }

    /**
     * The architecture.
     *
     * @return the network's configuration
     */
    public UNetConfig config() {
        return config;
    }

    /**
     * What it was trained on.
     *
     * @return the whole schedule
     */
    public NoiseSchedule schedule() {
        return schedule;
    }

    /**
     * Shape of one image.
     *
     * @return (3, side, side)
     */
    public Shape item() {
        return item;
    }
}
