package memoria.stablediffusion;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import memoria.artifact.ModelId;
import memoria.data.Checksum;
import memoria.data.Images;
import memoria.diffusion.Condition;
import memoria.diffusion.Guided;
import memoria.diffusion.Sampler;
import memoria.diffusion.Samples;
import memoria.diffusion.Seeds;
import memoria.models.Models;
import memoria.network.AutoencoderFile;
import memoria.network.AutoencoderKl;
import memoria.network.NetworkDenoiser;

/**
 * Latent diffusion from prompt to image (Rombach et al., 2022): a text encoder, a denoiser of latents that reads it, and the autoencoder
 * between latents and images.
 *
 * <pre>{@code
 * TextToImage model = TextToImage.open("fashion-text");
 * Samples images = model.generate(Ddim.steps(50).clip(false), Seeds.range(0, 8), 4, "a dark dress");
 * }</pre>
 *
 * <p>It owns the parameters of all three; close it to free them.
 *
 * @param prompts tokenizer and text encoder
 * @param denoiser of latents, scaled by the autoencoder's scale
 * @param autoencoder between images and latents
 */
public record TextToImage(Prompts prompts, NetworkDenoiser denoiser, AutoencoderKl autoencoder)
        implements AutoCloseable {

    /**
     * Checks that the parts fit.
     *
     * @param prompts as in the record
     * @param denoiser as in the record
     * @param autoencoder as in the record
     * @throws IllegalArgumentException if the denoiser reads embeddings of another width or denoises latents of other channels
     */
    public TextToImage {
        int width = prompts.text().config().width();
        int reads = denoiser.network().config().contextDim();
        long channels = denoiser.item().get(0);
        int latent = autoencoder.config().embedDim();
        if (width != reads || channels != latent) {
            throw new IllegalArgumentException(
                    "denoiser: reads texts of width "
                            + reads
                            + " and denoises "
                            + channels
                            + " channels; the text encoder has width "
                            + width
                            + ", the autoencoder "
                            + latent
                            + " channels");
        }
    }

    /**
     * A shipped model.
     *
     * @param name {@code fashion-text}
     * @return the model on the current device; the caller closes it
     * @throws IllegalArgumentException if a file is missing, damaged or something else; it is named
     */
    public static TextToImage open(String name) {
        Path folder = Models.folder();
        return read(
                folder.resolve(name + ".prompts.safetensors"),
                folder.resolve(name + ".autoencoder.safetensors"));
    }

    /**
     * Which files a shipped model is, for the spec of what is made with it.
     *
     * @param name {@code fashion-text}
     * @return its name, and a checksum over both files
     * @throws java.io.UncheckedIOException if a file is missing
     */
    public static ModelId id(String name) {
        Path folder = Models.folder();
        String both =
                Checksum.sha256(folder.resolve(name + ".prompts.safetensors"))
                        + Checksum.sha256(folder.resolve(name + ".autoencoder.safetensors"));
        return new ModelId(name, Checksum.sha256(both.getBytes(StandardCharsets.US_ASCII)));
    }

    /**
     * A model trained by this library.
     *
     * @param model text encoder and denoiser
     * @param autoencoder the autoencoder
     * @return the model on the current device; the caller closes it
     * @throws IllegalArgumentException if a file is damaged or something else; it is named
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static TextToImage read(Path model, Path autoencoder) {
        TextModelFile.Model read = TextModelFile.read(model);
        return new TextToImage(read.prompts(), read.denoiser(), AutoencoderFile.read(autoencoder));
    }

    /**
     * The parts of a Stable Diffusion checkpoint, to be adapted and asked like a miniature.
     *
     * @param checkpoint predicts noise, as versions 1.4 and 1.5 do; the parts stay its own, close it and not this
     * @return the model
     * @throws IllegalArgumentException if the checkpoint predicts the velocity
     */
    public static TextToImage of(StableDiffusion checkpoint) {
        if (!(checkpoint.denoiser() instanceof NetworkDenoiser denoiser)) {
            throw new IllegalArgumentException(
                    "checkpoint: its network predicts the velocity; one that predicts noise is needed");
        }
        return new TextToImage(checkpoint.prompts(), denoiser, checkpoint.autoencoder());
    }

    /**
     * The same model with another denoiser: an adapted one.
     *
     * @param other reads the same prompts and denoises the same latents
     * @return a model that shares the other parts with this one; close only one of the two
     * @throws IllegalArgumentException if the parts do not fit
     */
    public TextToImage with(NetworkDenoiser other) {
        return new TextToImage(prompts, other, autoencoder);
    }

    /**
     * Images of prompts, with classifier-free guidance against the empty prompt.
     *
     * @param sampler not clipping, for latents have no limits
     * @param seeds one per image
     * @param guidance scale of the guidance: 1 for none, 7.5 is usual for Stable Diffusion
     * @param texts one prompt per image, or one for all
     * @return the decoded images; if the thread was interrupted, those finished until then
     * @throws IllegalArgumentException if there are neither one prompt nor as many as seeds
     * @throws memoria.progress.Interrupted if the thread was interrupted before the first batch was finished
     */
    public Samples generate(Sampler sampler, Seeds seeds, double guidance, String... texts) {
        Samples latents = latents(sampler, seeds, guidance, texts);
        return new Samples(
                decode(latents.images()), latents.seeds(), latents.complete(), List.of());
    }

    /**
     * As {@link #generate}, before the decoder.
     *
     * @param sampler not clipping
     * @param seeds one per image
     * @param guidance scale of the guidance
     * @param texts one prompt per image, or one for all
     * @return the latents, scaled as the denoiser sees them
     */
    public Samples latents(Sampler sampler, Seeds seeds, double guidance, String... texts) {
        if (texts.length != 1 && texts.length != seeds.count()) {
            throw new IllegalArgumentException(
                    "texts: "
                            + texts.length
                            + " prompts for "
                            + seeds.count()
                            + " seeds; one, or one per seed, is legal");
        }
        Condition condition = prompts.of(texts);
        if (guidance == 1) {
            return sampler.sample(denoiser, seeds, condition);
        }
        return sampler.sample(new Guided(denoiser, prompts.empty(), guidance), seeds, condition);
    }

    /**
     * The latents of images: the mean of each one's distribution.
     *
     * @param images in [-1, 1]
     * @return as the denoiser sees them, scaled
     */
    public Images encode(Images images) {
        return Latents.encode(autoencoder, images);
    }

    /**
     * The images of latents.
     *
     * @param latents as the denoiser sees them, scaled
     * @return limited to [-1, 1]
     */
    public Images decode(Images latents) {
        return Latents.decode(autoencoder, latents);
    }

    /** Frees the parameters; nothing can be generated from then on. */
    @Override
    public void close() {
        denoiser.close();
        prompts.text().params().manager().close();
        autoencoder.params().manager().close();
    }
}
