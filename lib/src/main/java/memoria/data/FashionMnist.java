package memoria.data;

import java.lang.ref.SoftReference;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): 60,000 training and 10,000 test pictures of clothing, 28x28 grey, ten classes, MIT
 * licence.
 *
 * <p>The files are looked for in the folder that {@code MEMORIA_DATA} (or the system property {@code memoria.data}) names and in its
 * subfolder {@code fashion-mnist}, then where Debian's package {@code dataset-fashion-mnist} puts them, then in the cache
 * ({@code MEMORIA_CACHE}, by default {@code ~/.cache/memoria}), and are downloaded into the cache otherwise. The content's SHA-256 is
 * checked wherever they come from.
 */
public final class FashionMnist {

    private static SoftReference<DataSet> train = new SoftReference<>(null);
    private static SoftReference<DataSet> test = new SoftReference<>(null);

    private FashionMnist() {}

    /**
     * The training set.
     *
     * @return 60,000 images (1, 28, 28) with labels
     * @throws IllegalArgumentException if a file found is damaged or has another content
     * @throws java.io.UncheckedIOException if the files can be neither read nor downloaded
     * @throws IllegalStateException if they are not on this machine and {@code MEMORIA_OFFLINE} forbids a download
     */
    public static synchronized DataSet train() {
        DataSet set = train.get();
        if (set == null) {
            set = read("train", "training set");
            train = new SoftReference<>(set);
        }
        return set;
    }

    /**
     * The test set: real images no model here was trained on.
     *
     * @return 10,000 images (1, 28, 28) with labels
     * @throws IllegalArgumentException if a file found is damaged or has another content
     * @throws java.io.UncheckedIOException if the files can be neither read nor downloaded
     * @throws IllegalStateException if they are not on this machine and {@code MEMORIA_OFFLINE} forbids a download
     */
    public static synchronized DataSet test() {
        DataSet set = test.get();
        if (set == null) {
            set = read("t10k", "test set");
            test = new SoftReference<>(set);
        }
        return set;
    }

    /**
     * Where the files lie on this machine. Nothing is read, checked or downloaded.
     *
     * @return the folder; empty if they would have to be downloaded
     */
    public static Optional<Path> folder() {
        return Manifests.of("fashion-mnist").folder();
    }

    private static DataSet read(String prefix, String part) {
        Manifest manifest = Manifests.of("fashion-mnist");
        Idx images = manifest.idx(prefix + "-images-idx3-ubyte");
        Idx labels = manifest.idx(prefix + "-labels-idx1-ubyte");
        int[] classes = new int[labels.sizes()[0]];
        for (int i = 0; i < classes.length; i++) {
            classes[i] = labels.elements()[i] & 0xff;
        }
        int[] sizes = images.sizes();
        return DataSet.of(
                Images.of(images.elements(), sizes[0], 1, sizes[1], sizes[2]),
                classes,
                manifest.classNames(),
                manifest.provenance(part, images.sha256()));
    }
}
