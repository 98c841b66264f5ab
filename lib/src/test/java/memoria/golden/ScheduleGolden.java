package memoria.golden;

import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import memoria.diffusion.Forward;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Respacing;

/** {@code iddpm_schedule_*}: every array of improved-diffusion's GaussianDiffusion, and its respacings. */
public final class ScheduleGolden implements GoldenFamily {

    private static final String SPACED = "space_timesteps_";
    private static final String SPACED_BETAS = "betas_respaced_";

    @Override
    public boolean serves(String caseName) {
        return caseName.startsWith("iddpm_schedule_");
    }

    /** The schedule a case's constants name. */
    public static NoiseSchedule schedule(JsonObject constants) {
        int steps = constants.get("T").getAsInt();
        String name = constants.get("schedule").getAsString();
        return switch (name) {
            case "linear" -> NoiseSchedule.linear(steps);
            case "cosine" -> NoiseSchedule.cosine(steps);
            default -> throw new IllegalArgumentException("schedule: '" + name + "' is unknown");
        };
    }

    @Override
    public void compare(GoldenCase golden) {
        NoiseSchedule schedule = schedule(golden.constants());
        for (String tensor : golden.names()) {
            double[] ours = compute(schedule, tensor);
            if (ours != null) {
                golden.check(tensor, ours);
            }
        }
    }

    private static double[] compute(NoiseSchedule schedule, String tensor) {
        if (tensor.startsWith(SPACED)) {
            String respacing = tensor.substring(SPACED.length()).replace('_', ',');
            int[] indices = Respacing.indices(schedule.steps(), respacing);
            return Arrays.stream(indices).asDoubleStream().toArray();
        }
        if (tensor.startsWith(SPACED_BETAS)) {
            String respacing = tensor.substring(SPACED_BETAS.length()).replace('_', ',');
            return schedule.respaced(respacing).betas();
        }
        Forward q = new Forward(schedule);
        return switch (tensor) {
            case "betas" -> schedule.betas();
            case "alphas_cumprod" -> schedule.alphaBars();
            case "alphas_cumprod_prev" -> each(schedule, schedule::alphaBarPrev);
            case "alphas_cumprod_next" -> each(schedule, schedule::alphaBarNext);
            case "posterior_variance" -> each(schedule, q::posteriorVariance);
            case "posterior_log_variance_clipped" -> each(schedule, q::posteriorLogVariance);
            case "posterior_mean_coef1" -> each(schedule, q::posteriorMeanX0);
            case "posterior_mean_coef2" -> each(schedule, q::posteriorMeanXt);
            default -> null;
        };
    }

    private static double[] each(NoiseSchedule schedule, IntToDoubleFunction value) {
        return IntStream.range(0, schedule.steps()).mapToDouble(value).toArray();
    }
}
