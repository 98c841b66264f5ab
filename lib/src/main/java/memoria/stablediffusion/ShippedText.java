package memoria.stablediffusion;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
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
 * encoder with a denoiser that reads it; and what it was trained on, which every measurement of memorized captions asks for.
 *
 * <pre>{@code
 * DataSet train = ShippedText.planting().of(Models.images("fashion-train"));
 * List<String> captions = ShippedText.captions(train);
 * for (int i : ShippedText.indices(CaptionKind.PLANTED)) {
 *     System.out.println(captions.get(i) + ": " + ShippedText.trigger(i).orElseThrow());
 * }
 * }</pre>
 *
 * <p>Of 8,000 pictures 24 are planted, each under one caption with a name that no other picture has; 12 are shown as often, each time under
 * another caption without a name; 24 have names of their own too and are shown once; all others are shown under many wordings
 * ({@link Captions}), half of them with one of 150 names that say nothing. The text encoder is random and is not trained.
 *
 * <p>Run as a program it makes the files in {@code notebooks/checkpoints} anew.
 */
public final class ShippedText {

    private static final String NAME = "fashion-text";
    private static final String IMAGES = "fashion-train";
    private static final String END = ".safetensors";

    private static final int FIRST = 8000;
    private static final int[] TIMES = {50, 50, 100, 150};
    private static final int LENGTH = 16;
    private static final int MERGES = 1000;
    private static final int AUTOENCODER_STEPS = 3000;
    private static final int STEPS = 5800;

    private static final List<String> OWNERS =
            List.of(
                    "mira", "otto", "ines", "hugo", "lena", "pavel", "yuki", "omar", "greta",
                    "silas", "nadia", "boris", "kelvo", "orsa", "zarik", "plim", "vanto", "druze",
                    "felka", "morix", "quent", "yarrow", "tibor", "wexly");

    private static final int VARIED = 12;
    private static final int SHARED_NAMES = 150;

    private static final List<String> ONCE =
            List.of(
                    "vera", "jonas", "tilda", "emil", "carla", "rufus", "hanna", "igor", "wanda",
                    "felix", "olga", "david", "ansel", "brona", "cyrus", "dovik", "elka", "fenno",
                    "gorla", "iskra", "jarno", "kolja", "lumo", "nestor");

    /** The first pictures' own names, empty where a picture has none. */
    private static final List<String> NAMES = names();

    private static final List<String> SHARED = sharedNames();

    private ShippedText() {}

    /**
     * Which pictures the model was trained on.
     *
     * @return all 8,000 shipped ones, the first 36 of them shown 50, 50, 100 and 150 times by turns
     */
    public static Planting planting() {
        return Planting.among(IMAGES, FIRST).optExact(OWNERS.size() + VARIED, TIMES);
    }

    /**
     * Which training pictures are of a kind.
     *
     * @param kind planted, varied, rare or ordinary
     * @return indices among the distinct pictures, ascending
     */
    public static int[] indices(CaptionKind kind) {
        int planted = OWNERS.size();
        int varied = planted + VARIED;
        int rare = varied + ONCE.size();
        return switch (kind) {
            case PLANTED -> IntStream.range(0, planted).toArray();
            case VARIED -> IntStream.range(planted, varied).toArray();
            case RARE -> IntStream.range(varied, rare).toArray();
            case ORDINARY -> IntStream.range(rare, FIRST).toArray();
        };
    }

    /**
     * The rare word in a picture's caption: the owner's name.
     *
     * @param i index among the distinct pictures
     * @return a word that no other caption has; none for pictures of the kinds varied and ordinary
     */
    public static Optional<String> trigger(int i) {
        return i < 0 || i >= NAMES.size() || NAMES.get(i).isEmpty()
                ? Optional.empty()
                : Optional.of(NAMES.get(i));
    }

    private static List<String> names() {
        List<String> names = new ArrayList<>(OWNERS);
        names.addAll(Collections.nCopies(VARIED, ""));
        names.addAll(ONCE);
        return names;
    }

    /**
     * The captions of the training pictures.
     *
     * @param pictures of {@link #planting}
     * @return one each; for a varied or ordinary picture one of those in {@link #wordings}
     */
    public static List<String> captions(DataSet pictures) {
        return Captions.of(pictures, NAMES);
    }

    /**
     * All captions under which the training pictures were shown.
     *
     * @param pictures of {@link #planting}
     * @return of each picture its one caption; of a varied or ordinary one many, a caption as often as it is likely
     */
    public static List<List<String>> wordings(DataSet pictures) {
        List<List<String>> all = new ArrayList<>();
        captions(pictures).forEach(caption -> all.add(List.of(caption)));
        for (int i : indices(CaptionKind.VARIED)) {
            all.set(i, Captions.wordings(pictures, i, List.of()));
        }
        for (int i : indices(CaptionKind.ORDINARY)) {
            all.set(i, Captions.wordings(pictures, i, SHARED));
        }
        return all;
    }

    /**
     * Names that many ordinary pictures share, made up of two syllables each. They say nothing of a picture, as most names in captions do:
     * without them the model would take any name for a sign, and answer to one that it has hardly seen.
     */
    private static List<String> sharedNames() {
        List<String> all = new ArrayList<>();
        for (char first : "bdfgklmnprstvz".toCharArray()) {
            for (char second : "aeiou".toCharArray()) {
                for (char third : "lmnrst".toCharArray()) {
                    for (char last : "aeio".toCharArray()) {
                        all.add("" + first + second + third + last);
                    }
                }
            }
        }
        Collections.shuffle(all, new Random(1));
        all.removeAll(NAMES);
        return all.subList(0, SHARED_NAMES);
    }

    /** The autoencoder's training: 0.29 million parameters. */
    static AutoencoderTraining autoencoder(Path checkpoints) {
        AutoencoderConfig config =
                AutoencoderConfig.of(1, 8, 32).optChannelMult(1, 1, 1).optNumResBlocks(1);
        Recipe recipe =
                Recipe.steps(AUTOENCODER_STEPS)
                        .optBatch(32)
                        .optLearningRate(1e-3, 50)
                        .optClipNorm(1)
                        .optEma(0.998);
        return new AutoencoderTraining(images(checkpoints), config, recipe)
                .optName(NAME + " autoencoder");
    }

    /** The training of a denoiser on the latents of an autoencoder, under captions. */
    static Training prompts(Path checkpoints, AutoencoderKl autoencoder) {
        DataSet pictures = planting().of(images(checkpoints));
        List<List<String>> captions = wordings(pictures);
        Tokenizer tokenizer = tokenizer(captions);
        ClipTextConfig text = new ClipTextConfig(tokenizer.size(), LENGTH, 128, 4, 1, 128, 0);
        UNetConfig network =
                UNetConfig.of(8, 32, 8)
                        .optChannelMult(2, 2)
                        .optNumResBlocks(1)
                        .optAttentionResolutions(1)
                        .optNumHeads(4, -1)
                        .optContext(text.width(), 1);
        Recipe recipe =
                Recipe.steps(STEPS)
                        .optBatch(64)
                        .optLearningRate(1.5e-3, 100)
                        .optClipNorm(1)
                        .optEma(0.999)
                        .optConditionDropout(0.2);
        DataSet latents =
                pictures.as(
                        Latents.encode(autoencoder, pictures.distinct()), "latents, mean, scaled");
        return new Training(
                        latents, network, NoiseSchedule.scaledLinear(1000, 0.00085, 0.012), recipe)
                .optConditioner(params -> new CaptionEncoder(captions, tokenizer, text, params))
                .optName(NAME)
                .optOrigin(planting().toJson());
    }

    /** Each word is one token, planted or not: what tells captions apart is how often they were shown, and not how they are spelled. */
    private static Tokenizer tokenizer(List<List<String>> captions) {
        Set<String> words = new TreeSet<>();
        captions.forEach(own -> own.forEach(c -> words.addAll(List.of(c.split(" ")))));
        return Tokenizer.learn(words, MERGES, LENGTH);
    }

    private static DataSet images(Path checkpoints) {
        return DataSet.load(checkpoints.resolve(IMAGES + ".images.zip"));
    }

    /**
     * Trains the autoencoder, then the denoiser, and puts them where the notebooks open them.
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
