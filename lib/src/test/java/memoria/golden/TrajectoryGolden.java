package memoria.golden;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import memoria.diffusion.Condition;
import memoria.diffusion.Ddim;
import memoria.diffusion.Ddpm;
import memoria.diffusion.Denoiser;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.NoiseSource;
import memoria.diffusion.Sampler;
import memoria.diffusion.Samples;
import memoria.diffusion.Seeds;
import memoria.diffusion.Variance;
import memoria.network.NetworkDenoiser;
import memoria.network.UNetGolden;

/** {@code iddpm_trajectory*}: whole runs of the samplers on a respaced schedule, step by step. */
public final class TrajectoryGolden implements GoldenFamily {

    private static final Pattern RUN =
            Pattern.compile("(ddim_eta([\\d.]+)|ddpm)_(clip|noclip)_(samples|pred_xstart)");

    @Override
    public boolean serves(String caseName) {
        return caseName.startsWith("iddpm_trajectory");
    }

    @Override
    public void compare(GoldenCase golden) {
        JsonObject constants = golden.constants();
        String respacing = constants.get("respacing").getAsString();
        NoiseSchedule whole = ScheduleGolden.schedule(constants);
        NoiseSchedule part = whole.respaced(respacing);
        NDArray start = golden.input("x_T");
        NDArray noises = golden.has("step_noises") ? golden.input("step_noises") : null;
        Shape item = start.getShape().slice(1);
        Denoiser model =
                new NetworkDenoiser(
                        UNetGolden.unet(golden, constants, whole), whole, item, new JsonObject());
        NoiseSource recorded =
                (manager, stream, seeds, step, shape) ->
                        stream.equals(Sampler.START) ? start.duplicate() : noises.get(step);
        Condition y = golden.has("y") ? Condition.classes(golden.integers("y")) : Condition.none();
        Seeds seeds = Seeds.range(0, start.getShape().get(0));
        for (String tensor : golden.names()) {
            Matcher run = RUN.matcher(tensor);
            if (run.matches()) {
                boolean clip = run.group(3).equals("clip");
                Sampler sampler =
                        run.group(2) == null
                                ? Ddpm.respaced(respacing)
                                        .variance(variance(golden.describe(tensor)))
                                        .clip(clip)
                                        .noise(recorded)
                                        .recording(true)
                                : Ddim.respaced(respacing)
                                        .eta(Double.parseDouble(run.group(2)))
                                        .clip(clip)
                                        .noise(recorded)
                                        .recording(true);
                Samples samples = sampler.sample(model, seeds, y);
                boolean ofX0 = run.group(4).equals("pred_xstart");
                golden.check(tensor, LdmSamplersGolden.stack(golden, samples, ofX0));
            }
        }
        if (golden.has("timestep_map")) {
            double[] map = new double[part.steps()];
            Arrays.setAll(map, part::original);
            golden.check("timestep_map", map);
        }
        if (golden.has("betas")) {
            golden.check("betas", part.betas());
        }
        if (golden.has("alphas_cumprod")) {
            golden.check("alphas_cumprod", part.alphaBars());
        }
    }

    private static Variance variance(String description) {
        return description.contains("FIXED_SMALL") ? Variance.FIXED_SMALL : Variance.FIXED_LARGE;
    }
}
