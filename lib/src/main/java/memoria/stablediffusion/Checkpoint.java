package memoria.stablediffusion;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import memoria.checkpoint.TensorFile;
import memoria.data.HuggingFaceCache;
import memoria.data.TextFile;
import memoria.diffusion.Denoiser;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Velocity;
import memoria.json.Json;
import memoria.network.AutoencoderConfig;
import memoria.network.AutoencoderKl;
import memoria.network.NetworkDenoiser;
import memoria.network.Params;
import memoria.network.UNetConfig;
import memoria.torch.Torch;

/** What a public checkpoint holds, before its tensors are read: architectures, names, schedule. */
record Checkpoint(
        Path shown,
        UNetConfig unet,
        Weights unetWeights,
        NameMap unetNames,
        AutoencoderConfig autoencoder,
        Weights autoencoderWeights,
        NameMap autoencoderNames,
        Weights textWeights,
        NameMap textNames,
        NoiseSchedule schedule,
        boolean velocity,
        Optional<Integer> side,
        Optional<Tokenizer> tokenizer) {

    /** Where a trainer puts the tensors among its own notes. */
    private static final String TRAINED = "state_dict";

    private static final String UNET = "model.diffusion_model";
    private static final String AUTOENCODER = "first_stage_model";
    private static final String TEXT = "cond_stage_model.transformer";
    private static final String POSITIONS = "text_model.embeddings.position_ids";
    private static final int WIDTH_OF_2 = 1024;

    /** A single file of latent diffusion. What a training leaves behind in it (averages, schedules, losses) is passed over. */
    static Checkpoint file(Path file) {
        TensorFile whole = TensorFile.open(file);
        TensorFile trained = whole.below(TRAINED);
        TensorFile content = trained.shapes().isEmpty() ? whole : trained;
        requireVersion1(file, content.shapes());
        Weights unet = part(file, content, UNET);
        Weights autoencoder = part(file, content, AUTOENCODER);
        NameMap unetNames = NameMap.below(UNET);
        NameMap autoencoderNames = NameMap.below(AUTOENCODER);
        try {
            return new Checkpoint(
                    file,
                    LdmShapes.unet(unet.shapes(unetNames)),
                    unet,
                    unetNames,
                    LdmShapes.autoencoder(autoencoder.shapes(autoencoderNames)),
                    autoencoder,
                    autoencoderNames,
                    Weights.of(
                            file,
                            content,
                            name -> name.startsWith(TEXT + ".") && !name.endsWith(POSITIONS)),
                    NameMap.below(TEXT),
                    StableDiffusion.schedule(),
                    false,
                    Optional.empty(),
                    Optional.empty());
        } catch (IllegalArgumentException e) {
            throw named(file, e);
        }
    }

    private static Weights part(Path file, TensorFile content, String prefix) {
        return Weights.of(
                file,
                content,
                name -> name.startsWith(prefix + ".") && !name.startsWith(AUTOENCODER + ".loss."));
    }

    private static void requireVersion1(Path file, Map<String, Shape> shapes) {
        String other = null;
        if (shapes.keySet().stream().anyMatch(name -> name.startsWith("cond_stage_model.model."))) {
            other = "a Stable Diffusion 2 checkpoint: its text encoder is OpenCLIP's";
        } else if (shapes.keySet().stream().anyMatch(name -> name.startsWith("conditioner."))) {
            other = "a Stable Diffusion XL checkpoint: it has several text encoders";
        } else if (shapes.keySet().stream().noneMatch(name -> name.startsWith(UNET + "."))) {
            other = "no checkpoint of latent diffusion: no tensor's name begins with " + UNET;
        }
        if (other != null) {
            throw new IllegalArgumentException(
                    "file: " + file + " is " + other + "; versions 1.4 and 1.5 are supported");
        }
    }

    /** A folder of diffusers, or of such a repository in Hugging Face's cache. */
    static Checkpoint folder(Path given) {
        Path folder = HuggingFaceCache.snapshot(given);
        for (String needed : new String[] {"unet/config.json", "vae/config.json", "text_encoder"}) {
            if (!Files.exists(folder.resolve(needed))) {
                throw new IllegalArgumentException(
                        "folder: " + folder + " has no " + needed + "; it is no diffusers folder");
            }
        }
        Path unetJson = folder.resolve("unet/config.json");
        JsonObject unetConfig = TextFile.json(unetJson);
        config(unetJson, () -> requireWidth(unetConfig));
        UNetConfig unet = config(unetJson, () -> DiffusersConfig.unet(unetConfig));
        Path autoencoderJson = folder.resolve("vae/config.json");
        JsonObject autoencoderConfig = TextFile.json(autoencoderJson);
        AutoencoderConfig autoencoder =
                config(autoencoderJson, () -> DiffusersConfig.autoencoder(autoencoderConfig));
        Path schedulerJson = folder.resolve("scheduler/scheduler_config.json");
        JsonObject scheduler =
                Files.exists(schedulerJson) ? TextFile.json(schedulerJson) : new JsonObject();
        return new Checkpoint(
                folder,
                unet,
                Weights.folder(folder.resolve("unet")),
                NameMap.diffusers(unet),
                autoencoder,
                Weights.folder(folder.resolve("vae")),
                NameMap.diffusers(autoencoder),
                Weights.folder(folder.resolve("text_encoder"), "model.safetensors")
                        .without(POSITIONS),
                NameMap.same("text_model"),
                config(schedulerJson, () -> DiffusersConfig.schedule(scheduler)),
                config(schedulerJson, () -> DiffusersConfig.predictsVelocity(scheduler)),
                config(unetJson, () -> DiffusersConfig.side(unetConfig)),
                Optional.of(folder.resolve("tokenizer"))
                        .filter(TokenizerFolder::isOne)
                        .map(TokenizerFolder::read));
    }

    private static JsonObject requireWidth(JsonObject unet) {
        if (unet.has("cross_attention_dim")
                && unet.get("cross_attention_dim").isJsonPrimitive()
                && unet.get("cross_attention_dim").getAsInt() == WIDTH_OF_2) {
            throw new IllegalArgumentException(
                    "cross_attention_dim: 1024; this is Stable Diffusion 2, versions 1.4 and 1.5 are supported");
        }
        return unet;
    }

    private static <T> T config(Path file, java.util.function.Supplier<T> read) {
        try {
            return Json.expect(read);
        } catch (IllegalArgumentException e) {
            throw named(file, e);
        }
    }

    private static IllegalArgumentException named(Path file, IllegalArgumentException e) {
        return new IllegalArgumentException("file: " + file + ": " + e.getMessage(), e);
    }

    /** Reads the tensors and builds the networks. */
    StableDiffusion open(Tokenizer tokenizer, DataType type) {
        NDManager owner = Torch.manager();
        try {
            Params text =
                    textWeights.read(owner, textNames, DataType.FLOAT32, "reading text encoder");
            ClipNames names = ClipNames.HUGGING_FACE;
            ClipTextConfig config = ClipTextConfig.of(text.all(), names, 0);
            Prompts prompts = new Prompts(tokenizer, new ClipText(config, text, names));
            text.requireAllUsed();
            Params coder =
                    autoencoderWeights.read(
                            owner, autoencoderNames, DataType.FLOAT32, "reading autoencoder");
            AutoencoderKl kl = new AutoencoderKl(autoencoder, coder);
            Params params = unetWeights.read(owner, unetNames, type, "reading UNet");
            NetworkDenoiser network =
                    new NetworkDenoiser(
                            unet.build(params),
                            schedule,
                            StableDiffusion.latent(kl, side),
                            StableDiffusion.made(shown));
            Denoiser denoiser = velocity ? new Velocity(network) : network;
            return new StableDiffusion(owner, network, denoiser, kl, prompts);
        } catch (IllegalArgumentException e) {
            owner.close();
            boolean known = String.valueOf(e.getMessage()).startsWith("file: ");
            throw known ? e : named(shown, e);
        } catch (RuntimeException e) {
            owner.close();
            throw e;
        }
    }
}
