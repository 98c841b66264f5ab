package memoria.stablediffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import memoria.diffusion.Condition;
import memoria.torch.Autograd;
import memoria.torch.Scope;
import memoria.torch.Tensors;

/**
 * Prompts as conditions: a tokenizer and the text encoder that reads its tokens.
 *
 * <pre>{@code
 * Condition dress = prompts.of("a dark dress");
 * Denoiser guided = new Guided(unet, dress, prompts.empty(), 4);
 * }</pre>
 *
 * @param tokenizer cuts prompts into tokens
 * @param text embeds the tokens
 */
public record Prompts(Tokenizer tokenizer, ClipText text) {

    /**
     * Checks that the encoder reads the tokenizer's tokens.
     *
     * @param tokenizer as in the record
     * @param text as in the record
     * @throws IllegalArgumentException if the encoder has another vocabulary or is too short
     */
    public Prompts {
        if (tokenizer.size() != text.config().vocabulary()
                || tokenizer.length() > text.config().length()) {
            throw new IllegalArgumentException(
                    "tokenizer: "
                            + tokenizer.size()
                            + " tokens, rows of "
                            + tokenizer.length()
                            + "; the text encoder has "
                            + text.config().vocabulary()
                            + " and rows of at most "
                            + text.config().length());
        }
    }

    /**
     * The embeddings of prompts.
     *
     * @param prompts at least one; an empty one is legal
     * @return one row (L, width) per prompt, on the encoder's manager, not recorded for gradients
     */
    public Condition of(String... prompts) {
        return Condition.embedding(
                Autograd.off(
                        () ->
                                Scope.keep(
                                        () ->
                                                text.embed(
                                                        ids(
                                                                text.params().manager(),
                                                                tokenizer,
                                                                Arrays.asList(prompts))))));
    }

    /**
     * The empty prompt: what classifier-free guidance is measured against.
     *
     * @return one row
     */
    public Condition empty() {
        return of("");
    }

    /** The tokens of prompts, int64 (prompts, length). */
    static NDArray ids(NDManager manager, Tokenizer tokenizer, List<String> prompts) {
        long[] all = prompts.stream().flatMapToLong(p -> Arrays.stream(tokenizer.ids(p))).toArray();
        return Tensors.of(manager, all).reshape(new Shape(prompts.size(), tokenizer.length()));
    }
}
