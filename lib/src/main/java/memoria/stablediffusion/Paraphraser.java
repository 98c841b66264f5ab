package memoria.stablediffusion;

import java.util.function.Consumer;
import memoria.data.Folders;

/**
 * Words a prompt anew so that chosen tokens change and the meaning stays (LID paper, D.4, Box 1). {@link ChatParaphraser} asks a language
 * model as the paper does, {@link SynonymParaphraser} needs none; {@link RandomTokens} is the baseline that adds instead of replacing.
 */
@FunctionalInterface
public interface Paraphraser {

    /**
     * A prompt worded anew.
     *
     * @param prompt any text
     * @param chosen tokens to change, places among {@link Tokenizer#pieces}; may be empty
     * @param seed of everything drawn
     * @return the new prompt
     * @throws IllegalArgumentException if there is no such token
     */
    String rephrase(String prompt, int[] chosen, long seed);

    /**
     * What the environment asks for: {@link ChatParaphraser#fromEnvironment} where {@code MEMORIA_PARAPHRASE_URL} or
     * {@code MEMORIA_PARAPHRASE_KEY} is set and downloads are not forbidden, else the shipped synonyms. Where the service fails, one message
     * says how and the synonyms take over for good, so that one run does not mix more than it must.
     *
     * @param tokenizer of the prompts
     * @param say gets the messages, a line each
     * @return a paraphraser that always answers
     */
    static Paraphraser fromEnvironment(Tokenizer tokenizer, Consumer<String> say) {
        Paraphraser offline = SynonymParaphraser.shipped(tokenizer);
        if (!ChatParaphraser.isConfigured()) {
            return offline;
        }
        if (Folders.offline()) {
            say.accept(
                    "Paraphrases: MEMORIA_OFFLINE is set, so the service is not asked; the shipped synonyms are used.");
            return offline;
        }
        try {
            return withFallback(ChatParaphraser.fromEnvironment(tokenizer), offline, say);
        } catch (IllegalArgumentException unusable) {
            say.accept(
                    "Paraphrases: " + unusable.getMessage() + "; the shipped synonyms are used.");
            return offline;
        }
    }

    /**
     * A paraphraser that another replaces from its first failure on.
     *
     * @param first may throw {@link ParaphraseException}
     * @param then answers from then on
     * @param say gets one line when it happens
     * @return the two together
     */
    static Paraphraser withFallback(Paraphraser first, Paraphraser then, Consumer<String> say) {
        boolean[] failed = new boolean[1];
        return (prompt, chosen, seed) -> {
            if (!failed[0]) {
                try {
                    return first.rephrase(prompt, chosen, seed);
                } catch (ParaphraseException e) {
                    failed[0] = true;
                    say.accept(
                            "Paraphrases: "
                                    + e.getMessage()
                                    + "; from here on the shipped synonyms are used.");
                }
            }
            return then.rephrase(prompt, chosen, seed);
        };
    }
}
