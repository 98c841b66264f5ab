package memoria.stablediffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import memoria.diffusion.Condition;
import memoria.diffusion.Denoiser;
import memoria.lid.ConditionMetric;
import memoria.progress.Progress;
import memoria.torch.Adam;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scope;
import memoria.torch.Tensors;

/**
 * A prompt's embedding moved until its pictures are less memorized (LID paper, D.3; Wen et al., 2024): Adam on A^CFG downwards or A^FLIPD
 * upwards, at one x_t of the way from noise to image, which stays where it was.
 *
 * <p>By default 20 steps of 0.05, as in the published code. The start token's vector is the same for all prompts and is kept. The code
 * takes AdamW with PyTorch's decay of 0.01, which shrinks every vector, the start token's too: {@link #weightDecay}.
 */
public final class EmbeddingOptimization {

    private final ConditionMetric metric;
    private final int steps;
    private final double learningRate;
    private final double weightDecay;

    private EmbeddingOptimization(
            ConditionMetric metric, int steps, double learningRate, double weightDecay) {
        this.metric = metric;
        this.steps = steps;
        this.learningRate = learningRate;
        this.weightDecay = weightDecay;
    }

    /**
     * An optimization towards less memorization.
     *
     * @param metric maximized where low means memorized (A^FLIPD), else minimized
     * @return 20 steps of Adam at 0.05
     */
    public static EmbeddingOptimization of(ConditionMetric metric) {
        return new EmbeddingOptimization(metric, 20, 0.05, 0);
    }

    /**
     * How many updates.
     *
     * @param count at least 1
     * @return a changed copy
     * @throws IllegalArgumentException if there are fewer
     */
    public EmbeddingOptimization steps(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("count: " + count + " steps; at least 1 is needed");
        }
        return new EmbeddingOptimization(metric, count, learningRate, weightDecay);
    }

    /**
     * Adam's learning rate.
     *
     * @param rate above 0
     * @return a changed copy
     * @throws IllegalArgumentException if it is not
     */
    public EmbeddingOptimization learningRate(double rate) {
        if (!(rate > 0) || Double.isInfinite(rate)) {
            throw new IllegalArgumentException("rate: " + rate + " is not above 0");
        }
        return new EmbeddingOptimization(metric, steps, rate, weightDecay);
    }

    /**
     * Decoupled decay, of the code's AdamW 0.01.
     *
     * @param decay 0 or more
     * @return a changed copy
     * @throws IllegalArgumentException if it is negative
     */
    public EmbeddingOptimization weightDecay(double decay) {
        if (!(decay >= 0) || Double.isInfinite(decay)) {
            throw new IllegalArgumentException("decay: " + decay + " is not 0 or more");
        }
        return new EmbeddingOptimization(metric, steps, learningRate, decay);
    }

    /**
     * How the embedding moved.
     *
     * @param values the metric before each update, by row
     * @param embeddings before the first update, after each, on the Java heap
     * @param shape of each
     */
    public record Path(List<double[]> values, List<float[]> embeddings, Shape shape) {

        /**
         * The embedding after some updates.
         *
         * @param updates 0 for the prompt's own, to the number of steps
         * @param manager its owner
         * @return as many rows as were optimized
         * @throws IllegalArgumentException if there were not so many updates
         */
        public Condition.Embedding after(int updates, NDManager manager) {
            if (updates < 0 || updates >= embeddings.size()) {
                throw new IllegalArgumentException(
                        "updates: " + updates + "; 0 to " + (embeddings.size() - 1));
            }
            return (Condition.Embedding)
                    Condition.embedding(Tensors.of(manager, embeddings.get(updates), shape));
        }
    }

    /**
     * Optimizes; rows are independent of each other, unless one row stands for all images.
     *
     * @param model with visible branches: a {@link memoria.diffusion.Guided}
     * @param xt noisy images (B, item)
     * @param t their time on the model's schedule
     * @param start one row per image, or one for all
     * @return the way the embedding went; shorter if the thread was interrupted
     * @throws IllegalArgumentException if the model shows no branches
     */
    public Path run(Denoiser model, NDArray xt, double t, Condition.Embedding start) {
        Shape shape = start.tensor().getShape();
        List<double[]> values = new ArrayList<>();
        List<float[]> embeddings = new ArrayList<>(List.of(start.tensor().toFloatArray()));
        Scope.run(
                () -> {
                    NDArray moving = Ops.detach(start.tensor()).duplicate();
                    NDArray held = held(moving);
                    try (Adam adam =
                                    new Adam(Map.of("embedding", moving), learningRate)
                                            .optWeightDecay(weightDecay);
                            Progress progress = Progress.start("optimizing a prompt", steps)) {
                        for (int k = 0; k < steps && !Progress.interrupted(); k++) {
                            Scope.run(() -> values.add(update(model, xt, t, moving, held, adam)));
                            embeddings.add(moving.toFloatArray());
                            progress.at(k + 1);
                        }
                    }
                });
        return new Path(List.copyOf(values), List.copyOf(embeddings), shape);
    }

    /** 0 for the start token, 1 for all others; downwards, or upwards where low means memorized. */
    private NDArray held(NDArray embedding) {
        long length = embedding.getShape().get(1);
        float[] mask = new float[Math.toIntExact(length)];
        java.util.Arrays.fill(mask, metric.lowIsMemorized() ? -1 : 1);
        mask[0] = 0;
        return Tensors.of(embedding.getManager(), mask, new Shape(1, length, 1));
    }

    private double[] update(
            Denoiser model, NDArray xt, double t, NDArray moving, NDArray held, Adam adam) {
        var now = metric.gradient(model, xt, t, (Condition.Embedding) Condition.embedding(moving));
        NDArray direction = Autograd.off(() -> now.gradient().mul(held));
        adam.step(List.of(direction));
        return now.value();
    }
}
