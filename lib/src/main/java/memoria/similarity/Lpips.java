package memoria.similarity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BinaryOperator;
import memoria.data.Fetched;
import memoria.data.Images;
import memoria.data.ManifestFile;
import memoria.data.Manifests;
import memoria.data.TrustedScript;
import memoria.models.Models;
import memoria.network.LpipsNetwork;
import memoria.progress.Progress;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scope;
import memoria.torch.Script;
import memoria.torch.Torch;

/**
 * LPIPS (Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", 2018): how different two images look, 0 for
 * the same. By the published weights ({@link LpipsNetwork}), or by a TorchScript file of your own whose {@code forward} takes two batches (N,
 * 3, H, W) in [-1, 1] and answers with N distances.
 *
 * <pre>{@code
 * double[] apart = Lpips.open("lpips").of(generated, originals);      // AlexNet; "lpips-vgg" compares by VGG-16
 * }</pre>
 *
 * <p>Grey images are repeated to three channels. Images whose shorter side is below 64 pixels are enlarged to that, for the usual networks
 * pool smaller ones away; distances of enlarged images compare with each other only.
 */
public final class Lpips implements AutoCloseable {

    private static final int SMALLEST = 64;
    private static final int BATCH = 16;

    private final NDManager owner;
    private final BinaryOperator<NDArray> network;

    private Lpips(NDManager owner, BinaryOperator<NDArray> network) {
        this.owner = owner;
        this.network = network;
    }

    /**
     * The distance that a manifest or a path names.
     *
     * @param name {@code lpips} (AlexNet) or {@code lpips-vgg}, fetched if it is not here; the path of {@code alex.pth} or {@code vgg.pth} with
     *     the classifier beside it ({@link LpipsNetwork#read(Path)}), or of the same as {@code .safetensors}; any other file is taken for
     *     TorchScript ({@link #torchScript(Path)})
     * @return the distance on {@link Torch#device()}; the caller closes it
     * @throws IllegalArgumentException if there is neither, and the message lists the manifests there are; or if the file is not what it should
     *     be, which is named
     */
    public static Lpips open(String name) {
        Path file = Models.checkpoint(name);
        List<String> published = published(name);
        if (published.size() == 2) {
            // Not always in one folder: one of them may be the reader's own copy.
            Fetched files = Manifests.fetch(name);
            return of(LpipsNetwork.read(file, files.file(published.get(1))));
        }
        String called = String.valueOf(file.getFileName());
        return called.endsWith(".pth") || called.endsWith(".safetensors")
                ? of(LpipsNetwork.read(file))
                : torchScript(file);
    }

    /** The files that a manifest of this name lists: weights, then classifier. */
    private static List<String> published(String name) {
        return Manifests.all().stream()
                .filter(manifest -> manifest.name().equals(name))
                .flatMap(manifest -> manifest.files().stream())
                .map(ManifestFile::name)
                .toList();
    }

    /**
     * The distance by a network of this library.
     *
     * @param network closed with the distance
     * @return the distance
     */
    public static Lpips of(LpipsNetwork network) {
        return new Lpips(network.manager(), network::distances);
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
            Script script = Script.load(owner, file);
            return new Lpips(owner, (x, y) -> script.run("forward", x, y));
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
                                    float[] values =
                                            of(x.tensor(owner), y.tensor(owner)).toFloatArray();
                                    double[] wide = new double[values.length];
                                    for (int i = 0; i < wide.length; i++) {
                                        wide[i] = values[i];
                                    }
                                    return wide;
                                }));
    }

    /**
     * The distances of pairs as a tensor. Recorded if x or y is.
     *
     * @param x (N, C, H, W) in [-1, 1], of one or three channels
     * @param y of the same shape
     * @return N distances
     * @throws IllegalArgumentException if the shapes differ or are not such, or a file's network answers with another number of distances
     * @throws IllegalStateException if it was closed
     */
    public NDArray of(NDArray x, NDArray y) {
        if (!owner.isOpen()) {
            throw new IllegalStateException("lpips: it was closed; open it again");
        }
        Shape shape = x.getShape();
        boolean images = shape.dimension() == 4 && (shape.get(1) == 1 || shape.get(1) == 3);
        if (!images || !shape.equals(y.getShape())) {
            throw new IllegalArgumentException(
                    "x, y: shapes "
                            + shape
                            + " and "
                            + y.getShape()
                            + "; pairs of images (N, C, H, W) of 1 or 3 channels are needed");
        }
        return Scope.keep(
                () -> {
                    NDArray apart = network.apply(input(x), input(y));
                    if (apart.size() != shape.get(0)) {
                        throw new IllegalArgumentException(
                                "file: its forward answers with shape "
                                        + apart.getShape()
                                        + " for "
                                        + shape.get(0)
                                        + " pairs; one distance each is needed");
                    }
                    return apart.reshape(-1);
                });
    }

    private static NDArray input(NDArray images) {
        Shape shape = images.getShape();
        NDArray x = shape.get(1) == 1 ? Ops.cat(List.of(images, images, images), 1) : images;
        long shorter = Math.min(shape.get(2), shape.get(3));
        return shorter >= SMALLEST
                ? x
                : Ops.resize(
                        x, shape.get(2) * SMALLEST / shorter, shape.get(3) * SMALLEST / shorter);
    }

    /** Frees the network. */
    @Override
    public void close() {
        owner.close();
    }
}
