package memoria.stablediffusion;

import java.util.ArrayList;
import java.util.List;
import memoria.diffusion.Noise;

/**
 * Random token addition (Somepalli et al., 2023): as many random tokens of the vocabulary as were chosen are put into the prompt at random
 * places, and nothing is replaced.
 *
 * @param tokenizer of the prompts; whole words of its vocabulary are added, so that each stays one token
 */
public record RandomTokens(Tokenizer tokenizer) implements Paraphraser {

    private static final String STREAM = "prompt/random tokens/";

    /** Single bytes are no words; the start and end tokens may not be added. */
    private static final int BYTES = 512;

    @Override
    public String rephrase(String prompt, int[] chosen, long seed) {
        TokenChoice.requireTokens(tokenizer.encode(prompt).length, chosen);
        List<String> vocabulary = vocabulary();
        List<String> words = new ArrayList<>(List.of(prompt.strip().split("\\s+")));
        for (int i = 0; i < chosen.length; i++) {
            int word = Noise.integers(STREAM + prompt, seed, 2L * i, 1, vocabulary.size())[0];
            int place = Noise.integers(STREAM + prompt, seed, 2L * i + 1, 1, words.size() + 1)[0];
            words.add(place, vocabulary.get(word));
        }
        return String.join(" ", words).strip();
    }

    /** Tokens that end a word and are that word's only token. */
    private List<String> vocabulary() {
        List<String> words = new ArrayList<>();
        for (long id = BYTES; id < tokenizer.start(); id++) {
            String text = tokenizer.decode(id);
            if (text.endsWith(" ") && tokenizer.encode(text.strip()).length == 1) {
                words.add(text.strip());
            }
        }
        if (words.isEmpty()) {
            throw new IllegalStateException("tokenizer: its vocabulary has no whole words");
        }
        return words;
    }
}
