package memoria.stablediffusion;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import memoria.metrics.Bootstrap;
import memoria.metrics.Interval;

/**
 * How much each token of a prompt drives a metric of memorization: the length of the metric's gradient in the token's part of the
 * embedding (Wen et al., 2024; LID paper, Sec. 4.2).
 *
 * @param prompt the text
 * @param tokens what a reader sees of each token, without start, end and padding
 * @param words the prompt's words with the tokens each became
 * @param weights one per token, 0 or more
 * @param perSeed the same of each seed alone: seed, token
 */
public record Attribution(
        String prompt,
        List<String> tokens,
        List<Tokenizer.Word> words,
        double[] weights,
        double[][] perSeed) {

    /**
     * The weights as a distribution over the tokens, from which tokens are drawn (D.4).
     *
     * @return one per token, summing to 1; equal ones if all weights are 0
     */
    public double[] shares() {
        double sum = Arrays.stream(weights).sum();
        return Arrays.stream(weights).map(w -> sum > 0 ? w / sum : 1.0 / weights.length).toArray();
    }

    /**
     * The weights by word: a word weighs as much as the heaviest of its tokens, so that a long word is not heavy for its length.
     *
     * @return one per word
     */
    public double[] wordWeights() {
        return byWord(weights);
    }

    private double[] byWord(double[] ofTokens) {
        return words.stream()
                .mapToDouble(
                        word -> Arrays.stream(ofTokens, word.from(), word.to()).max().orElse(0))
                .toArray();
    }

    /**
     * The heaviest word.
     *
     * @return its text; empty for a prompt without words
     */
    public String top() {
        double[] all = wordWeights();
        return words.isEmpty() ? "" : words.get(largest(all)).text();
    }

    /**
     * The prompt with one word left out: what an attribution should foretell the effect of.
     *
     * @param word 0 to {@code words().size() - 1}
     * @return the others, separated by blanks
     * @throws IllegalArgumentException if there is no such word
     */
    public String without(int word) {
        if (word < 0 || word >= words.size()) {
            throw new IllegalArgumentException(
                    "word: " + word + "; 0 to " + (words.size() - 1) + " are legal");
        }
        return IntStream.range(0, words.size())
                .filter(i -> i != word)
                .mapToObj(i -> words.get(i).text())
                .collect(Collectors.joining(" "));
    }

    private static int largest(double[] values) {
        return IntStream.range(0, values.length).reduce(0, (a, b) -> values[b] > values[a] ? b : a);
    }

    /**
     * How stable the heaviest word is.
     *
     * @return the share of seeds which alone have the same heaviest word
     */
    public double stability() {
        int top = largest(wordWeights());
        return Arrays.stream(perSeed).filter(seed -> largest(byWord(seed)) == top).count()
                / (double) perSeed.length;
    }

    /**
     * A token's share over the seeds.
     *
     * @param token 0 to {@code tokens().size() - 1}
     * @return mean over the seeds with its bootstrap interval
     * @throws IllegalArgumentException if there is no such token
     */
    public Interval share(int token) {
        if (token < 0 || token >= tokens.size()) {
            throw new IllegalArgumentException(
                    "token: " + token + "; 0 to " + (tokens.size() - 1) + " are legal");
        }
        double[] shares =
                Arrays.stream(perSeed)
                        .mapToDouble(seed -> seed[token] / Math.max(1e-300, sum(seed)))
                        .toArray();
        return Bootstrap.seed(0).mean(shares);
    }

    private static double sum(double[] seed) {
        return Arrays.stream(seed).sum();
    }
}
