package memoria.lid;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import memoria.diffusion.Condition;
import memoria.diffusion.Denoiser;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Prediction;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scalars;

/**
 * The CFG norm (Wen et al., 2024; LID paper, Section 3), and the norms of the scores it is made of: how long the vector is by which a condition
 * moves the score, {@code |s(x; c) - s(x; none)|} (Eq. 2, the scale left out), and the CFG-adjusted score. Long ones belong to low
 * dimensions. Of a model that is no {@link memoria.diffusion.Guided} there is the norm of the score alone.
 *
 * <p>They are measured at {@code psi(t0) x}, or at the end of a few Euler steps of the conditional probability flow from x to t0, as the LID
 * paper does for real images (C.1: three steps to t0 = 0.01).
 */
public final class CfgNorm implements Estimator<CfgNorm.Norms> {

    private final NoiseLevel level;
    private final int steps;

    private CfgNorm(NoiseLevel level, int steps) {
        this.level = level;
        this.steps = steps;
    }

    /**
     * The norms, one number per image each.
     *
     * @param score of the score {@code s = -epsilon / sigma}, CFG-adjusted where the model is
     * @param cfg of the CFG vector; empty where the model has no branches
     * @param conditional of the score under the condition; empty likewise
     * @param unconditional of the score without it; empty likewise
     */
    public record Norms(
            double[] score, double[] cfg, double[] conditional, double[] unconditional) {}

    /**
     * The norms at the scaled image.
     *
     * @param t0 the LID paper's Figure 3 has {@code NoiseLevel.vp(0.02)}
     * @return the estimator
     */
    public static CfgNorm at(NoiseLevel t0) {
        return new CfgNorm(t0, 0);
    }

    /**
     * The norms at the end of Euler steps from the image along the flow of the model, or, where it has branches, of its conditional one.
     *
     * @param count at least 1; the LID paper has 3
     * @return a changed copy
     * @throws IllegalArgumentException if count is below 1
     */
    public CfgNorm flow(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("count: " + count + " steps; at least 1 is needed");
        }
        return new CfgNorm(level, count);
    }

    @Override
    public String name() {
        return "score norm";
    }

    @Override
    public JsonObject spec() {
        JsonObject spec = new JsonObject();
        spec.addProperty("kind", name());
        spec.add("t0", level.spec());
        spec.addProperty("steps", steps);
        return spec;
    }

    @Override
    public int batch() {
        return 64;
    }

    @Override
    public Map<String, double[][]> measure(Denoiser model, NDArray x, Condition condition) {
        NoiseSchedule schedule = model.schedule();
        double t = level.time(schedule);
        NDArray xt =
                steps == 0
                        ? Scalars.mul(x, Math.sqrt(schedule.alphaBar(t)))
                        : end(model, x, t, condition);
        double[] times = new double[Math.toIntExact(x.getShape().get(0))];
        Arrays.fill(times, t);
        return Autograd.off(
                () -> {
                    Prediction said = model.predict(xt, times, condition);
                    double sigma = schedule.noiseStd(t);
                    Map<String, double[][]> norms = new LinkedHashMap<>();
                    norms.put("score", norm(said.epsilon(), sigma, t));
                    Prediction.Branches branches = said.branches();
                    if (branches != null) {
                        NDArray c = branches.conditional();
                        NDArray empty = branches.unconditional();
                        norms.put("cfg", norm(c.sub(empty), sigma, t));
                        norms.put("conditional", norm(c, sigma, t));
                        norms.put("unconditional", norm(empty, sigma, t));
                    }
                    return norms;
                });
    }

    /** From the time of least noise to t. A guided model is followed along its conditional branch. */
    private NDArray end(Denoiser model, NDArray x, double t, Condition condition) {
        return new ProbabilityFlow(new Conditional(model), condition)
                .flow(x, ProbabilityFlow.times(Math.min(0, t), t, steps));
    }

    /** A model's conditional branch. */
    private record Conditional(Denoiser model) implements Denoiser {
        @Override
        public Prediction predict(NDArray x, double[] t, Condition condition) {
            Prediction said = model.predict(x, t, condition);
            return said.branches() == null
                    ? said
                    : new Prediction(said.branches().conditional(), said.variance());
        }

        @Override
        public NoiseSchedule schedule() {
            return model.schedule();
        }

        @Override
        public Shape item() {
            return model.item();
        }

        @Override
        public NDManager manager() {
            return model.manager();
        }
    }

    private static double[][] norm(NDArray epsilon, double sigma, double t) {
        double[][] squares = Estimators.rows("score", Ops.rowDot(epsilon, epsilon), t);
        for (double[] row : squares) {
            row[0] = Math.sqrt(row[0]) / sigma;
        }
        return squares;
    }

    @Override
    public Norms result(Map<String, double[][]> measured, int d) {
        return new Norms(
                column(measured, "score"),
                column(measured, "cfg"),
                column(measured, "conditional"),
                column(measured, "unconditional"));
    }

    private static double[] column(Map<String, double[][]> measured, String name) {
        double[][] rows = measured.getOrDefault(name, new double[0][]);
        return Arrays.stream(rows).mapToDouble(row -> row[0]).toArray();
    }
}
