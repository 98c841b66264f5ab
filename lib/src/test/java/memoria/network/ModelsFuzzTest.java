package memoria.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import memoria.Mutations;
import memoria.checkpoint.SafeTensors;
import memoria.checkpoint.TorchArchive;
import memoria.diffusion.NoiseSchedule;
import memoria.models.Checkpoints;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Damaged files of whole networks: what they say of their architecture. {@link Mutations} says what is held. */
class ModelsFuzzTest {

    private static final JsonObject MADE = new JsonObject();

    @TempDir Path folder;

    private final NDManager manager = Torch.manager();

    @AfterEach
    void free() {
        manager.close();
    }

    private void headers(String name, Mutations.Reader reader) throws Exception {
        byte[] good = Files.readAllBytes(folder.resolve("good"));
        Mutations.holdHeader(good, folder.resolve(name), reader);
    }

    private void denoiser(NetworkConfig config, Shape item) throws Exception {
        Network network = config.build(Params.fresh(manager, 1));
        DenoiserFile.write(
                folder.resolve("good"),
                network.params().all(),
                config,
                NoiseSchedule.cosine(10),
                item,
                MADE);
        String name = config.getClass().getSimpleName() + ".safetensors";
        headers(name, file -> DenoiserFile.read(file).close());
    }

    @Test
    void denoisers() throws Exception {
        denoiser(MlpConfig.of(2, 4), new Shape(2));
        denoiser(UNetConfig.of(1, 32, 1).optNumResBlocks(1).optChannelMult(1), new Shape(1, 4, 4));
    }

    @Test
    void autoencoders() throws Exception {
        AutoencoderConfig config =
                AutoencoderConfig.of(1, 1, 32).optChannelMult(1).optNumResBlocks(1);
        Params params = Params.fresh(manager, 1);
        new AutoencoderKl(config, params);
        AutoencoderFile.write(folder.resolve("good"), params.all(), config, MADE);
        headers(
                "autoencoder.safetensors",
                file -> AutoencoderFile.read(file).params().manager().close());
    }

    @Test
    void featureNetworks() throws Exception {
        ResNetConfig config = ResNetConfig.small(1, 4, 2, 1);
        Params params = Params.fresh(manager, 1);
        new ResNet(config, params);
        FeatureNetwork.write(
                folder.resolve("good"), params.all(), config, new Shape(1, 8, 8), MADE);
        headers("features.safetensors", file -> FeatureNetwork.read(file).close());
    }

    @Test
    void generatorsOfStyleGan() throws Exception {
        Path file = folder.resolve("generator.pkl");
        Mutations.hold(
                StyleGan2FileTest.small(), file, damaged -> StyleGan2File.read(damaged).close());
    }

    /** LPIPS's and Inception's parameters. */
    @ParameterizedTest
    @ValueSource(strings = {"state.pth", "state.safetensors"})
    void stateDictionaries(String name) throws Exception {
        Map<String, NDArray> tensors =
                Map.of("lin0.weight", Tensors.of(manager, 1f, 2f), "b", Tensors.of(manager, 3f));
        Path good = folder.resolve("good");
        if (name.endsWith(".pth")) {
            TorchArchive.write(good, tensors);
        } else {
            SafeTensors.write(good, tensors, Map.of());
        }
        Mutations.hold(
                Files.readAllBytes(good),
                folder.resolve(name),
                file ->
                        Scope.run(
                                () -> {
                                    StateFile state = StateFile.open(file);
                                    state.<Params>build(owner -> state.params(owner, ""))
                                            .manager()
                                            .close();
                                }));
    }

    @Test
    void flagsOfImprovedDiffusion() throws Exception {
        String flags =
                "--image_size 32 --num_channels 32 --num_res_blocks 1 --num_heads 1 --dropout 0.3 --learn_sigma True"
                        + " --attention_resolutions 8 --diffusion_steps 100 --noise_schedule cosine";
        Path checkpoint = folder.resolve("own.pt");
        try (NetworkDenoiser made = ImprovedDiffusion.flags(flags).fresh(1)) {
            TorchArchive.write(checkpoint, made.network().params().all());
        }
        Mutations.hold(
                utf8(flags),
                folder.resolve("own.flags"),
                file -> {
                    try {
                        Checkpoints.denoiser(checkpoint).close();
                    } catch (IllegalArgumentException documented) {
                        // Flags of another network meet tensors that do not fit.
                        throw new IllegalArgumentException(
                                documented.getMessage().replace("own.pt", "own.flags"), documented);
                    }
                });
    }

    @ParameterizedTest
    @ValueSource(strings = {"config.json", "scheduler_config.json"})
    void foldersOfDiffusers(String name) throws Exception {
        String config =
                PublicCheckpointsTest.config("[32]", "[\"DownBlock2D\"]", "[\"UpBlock2D\"]");
        UNet2d network =
                UNet2dConfig.diffusers(PublicCheckpointsTest.json(config))
                        .build(Params.fresh(manager, 1));
        SafeTensors.write(
                folder.resolve("diffusion_pytorch_model.safetensors"),
                network.params().all(),
                Map.of());
        Files.writeString(folder.resolve("config.json"), config);
        Files.writeString(folder.resolve("scheduler_config.json"), PublicCheckpointsTest.SCHEDULER);
        byte[] good = Files.readAllBytes(folder.resolve(name));
        Mutations.hold(
                good,
                folder.resolve(name),
                file -> {
                    try {
                        DiffusersModel.read(folder).close();
                    } catch (IllegalArgumentException documented) {
                        // A configuration of another network meets tensors that do not fit.
                        throw new IllegalArgumentException(
                                documented
                                        .getMessage()
                                        .replace("diffusion_pytorch_model.safetensors", name),
                                documented);
                    }
                });
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
