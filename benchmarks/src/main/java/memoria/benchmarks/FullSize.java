package memoria.benchmarks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import memoria.checkpoint.SafeTensors;
import memoria.data.Images;
import memoria.diffusion.Condition;
import memoria.diffusion.Denoiser;
import memoria.diffusion.Noise;
import memoria.diffusion.Seeds;
import memoria.network.AutoencoderConfig;
import memoria.network.AutoencoderKl;
import memoria.network.Dropout;
import memoria.network.Params;
import memoria.network.UNet;
import memoria.network.UNetConfig;
import memoria.stablediffusion.ClipNames;
import memoria.stablediffusion.ClipText;
import memoria.stablediffusion.ClipTextConfig;
import memoria.stablediffusion.StableDiffusion;
import memoria.stablediffusion.Tokenizer;
import memoria.torch.Autograd;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;

/**
 * Stable Diffusion 1.5 at its full size, with random weights: written as one file of 4 GB, read, one guided denoising step and one decoded
 * picture of 512x512, then the UNet against itself as one TorchScript module. Prints times and the peak of resident memory, and exits with
 * 1 when a target is missed.
 */
public final class FullSize {

    private static final double MOST_SECONDS = 20;
    private static final double MOST_GIGABYTES = 6;
    private static final double MOST_RATIO = 1.15;
    private static final int ROUNDS = 3;
    private static final Map<String, String> PREFIXES =
            Map.of(
                    "unet", "model.diffusion_model.",
                    "autoencoder", "first_stage_model.",
                    "text", "cond_stage_model.transformer.");

    private FullSize() {}

    /**
     * Writes the file if it is not there, and measures in a process of its own.
     *
     * @param arguments {@code cpu} to compare the CPU time of one thread instead of time (for a machine that is busy with other things);
     *     {@code write} and {@code measure} are the processes' own
     */
    public static void main(String[] arguments) {
        Path file = Path.of("full-size.safetensors").toAbsolutePath();
        List<String> asked = List.of(arguments);
        boolean cpu = asked.contains("cpu");
        if (asked.contains("write")) {
            write(file);
        } else if (asked.contains("measure")) {
            Contest.countCpuTime(cpu);
            if (cpu) {
                Torch.threads(1);
            }
            System.exit(measure(file));
        } else {
            if (!Files.exists(file)) {
                require(java("-Xmx2g", "write"));
            }
            System.exit(java("-Xmx512m", "measure", cpu ? "cpu" : ""));
        }
    }

    private static void require(int exit) {
        if (exit != 0) {
            System.exit(exit);
        }
    }

    private static int java(String heap, String... part) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add(heap);
        command.add("-Dmemoria.quiet=true");
        command.add("-Dorg.slf4j.simpleLogger.log.ai.djl=warn");
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(FullSize.class.getName());
        command.addAll(List.of(part));
        try {
            return new ProcessBuilder(command).inheritIO().start().waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    /** The architecture of versions 1.4 and 1.5. */
    private static UNetConfig unet() {
        return UNetConfig.of(4, 320, 4)
                .optNumResBlocks(2)
                .optChannelMult(1, 2, 4, 4)
                .optAttentionResolutions(1, 2, 4)
                .optNumHeads(8, -1)
                .optContext(768, 1);
    }

    private static void write(Path file) {
        Map<String, NDArray> all = new LinkedHashMap<>();
        try (NDManager manager = Torch.manager()) {
            Params unet = Params.fresh(manager, 1);
            unet().build(unet);
            Params autoencoder = Params.fresh(manager, 2);
            new AutoencoderKl(AutoencoderConfig.stableDiffusion(), autoencoder);
            Params text = Params.fresh(manager, 3);
            new ClipText(ClipTextConfig.vitL14(), text, ClipNames.HUGGING_FACE);
            add(all, "unet", unet);
            add(all, "autoencoder", autoencoder);
            add(all, "text", text);
            SafeTensors.write(file, all, Map.of());
        }
    }

    private static void add(Map<String, NDArray> all, String part, Params params) {
        params.all().forEach((name, tensor) -> all.put(PREFIXES.get(part) + name, tensor));
    }

    /** As many tokens as CLIP's, without its vocabulary: the merges are never used. */
    private static Tokenizer tokenizer() {
        int merges = ClipTextConfig.vitL14().vocabulary() - 514;
        List<String> made = new ArrayList<>();
        for (int i = 0; i < merges; i++) {
            StringBuilder left = new StringBuilder();
            for (int rest = i; rest > 0 || left.length() == 0; rest /= 25) {
                left.append((char) ('b' + rest % 25));
            }
            made.add(left + " a");
        }
        return Tokenizer.of(made, Tokenizer.CLIP_LENGTH);
    }

    private static int measure(Path file) {
        Tokenizer tokenizer = tokenizer();
        Torch.threads();
        long size = file.toFile().length();
        System.out.printf(Locale.ROOT, "%s, %d threads%n", Torch.version(), Torch.threads());
        long start = System.nanoTime();
        try (StableDiffusion sd = StableDiffusion.read(file, tokenizer, DataType.FLOAT32)) {
            double load = seconds(start);
            long parameters = sd.unet().params().count() + sd.autoencoder().params().count();
            parameters += sd.prompts().text().params().count();
            System.out.printf(
                    Locale.ROOT,
                    "read %.2f GB, %,d parameters: %.1f s, peak %.2f GB%n",
                    size / 1e9,
                    parameters,
                    load,
                    peak());
            Shape latent = sd.denoiser().item();
            start = System.nanoTime();
            Images denoised =
                    Autograd.off(() -> Scope.use(() -> step(sd.guided(7.5), sd.prompts().of("a"))));
            System.out.printf(
                    Locale.ROOT,
                    "prompt and one guided step (batch of 2, latent %s): %.1f s, peak %.2f GB%n",
                    latent,
                    seconds(start),
                    peak());
            start = System.nanoTime();
            Images picture = sd.decode(denoised);
            double peak = peak();
            System.out.printf(
                    Locale.ROOT,
                    "decode to %dx%d: %.1f s, peak %.2f GB%n",
                    picture.height(),
                    picture.width(),
                    seconds(start),
                    peak);
            picture.requireFinite("picture");
            Contest.Ratio ratio = ratio(sd.unet());
            boolean met =
                    load < MOST_SECONDS
                            && peak < MOST_GIGABYTES
                            && Math.min(ratio.ofMinima(), ratio.median()) <= MOST_RATIO;
            System.out.println(met ? "All targets met." : "A target was missed.");
            return met ? 0 : 1;
        }
    }

    private static Images step(Denoiser model, Condition text) {
        NDArray x = Noise.tensor(model.manager(), "full-size", Seeds.of(1), 0, model.item());
        return Images.from(model.predict(x, new double[] {981}, text).epsilon());
    }

    /** The UNet's step against the same network as one TorchScript module: the quotient of the fastest rounds, and the median of quotients. */
    private static Contest.Ratio ratio(UNet unet) {
        NDManager manager = unet.params().manager();
        NDArray x = Noise.tensor(manager, "x", Seeds.range(0, 2), 0, new Shape(4, 64, 64));
        NDArray text = Noise.tensor(manager, "text", Seeds.range(0, 2), 0, new Shape(77, 768));
        NDArray times = Tensors.of(manager, 981f, 981f);
        double[] t = {981, 981};
        try (ScriptedUNet scripted = new ScriptedUNet(unet)) {
            Contest.Times raced =
                    Autograd.off(
                            () ->
                                    new Contest()
                                            .with(
                                                    "UNet",
                                                    () ->
                                                            Scope.run(
                                                                    () ->
                                                                            unet.forward(
                                                                                    x,
                                                                                    t,
                                                                                    Condition
                                                                                            .embedding(
                                                                                                    text),
                                                                                    Dropout.NONE)))
                                            .with(
                                                    "TorchScript",
                                                    () ->
                                                            Scope.run(
                                                                    () ->
                                                                            scripted.forward(
                                                                                    x, times,
                                                                                    text)))
                                            .run(1, ROUNDS));
            double difference = difference(unet, scripted, x, t, times, text);
            Contest.Ratio ratio = raced.ratio("UNet", "TorchScript");
            System.out.printf(
                    Locale.ROOT,
                    "UNet step / one TorchScript module: %.3f by minima, %.3f by median (%.1f s / %.1f s); largest difference %.1e%n",
                    ratio.ofMinima(),
                    ratio.median(),
                    raced.milliseconds("UNet") / 1e3,
                    raced.milliseconds("TorchScript") / 1e3,
                    difference);
            return ratio;
        }
    }

    private static double difference(
            UNet unet, ScriptedUNet scripted, NDArray x, double[] t, NDArray times, NDArray text) {
        return Autograd.off(
                () ->
                        Scope.use(
                                () -> {
                                    Condition condition = Condition.embedding(text);
                                    NDArray ours = unet.forward(x, t, condition, Dropout.NONE);
                                    NDArray theirs = scripted.forward(x, times, text);
                                    return (double) ours.sub(theirs).abs().max().getFloat();
                                }));
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    /** The most resident memory this process has had, in gigabytes of 10^9 bytes; NaN where the system does not tell. */
    private static double peak() {
        try {
            return Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(line -> line.startsWith("VmHWM:"))
                    .mapToDouble(
                            line -> Double.parseDouble(line.replaceAll("\\D", "")) * 1024 / 1e9)
                    .findFirst()
                    .orElse(Double.NaN);
        } catch (IOException e) {
            return Double.NaN;
        }
    }
}
