package memoria.similarity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import memoria.data.Images;
import memoria.data.TrustedScript;
import memoria.models.Models;
import memoria.network.FeatureNetwork;
import memoria.network.InceptionV3;
import memoria.progress.Progress;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scope;
import memoria.torch.Script;
import memoria.torch.Torch;

/**
 * A network that maps an image to a point, its descriptor, with the one preparation its numbers hold for: copies have near descriptors,
 * sets of like images have descriptors of like distribution. It can be differentiated.
 *
 * <pre>{@code
 * var copies = Descriptor.shipped("fashion-copies");                                     // trained by this library
 * var fid    = Descriptor.features("inception-fid");                                     // for FrechetDistance
 * var sscd   = Descriptor.torchScript(Path.of("sscd_disc_mixup.torchscript.pt"), Preprocessing.sscd());
 * }</pre>
 */
public final class Descriptor implements AutoCloseable {

    private static final int BATCH = 64;
    private static final int INCEPTION_CHANNELS = 3;

    /** Images grow to 299x299 inside it: 12 MB an image and layer. */
    private static final int INCEPTION_BATCH = 16;

    private final String name;
    private final Preprocessing preprocessing;
    private final UnaryOperator<NDArray> network;
    private final NDManager owner;
    private final String checksum;
    private final int batch;

    private Descriptor(
            String name,
            String checksum,
            Preprocessing preprocessing,
            UnaryOperator<NDArray> network,
            NDManager owner,
            int batch) {
        this.name = name;
        this.checksum = checksum;
        this.preprocessing = preprocessing;
        this.network = network;
        this.owner = owner;
        this.batch = batch;
    }

    /**
     * A shipped copy descriptor: the output of a network, which has length 1.
     *
     * @param network as in {@link Models#network}, for example {@code fashion-copies}
     * @return the descriptor; the caller closes it
     * @throws IllegalArgumentException if there is no such network; the message lists those there are
     */
    public static Descriptor shipped(String network) {
        return output(network, Models.network(network));
    }

    /**
     * The features of a shipped classifier, before its last layer: for distances between sets of images.
     *
     * @param network as in {@link Models#network}, for example {@code fashion-features}
     * @return the descriptor; the caller closes it
     * @throws IllegalArgumentException if there is no such network; the message lists those there are
     */
    public static Descriptor shippedFeatures(String network) {
        return features(network, Models.network(network));
    }

    /**
     * Features for distances between sets of images, by name. Those of {@code inception-fid} make the Frechet distance the FID.
     *
     * @param name a shipped classifier, such as {@code fashion-features}; {@code inception-fid}, fetched if it is not here, for images of one or
     *     three channels and any size; or the path of a state dictionary of that network, {@code .pth} or {@code .safetensors}
     * @return the descriptor; the caller closes it
     * @throws IllegalArgumentException if there is neither, and the message lists those there are; or if the file is of another network
     */
    public static Descriptor features(String name) {
        return Models.networks().contains(name)
                ? shippedFeatures(name)
                : features(name.substring(name.lastIndexOf('/') + 1), Models.inception(name));
    }

    /**
     * What Inception's last pooling gives as descriptor.
     *
     * @param name what tables call it
     * @param network closed with the descriptor
     * @return the descriptor, for images of one or three channels and any size
     */
    public static Descriptor features(String name, InceptionV3 network) {
        return new Descriptor(
                name,
                network.params().sha256(),
                Preprocessing.none(INCEPTION_CHANNELS),
                network::features,
                network.params().manager(),
                INCEPTION_BATCH);
    }

    /**
     * The output of a network as descriptor.
     *
     * @param name what tables call it
     * @param network closed with the descriptor
     * @return the descriptor
     */
    public static Descriptor output(String name, FeatureNetwork network) {
        return of(name, network, network::output);
    }

    /**
     * What a network's last layer reads as descriptor.
     *
     * @param name what tables call it
     * @param network closed with the descriptor
     * @return the descriptor
     */
    public static Descriptor features(String name, FeatureNetwork network) {
        return of(name, network, network::features);
    }

    private static Descriptor of(
            String name, FeatureNetwork network, UnaryOperator<NDArray> layer) {
        return new Descriptor(
                name,
                network.network().params().sha256(),
                Preprocessing.none((int) network.item().get(0)),
                layer,
                network.manager(),
                BATCH);
    }

    /**
     * A TorchScript file whose {@code forward} takes prepared images and answers with descriptors, such as SSCD's. TorchScript is code, so
     * a manifest or the lock file must know the file ({@link TrustedScript#require(Path)}), as one does SSCD's.
     *
     * @param file the archive
     * @param preprocessing what its numbers hold for
     * @return the descriptor on {@link Torch#device()}; the caller closes it
     * @throws IllegalArgumentException if nothing knows the file's SHA-256, which is named with what to do, or it is no TorchScript archive
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static Descriptor torchScript(Path file, Preprocessing preprocessing) {
        return load(file, TrustedScript.require(file), preprocessing);
    }

    /**
     * As {@link #torchScript(Path, Preprocessing)}, for a TorchScript file that the caller vouches for.
     *
     * @param file the archive
     * @param sha256 its SHA-256, 64 hex digits
     * @param preprocessing what its numbers hold for
     * @return the descriptor on {@link Torch#device()}; the caller closes it
     * @throws IllegalArgumentException if the file has another SHA-256 or is no TorchScript archive; it is named
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static Descriptor torchScript(Path file, String sha256, Preprocessing preprocessing) {
        return load(file, TrustedScript.require(file, sha256), preprocessing);
    }

    private static Descriptor load(Path file, String sha256, Preprocessing preprocessing) {
        NDManager owner = Torch.manager();
        try {
            Script script = Script.load(owner, file);
            String name = file.getFileName().toString();
            return new Descriptor(
                    name, sha256, preprocessing, x -> script.run("forward", x), owner, BATCH);
        } catch (RuntimeException e) {
            owner.close();
            throw e;
        }
    }

    /**
     * Any differentiable map as descriptor, for example a layer of a network of your own.
     *
     * @param name what tables call it, and what tells it from other maps
     * @param preprocessing what is done before and after
     * @param network (N, C, H, W) to (N, d)
     * @return the descriptor, which owns nothing
     */
    public static Descriptor of(
            String name, Preprocessing preprocessing, UnaryOperator<NDArray> network) {
        return new Descriptor(name, "", preprocessing, network, null, BATCH);
    }

    /**
     * The pixels themselves, their mean taken off, at length 1: two images are as alike as their pixels correlate, which neither light nor
     * contrast changes. A second opinion that needs no training.
     *
     * @param channels of the images
     * @return the descriptor, which owns nothing
     */
    public static Descriptor correlation(int channels) {
        return of(
                "correlation of pixels",
                Preprocessing.none(channels),
                x -> {
                    NDArray pixels = x.reshape(x.getShape().get(0), -1);
                    return Ops.unitRows(pixels.sub(pixels.mean(new int[] {1}, true)));
                });
    }

    /**
     * The descriptors of a batch as a tensor. Recorded if x is.
     *
     * @param x (N, C, H, W) in [-1, 1]
     * @return (N, d), float32
     * @throws IllegalArgumentException if the descriptor does not take such images
     * @throws IllegalStateException if it was closed
     */
    public NDArray of(NDArray x) {
        requireOpen();
        if (x.getShape().dimension() != 4) {
            throw new IllegalArgumentException(
                    "x: shape " + x.getShape() + "; images are (N, C, H, W)");
        }
        return Scope.keep(() -> preprocessing.after(network.apply(preprocessing.before(x))));
    }

    /**
     * The descriptors of images.
     *
     * @param images in [-1, 1]
     * @return one row per image
     * @throws IllegalArgumentException if there is none, a value is not finite, or the descriptor does not take such images
     * @throws IllegalStateException if it was closed
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public Embeddings of(Images images) {
        if (images.count() == 0) {
            throw new IllegalArgumentException("images: none; at least one is needed");
        }
        images.requireFinite("images");
        float[][] parts = new float[(images.count() + batch - 1) / batch][];
        try (Progress progress = Progress.start("describing images", images.count())) {
            for (int i = 0; i < parts.length; i++) {
                int to = Math.min(images.count(), (i + 1) * batch);
                Images some = images.slice(i * batch, to);
                parts[i] =
                        Scope.use(
                                () -> Autograd.off(() -> of(some.tensor(device())).toFloatArray()));
                progress.at(to);
            }
        }
        return Embeddings.of(parts, images.count());
    }

    private NDManager device() {
        return owner == null ? SharedManager.INSTANCE : owner;
    }

    /** Batches of descriptors that own no manager are made on this one, inside scopes that free them. */
    private static final class SharedManager {
        static final NDManager INSTANCE = Torch.manager();
    }

    private void requireOpen() {
        if (owner != null && !owner.isOpen()) {
            throw new IllegalStateException("descriptor: '" + name + "' was closed; load it again");
        }
    }

    /**
     * What tables call it.
     *
     * @return the name
     */
    public String name() {
        return name;
    }

    /**
     * What is done before and after the network.
     *
     * @return the preparation
     */
    public Preprocessing preprocessing() {
        return preprocessing;
    }

    /**
     * Which descriptor this is, for the spec of what is made with it.
     *
     * @return name, preparation and the network's checksum
     */
    public JsonObject spec() {
        JsonObject spec = new JsonObject();
        spec.addProperty("name", name);
        spec.addProperty("preprocessing", preprocessing.toString());
        spec.addProperty("sha256", checksum);
        return spec;
    }

    /** Frees the network. */
    @Override
    public void close() {
        if (owner != null) {
            owner.close();
        }
    }
}
