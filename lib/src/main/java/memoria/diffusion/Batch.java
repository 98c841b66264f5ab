package memoria.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.function.IntConsumer;
import memoria.data.Images;
import memoria.progress.Progress;
import memoria.torch.Ops;
import memoria.torch.Scope;

/** One batch of a sampler on its way from noise to images. */
final class Batch {

    /** What a step leads to: x_{t-1}, and the x0-hat it was made from. */
    record Moved(NDArray next, NDArray x0Hat) {}

    /** What the guidances of a step add up to, null where nothing was added. */
    record Bent(NDArray delta, NDArray gradient) {

        /** The predicted noise with what was added to it. */
        NDArray epsilon(Step step) {
            NDArray epsilon = step.prediction().epsilon();
            return delta == null ? epsilon : epsilon.add(delta);
        }

        /** The same with the gradient taken into the noise, as DDIM does: {@code epsilon - noiseStd g}. */
        NDArray directed(Step step) {
            NDArray epsilon = epsilon(step);
            return gradient == null ? epsilon : Ops.axpby(1, epsilon, -step.noiseStd(), gradient);
        }
    }

    final Reverse reverse;
    private final Loop.Options options;
    private final Loop<?> sampler;
    private final Denoiser model;
    private final NoiseSchedule schedule;
    private final Seeds seeds;
    private final Condition condition;
    private final List<Samples.Moment> trajectory = new ArrayList<>();
    private final Deque<NDArray> history = new ArrayDeque<>();
    private List<Guidance> guidances = List.of();
    private boolean differentiates;

    Batch(
            Loop<?> sampler,
            Denoiser model,
            NoiseSchedule schedule,
            Seeds seeds,
            Condition condition) {
        this.sampler = sampler;
        this.options = sampler.options;
        this.model = model;
        this.schedule = schedule;
        this.reverse = new Reverse(schedule);
        this.seeds = seeds;
        this.condition = condition;
    }

    Samples run(IntConsumer stepsDone) {
        guidances = options.guidances().stream().map(guidance -> guidance.begin(seeds)).toList();
        NDArray x = draw(Sampler.START, 0);
        try {
            for (int index = schedule.steps() - 1; index >= 0; index--) {
                Progress.checkpoint();
                NDArray xt = x;
                int at = index;
                x = Scope.keep(() -> step(at, xt));
                xt.close();
                stepsDone.accept(schedule.steps() - index);
            }
        } finally {
            history.forEach(NDArray::close);
        }
        return new Samples(Images.from(x), seeds, true, trajectory);
    }

    private NDArray step(int index, NDArray xt) {
        Step step = Step.of(model, schedule, index, xt, seeds, condition, differentiates);
        Bent bent = add(guidances, step);
        differentiates = step.differentiated();
        Moved moved = sampler.move(this, step, bent);
        if (options.recording()) {
            Images x0Hat = Images.from(moved.x0Hat());
            trajectory.add(new Samples.Moment(step.t(), Images.from(xt), x0Hat));
        }
        return moved.next();
    }

    /** The sampler's index, once per row. */
    int[] indices(Step step) {
        int[] all = new int[seeds.count()];
        Arrays.fill(all, step.index());
        return all;
    }

    /** The noise in the images that a step would lead to, as the model and the guidances see it there. */
    NDArray ahead(Step step, NDArray next) {
        Step there = Step.of(model, schedule, step.index() - 1, next, seeds, condition, false);
        return add(guidances, there).directed(there);
    }

    /** The noises remembered of the steps before, the latest first. */
    List<NDArray> history() {
        return List.copyOf(history);
    }

    /** Keeps a step's noise for the steps to come, and forgets what is older than so many. */
    void remember(NDArray epsilon, int most) {
        history.addFirst(Scope.release(epsilon.duplicate()));
        while (history.size() > most) {
            history.removeLast().close();
        }
    }

    /** The noise of a step; none at the last if it leads to clean images, which have none. */
    NDArray noise(Step step) {
        return step.remaining() == 0 && schedule.alphaBarPrev(step.index()) == 1
                ? null
                : draw(Sampler.STEP, schedule.steps() - 1 - step.index());
    }

    /** The image that a predicted noise amounts to, clipped if the sampler clips. */
    NDArray x0Hat(Step step, NDArray epsilon) {
        if (epsilon == step.prediction().epsilon()) {
            return options.clip() ? step.x0HatClipped() : step.x0Hat();
        }
        double scale = 1 / Math.sqrt(step.alphaBar());
        NDArray x0Hat = Ops.axpby(scale, step.xt(), -scale * step.noiseStd(), epsilon);
        return options.clip() ? Reverse.clip(x0Hat) : x0Hat;
    }

    private NDArray draw(String stream, long stepsDone) {
        return options.noise().tensor(model.manager(), stream, seeds, stepsDone, model.item());
    }

    private static Bent add(List<Guidance> guidances, Step step) {
        NDArray delta = null;
        NDArray gradient = null;
        for (Guidance guidance : guidances) {
            Bend bend = guidance.bend(step);
            if (bend instanceof Bend.Epsilon epsilon) {
                delta = sum(delta, epsilon.delta(), step);
            } else if (bend instanceof Bend.Score score) {
                gradient = sum(gradient, score.gradient(), step);
            } else if (bend instanceof Bend.Both both) {
                delta = sum(delta, both.delta(), step);
                gradient = sum(gradient, both.gradient(), step);
            }
        }
        return new Bent(delta, gradient);
    }

    private static NDArray sum(NDArray before, NDArray added, Step step) {
        Shape expected = step.xt().getShape();
        if (!added.getShape().equals(expected)) {
            throw new IllegalArgumentException(
                    "bend: a guidance answered with shape "
                            + added.getShape()
                            + "; "
                            + expected
                            + " is needed");
        }
        return before == null ? added : before.add(added);
    }
}
