package memoria.golden;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import memoria.diffusion.Condition;
import memoria.diffusion.Ddim;
import memoria.diffusion.Ddpm;
import memoria.diffusion.Denoiser;
import memoria.diffusion.Forward;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.NoiseSource;
import memoria.diffusion.Plms;
import memoria.diffusion.Prediction;
import memoria.diffusion.Sampler;
import memoria.diffusion.Samples;
import memoria.diffusion.Seeds;
import memoria.diffusion.Variance;
import memoria.diffusion.Velocity;

/** {@code diffusers_schedulers}: whole runs on recorded answers of a model, in call order. */
public final class SchedulersGolden implements GoldenFamily {

    /** How a scheduler of diffusers is set; absent entries have its defaults. */
    private record Settings(
            boolean clip, boolean toOne, int offset, double eta, boolean velocity, boolean large) {}

    /** Answers its k-th call with the k-th recorded output, and remembers when it was asked. */
    private static final class Recorded implements Denoiser {
        private final NDArray outputs;
        private final NoiseSchedule schedule;
        private final NDManager manager;
        private final List<Double> asked = new ArrayList<>();

        Recorded(NDArray outputs, NoiseSchedule schedule, NDManager manager) {
            this.outputs = outputs;
            this.schedule = schedule;
            this.manager = manager;
        }

        @Override
        public Prediction predict(NDArray x, double[] t, Condition condition) {
            asked.add(t[0]);
            return new Prediction(outputs.get(asked.size() - 1));
        }

        @Override
        public NoiseSchedule schedule() {
            return schedule;
        }

        @Override
        public Shape item() {
            return outputs.getShape().slice(2);
        }

        @Override
        public NDManager manager() {
            return manager;
        }
    }

    @Override
    public boolean serves(String caseName) {
        return caseName.startsWith("diffusers_schedulers");
    }

    @Override
    public void compare(GoldenCase golden) {
        JsonObject constants = golden.constants();
        NoiseSchedule whole = LdmSamplersGolden.schedule(constants);
        golden.check("alphas_cumprod", whole.alphaBars());
        int steps = constants.get("N").getAsInt();
        for (String tensor : golden.names()) {
            if (tensor.endsWith("_x")) {
                run(golden, tensor.substring(0, tensor.length() - 2), steps, whole);
            } else if (tensor.matches("\\w+_timesteps_\\d+")) {
                String name = tensor.substring(0, tensor.indexOf("_timesteps_"));
                int count = Integer.parseInt(tensor.substring(tensor.lastIndexOf('_') + 1));
                golden.check(tensor, times(name, settings(constants, name), count, whole));
            }
        }
        if (golden.has("final_alpha_cumprod")) {
            double last = whole.respaced(1).endingAtFirstOf(whole).alphaBarPrev(0);
            golden.check("final_alpha_cumprod", golden.manager().create((float) last));
        }
        if (golden.has("add_noise")) {
            double[] t = Arrays.stream(golden.integers("add_noise_t")).asDoubleStream().toArray();
            golden.check(
                    "add_noise",
                    new Forward(whole)
                            .sample(golden.input("x_T"), t, golden.input("noise").get(0)));
        }
    }

    private static void run(GoldenCase golden, String name, int steps, NoiseSchedule whole) {
        Settings settings = settings(golden.constants(), name);
        NDArray start = golden.input("x_T");
        NDArray noise = golden.input("noise");
        Recorded recorded = new Recorded(golden.input("eps"), whole, golden.manager());
        Denoiser model = settings.velocity ? new Velocity(recorded) : recorded;
        NoiseSource source =
                (manager, stream, seeds, step, shape) ->
                        stream.equals(Sampler.START) ? start.duplicate() : noise.get(step);
        Seeds seeds = Seeds.range(0, start.getShape().get(0));
        Samples samples = sampler(name, settings, steps, source).sample(model, seeds);
        NDArray x = LdmSamplersGolden.stack(golden, samples, false);
        if (name.startsWith("pndm")) {
            // The original's first correction is a call of its own, whose result is thrown away.
            golden.check(name + "_x", withFirstGuess(golden, x, start, recorded, whole, steps));
        } else {
            golden.check(name + "_x", x);
        }
        if (golden.has(name + "_x0")) {
            golden.check(name + "_x0", LdmSamplersGolden.stack(golden, samples, true));
        }
        if (golden.has(name + "_timesteps")) {
            golden.check(
                    name + "_timesteps",
                    recorded.asked.stream().mapToDouble(Double::doubleValue).toArray());
        }
    }

    private static NDArray withFirstGuess(
            GoldenCase golden,
            NDArray x,
            NDArray start,
            Recorded recorded,
            NoiseSchedule whole,
            int steps) {
        Settings settings = settings(golden.constants(), "pndm");
        NoiseSource source = (manager, stream, seeds, step, shape) -> start.duplicate();
        Recorded again = new Recorded(recorded.outputs, whole, golden.manager());
        Sampler ddim =
                Ddim.respaced("leading" + steps + "+" + settings.offset)
                        .endingAtFirst(!settings.toOne)
                        .clip(false)
                        .recording(true)
                        .noise(source);
        Samples guess = ddim.sample(again, Seeds.range(0, start.getShape().get(0)));
        NDArray first = LdmSamplersGolden.stack(golden, guess, false).get("0:1");
        return first.concat(x, 0);
    }

    private static Sampler sampler(String name, Settings settings, int steps, NoiseSource source) {
        String respacing = "leading" + steps + "+" + settings.offset;
        if (name.startsWith("pndm")) {
            return Plms.respaced(respacing)
                    .endingAtFirst(!settings.toOne)
                    .clip(false)
                    .recording(true)
                    .noise(source);
        }
        if (name.startsWith("ddpm")) {
            return Ddpm.respaced(respacing)
                    .variance(settings.large ? Variance.FIXED_LARGE : Variance.FIXED_SMALL)
                    .clip(settings.clip)
                    .recording(true)
                    .noise(source);
        }
        return Ddim.respaced(respacing)
                .eta(settings.eta)
                .endingAtFirst(!settings.toOne)
                .keepingEpsilon(true)
                .clip(settings.clip)
                .recording(true)
                .noise(source);
    }

    private static double[] times(String name, Settings settings, int count, NoiseSchedule whole) {
        NoiseSchedule part = whole.respaced("leading" + count + "+" + settings.offset);
        List<Double> times = new ArrayList<>();
        IntStream.range(0, count).forEach(i -> times.add(0, (double) part.original(i)));
        if (name.startsWith("pndm") && count > 1) {
            times.add(1, times.get(1));
        }
        return times.stream().mapToDouble(Double::doubleValue).toArray();
    }

    /** From a scheduler's name, and from the constants that name it: an object, or text such as {@code clip_sample=True}. */
    private static Settings settings(JsonObject constants, String name) {
        String said = "";
        for (Map.Entry<String, JsonElement> entry : constants.entrySet()) {
            if (Arrays.asList(entry.getKey().split("/")).contains(name)) {
                said = entry.getValue().toString();
            }
        }
        boolean ddpm = name.startsWith("ddpm");
        return new Settings(
                said.isEmpty() ? name.contains("clip") : flag(said, "clip_sample", !ddpm),
                flag(said, "set_alpha_to_one", true),
                number(said, "steps_offset"),
                name.contains("eta1") ? 1 : 0,
                name.contains("vpred"),
                name.contains("fixed_large"));
    }

    private static boolean flag(String said, String key, boolean absent) {
        String plain = said.replaceAll("[\"\\s]", "").toLowerCase(java.util.Locale.ROOT);
        int at = plain.indexOf(key);
        return at < 0 ? absent : plain.substring(at + key.length() + 1).startsWith("true");
    }

    private static int number(String said, String key) {
        String plain = said.replaceAll("[\"\\s]", "");
        int at = plain.indexOf(key);
        return at < 0
                ? 0
                : Integer.parseInt(plain.substring(at + key.length() + 1).replaceAll("\\D.*", ""));
    }
}
