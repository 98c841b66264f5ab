package memoria.similarity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.List;
import memoria.data.Images;
import memoria.data.TrustedScript;
import memoria.progress.Progress;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scope;
import memoria.torch.Script;
import memoria.torch.Torch;

/**
 * LPIPS (Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", 2018): how different two images look, 0 for
 * the same. The network is the user's, a TorchScript file whose {@code forward} takes two batches (N, 3, H, W) in [-1, 1] and answers with N
 * distances; the {@code lpips} package's model gives one by {@code torch.jit.trace}.
 *
 * <p>Grey images are repeated to three channels. Images whose shorter side is below 64 pixels are enlarged to that, for the usual networks
 * pool smaller ones away; distances of enlarged images compare with each other only.
 */
public final class Lpips implements AutoCloseable {

    private static final int SMALLEST = 64;
    private static final int BATCH = 16;

    private final NDManager owner;
    private final Script script;

    private Lpips(NDManager owner, Script script) {
        this.owner = owner;
        this.script = script;
    }

    /**
     * The distance of a TorchScript file that a manifest or the lock file knows ({@link TrustedScript#require(Path)}): TorchScript is code.
     *
     * @param file the archive
     * @return the distance on {@link Torch#device()}; the caller closes it
     * @throws IllegalArgumentException if nothing knows the file's SHA-256, which is named with what to do, or it is no TorchScript archive
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static Lpips torchScript(Path file) {
        TrustedScript.require(file);
        return load(file);
    }

    /**
     * The distance of a TorchScript file that the caller vouches for.
     *
     * @param file the archive
     * @param sha256 its SHA-256, 64 hex digits
     * @return the distance on {@link Torch#device()}; the caller closes it
     * @throws IllegalArgumentException if the file has another SHA-256 or is no TorchScript archive; it is named
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static Lpips torchScript(Path file, String sha256) {
        TrustedScript.require(file, sha256);
        return load(file);
    }

    private static Lpips load(Path file) {
        NDManager owner = Torch.manager();
        try {
            return new Lpips(owner, Script.load(owner, file));
        } catch (RuntimeException e) {
            owner.close();
            throw e;
        }
    }

    /**
     * The distances of pairs.
     *
     * @param x images in [-1, 1]
     * @param y as many of the same shape
     * @return one per pair
     * @throws IllegalArgumentException if counts or shapes differ, there is none, or the file answers with another number of distances
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public double[] of(Images x, Images y) {
        x.requireSameItem("y", y);
        if (x.count() == 0 || x.count() != y.count()) {
            throw new IllegalArgumentException(
                    "x, y: " + x.count() + " and " + y.count() + " images; pairs are needed");
        }
        double[] all = new double[x.count()];
        for (int from = 0; from < all.length; from += BATCH) {
            Progress.checkpoint();
            int to = Math.min(all.length, from + BATCH);
            double[] some = batch(x.slice(from, to), y.slice(from, to));
            System.arraycopy(some, 0, all, from, some.length);
        }
        return all;
    }

    private double[] batch(Images x, Images y) {
        return Autograd.off(
                () ->
                        Scope.use(
                                () -> {
                                    NDArray apart = script.run("forward", input(x), input(y));
                                    if (apart.size() != x.count()) {
                                        throw new IllegalArgumentException(
                                                "file: its forward answers with shape "
                                                        + apart.getShape()
                                                        + " for "
                                                        + x.count()
                                                        + " pairs; one distance each is needed");
                                    }
                                    float[] values = apart.toFloatArray();
                                    double[] wide = new double[values.length];
                                    for (int i = 0; i < wide.length; i++) {
                                        wide[i] = values[i];
                                    }
                                    return wide;
                                }));
    }

    private NDArray input(Images images) {
        NDArray x = images.tensor(owner);
        if (images.channels() == 1) {
            x = Ops.cat(List.of(x, x, x), 1);
        }
        int shorter = Math.min(images.height(), images.width());
        if (shorter >= SMALLEST) {
            return x;
        }
        Shape size =
                new Shape(
                        (long) images.height() * SMALLEST / shorter,
                        (long) images.width() * SMALLEST / shorter);
        return Ops.resize(x, size.get(0), size.get(1));
    }

    /** Frees the network. */
    @Override
    public void close() {
        owner.close();
    }
}
