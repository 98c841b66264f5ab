package memoria.notebook;

import static memoria.network.Params.Init.ZERO;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import memoria.diffusion.Condition;
import memoria.json.Json;
import memoria.network.AutoencoderConfig;
import memoria.network.AutoencoderKl;
import memoria.network.Dropout;
import memoria.network.ImprovedDiffusion;
import memoria.network.InceptionV3;
import memoria.network.LpipsNetwork;
import memoria.network.Network;
import memoria.network.Params;
import memoria.network.ResNet;
import memoria.network.ResNetConfig;
import memoria.network.StyleGan2;
import memoria.network.StyleGan2Config;
import memoria.network.UNet2dConfig;
import memoria.network.UNetConfig;
import memoria.stablediffusion.ClipImage;
import memoria.stablediffusion.ClipNames;
import memoria.stablediffusion.ClipText;
import memoria.stablediffusion.ClipTextConfig;
import memoria.torch.Autograd;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;

/**
 * The networks of the papers' checkpoints at full size, without their weights: to see that they are built and run here, and what they take.
 *
 * @param checkpoint the manifest it belongs to
 * @param part what of it
 * @param input shape of one input
 * @param build makes the network and answers with its forward pass
 */
record FullSize(
        String checkpoint,
        String part,
        Shape input,
        Function<Params, UnaryOperator<NDArray>> build) {

    /** The architecture of google/ddpm-cifar10-32, as its config.json states it. */
    private static final String DDPM_CIFAR10 =
            """
            {"attention_head_dim": null, "block_out_channels": [128, 256, 256, 256], "downsample_padding": 0,
             "down_block_types": ["DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"],
             "up_block_types": ["UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"], "flip_sin_to_cos": false,
             "freq_shift": 1, "layers_per_block": 2, "norm_eps": 1e-06}
            """;

    /** A pass that takes fewer seconds is timed again, without what the first one sets up. */
    private static final double SHORT = 5;

    private static final int TOKENS = 77;
    private static final int TEXT_WIDTH = 768;

    /**
     * What became of a network.
     *
     * @param state {@code ran} with random weights, or {@code shapes checked} by a pass of zeros that take no memory
     * @param parameters their number
     * @param seconds of one forward pass of one input; of random weights alone it says what a real one takes
     * @param features bytes that this pass took above the parameters; 0 where that is not known
     */
    record Tried(String state, long parameters, double seconds, long features) {}

    /** Those of a checkpoint; none for one whose network is in its file. */
    static List<FullSize> of(String checkpoint) {
        return switch (checkpoint) {
            case "iddpm-cifar10" -> {
                ImprovedDiffusion model = ImprovedDiffusion.named("cifar10_uncond_50M_500K");
                yield List.of(denoiser(checkpoint, model.item(), model.config()::build));
            }
            case "ddpm-cifar10-32" -> {
                UNet2dConfig config =
                        UNet2dConfig.diffusers(Json.parse(DDPM_CIFAR10).getAsJsonObject());
                yield List.of(denoiser(checkpoint, new Shape(3, 32, 32), config::build));
            }
            case "stylegan2-ada-cifar10" -> List.of(generator(checkpoint));
            case "stable-diffusion-v1-4", "stable-diffusion-v1-5" ->
                    List.of(latentUnet(checkpoint), decoder(checkpoint), text(checkpoint));
            case "clip-vit-large-patch14" -> List.of(vision(checkpoint));
            case "sscd" -> List.of(sscd(checkpoint));
            case "inception-fid" -> List.of(inception(checkpoint));
            case "lpips" -> List.of(lpips(checkpoint, LpipsNetwork.Trunk.ALEXNET));
            case "lpips-vgg" -> List.of(lpips(checkpoint, LpipsNetwork.Trunk.VGG16));
            default -> List.of();
        };
    }

    /** Checkpoints of one architecture have one name here. */
    static String architecture(String checkpoint) {
        return checkpoint.replaceFirst("^(stable-diffusion-v1)-\\d$", "$1");
    }

    private static FullSize denoiser(
            String checkpoint, Shape item, Function<Params, ? extends Network> build) {
        return new FullSize(
                checkpoint,
                "UNet",
                item,
                params -> {
                    Network network = build.apply(params);
                    return x ->
                            network.forward(x, new double[] {1}, Condition.none(), Dropout.NONE);
                });
    }

    private static FullSize generator(String checkpoint) {
        // The published file is the class-conditional one.
        StyleGan2Config config = StyleGan2Config.cifar10(10);
        return new FullSize(
                checkpoint,
                "generator",
                new Shape(config.zDim()),
                params -> new StyleGan2(config, params, new JsonObject()).ofClass(0)::forward);
    }

    /** On latents of 512x512 pixels, as the checkpoints were trained on. */
    private static FullSize latentUnet(String checkpoint) {
        UNetConfig config =
                UNetConfig.of(4, 320, 4)
                        .optChannelMult(1, 2, 4, 4)
                        .optAttentionResolutions(1, 2, 4)
                        .optNumHeads(8, -1)
                        .optContext(TEXT_WIDTH, 1);
        return new FullSize(
                checkpoint,
                "UNet",
                new Shape(4, 64, 64),
                params -> {
                    Network network = config.build(params);
                    return x -> {
                        NDArray text = x.getManager().zeros(new Shape(1, TOKENS, TEXT_WIDTH));
                        return network.forward(
                                x, new double[] {1}, Condition.embedding(text), Dropout.NONE);
                    };
                });
    }

    /** On latents of 128x128 pixels: a picture is decoded once, and the layers are the same at any size. */
    private static FullSize decoder(String checkpoint) {
        return new FullSize(
                checkpoint,
                "autoencoder",
                new Shape(4, 16, 16),
                params -> new AutoencoderKl(AutoencoderConfig.stableDiffusion(), params)::decode);
    }

    private static FullSize text(String checkpoint) {
        return new FullSize(
                checkpoint,
                "text encoder",
                new Shape(TOKENS),
                params -> {
                    ClipText text =
                            new ClipText(ClipTextConfig.vitL14(), params, ClipNames.HUGGING_FACE);
                    return ids ->
                            text.embed(
                                    Tensors.of(ids.getManager(), new long[TOKENS])
                                            .reshape(1, TOKENS));
                });
    }

    private static FullSize vision(String checkpoint) {
        return new FullSize(
                checkpoint,
                "image tower",
                new Shape(3, 224, 224),
                params -> {
                    Params visual = params.at("visual");
                    visual.get("conv1.weight", ZERO, 0, 1024, 3, 14, 14);
                    visual.get("positional_embedding", ZERO, 0, 257, 1024);
                    visual.get("proj", ZERO, 0, 1024, 768);
                    for (int i = 0; i < 24; i++) {
                        Params layer = visual.at("transformer.resblocks." + i);
                        layer.get("ln_1.weight", ZERO, 0, 1024);
                        layer.get("mlp.c_fc.weight", ZERO, 0, 4096, 1024);
                    }
                    return new ClipImage(visual, ClipNames.OPENAI, 0)::features;
                });
    }

    private static FullSize sscd(String checkpoint) {
        ResNetConfig config = ResNetConfig.ofDepth(50, 512);
        return new FullSize(
                checkpoint,
                "ResNet-50",
                new Shape(3, 288, 288),
                params -> new ResNet(config, params)::forward);
    }

    private static FullSize inception(String checkpoint) {
        return new FullSize(
                checkpoint,
                "Inception",
                new Shape(3, 299, 299),
                params -> new InceptionV3(params)::features);
    }

    private static FullSize lpips(String checkpoint, LpipsNetwork.Trunk trunk) {
        return new FullSize(
                checkpoint,
                "LPIPS",
                new Shape(3, 64, 64),
                params -> {
                    LpipsNetwork network = new LpipsNetwork(trunk, params, params);
                    return x -> network.distances(x, x);
                });
    }

    /**
     * Builds the network and runs it once.
     *
     * @param spare bytes of memory that parameters may take
     * @return what became of it
     */
    Tried attempt(long spare) {
        long parameters;
        try (NDManager manager = Torch.manager()) {
            Params shapes = Params.shapes(manager);
            UnaryOperator<NDArray> forward = build.apply(shapes);
            parameters = shapes.count();
            if (parameters * Float.BYTES > spare) {
                return new Tried("shapes checked", parameters, run(manager, forward), 0);
            }
        }
        try (NDManager manager = Torch.manager()) {
            UnaryOperator<NDArray> forward = build.apply(Params.fresh(manager, 1));
            double[] first = new double[1];
            long features = PeakMemory.during(() -> first[0] = run(manager, forward)).orElse(0);
            double seconds = first[0];
            for (int again = 0; again < 2 && first[0] < SHORT; again++) {
                seconds = Math.min(seconds, run(manager, forward));
            }
            return new Tried("ran", parameters, seconds, features);
        }
    }

    private double run(NDManager manager, UnaryOperator<NDArray> forward) {
        long start = System.nanoTime();
        Scope.run(
                () -> Autograd.off(() -> forward.apply(manager.ones(new Shape(1).addAll(input)))));
        return (System.nanoTime() - start) / 1e9;
    }

    /** Bytes of memory that nobody uses, or the heap's limit where the system does not tell. */
    static long spare() {
        try {
            String free =
                    Files.readAllLines(Path.of("/proc/meminfo")).stream()
                            .filter(line -> line.startsWith("MemAvailable:"))
                            .findFirst()
                            .orElseThrow();
            return Long.parseLong(free.replaceAll("\\D", "")) * 1024;
        } catch (IOException | RuntimeException unknown) {
            return Runtime.getRuntime().maxMemory();
        }
    }
}
