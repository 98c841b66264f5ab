package memoria.lid;

import ai.djl.ndarray.NDArray;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import memoria.diffusion.Condition;
import memoria.diffusion.Denoiser;
import memoria.diffusion.NoiseSchedule;
import memoria.progress.Progress;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scalars;
import memoria.torch.Scope;

/**
 * A denoiser as the drift of differential equations (Song et al., 2021), solved by Euler's method: along the probability flow without noise,
 * and along the reverse SDE with it.
 *
 * <pre>{@code
 * dx = -beta/2 (x + s(x, t)) dt                                     probability flow (Eq. 13)
 * dx = -beta/2 (x + 2 s(x, t)) dt + sqrt(beta) dw                   reverse SDE (Eq. 6)
 * beta(t) = -d log alphaBar / dt
 * }</pre>
 *
 * <p>Times are indices of the model's schedule, and beta is per index.
 */
public final class ProbabilityFlow {

    private final Denoiser model;
    private final Condition condition;

    /**
     * The flow of a model.
     *
     * @param model the denoiser
     * @param condition one per row of what will flow, or none
     */
    public ProbabilityFlow(Denoiser model, Condition condition) {
        this.model = model;
        this.condition = condition;
    }

    /**
     * The rate of the noise. The difference is central where the schedule allows it, else one-sided of second order, so on the VP-SDE,
     * whose {@code log alphaBar} is a parabola, it is exact.
     *
     * @param schedule of a model
     * @param t as {@link NoiseSchedule#alphaBar} takes it
     * @return {@code beta(t) = -d log alphaBar / dt}, per index
     * @throws IllegalArgumentException if t is out of range
     */
    public static double beta(NoiseSchedule schedule, double t) {
        schedule.requireTime(t);
        double h = Math.min(0.5, (schedule.steps() - 1) / 4.0);
        if (h == 0) {
            return -Math.log(schedule.alphaBar(t));
        }
        if (t + h > schedule.steps() - 1) {
            return -(3 * log(schedule, t) - 4 * log(schedule, t - h) + log(schedule, t - 2 * h))
                    / (2 * h);
        }
        if (isBelow(schedule, t - h)) {
            return (3 * log(schedule, t) - 4 * log(schedule, t + h) + log(schedule, t + 2 * h))
                    / (2 * h);
        }
        return (log(schedule, t - h) - log(schedule, t + h)) / (2 * h);
    }

    /** {@code log alphaBar}, without the loss of {@code log(1 - small)}. */
    private static double log(NoiseSchedule schedule, double t) {
        return Math.log1p(-Math.pow(schedule.noiseStd(t), 2));
    }

    private static boolean isBelow(NoiseSchedule schedule, double t) {
        try {
            schedule.requireTime(t);
            return false;
        } catch (IllegalArgumentException e) {
            return true;
        }
    }

    /**
     * The score {@code s = -epsilon / sigma}.
     *
     * @param x noisy images (B, item)
     * @param t their time
     * @return (B, item)
     */
    public NDArray score(NDArray x, double t) {
        return Scalars.mul(epsilon(x, t), -1 / model.schedule().noiseStd(t));
    }

    private NDArray epsilon(NDArray x, double t) {
        double[] times = new double[Math.toIntExact(x.getShape().get(0))];
        Arrays.fill(times, t);
        return model.predict(x, times, condition).epsilon();
    }

    /**
     * Evenly spaced times.
     *
     * @param from first
     * @param to last
     * @param steps at least 1
     * @return {@code steps + 1} times
     * @throws IllegalArgumentException if steps is below 1
     */
    public static double[] times(double from, double to, int steps) {
        if (steps < 1) {
            throw new IllegalArgumentException("steps: " + steps + "; at least 1 is needed");
        }
        double[] times = new double[steps + 1];
        Arrays.setAll(times, i -> from + (to - from) * i / steps);
        return times;
    }

    /**
     * Follows the probability flow by one Euler step between each two times: forwards towards noise, or backwards.
     *
     * @param x where it starts (B, item)
     * @param times the model is asked at all but the last, which may lie outside the schedule
     * @return where it ends (B, item)
     * @throws IllegalArgumentException if a time is out of range or has no noise
     */
    public NDArray flow(NDArray x, double... times) {
        return walk(x, times, (at, t, dt) -> step(at, t, dt, 1));
    }

    /**
     * Follows the reverse SDE by Euler and Maruyama's method.
     *
     * @param x where it starts (B, item)
     * @param noise standard normal (B, item) of each step
     * @param times descending; the model is asked at all but the last
     * @return where it ends (B, item)
     * @throws IllegalArgumentException if a time is out of range or has no noise
     */
    public NDArray reverse(NDArray x, IntFunction<NDArray> noise, double... times) {
        int[] step = {0};
        return walk(
                x,
                times,
                (at, t, dt) -> {
                    double size = Math.sqrt(beta(model.schedule(), t) * Math.abs(dt));
                    return Ops.axpby(1, step(at, t, dt, 2), size, noise.apply(step[0]++));
                });
    }

    /** {@code x - beta/2 (x + weight s) dt}. */
    private NDArray step(NDArray x, double t, double dt, double weight) {
        double half = beta(model.schedule(), t) / 2 * dt;
        return Ops.axpby(1 - half, x, -half * weight, score(x, t));
    }

    private interface Step {
        NDArray from(NDArray x, double t, double dt);
    }

    private NDArray walk(NDArray x, double[] times, Step step) {
        if (times.length < 2) {
            throw new IllegalArgumentException(
                    "times: " + times.length + "; at least two, a start and an end, are needed");
        }
        List.of(times[0], times[times.length - 2])
                .forEach(t -> NoiseLevel.index(t).time(model.schedule()));
        return Autograd.off(
                () ->
                        Scope.keep(
                                () -> {
                                    NDArray at = x.duplicate();
                                    for (int i = 0; i + 1 < times.length; i++) {
                                        Progress.checkpoint();
                                        NDArray now = at;
                                        double t = times[i];
                                        double dt = times[i + 1] - t;
                                        at = Scope.keep(() -> step.from(now, t, dt));
                                        now.close();
                                    }
                                    return at;
                                }));
    }

    /**
     * The model's log density, by the change of variables along the flow to noise (Song et al., 2021, Eq. 39): the density of N(0, I) where
     * the flow ends plus the divergence {@code -beta/2 (d + tr grad s)} on the way, its trace exact.
     *
     * @param x images at the first time (B, item)
     * @param times ascending; the model is asked at all but the last
     * @return natural logarithms, one per row
     * @throws IllegalArgumentException if a time is out of range or has no noise
     */
    public double[] logDensity(NDArray x, double... times) {
        int b = Math.toIntExact(x.getShape().get(0));
        double d = (double) x.size() / b;
        double[] gained = new double[b];
        NDArray end =
                walk(
                        x,
                        times,
                        (at, t, dt) -> {
                            double sigma = model.schedule().noiseStd(t);
                            double half = beta(model.schedule(), t) / 2 * dt;
                            double[] trace = Flipd.trace(model, at, t, condition);
                            for (int i = 0; i < b; i++) {
                                gained[i] -= half * (d - trace[i] / sigma);
                            }
                            return step(at, t, dt, 1);
                        });
        double[] squares =
                Autograd.off(() -> Scope.use(() -> Ops.rowDot(end, end).toDoubleArray()));
        end.close();
        double[] logs = new double[b];
        Arrays.setAll(logs, i -> gained[i] - squares[i] / 2 - d / 2 * Math.log(2 * Math.PI));
        return logs;
    }
}
