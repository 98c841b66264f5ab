package memoria.golden;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import memoria.data.Images;
import memoria.diffusion.Condition;
import memoria.diffusion.Ddim;
import memoria.diffusion.Denoiser;
import memoria.diffusion.Guided;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.NoiseSource;
import memoria.diffusion.Plms;
import memoria.diffusion.Prediction;
import memoria.diffusion.Sampler;
import memoria.diffusion.Samples;
import memoria.diffusion.Seeds;
import memoria.network.NetworkDenoiser;
import memoria.network.UNetGolden;
import memoria.torch.Ops;

/** {@code ldm_samplers_cfg}: latent diffusion's DDIM and PLMS with classifier-free guidance, step by step. */
public final class LdmSamplersGolden implements GoldenFamily {

    @Override
    public boolean serves(String caseName) {
        return caseName.startsWith("ldm_samplers");
    }

    @Override
    public void compare(GoldenCase golden) {
        JsonObject constants = golden.constants();
        NoiseSchedule whole = schedule(golden);
        int steps = constants.get("S").getAsInt();
        NoiseSchedule part = respaced(whole, steps).endingAtFirstOf(whole);
        for (String tensor : golden.names()) {
            double[] ours =
                    switch (tensor) {
                        case "betas" -> whole.betas();
                        case "alphas_cumprod" -> whole.alphaBars();
                        case "ddim_timesteps" -> times(part);
                        case "ddim_alphas" -> part.alphaBars();
                        case "ddim_alphas_prev" -> previous(part);
                        case "ddim_eta1_sigmas" -> sigmas(part);
                        default ->
                                tensor.matches("ddim_timesteps_\\d+")
                                        ? times(
                                                respaced(
                                                        whole,
                                                        Integer.parseInt(
                                                                tensor.replaceAll("\\D", ""))))
                                        : null;
                    };
            if (ours != null) {
                golden.check(tensor, ours);
            }
        }
        sample(golden, whole, steps);
    }

    private static void sample(GoldenCase golden, NoiseSchedule whole, int steps) {
        NDArray start = golden.input("x_T");
        NDArray noise = golden.has("eta1_noise") ? golden.input("eta1_noise") : null;
        Denoiser network =
                new NetworkDenoiser(
                        UNetGolden.unet(golden, golden.constants().getAsJsonObject("unet")),
                        whole,
                        start.getShape().slice(1),
                        new JsonObject());
        Denoiser model =
                new Branches(
                        network,
                        Condition.embedding(golden.input("uncond")),
                        golden.constants().get("guidance_scale").getAsDouble());
        Condition text = Condition.embedding(golden.input("cond"));
        Seeds seeds = Seeds.range(0, start.getShape().get(0));
        NoiseSource recorded =
                (manager, stream, some, step, shape) ->
                        stream.equals(Sampler.START) ? start.duplicate() : noise.get(step);
        String respacing = "every" + whole.steps() / steps + "+1";
        Ddim ddim =
                Ddim.respaced(respacing)
                        .endingAtFirst(true)
                        .clip(false)
                        .recording(true)
                        .noise(recorded);
        Plms plms =
                Plms.respaced(respacing)
                        .endingAtFirst(true)
                        .clip(false)
                        .recording(true)
                        .noise(recorded);
        if (golden.has("ddim_x")) {
            Samples plain = ddim.sample(model, seeds, text);
            golden.check("ddim_x", stack(golden, plain, false));
            if (golden.has("ddim_pred_x0")) {
                golden.check("ddim_pred_x0", stack(golden, plain, true));
            }
        }
        if (golden.has("ddim_eta1_x")) {
            Samples noisy = ddim.eta(1).sample(model, seeds, text);
            golden.check("ddim_eta1_x", stack(golden, noisy, false));
        }
        if (golden.has("plms_x")) {
            golden.check("plms_x", stack(golden, plms.sample(model, seeds, text), false));
        }
    }

    /** Guidance whose empty condition has a row per image, as the original's; a {@link Guided} model has one row for all. */
    private record Branches(Denoiser model, Condition empty, double scale) implements Denoiser {
        @Override
        public Prediction predict(NDArray x, double[] t, Condition text) {
            if (rowsAreEqual()) {
                return new Guided(model, empty.slice(0, 1), scale).predict(x, t, text);
            }
            NDArray with = model.predict(x, t, text).epsilon();
            NDArray without = model.predict(x, t, empty).epsilon();
            return new Prediction(Ops.axpby(scale, with, 1 - scale, without));
        }

        private boolean rowsAreEqual() {
            NDArray rows = ((Condition.Embedding) empty).tensor();
            return rows.sub(rows.get("0:1")).abs().max().getFloat() == 0;
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
        public ai.djl.ndarray.NDManager manager() {
            return model.manager();
        }
    }

    /** As {@link #schedule(JsonObject)}, where the constants are silent by the recorded betas' count and ends. */
    private static NoiseSchedule schedule(GoldenCase golden) {
        JsonObject constants = golden.constants().deepCopy();
        if (golden.has("betas")) {
            double[] betas = golden.input("betas").toDoubleArray();
            String[] keys = {"num_train_timesteps", "beta_start", "beta_end"};
            double[] shown = {betas.length, betas[0], betas[betas.length - 1]};
            for (int i = 0; i < keys.length; i++) {
                if (!constants.has(keys[i])) {
                    constants.addProperty(keys[i], shown[i]);
                }
            }
        }
        return schedule(constants);
    }

    /** Stable Diffusion's schedule, unless the constants tell another. */
    static NoiseSchedule schedule(JsonObject constants) {
        return NoiseSchedule.scaledLinear(
                constants.has("num_train_timesteps")
                        ? constants.get("num_train_timesteps").getAsInt()
                        : 1000,
                number(constants, "beta_start", number(constants, "linear_start", 0.00085)),
                number(constants, "beta_end", number(constants, "linear_end", 0.012)));
    }

    private static double number(JsonObject constants, String key, double absent) {
        return constants.has(key) ? constants.get(key).getAsDouble() : absent;
    }

    private static NoiseSchedule respaced(NoiseSchedule whole, int steps) {
        return whole.respaced("every" + whole.steps() / steps + "+1");
    }

    private static double[] times(NoiseSchedule part) {
        double[] times = new double[part.steps()];
        Arrays.setAll(times, part::original);
        return times;
    }

    private static double[] previous(NoiseSchedule part) {
        double[] alphas = new double[part.steps()];
        Arrays.setAll(alphas, part::alphaBarPrev);
        return alphas;
    }

    private static double[] sigmas(NoiseSchedule part) {
        double[] alphas = part.alphaBars();
        double[] before = previous(part);
        double[] sigmas = new double[alphas.length];
        Arrays.setAll(
                sigmas,
                i ->
                        Math.sqrt((1 - before[i]) / (1 - alphas[i]))
                                * Math.sqrt(1 - alphas[i] / before[i]));
        return sigmas;
    }

    /** Row k is x after k + 1 steps, or the x0-hat of step k. */
    static NDArray stack(GoldenCase golden, Samples samples, boolean ofX0) {
        List<Images> rows = new ArrayList<>();
        for (Samples.Moment moment : samples.trajectory()) {
            rows.add(ofX0 ? moment.x0Hat() : moment.xt());
        }
        if (!ofX0) {
            rows.remove(0);
            rows.add(samples.images());
        }
        Images all = Images.concat(rows.toArray(Images[]::new));
        Shape shape =
                new Shape(rows.size(), samples.images().count()).addAll(samples.images().item());
        return all.tensor(golden.manager()).reshape(shape);
    }
}
