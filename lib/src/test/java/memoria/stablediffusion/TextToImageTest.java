package memoria.stablediffusion;

import static java.util.stream.Collectors.toList;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import memoria.data.Captions;
import memoria.data.DataSet;
import memoria.data.Images;
import memoria.data.Provenance;
import memoria.diffusion.Condition;
import memoria.diffusion.Ddim;
import memoria.diffusion.Noise;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Samples;
import memoria.diffusion.Seeds;
import memoria.network.AutoencoderConfig;
import memoria.network.AutoencoderFile;
import memoria.network.AutoencoderKl;
import memoria.network.Lora;
import memoria.network.NetworkDenoiser;
import memoria.network.Params;
import memoria.network.UNetConfig;
import memoria.torch.Torch;
import memoria.training.AutoencoderTraining;
import memoria.training.LoraTraining;
import memoria.training.Recipe;
import memoria.training.Training;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole stack, trained for a few steps: files that rebuild it, seeds that stay themselves, prompts that reach the image. */
class TextToImageTest {

    private static final Recipe FEW =
            Recipe.steps(4).optBatch(4).optLearningRate(1e-2, 0).optEma(0);

    @TempDir private static Path folder;
    private static DataSet pictures;
    private static Path autoencoderFile;
    private static Path modelFile;
    private static List<List<String>> captions;
    private static Tokenizer tokenizer;

    @BeforeAll
    static void train() {
        Torch.threads(1);
        double[] noise = Noise.uniform("pictures", 1, 0, 6 * 64);
        float[] pixels = new float[noise.length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (float) (2 * noise[i] - 1);
        }
        pictures =
                DataSet.of(
                        Images.of(pixels, 6, 1, 8, 8),
                        new int[] {0, 1, 0, 1, 0, 1},
                        List.of("Dress", "Ankle boot"),
                        Provenance.made("noise"));
        AutoencoderConfig small =
                AutoencoderConfig.of(1, 2, 32).optChannelMult(1, 1).optNumResBlocks(1);
        autoencoderFile =
                new AutoencoderTraining(pictures, small, FEW).train(folder.resolve("autoencoder"));
        captions = Captions.of(pictures, List.of("mira")).stream().map(List::of).collect(toList());
        captions.set(1, Captions.wordings(pictures, 1, List.of()));
        tokenizer = Tokenizer.learn(captions.stream().flatMap(List::stream).toList(), 40, 8);
        modelFile = training().train(folder.resolve("text"));
    }

    private static Training training() {
        AutoencoderKl autoencoder = AutoencoderFile.read(autoencoderFile);
        DataSet latents = pictures.as(Latents.encode(autoencoder, pictures.distinct()), "latents");
        autoencoder.params().manager().close();
        ClipTextConfig text = new ClipTextConfig(tokenizer.size(), 8, 16, 2, 1, 16, 0);
        UNetConfig network =
                UNetConfig.of(2, 32, 2)
                        .optChannelMult(1)
                        .optNumResBlocks(1)
                        .optAttentionResolutions(1)
                        .optNumHeads(2, -1)
                        .optContext(16, 1);
        return new Training(
                        latents,
                        network,
                        NoiseSchedule.scaledLinear(100, 0.00085, 0.1),
                        FEW.optConditionDropout(0.5))
                .optConditioner(params -> new CaptionEncoder(captions, tokenizer, text, params));
    }

    private static TextToImage open() {
        return TextToImage.read(modelFile, autoencoderFile);
    }

    @Test
    void trainingAgainGivesTheSameFile() throws Exception {
        Path again = training().train(folder.resolve("again"));
        assertThat(Files.mismatch(again, modelFile)).isEqualTo(-1);
    }

    @Test
    void theTextEncoderStaysAsItWasDrawnWhileTheDenoiserLearns() {
        try (TextToImage model = open();
                NDManager manager = Torch.manager()) {
            Params drawn = Params.fresh(manager, FEW.seed());
            Params text = drawn.at(TextModelFile.TEXT);
            new ClipText(model.prompts().text().config(), text, ClipNames.HUGGING_FACE);
            model.denoiser().network().config().build(drawn.at(TextModelFile.DENOISER));
            Map<String, NDArray> trained = model.prompts().text().params().all();
            Set<String> moved = new TreeSet<>();
            drawn.all()
                    .forEach(
                            (name, start) -> {
                                if (!start.contentEquals(trained.get(name))) {
                                    moved.add(name);
                                }
                            });
            assertThat(text.own()).hasSizeGreaterThan(10);
            assertThat(moved).isNotEmpty().allMatch(n -> n.startsWith(TextModelFile.DENOISER));
        }
    }

    @Test
    void latentsAreScaledToUnitVariance() {
        try (TextToImage model = open()) {
            double sum = 0;
            double squares = 0;
            float[] z = model.encode(pictures.distinct()).all();
            for (float value : z) {
                sum += value;
                squares += value * value;
            }
            double mean = sum / z.length;
            assertThat(squares / z.length - mean * mean).isCloseTo(1, within(1e-3));
        }
    }

    @Test
    void aSeedGivesTheSameImageAloneAndAmongOthers() {
        try (TextToImage model = open()) {
            Ddim sampler = Ddim.steps(5).clip(false);
            Samples three = model.generate(sampler, Seeds.range(0, 3), 3, "a dress", "", "a boot");
            Samples one = model.generate(sampler, Seeds.of(2), 3, "a boot");
            assertThat(three.images().item()).isEqualTo(pictures.distinct().item());
            assertThat(three.images().select(2).largestDifference(one.images())).isLessThan(1e-4);
        }
    }

    @Test
    void thePromptReachesTheImage() {
        try (TextToImage model = open()) {
            Ddim sampler = Ddim.steps(5).clip(false);
            Images dress = model.generate(sampler, Seeds.of(1), 1, "a dress").images();
            Images boot = model.generate(sampler, Seeds.of(1), 1, "a boot").images();
            assertThat(dress.largestDifference(boot)).isGreaterThan(1e-5);
        }
    }

    @Test
    void anAdapterLearnsFromOnePictureAndLeavesTheModelAsItIs() {
        try (TextToImage model = open()) {
            DataSet one = pictures.first(1);
            DataSet latent = one.as(model.encode(one.distinct()), "latents");
            Condition.Embedding word = (Condition.Embedding) model.prompts().of("a dress");
            Condition.Embedding none = (Condition.Embedding) model.prompts().empty();
            Ddim sampler = Ddim.steps(5).clip(false);
            Images before = model.generate(sampler, Seeds.of(1), 1, "a dress").images();
            Recipe recipe = FEW.optConditionDropout(0.5);
            try (Lora lora =
                            new LoraTraining(
                                            latent,
                                            model.denoiser(),
                                            Lora.Config.attention(2),
                                            recipe)
                                    .optCondition(word, none)
                                    .run(folder.resolve("lora"));
                    NetworkDenoiser merged = lora.merge(model.denoiser())) {
                Images adapted =
                        model.with(merged).generate(sampler, Seeds.of(1), 1, "a dress").images();
                assertThat(adapted.largestDifference(before)).isGreaterThan(1e-5);
            }
            Images after = model.generate(sampler, Seeds.of(1), 1, "a dress").images();
            assertThat(after.largestDifference(before)).isZero();
        }
    }

    @Test
    void promptsAreOneForAllOrOnePerSeed() {
        try (TextToImage model = open()) {
            assertThatThrownBy(() -> model.generate(Ddim.steps(5), Seeds.range(0, 3), 1, "a", "b"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("texts: 2 prompts for 3 seeds");
        }
    }

    @Test
    void captionsSayWhatTheRuleSees() {
        Images black = Images.of(new float[64], 1, 1, 8, 8);
        assertThat(Captions.brightness(black, 0)).isEqualTo(0);
        assertThat(Captions.cover(black, 0)).isEqualTo(1);
        assertThat(Captions.phrase("Trouser")).isEqualTo("trousers");
        assertThat(Captions.phrase("Ankle boot")).isEqualTo("a boot");
        assertThat(captions.get(0).get(0)).matches("a mira grey( large| big)? (dress|gown)");
    }
}
