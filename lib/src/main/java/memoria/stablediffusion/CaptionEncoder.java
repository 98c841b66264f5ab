package memoria.stablediffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import memoria.data.Checksum;
import memoria.diffusion.Condition;
import memoria.diffusion.NoiseSchedule;
import memoria.network.NetworkConfig;
import memoria.network.Params;
import memoria.training.TrainedConditioner;

/**
 * A text encoder over the captions of training data; a dropped caption is the empty prompt.
 *
 * <p>Like Stable Diffusion's it is not trained with the network that reads it. Its weights stay random: that keeps words apart, which is all
 * a few hundred of them need, and leaves each word's vector the word's own. A trained one hides a rare word in the vectors behind it.
 */
final class CaptionEncoder implements TrainedConditioner {

    private final List<List<String>> captions;
    private final Tokenizer tokenizer;
    private final ClipText text;
    private final JsonObject described;

    /**
     * An encoder.
     *
     * @param captions per distinct image, at least one; of several a step chooses one, all equally likely
     * @param tokenizer of the captions
     * @param config of the encoder
     * @param params the whole set, fresh
     */
    CaptionEncoder(
            List<List<String>> captions,
            Tokenizer tokenizer,
            ClipTextConfig config,
            Params params) {
        this.captions = captions.stream().map(List::copyOf).toList();
        this.tokenizer = tokenizer;
        this.text = new ClipText(config, params.at(TextModelFile.TEXT), ClipNames.HUGGING_FACE);
        params.at(TextModelFile.TEXT).freeze();
        this.described = TextModelFile.describe(tokenizer, config);
    }

    @Override
    public Condition of(int[] rows, boolean[] dropped, double[] choice) {
        List<String> shown = new ArrayList<>();
        for (int i = 0; i < rows.length; i++) {
            List<String> own = captions.get(rows[i]);
            shown.add(dropped[i] ? "" : own.get((int) (choice[i] * own.size())));
        }
        return Condition.embedding(
                text.embed(Prompts.ids(text.params().manager(), tokenizer, shown)));
    }

    @Override
    public String network() {
        return TextModelFile.DENOISER;
    }

    @Override
    public JsonObject toJson() {
        JsonObject json = new JsonObject();
        json.add("prompts", described.deepCopy());
        String all =
                captions.stream()
                        .map(own -> String.join("\t", own))
                        .collect(Collectors.joining("\n"));
        json.addProperty("captions", Checksum.sha256(all.getBytes(StandardCharsets.UTF_8)));
        return json;
    }

    @Override
    public void write(
            Path file,
            Map<String, NDArray> parameters,
            NetworkConfig config,
            NoiseSchedule schedule,
            Shape item,
            JsonObject made) {
        // The merges are where the prompts are read from; once is enough.
        made.getAsJsonObject("conditioner").remove("prompts");
        TextModelFile.write(file, parameters, described, config, schedule, item, made);
    }
}
