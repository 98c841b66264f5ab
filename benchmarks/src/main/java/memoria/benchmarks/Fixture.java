package memoria.benchmarks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.util.List;
import memoria.data.DataSet;
import memoria.data.Images;
import memoria.data.Provenance;
import memoria.diffusion.Noise;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Seeds;
import memoria.network.NetworkDenoiser;
import memoria.network.Params;
import memoria.network.UNet;
import memoria.network.UNetConfig;
import memoria.progress.Progress;
import memoria.torch.Ops;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import memoria.training.Shipped;

/** A network with weights of no meaning, and a batch for it. */
final class Fixture implements AutoCloseable {

    /** Images per batch, as the shipped models are trained and sampled. */
    static final int BATCH = 64;

    /** Shows nothing. */
    static final Progress.Sink SILENT = first -> state -> {};

    /** The networks measured. */
    public enum Case {
        /** The shipped models': 16x16 grey. */
        SHIPPED(16, Shipped.architecture()),
        /** CIFAR-10's shape: 32x32 in colour, two residual blocks per level, 1.7 million parameters. */
        COLOUR(
                32,
                UNetConfig.of(3, 32, 3)
                        .optNumResBlocks(2)
                        .optChannelMult(1, 2, 2)
                        .optAttentionResolutions(4)
                        .optNumHeads(4, -1)
                        .optUseScaleShiftNorm(true)),
        /** Small enough for thousands of steps. */
        SMALL(8, UNetConfig.of(1, 32, 1).optNumResBlocks(1).optChannelMult(1, 1));

        final UNetConfig config;
        final Shape item;

        Case(int side, UNetConfig config) {
            this.config = config;
            this.item = new Shape(config.inChannels(), side, side);
        }

        /** For example {@code 16x16x1}. */
        String size() {
            return item.get(1) + "x" + item.get(2) + "x" + item.get(0);
        }
    }

    final Case network;
    final UNet unet;
    final NetworkDenoiser denoiser;
    final NDArray x;
    final double[] t = new double[BATCH];
    final NDArray times;

    Fixture(Case network) {
        this.network = network;
        Progress.display(SILENT);
        NDManager owner = Torch.manager();
        unet = new UNet(network.config, Params.fresh(owner, 1));
        // Fresh networks answer 0: their last layers start there.
        Scope.run(
                () -> unet.params().all().forEach((name, tensor) -> disturb(owner, name, tensor)));
        denoiser =
                new NetworkDenoiser(
                        unet, NoiseSchedule.linear(1000), network.item, new JsonObject());
        x = Noise.tensor(owner, "benchmark/x", Seeds.range(0, BATCH), 0, network.item);
        float[] single = new float[BATCH];
        for (int i = 0; i < BATCH; i++) {
            t[i] = 999.0 * i / (BATCH - 1);
            single[i] = (float) t[i];
        }
        times = Tensors.of(owner, single);
    }

    private static void disturb(NDManager owner, String name, NDArray tensor) {
        int count = Math.toIntExact(tensor.size());
        double[] noise = Noise.gaussian("benchmark/" + name, 1, 0, count);
        float[] values = tensor.toFloatArray();
        for (int i = 0; i < count; i++) {
            values[i] += (float) (0.05 * noise[i]);
        }
        Ops.assign(tensor, Tensors.of(owner, values, tensor.getShape()));
    }

    /** Images of the network's shape, each of them different. */
    DataSet data(int count) {
        return DataSet.of(
                images(count, network.item),
                new int[count],
                List.of("noise"),
                Provenance.made("noise"));
    }

    /** Uniform noise in [-1, 1]. */
    static Images images(int count, Shape item) {
        float[] pixels = new float[Math.toIntExact(count * item.size())];
        var random = Noise.generator("benchmark/images", count, 0);
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = 2 * random.nextFloat() - 1;
        }
        return Images.of(pixels, count, (int) item.get(0), (int) item.get(1), (int) item.get(2));
    }

    @Override
    public void close() {
        denoiser.close();
    }
}
