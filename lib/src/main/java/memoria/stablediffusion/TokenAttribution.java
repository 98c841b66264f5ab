package memoria.stablediffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import memoria.diffusion.Condition;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Samples;
import memoria.lid.ConditionMetric;
import memoria.progress.Progress;
import memoria.torch.Scope;

/**
 * Which tokens of a prompt drive memorization (LID paper, Sec. 4.2 and D.2): the gradient of A^CFG, A^s or A^FLIPD in the prompt's
 * embedding, one vector per token.
 *
 * <p>The expectation over t is the mean over those DDIM steps whose time lies in the metric's own range, (0, 1] or for A^FLIPD (0, 0.2]; x_t
 * is held constant. The gradient of an expectation is the mean of the gradients, and its length per token is the weight. The published code
 * takes the mean of the lengths instead, and all steps for every metric: {@link #meanOfNorms}, {@link #everyStep}.
 */
public final class TokenAttribution {

    private static final int BATCH = 64;

    private final ConditionMetric metric;
    private final boolean meanOfNorms;
    private final double until;
    private final int batch;

    private TokenAttribution(ConditionMetric metric, boolean meanOfNorms, double until, int batch) {
        this.metric = metric;
        this.meanOfNorms = meanOfNorms;
        this.until = until;
        this.batch = batch;
    }

    /**
     * Attribution by a metric.
     *
     * @param metric of the condition, with values per row
     * @return the method
     */
    public static TokenAttribution by(ConditionMetric metric) {
        return new TokenAttribution(metric, false, metric.until(), BATCH);
    }

    /**
     * The mean of the lengths instead of the length of the mean, as in the published code.
     *
     * @return a changed copy
     */
    public TokenAttribution meanOfNorms() {
        return new TokenAttribution(metric, true, until, batch);
    }

    /**
     * All steps from noise to image, whatever the metric's range, as in the published code.
     *
     * @return a changed copy
     */
    public TokenAttribution everyStep() {
        return new TokenAttribution(metric, meanOfNorms, 1, batch);
    }

    /**
     * Rows at a time: more take more memory.
     *
     * @param size at least 1; 64 by default
     * @return a changed copy
     * @throws IllegalArgumentException if size is below 1
     */
    public TokenAttribution batch(int size) {
        if (size < 1) {
            throw new IllegalArgumentException("size: " + size + "; a batch has at least 1 row");
        }
        return new TokenAttribution(metric, meanOfNorms, until, size);
    }

    /**
     * The weights of all prompts' tokens.
     *
     * @param runs prompts and seeds on their way from noise to picture
     * @return one per prompt
     * @throws IllegalArgumentException if no step lies in the metric's range
     * @throws memoria.progress.Interrupted if the thread was interrupted
     */
    public List<Attribution> of(PromptRuns runs) {
        NoiseSchedule schedule = runs.model().schedule();
        List<Samples.Moment> inside =
                runs.moments().stream()
                        .filter(m -> (m.t() + 1) / schedule.steps() <= until)
                        .toList();
        if (inside.isEmpty()) {
            throw new IllegalArgumentException(
                    "runs: none of "
                            + runs.moments().size()
                            + " steps is at a time of at most "
                            + until
                            + "; sample in more steps");
        }
        int rows = runs.images().count();
        List<Sum> sums = new ArrayList<>();
        String label = metric.symbol() + " of " + runs.texts().size() + " prompts";
        try (Progress progress = Progress.start(label, (long) rows * inside.size())) {
            for (int from = 0; from < rows; from += batch) {
                int to = Math.min(rows, from + batch);
                int first = from;
                Scope.run(() -> sums.addAll(gradients(runs, inside, first, to, progress)));
            }
        }
        return IntStream.range(0, runs.texts().size())
                .mapToObj(p -> attribution(runs, p, sums))
                .toList();
    }

    /** What is summed over the steps for one row: gradient vectors and their lengths, by token. */
    private record Sum(double[][] vectors, double[] norms) {
        static Sum zero(int length, int width) {
            return new Sum(new double[length][width], new double[length]);
        }

        /** Adds the gradient that starts at an offset. */
        void add(float[] gradients, int offset, double weight) {
            int width = vectors[0].length;
            for (int token = 0; token < vectors.length; token++) {
                double squares = 0;
                for (int k = 0; k < width; k++) {
                    double value = weight * gradients[offset + token * width + k];
                    vectors[token][k] += value;
                    squares += value * value;
                }
                norms[token] += Math.sqrt(squares);
            }
        }

        void add(Sum other, double weight) {
            for (int token = 0; token < vectors.length; token++) {
                for (int k = 0; k < vectors[token].length; k++) {
                    vectors[token][k] += weight * other.vectors[token][k];
                }
                norms[token] += weight * other.norms[token];
            }
        }

        double length(int token, boolean meanOfNorms) {
            if (meanOfNorms) {
                return norms[token];
            }
            double squares = 0;
            for (double value : vectors[token]) {
                squares += value * value;
            }
            return Math.sqrt(squares);
        }
    }

    private List<Sum> gradients(
            PromptRuns runs, List<Samples.Moment> moments, int from, int to, Progress progress) {
        Condition.Embedding condition = runs.condition(from, to);
        Shape shape = condition.tensor().getShape();
        int length = Math.toIntExact(shape.get(1));
        int width = Math.toIntExact(shape.get(2));
        List<Sum> sums =
                IntStream.range(from, to).mapToObj(row -> Sum.zero(length, width)).toList();
        for (int k = 0; k < moments.size(); k++) {
            Progress.checkpoint();
            Samples.Moment moment = moments.get(k);
            Scope.run(
                    () -> {
                        NDArray xt = moment.xt().slice(from, to).tensor(runs.model().manager());
                        NDArray found =
                                metric.gradient(runs.model(), xt, moment.t(), condition).gradient();
                        float[] all = found.toFloatArray();
                        for (int row = 0; row < sums.size(); row++) {
                            sums.get(row).add(all, row * length * width, 1.0 / moments.size());
                        }
                    });
            progress.at((long) from * moments.size() + (long) (to - from) * (k + 1));
        }
        return sums;
    }

    private Attribution attribution(PromptRuns runs, int prompt, List<Sum> sums) {
        Tokenizer tokenizer = runs.prompts().tokenizer();
        String text = runs.texts().get(prompt);
        int seeds = runs.seeds().count();
        List<String> pieces = tokenizer.pieces(text);
        int tokens = Math.min(pieces.size(), tokenizer.length() - 2);
        Sum zero = sums.get(0);
        Sum mean = Sum.zero(zero.norms.length, zero.vectors[0].length);
        double[][] perSeed = new double[seeds][];
        for (int s = 0; s < seeds; s++) {
            Sum own = sums.get(prompt * seeds + s);
            mean.add(own, 1.0 / seeds);
            perSeed[s] = weights(own, tokens);
        }
        List<Tokenizer.Word> words =
                tokenizer.words(text).stream().filter(word -> word.to() <= tokens).toList();
        return new Attribution(
                text, pieces.subList(0, tokens), words, weights(mean, tokens), perSeed);
    }

    /** The start token is the embedding's first row. */
    private double[] weights(Sum sum, int tokens) {
        return IntStream.range(0, tokens)
                .mapToDouble(token -> sum.length(token + 1, meanOfNorms))
                .toArray();
    }
}
