package memoria.stablediffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import memoria.data.Images;
import memoria.diffusion.Condition;
import memoria.diffusion.Denoiser;
import memoria.diffusion.Guided;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Plms;
import memoria.diffusion.Sampler;
import memoria.diffusion.Samples;
import memoria.diffusion.Seeds;
import memoria.diffusion.Velocity;
import memoria.network.AutoencoderKl;
import memoria.network.NetworkDenoiser;
import memoria.network.UNet;
import memoria.progress.Interrupted;
import memoria.progress.Progress;
import memoria.torch.Autograd;
import memoria.torch.Scalars;
import memoria.torch.Scope;

/**
 * Stable Diffusion 1.4 and 1.5: a prompt's embedding, a latent denoised under it, the latent decoded.
 *
 * <pre>{@code
 * try (var sd = StableDiffusion.read(Path.of("v1-5-pruned-emaonly.safetensors"))) {
 *     Images pictures = sd.images(7.5, Seeds.range(0, 2), "a photograph of an astronaut riding a horse");
 * }
 * }</pre>
 *
 * <p>The parts are there by themselves too: {@link #denoiser} predicts the noise in latents for samplers, detectors and guidances,
 * {@link #prompts} makes conditions, {@link #autoencoder} goes between pictures and latents.
 */
public final class StableDiffusion implements AutoCloseable {

    private static final int STEPS = 50;
    private static final int SIDE = 512;

    private final NDManager owner;
    private final NetworkDenoiser network;
    private final Denoiser denoiser;
    private final AutoencoderKl autoencoder;
    private final Prompts prompts;

    StableDiffusion(
            NDManager owner,
            NetworkDenoiser network,
            Denoiser denoiser,
            AutoencoderKl autoencoder,
            Prompts prompts) {
        this.owner = owner;
        this.network = network;
        this.denoiser = denoiser;
        this.autoencoder = autoencoder;
        this.prompts = prompts;
    }

    /**
     * Stable Diffusion from its parts, for smaller models of the same make.
     *
     * @param network reads the prompts' embeddings; closed with this
     * @param autoencoder makes pictures of its items; owned by its parameters' manager
     * @param prompts embeds
     * @return the whole
     * @throws IllegalArgumentException if the parts do not fit each other
     */
    public static StableDiffusion of(
            NetworkDenoiser network, AutoencoderKl autoencoder, Prompts prompts) {
        int width = network.network().config().contextDim();
        if (width != prompts.text().config().width()) {
            throw new IllegalArgumentException(
                    "prompts: embeddings of width "
                            + prompts.text().config().width()
                            + "; the network reads "
                            + width);
        }
        if (network.item().get(0) != autoencoder.config().embedDim()) {
            throw new IllegalArgumentException(
                    "autoencoder: latents of "
                            + autoencoder.config().embedDim()
                            + " channels; the network's items are "
                            + network.item());
        }
        return new StableDiffusion(network.manager(), network, network, autoencoder, prompts);
    }

    /**
     * Reads a checkpoint onto {@link memoria.torch.Torch#device()}: a single file of latent diffusion, {@code .safetensors} or {@code .ckpt}
     * (as data, no code of it runs), or a diffusers folder. CLIP's
     * vocabulary is the folder's own, if it has {@code tokenizer/merges.txt}, else found as {@link Tokenizer#clip} finds it. Pictures have the
     * side that the folder's {@code unet/config.json} states, else 512 pixels.
     *
     * @param checkpoint the file or the folder
     * @return the model, in float32; the caller closes it
     * @throws IllegalArgumentException if it is another architecture, such as Stable Diffusion 2, or a tensor is missing, surplus or of another
     *     shape; the file and the tensor are named
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static StableDiffusion read(Path checkpoint) {
        Checkpoint content = content(checkpoint);
        return content.open(content.tokenizer().orElseGet(Tokenizer::clip), DataType.FLOAT32);
    }

    /**
     * As {@link #read(Path)}, with another tokenizer or precision.
     *
     * @param checkpoint the file or the folder
     * @param tokenizer of the checkpoint's text encoder
     * @param type {@code FLOAT32}, or {@code FLOAT16} for a UNet in half precision on a GPU: it takes and gives float32 and refuses to record
     *     gradients
     * @return the model; the caller closes it
     * @throws IllegalArgumentException as {@link #read(Path)}, or if the type is another
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static StableDiffusion read(Path checkpoint, Tokenizer tokenizer, DataType type) {
        if (type != DataType.FLOAT32 && type != DataType.FLOAT16) {
            throw new IllegalArgumentException("type: " + type + " is not FLOAT32 or FLOAT16");
        }
        return content(checkpoint).open(tokenizer, type);
    }

    private static Checkpoint content(Path checkpoint) {
        return Files.isDirectory(checkpoint)
                ? Checkpoint.folder(checkpoint)
                : Checkpoint.file(checkpoint);
    }

    /**
     * The same model for pictures of another size; it shares the parameters.
     *
     * @param height of a picture, a multiple of the autoencoder's factor times the UNet's
     * @param width likewise
     * @return a model whose latents have that size
     * @throws IllegalArgumentException if a side is no such multiple
     */
    public StableDiffusion sized(int height, int width) {
        int factor = autoencoder.config().factor();
        if (height % factor != 0 || width % factor != 0 || height < factor || width < factor) {
            throw new IllegalArgumentException(
                    "height, width: "
                            + height
                            + "x"
                            + width
                            + "; multiples of "
                            + factor
                            + " are legal");
        }
        long channels = network.item().get(0);
        Shape item = new Shape(channels, height / factor, width / factor);
        NetworkDenoiser other =
                new NetworkDenoiser(
                        network.network(), network.schedule(), item, network.metadata());
        Denoiser predicts = denoiser instanceof Velocity ? new Velocity(other) : other;
        return new StableDiffusion(owner, other, predicts, autoencoder, prompts);
    }

    /**
     * The size of its pictures, for sets that are compared with them.
     *
     * @return the height in pixels; the width too, but for models of {@link #sized} that are not square
     */
    public int side() {
        return (int) network.item().get(1) * autoencoder.config().factor();
    }

    /**
     * The latent denoiser, conditioned on embeddings of prompts.
     *
     * @return predicts noise, also where the checkpoint predicts the velocity
     */
    public Denoiser denoiser() {
        return denoiser;
    }

    /**
     * The denoiser under classifier-free guidance against the empty prompt.
     *
     * @param scale w, 7.5 as a rule
     * @return a model whose conditions are prompts
     * @throws IllegalArgumentException if the scale is not finite
     */
    public Denoiser guided(double scale) {
        return new Guided(denoiser, prompts.empty(), scale);
    }

    /**
     * The network that reads the text.
     *
     * @return the UNet, for attention maps, adapters and attention slices
     */
    public UNet unet() {
        return (UNet) network.network();
    }

    /**
     * Between pictures and latents.
     *
     * @return the autoencoder
     */
    public AutoencoderKl autoencoder() {
        return autoencoder;
    }

    /**
     * Between prompts and conditions.
     *
     * @return tokenizer and text encoder
     */
    public Prompts prompts() {
        return prompts;
    }

    /**
     * Pictures for prompts with Stable Diffusion's usual sampler, {@link Plms} in 50 steps.
     *
     * @param scale of the guidance
     * @param seeds one per picture
     * @param texts one prompt for all pictures, or one per picture
     * @return one picture per seed, in [-1, 1]
     * @throws IllegalArgumentException if the prompts do not fit the seeds
     * @throws Interrupted if the thread was interrupted before the first batch was finished
     */
    public Images images(double scale, Seeds seeds, String... texts) {
        return images(scale, Plms.steps(STEPS).clip(false).batch(1), seeds, texts);
    }

    /**
     * Pictures for prompts. An interrupt keeps the batches that were finished.
     *
     * @param scale of the guidance
     * @param sampler walks the latents; it must not clip them
     * @param seeds one per picture
     * @param texts one prompt for all pictures, or one per picture
     * @return one picture per seed whose batch was finished, in [-1, 1]
     * @throws IllegalArgumentException if the prompts do not fit the seeds
     * @throws Interrupted if the thread was interrupted before the first batch was finished
     */
    public Images images(double scale, Sampler sampler, Seeds seeds, String... texts) {
        Condition text = prompts.of(texts);
        Samples latents = sampler.sample(guided(scale), seeds, text);
        return decode(latents.images());
    }

    /**
     * Pictures of latents, one at a time.
     *
     * @param latents as the denoiser sees them, scaled
     * @return pictures limited to [-1, 1]
     * @throws IllegalArgumentException if the shape is none of this autoencoder's
     */
    public Images decode(Images latents) {
        List<Images> pictures = new ArrayList<>();
        try (Progress progress = Progress.start("decoding", latents.count())) {
            for (int i = 0; i < latents.count(); i++) {
                int row = i;
                pictures.add(
                        Autograd.off(
                                () ->
                                        Scope.use(
                                                () -> {
                                                    NDArray z = latents.select(row).tensor(owner);
                                                    return Images.from(picture(z).clip(-1, 1));
                                                })));
                progress.at(pictures.size());
            }
        }
        return Images.concat(pictures.toArray(Images[]::new));
    }

    /**
     * A picture of a latent as a function: for guidances that look at pictures.
     *
     * @param latent (N, channels, h, w), scaled; gradients flow through
     * @return (N, channels, H, W), not limited to [-1, 1]
     */
    public NDArray picture(NDArray latent) {
        return autoencoder.decode(Scalars.div(latent, autoencoder.config().scale()));
    }

    /**
     * The latents of pictures: the means of the encoder's Gaussians, scaled.
     *
     * @param pictures sides are multiples of the autoencoder's factor
     * @return latents as the denoiser sees them
     * @throws IllegalArgumentException if the shape is another
     */
    public Images encode(Images pictures) {
        List<Images> latents = new ArrayList<>();
        for (int i = 0; i < pictures.count(); i++) {
            int row = i;
            latents.add(
                    Autograd.off(
                            () ->
                                    Scope.use(
                                            () -> {
                                                NDArray x = pictures.select(row).tensor(owner);
                                                NDArray mean = autoencoder.encode(x).mean();
                                                double scale = autoencoder.config().scale();
                                                return Images.from(Scalars.mul(mean, scale));
                                            })));
        }
        return Images.concat(latents.toArray(Images[]::new));
    }

    /** Frees all parameters; the parts throw {@link IllegalStateException} from then on. */
    @Override
    public void close() {
        network.close();
        autoencoder.params().manager().close();
        prompts.text().params().manager().close();
        owner.close();
    }

    /** The schedule of Stable Diffusion 1: 1000 steps, betas from 0.00085 to 0.012. */
    static NoiseSchedule schedule() {
        return NoiseSchedule.scaledLinear(1000, 0.00085, 0.012);
    }

    /** The latent of the picture a checkpoint was trained on, {@value #SIDE} pixels wide where none is stated. */
    static Shape latent(AutoencoderKl autoencoder, Optional<Integer> stated) {
        int side = stated.orElse(SIDE / autoencoder.config().factor());
        return new Shape(autoencoder.config().embedDim(), side, side);
    }

    static JsonObject made(Path from) {
        JsonObject made = new JsonObject();
        made.addProperty("from", String.valueOf(from.getFileName()));
        return made;
    }
}
