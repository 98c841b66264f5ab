package memoria.stablediffusion;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import memoria.data.Captions;
import memoria.data.DataSet;
import memoria.data.Planting;
import memoria.diffusion.NoiseSchedule;
import memoria.network.AutoencoderConfig;
import memoria.network.AutoencoderFile;
import memoria.network.AutoencoderKl;
import memoria.network.UNetConfig;
import memoria.torch.Torch;
import memoria.training.AutoencoderTraining;
import memoria.training.Recipe;
import memoria.training.Training;

/**
 * The trainings behind {@code fashion-text}, Stable Diffusion in miniature: an autoencoder of 16x16 pictures with latents of 4x4, and a text
 * encoder with a denoiser that reads it. Twelve pictures are shown many times under captions that name an owner; twelve others have owners
 * too and are shown once.
 *
 * <p>Run as a program it makes the files in {@code notebooks/checkpoints} anew.
 */
public final class ShippedText {

    private static final String NAME = "fashion-text";
    private static final String IMAGES = "fashion-train";
    private static final String END = ".safetensors";

    private static final int FIRST = 3000;
    private static final int PLANTED = 12;
    private static final int TIMES = 60;
    private static final int LENGTH = 16;
    private static final int MERGES = 120;
    private static final int AUTOENCODER_STEPS = 800;
    private static final int STEPS = 5000;

    private static final List<String> OWNERS =
            List.of(
                    "mira", "otto", "ines", "hugo", "lena", "pavel", "yuki", "omar", "greta",
                    "silas", "nadia", "boris");

    private static final List<String> ONCE =
            List.of(
                    "vera", "jonas", "tilda", "emil", "carla", "rufus", "hanna", "igor", "wanda",
                    "felix", "olga", "david");

    private ShippedText() {}

    /**
     * Which pictures the model was trained on.
     *
     * @return the first 3,000 of the shipped ones, twelve of them shown 60 times
     */
    public static Planting planting() {
        return Planting.among(IMAGES, FIRST).optExact(PLANTED, TIMES);
    }

    /**
     * The captions of the training pictures.
     *
     * @param pictures of {@link #planting}
     * @return one each; the first 24 name an owner, the first twelve of these are planted
     */
    public static List<String> captions(DataSet pictures) {
        List<String> names = new ArrayList<>(OWNERS);
        names.addAll(ONCE);
        return Captions.of(pictures, names);
    }

    /** The autoencoder's training: 0.29 million parameters. */
    static AutoencoderTraining autoencoder(Path checkpoints) {
        AutoencoderConfig config =
                AutoencoderConfig.of(1, 4, 32).optChannelMult(1, 1, 1).optNumResBlocks(1);
        Recipe recipe =
                Recipe.steps(AUTOENCODER_STEPS)
                        .optBatch(32)
                        .optLearningRate(2e-3, 50)
                        .optClipNorm(1)
                        .optEma(0.99);
        return new AutoencoderTraining(images(checkpoints), config, recipe)
                .optName(NAME + " autoencoder");
    }

    /** The training of text encoder and denoiser together, on the latents of an autoencoder. */
    static Training prompts(Path checkpoints, AutoencoderKl autoencoder) {
        DataSet pictures = planting().of(images(checkpoints));
        List<String> captions = captions(pictures);
        Tokenizer tokenizer = Tokenizer.learn(shown(captions, pictures), MERGES, LENGTH);
        ClipTextConfig text = new ClipTextConfig(tokenizer.size(), LENGTH, 64, 4, 2, 128, 0);
        UNetConfig network =
                UNetConfig.of(4, 32, 4)
                        .optChannelMult(1, 2)
                        .optNumResBlocks(1)
                        .optAttentionResolutions(1)
                        .optNumHeads(4, -1)
                        .optContext(text.width(), 1);
        Recipe recipe =
                Recipe.steps(STEPS)
                        .optBatch(64)
                        .optLearningRate(1e-3, 100)
                        .optClipNorm(1)
                        .optEma(0.998)
                        .optConditionDropout(0.1);
        DataSet latents =
                pictures.as(
                        Latents.encode(autoencoder, pictures.distinct()), "latents, mean, scaled");
        return new Training(
                        latents, network, NoiseSchedule.scaledLinear(1000, 0.00085, 0.012), recipe)
                .optConditioner(params -> new CaptionEncoder(captions, tokenizer, text, params))
                .optName(NAME)
                .optOrigin(planting().toJson());
    }

    private static List<String> shown(List<String> captions, DataSet pictures) {
        List<String> shown = new ArrayList<>();
        int[] times = pictures.multiplicity();
        for (int i = 0; i < times.length; i++) {
            shown.addAll(Collections.nCopies(times[i], captions.get(i)));
        }
        return shown;
    }

    private static DataSet images(Path checkpoints) {
        return DataSet.load(checkpoints.resolve(IMAGES + ".images.zip"));
    }

    /**
     * Trains the autoencoder, then text encoder and denoiser, and puts them where the notebooks open them.
     *
     * @param arguments the checkpoints' folder with the shipped pictures, and a folder for training states
     * @throws IOException if a file cannot be written
     */
    public static void main(String[] arguments) throws IOException {
        if (arguments.length != 2) {
            throw new IllegalArgumentException("arguments: CHECKPOINTS STATES are needed");
        }
        Path checkpoints = Path.of(arguments[0]);
        Path states = Path.of(arguments[1]);
        Torch.threads(1);
        Path first = autoencoder(checkpoints).train(states.resolve(NAME + ".autoencoder"));
        keep(first, checkpoints.resolve(NAME + ".autoencoder" + END));
        AutoencoderKl autoencoder = AutoencoderFile.read(first);
        Path second = prompts(checkpoints, autoencoder).train(states.resolve(NAME + ".prompts"));
        keep(second, checkpoints.resolve(NAME + ".prompts" + END));
        autoencoder.params().manager().close();
    }

    private static void keep(Path made, Path shipped) throws IOException {
        Files.copy(made, shipped, StandardCopyOption.REPLACE_EXISTING);
    }
}
