package memoria.badinput;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import memoria.data.Captions;
import memoria.data.DataSet;
import memoria.diffusion.NoiseSchedule;
import memoria.network.AutoencoderConfig;
import memoria.network.Lora;
import memoria.network.Params;
import memoria.network.UNetConfig;
import memoria.stablediffusion.ClipImage;
import memoria.stablediffusion.ClipNames;
import memoria.stablediffusion.ClipText;
import memoria.stablediffusion.ClipTextConfig;
import memoria.stablediffusion.Prompts;
import memoria.stablediffusion.Tokenizer;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import memoria.training.AutoencoderTraining;
import memoria.training.Recipe;
import memoria.training.Training;

/** Prompts, vocabularies and CLIP checkpoints that cannot be used. */
public final class BadPrompts extends BadInput {

    private final NDManager manager = Torch.manager();
    private final ClipTextConfig config = new ClipTextConfig(600, 8, 16, 2, 1, 16, 0);

    /** The table. */
    public BadPrompts(Path folder) throws IOException {
        prompts(folder);
        encoder();
        adapters();
        latents();
    }

    private void prompts(Path folder) throws IOException {
        Tokenizer tokenizer = Tokenizer.of(List.of(), 6);
        Path other = Files.writeString(folder.resolve("vocabulary.txt"), "a b\n");
        refused(
                "a prompt that must fit",
                () -> tokenizer.requireFits("abcdef"),
                "prompt: 6 tokens",
                "at most 4");
        refused(
                "no room for start and end",
                () -> Tokenizer.of(List.of(), 1),
                "length: 1",
                "at least 2");
        refused(
                "a merge of three",
                () -> Tokenizer.of(List.of("a b", "a b c"), 9),
                "merges: 'a b c' at 1",
                "two symbols");
        refused(
                "no merges to learn",
                () -> Tokenizer.learn(List.of("x"), -1, 9),
                "merges: -1",
                "0 or more");
        refused("a token that is none", () -> tokenizer.decode(514), "ids: 514", "0 to 513");
        refused(
                "another file as vocabulary",
                () -> Tokenizer.clip(other),
                "vocabulary.txt",
                "checksum");
    }

    private void encoder() {
        ClipText text = new ClipText(config, Params.fresh(manager, 0), ClipNames.HUGGING_FACE);
        refused(
                "heads that divide nothing",
                () -> new ClipTextConfig(9, 9, 16, 3, 1, 16, 0),
                "heads: 3",
                "divisor of the width 16");
        refused(
                "no layers",
                () -> new ClipTextConfig(9, 9, 16, 2, 0, 16, 0),
                "layers: 0",
                "at least 1");
        refused(
                "tokens in one row",
                () -> text.embed(Tensors.of(manager, 1L, 2L)),
                "ids: shape (2)",
                "1 to 8");
        refused(
                "a row too long",
                () -> text.embed(manager.zeros(new Shape(1, 9))),
                "ids: shape (1, 9)",
                "1 to 8");
        refused(
                "tokens with fractions",
                () -> text.embed(manager.zeros(new Shape(1, 4))),
                "float32",
                "INT64");
        refused(
                "a token the encoder lacks",
                () -> text.embed(Tensors.of(manager, 1L, 600L).reshape(1, 2)),
                "ids: 600",
                "0 to 599");
        fails(
                IllegalStateException.class,
                "no projection",
                () -> text.features(Tensors.of(manager, 1L).reshape(1, 1)),
                "no projection");
        refused(
                "another vocabulary",
                () -> new Prompts(Tokenizer.of(List.of(), 8), text),
                "tokenizer: 514 tokens",
                "600");
        refused(
                "no encoder at all",
                () -> ClipTextConfig.of(Map.of(), ClipNames.HUGGING_FACE, 0),
                "token_embedding.weight",
                "missing");
        refused(
                "an encoder without a layer",
                () -> new ClipText(config, Params.of(manager, Map.of()), ClipNames.HUGGING_FACE),
                "token_embedding.weight",
                "(600, 16)");
        refused(
                "no image tower",
                () -> new ClipImage(Params.of(manager, Map.of()).at("visual"), ClipNames.OPENAI, 0),
                "visual.conv1.weight",
                "missing");
    }

    private void adapters() {
        refused("a rank of 0", () -> new Lora.Config("x", 0, 1), "rank: 0", "at least 1");
        refused("an alpha of 0", () -> new Lora.Config("x", 1, 0), "alpha: 0.0", "not finite");
        refused(
                "an alpha that is no number",
                () -> new Lora.Config("x", 1, Double.NaN),
                "alpha: NaN",
                "not finite");
    }

    private void latents() {
        DataSet two = BadArguments.set(BadArguments.images(2, 1, 4, 4), 0, 1);
        Recipe recipe = Recipe.steps(1);
        refused(
                "an autoencoder of other channels",
                () -> new AutoencoderTraining(two, AutoencoderConfig.of(3, 4, 32), recipe),
                "data: 2 images of shape (1, 4, 4)",
                "3 channels");
        refused(
                "texts for a network that reads none",
                () ->
                        new Training(
                                        two,
                                        UNetConfig.of(1, 32, 1).optChannelMult(1),
                                        NoiseSchedule.linear(100),
                                        recipe)
                                .optConditioner(params -> null),
                "conditioner",
                "contextDim is 0");
        refused(
                "another number of latents",
                () -> two.as(BadArguments.images(3, 1, 4, 4), "none"),
                "others: 3 for 2");
        refused(
                "more owners than pictures",
                () -> Captions.of(two, List.of("a", "b", "c")),
                "names: 3 for 2");
        refused(
                "captions of other classes",
                () -> Captions.of(two, List.of()),
                "className: 'low'",
                "Dress");
    }

    @Override
    public void close() {
        manager.close();
    }
}
