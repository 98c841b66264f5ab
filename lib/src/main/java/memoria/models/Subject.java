package memoria.models;

import ai.djl.ndarray.types.Shape;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import memoria.artifact.ModelId;
import memoria.data.Cifar10;
import memoria.data.DataSet;
import memoria.data.FashionMnist;
import memoria.data.Framing;
import memoria.data.Images;
import memoria.data.Manifests;
import memoria.data.Pictures;
import memoria.network.NetworkDenoiser;

/**
 * A model to be studied, with the images it was trained on and real images that it never saw: the papers' checkpoints, or your own.
 *
 * <pre>{@code
 * try (var s = Subject.of("iddpm-cifar10", "cifar-10", "cifar-10")) { ... }
 * try (var s = Subject.of("my.safetensors", "photos/train", "photos/test")) { ... }
 * }</pre>
 *
 * @param model the model; closed with the subject
 * @param id its name and checksum
 * @param training its training images, sized as the model's
 * @param unseen real images it was not trained on, sized as the model's
 */
public record Subject(NetworkDenoiser model, ModelId id, DataSet training, DataSet unseen)
        implements AutoCloseable {

    private static final String CIFAR10 = "cifar-10";
    private static final String FASHION = "fashion-mnist";

    /**
     * Opens a model and its images.
     *
     * @param checkpoint what {@link Models#denoiser(String)} takes
     * @param trainingSet a data set by name ({@code cifar-10}, {@code fashion-mnist}, a shipped one) or path: a folder with CIFAR-10's binary
     *     files, a folder of pictures, or a file that {@link DataSet#save} wrote
     * @param unseenSet as trainingSet; of a published set its test part is taken
     * @return the subject; the caller closes it
     * @throws IllegalArgumentException if one of them is not there, or images do not fit the model; the argument is named
     */
    public static Subject of(String checkpoint, String trainingSet, String unseenSet) {
        NetworkDenoiser model = Models.denoiser(checkpoint);
        try {
            Shape item = model.item();
            DataSet training =
                    fit("trainingSet", set("trainingSet", trainingSet, false, item), item);
            DataSet unseen = fit("unseenSet", set("unseenSet", unseenSet, true, item), item);
            return new Subject(model, Models.id(checkpoint), training, unseen);
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    private static DataSet set(String argument, String name, boolean test, Shape item) {
        if (name.equals(CIFAR10)) {
            if (Cifar10.folder().isEmpty()) {
                Manifests.fetch(CIFAR10);
            }
            return test ? Cifar10.test() : Cifar10.train();
        }
        if (name.equals(FASHION)) {
            return test ? FashionMnist.test() : FashionMnist.train();
        }
        if (Models.imageNames().contains(name)) {
            return Models.images(name);
        }
        Path path = path(argument, name);
        if (!Files.isDirectory(path)) {
            return DataSet.load(path);
        }
        String batch = test ? "test_batch.bin" : "data_batch_1.bin";
        boolean cifar =
                Files.exists(path.resolve(batch))
                        || Files.exists(path.resolve("cifar-10-batches-bin").resolve(batch));
        if (cifar) {
            return test ? Cifar10.test(path) : Cifar10.train(path);
        }
        return pictures(path, item);
    }

    private static Path path(String argument, String name) {
        Path path = Checkpoints.path(name);
        if (path == null || !Files.exists(path)) {
            throw new IllegalArgumentException(
                    argument
                            + ": no data set '"
                            + name
                            + "'; there are "
                            + List.of(CIFAR10, FASHION)
                            + ", "
                            + Models.imageNames()
                            + ", and "
                            + Checkpoints.nothing(path));
        }
        return path;
    }

    /**
     * Checks that there is a data set of a name, without reading or fetching it.
     *
     * @param argument how the caller names it
     * @param name what {@link #of} takes
     * @throws IllegalArgumentException if there is none; the message lists those there are
     */
    public static void requireSet(String argument, String name) {
        boolean known = name.equals(CIFAR10) || name.equals(FASHION);
        if (!known && !Models.imageNames().contains(name)) {
            path(argument, name);
        }
    }

    /** Cut to the middle and sized as the model's images; in grey if those are. */
    private static DataSet pictures(Path folder, Shape item) {
        Framing framing = Framing.of(Math.toIntExact(item.get(1)), Math.toIntExact(item.get(2)));
        Framing coloured = item.get(0) == 1 ? framing.grey() : framing;
        return Pictures.folder(folder).read(coloured).setWithWarning();
    }

    private static DataSet fit(String argument, DataSet set, Shape item) {
        Images images = set.distinct();
        if (images.channels() != item.get(0)) {
            throw new IllegalArgumentException(
                    argument
                            + ": images of "
                            + images.channels()
                            + " channels; the model makes images of "
                            + item.get(0));
        }
        boolean same = images.item().equals(item);
        return same ? set : set.resize(Math.toIntExact(item.get(1)), Math.toIntExact(item.get(2)));
    }

    /**
     * This subject, if its unseen images are enough to judge by: a limit that a share of them exceeds needs one that does.
     *
     * @param rate the share, such as 0.001
     * @return this
     * @throws IllegalArgumentException if there are fewer than {@code 1 / rate}; the subject is closed then
     */
    public Subject judgedAt(double rate) {
        if (unseen.count() * rate >= 1) {
            return this;
        }
        close();
        throw new IllegalArgumentException(
                String.format(
                        Locale.ROOT,
                        "unseenSet: %d images; a limit that a share of %s of them exceeds needs at least %.0f: give more, or a larger rate",
                        unseen.count(),
                        rate,
                        Math.ceil(1 / rate)));
    }

    /**
     * What the subject is, in one line.
     *
     * @return for example {@code cifar10_uncond_50M_500K.pt: (3, 32, 32), trained on 50000 images, 10000 unseen}
     */
    @Override
    public String toString() {
        return id.name()
                + ": "
                + model.item()
                + ", trained on "
                + training.count()
                + " images, "
                + unseen.count()
                + " unseen";
    }

    @Override
    public void close() {
        model.close();
    }
}
