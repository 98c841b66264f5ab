package memoria.stablediffusion;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import memoria.golden.GoldenCase;
import memoria.golden.GoldenFamily;
import memoria.network.Params;
import memoria.torch.Autograd;

/** {@code clip_bpe}, {@code clip_text}, {@code clip_image}: prompts to tokens, tokens and images to features. */
public final class TextGolden implements GoldenFamily {

    private static final String VOCABULARY = "bpe_simple_vocab_16e6.txt.gz";
    private static final String PAD = "_zero_pad";

    @Override
    public boolean serves(String caseName) {
        return caseName.startsWith("clip_");
    }

    @Override
    public void compare(GoldenCase golden) {
        Autograd.off(
                () -> {
                    switch (golden.name()) {
                        case "clip_bpe" -> prompts(golden);
                        case "clip_image" -> images(golden);
                        default -> texts(golden);
                    }
                    return null;
                });
    }

    /**
     * Prompts that ftfy changes are encoded by the rule {@link PromptText} documents: where that comes to another text than ftfy, the
     * repaired text must be encoded as the original encodes it.
     */
    private static void prompts(GoldenCase golden) {
        Path vocabulary = golden.beside(VOCABULARY);
        if (!Files.exists(vocabulary)) {
            golden.notRun(VOCABULARY + " is not in the directory");
            return;
        }
        Tokenizer tokenizer = Tokenizer.clip(vocabulary);
        List<String> texts = new ArrayList<>();
        for (JsonElement element : recorded(golden)) {
            JsonObject one = element.getAsJsonObject();
            String prompt = one.get("prompt").getAsString();
            String cleaned = one.get("cleaned").getAsString();
            boolean same = PromptText.clean(prompt).equals(cleaned);
            if (!same && !one.get("ftfy_changes_text").getAsBoolean()) {
                throw new IllegalStateException("'" + prompt + "' becomes another text");
            }
            texts.add(same ? prompt : cleaned);
            long[] ids =
                    one.getAsJsonArray("ids").asList().stream()
                            .mapToLong(JsonElement::getAsLong)
                            .toArray();
            if (!Arrays.equals(tokenizer.encode(texts.get(texts.size() - 1)), ids)) {
                throw new IllegalStateException("'" + prompt + "' has other tokens");
            }
        }
        Tokenizer zero = tokenizer.optPadding(Tokenizer.Padding.ZERO);
        for (String tensor : golden.names()) {
            switch (tensor) {
                case "sd_input_ids" -> check(golden, tensor, tokenizer, texts);
                case "tokenize_truncate" -> check(golden, tensor, zero, texts);
                case "too_long" ->
                        golden.check(
                                tensor,
                                texts.stream()
                                        .mapToDouble(text -> tokenizer.isTooLong(text) ? 1 : 0)
                                        .toArray());
                default -> {
                    // A tensor this family does not know is reported as not compared.
                }
            }
        }
    }

    private static JsonArray recorded(GoldenCase golden) {
        try {
            String text = Files.readString(golden.beside("clip_bpe.json"));
            return JsonParser.parseString(text).getAsJsonObject().getAsJsonArray("prompts");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void check(
            GoldenCase golden, String tensor, Tokenizer tokenizer, List<String> texts) {
        golden.check(tensor, Prompts.ids(golden.manager(), tokenizer, texts));
    }

    private static void texts(GoldenCase golden) {
        Map<String, NDArray> weights = golden.weights();
        ClipNames names =
                weights.containsKey(ClipNames.OPENAI.text().tokens())
                        ? ClipNames.OPENAI
                        : ClipNames.HUGGING_FACE;
        int heads = golden.constants().get("heads").getAsInt();
        ClipText text = text(golden, weights, names, heads);
        for (String tensor : golden.names()) {
            String pad = tensor.endsWith(PAD) ? PAD : "";
            NDArray ids = golden.input("input_ids" + pad);
            switch (tensor.substring(0, tensor.length() - pad.length())) {
                case "last_hidden_state" -> golden.check(tensor, text.embed(ids));
                case "before_final_ln" -> golden.check(tensor, text.last(ids));
                case "text_features" -> golden.check(tensor, text.features(ids));
                default -> {
                    // The ids are inputs.
                }
            }
        }
    }

    private static ClipText text(
            GoldenCase golden, Map<String, NDArray> weights, ClipNames names, int heads) {
        Params params = Params.of(golden.manager(), weights);
        return new ClipText(ClipTextConfig.of(weights, names, heads), params, names);
    }

    private static void images(GoldenCase golden) {
        Map<String, NDArray> weights = golden.weights();
        JsonObject constants = golden.constants();
        int heads = constants.has("vision_heads") ? constants.get("vision_heads").getAsInt() : 0;
        Params visual = Params.of(golden.manager(), weights).at("visual");
        ClipImage tower = new ClipImage(visual, ClipNames.OPENAI, heads);
        NDArray image = tower.features(golden.input("image"));
        if (golden.has("image_features")) {
            golden.check("image_features", image);
        }
        if (!golden.has("input_ids")) {
            return;
        }
        // The text tower of the same checkpoint is described where its own case is.
        int textHeads =
                constants.has("heads")
                        ? constants.get("heads").getAsInt()
                        : golden.constantsOf("clip_text").get("heads").getAsInt();
        NDArray ids = golden.input("input_ids");
        NDArray texts = text(golden, weights, ClipNames.OPENAI, textHeads).features(ids);
        NDArray logits = ClipImage.logits(image, texts, weights.get("logit_scale"));
        if (golden.has("text_features")) {
            golden.check("text_features", texts);
        }
        if (golden.has("logits_per_image")) {
            golden.check("logits_per_image", logits);
        }
        if (golden.has("logits_per_text")) {
            golden.check("logits_per_text", logits.transpose());
        }
    }
}
