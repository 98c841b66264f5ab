package memoria.amg;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import memoria.data.Images;
import memoria.diffusion.Condition;
import memoria.diffusion.Ddim;
import memoria.diffusion.Ddpm;
import memoria.diffusion.Denoiser;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Prediction;
import memoria.diffusion.Sampler;
import memoria.diffusion.Samples;
import memoria.diffusion.Seeds;
import memoria.diffusion.Step;
import memoria.diffusion.Variance;
import memoria.golden.GoldenCase;
import memoria.golden.GoldenFamily;
import memoria.golden.ScheduleGolden;
import memoria.network.Dropout;
import memoria.network.UNet;
import memoria.network.UNetGolden;
import memoria.similarity.Neighbours;
import memoria.similarity.NormalizedL2;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Tensors;

/** {@code amg_guidance}: similarity, threshold, gate, gradients and one guided step of either sampler, taken by the samplers themselves. */
public final class AmgGolden implements GoldenFamily {

    @Override
    public boolean serves(String caseName) {
        return caseName.startsWith("amg_guidance");
    }

    @Override
    public void compare(GoldenCase golden) {
        JsonArray steps = golden.constants().getAsJsonArray("steps");
        for (int j = 0; j < steps.size(); j++) {
            new OneStep(golden, "step" + j + ".", steps.get(j).getAsJsonObject()).compare();
        }
    }

    /** The library's own samplers, on a schedule of two steps: to the recorded x_t, and on. */
    private static final class OneStep {

        private final GoldenCase golden;
        private final String name;
        private final JsonObject constants;
        private final NoiseSchedule whole;
        private final int t;
        private final int previous;
        private final double position;
        private final NDArray xt;
        private final Seeds seeds;
        private final Images train;
        private final NormalizedL2 nl2;
        private final UNet net;

        OneStep(GoldenCase golden, String name, JsonObject step) {
            this.golden = golden;
            this.name = name;
            this.constants = golden.constants();
            this.whole = ScheduleGolden.schedule(constants);
            this.t = step.get("t").getAsInt();
            this.previous = step.get("t_prev").getAsInt();
            this.position = step.get("position").getAsDouble();
            this.xt = golden.input(name + "x_t");
            this.seeds = Seeds.range(0, xt.getShape().get(0));
            this.train = Images.from(golden.input("train"));
            this.nl2 =
                    NormalizedL2.against(train)
                            .neighbours(constants.get("k").getAsInt())
                            .alpha(number("alpha"));
            this.net = UNetGolden.unet(golden, constants, whole);
        }

        private double number(String constant) {
            return constants.get(constant).getAsDouble();
        }

        void compare() {
            NoiseSchedule ddim = two(whole.alphaBar(previous));
            Step step = Step.of(model(ddim), ddim, 1, xt, seeds, Condition.none());
            AmgRecord seen = new AmgRecord();
            amg(Step.Gradient.THROUGH_NETWORK).record(seen).bend(step);
            double[] sigma = seen.table().doubleColumn("similarity").asDoubleArray();
            double lambda = seen.table().doubleColumn("threshold").get(0);
            check("unet_out", this::network);
            check("eps", () -> step.prediction().epsilon());
            check("x0_hat", step::x0Hat);
            check("sigma", () -> numbers(sigma));
            check("lambda", () -> Tensors.of(golden.manager(), new double[] {lambda}, new Shape()));
            check("armed", () -> numbers(seen.table().booleanColumn("armed").asDoubleArray()));
            check("neighbours", () -> neighbours(Images.from(step.x0Hat())));
            check("grad_through_network", () -> gradient(step, Step.Gradient.THROUGH_NETWORK));
            check("grad_eps_constant", () -> gradient(step, Step.Gradient.EPSILON_CONSTANT));
            Ddim plain = Ddim.steps(2).clip(false);
            Amg through = amg(Step.Gradient.THROUGH_NETWORK);
            Amg constant = amg(Step.Gradient.EPSILON_CONSTANT);
            check("x_prev_ddim_plain", () -> next(plain, ddim));
            check("x_prev_ddim_through", () -> next(plain.guidedBy(through), ddim));
            check("x_prev_ddim_constant", () -> next(plain.guidedBy(constant), ddim));
            NoiseSchedule ddpm = two(whole.alphaBarPrev(t));
            Ddpm mean = Ddpm.steps(2).clip(false).variance(Variance.FIXED_LARGE);
            check("ddpm_mean", () -> next(mean, ddpm));
            check("ddpm_mean_guided_through", () -> next(mean.guidedBy(through), ddpm));
            check("ddpm_mean_guided_constant", () -> next(mean.guidedBy(constant), ddpm));
        }

        private void check(String tensor, Supplier<NDArray> ours) {
            if (golden.has(name + tensor)) {
                golden.check(name + tensor, ours.get());
            }
        }

        /** A schedule whose last index has the noise of t and whose first has the noise of the step's end. */
        private NoiseSchedule two(double alphaBarPrev) {
            return NoiseSchedule.of(1 - alphaBarPrev, 1 - whole.alphaBar(t) / alphaBarPrev);
        }

        private Amg amg(Step.Gradient mode) {
            double a = number("a");
            double b = number("b");
            // At index 1 of 2, half of the steps are left.
            Threshold lambda =
                    position == 0
                            ? Threshold.constant(b)
                            : new Threshold.Parabola(a, b, 2 * number("c") * position);
            return Amg.with(nl2).when(lambda).scale(number("c3")).gradient(mode);
        }

        private NDArray network() {
            double[] times = new double[seeds.count()];
            Arrays.fill(times, t);
            return Autograd.off(() -> net.forward(xt, times, Condition.none(), Dropout.NONE));
        }

        /** The recorded mixture of the network and the noise that an image of zeros would have. */
        private Denoiser model(NoiseSchedule schedule) {
            double[] weights = weights(golden.describe("stepJ.eps"));
            double ofNoise = weights[1] * whole.noiseStd(t);
            return new Denoiser() {
                @Override
                public Prediction predict(NDArray x, double[] index, Condition condition) {
                    double[] times = new double[index.length];
                    Arrays.fill(times, t);
                    NDArray out = net.forward(x, times, Condition.none(), Dropout.NONE);
                    return new Prediction(Ops.axpby(weights[0], out, ofNoise, x));
                }

                @Override
                public NoiseSchedule schedule() {
                    return schedule;
                }

                @Override
                public Shape item() {
                    return xt.getShape().slice(1);
                }

                @Override
                public NDManager manager() {
                    return golden.manager();
                }
            };
        }

        /** For example 0.1 and 0.9 of "epsilon used = 0.1 * UNet(x_t, t) + 0.9 * sqrt(1-alphaBar_t) * x_t". */
        private static double[] weights(String description) {
            Matcher found =
                    Pattern.compile("([\\d.]+) \\* UNet.*\\+ ([\\d.]+) \\* sqrt")
                            .matcher(description);
            if (!found.find()) {
                throw new IllegalArgumentException("eps: not understood: " + description);
            }
            return new double[] {
                Double.parseDouble(found.group(1)), Double.parseDouble(found.group(2))
            };
        }

        private NDArray gradient(Step step, Step.Gradient mode) {
            return step.gradX(nl2::of, mode);
        }

        private NDArray neighbours(Images x0Hat) {
            int[][] index =
                    Neighbours.among(train).nearest(x0Hat, constants.get("k").getAsInt()).index();
            double[] flat =
                    Arrays.stream(index).flatMapToInt(Arrays::stream).asDoubleStream().toArray();
            return numbers(flat).reshape(index.length, -1);
        }

        private NDArray numbers(double... values) {
            return Tensors.of(golden.manager(), values, new Shape(values.length));
        }

        /** What the sampler makes of x_t in one step, without noise: the mean, where it would draw. */
        private NDArray next(Ddim sampler, NoiseSchedule schedule) {
            return second(sampler.noise(this::recorded).recording(true), schedule);
        }

        private NDArray next(Ddpm sampler, NoiseSchedule schedule) {
            return second(sampler.noise(this::recorded).recording(true), schedule);
        }

        private NDArray recorded(
                NDManager manager, String stream, Seeds of, long step, Shape item) {
            return stream.equals(Sampler.START) ? xt.duplicate() : xt.zerosLike();
        }

        private NDArray second(Sampler sampler, NoiseSchedule schedule) {
            Samples samples = sampler.sample(model(schedule), seeds);
            return samples.trajectory().get(1).xt().tensor(golden.manager());
        }
    }
}
