package memoria.network;

import static memoria.network.Params.Init.FAN_IN;
import static memoria.network.Params.Init.ONE;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import memoria.torch.Ops;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;

/**
 * LPIPS, version 0.1 (Zhang, Isola, Efros, Shechtman and Wang, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", 2018,
 * Eq. 1): features of a classifier of ImageNet after five of its layers, at length 1 in every pixel, compared with learned weights.
 *
 * <pre>{@code
 * d(x, y) = sum over l of  mean over h, w of  sum over c of  w_lc (fhat_l(x)_chw - fhat_l(y)_chw)^2
 * fhat_l(x)_hw = f_l(x)_hw / (|f_l(x)_hw| + 1e-10),   f_l(x) = the trunk's layer l at (x - shift) / scale
 * }</pre>
 *
 * <p>The trunk's parameters have torchvision's names ({@code features.0.weight}), the weights w those of the authors' files ({@code
 * lin0.model.1.weight}). What the trunk classifies with is not loaded. Shift and scale are the published version's: ImageNet's mean and
 * deviation for images in [-1, 1].
 */
public final class LpipsNetwork {

    private static final float[] SHIFT = {-.030f, -.088f, -.188f};
    private static final float[] SCALE = {.458f, .448f, .450f};
    private static final int CHANNELS = 3;
    private static final String FEATURES = "features";

    /** One convolution of a trunk: its place among the trunk's features, its kernel's shape, stride and padding. */
    private record Conv(int at, Shape kernel, int stride, int padding) {
        static Conv of(int at, int in, int out, int kernel) {
            return new Conv(at, new Shape(out, in, kernel, kernel), 1, kernel / 2);
        }
    }

    /** The classifier whose features are compared. */
    public enum Trunk {
        /** AlexNet: what the authors advise for measuring. */
        ALEXNET(
                "alexnet-owt-7be5be79.pth",
                31,
                3,
                List.of(
                        List.of(new Conv(0, new Shape(64, 3, 11, 11), 4, 2)),
                        List.of(Conv.of(3, 64, 192, 5)),
                        List.of(Conv.of(6, 192, 384, 3)),
                        List.of(Conv.of(8, 384, 256, 3)),
                        List.of(Conv.of(10, 256, 256, 3))),
                2),
        /** VGG-16: nearer to the classical perceptual loss, and what many papers optimise. */
        VGG16(
                "vgg16-397923af.pth",
                16,
                2,
                List.of(
                        List.of(Conv.of(0, 3, 64, 3), Conv.of(2, 64, 64, 3)),
                        List.of(Conv.of(5, 64, 128, 3), Conv.of(7, 128, 128, 3)),
                        List.of(
                                Conv.of(10, 128, 256, 3),
                                Conv.of(12, 256, 256, 3),
                                Conv.of(14, 256, 256, 3)),
                        List.of(
                                Conv.of(17, 256, 512, 3),
                                Conv.of(19, 512, 512, 3),
                                Conv.of(21, 512, 512, 3)),
                        List.of(
                                Conv.of(24, 512, 512, 3),
                                Conv.of(26, 512, 512, 3),
                                Conv.of(28, 512, 512, 3))),
                4);

        private final String file;
        private final int smallest;
        private final int window;
        private final List<List<Conv>> stages;
        private final int pools;

        Trunk(String file, int smallest, int window, List<List<Conv>> stages, int pools) {
            this.file = file;
            this.smallest = smallest;
            this.window = window;
            this.stages = stages;
            this.pools = pools;
        }

        /**
         * Name of its file as torchvision publishes it.
         *
         * @return such as {@code alexnet-owt-7be5be79.pth}
         */
        public String file() {
            return file;
        }

        private long channels(int stage) {
            List<Conv> convs = stages.get(stage);
            return convs.get(convs.size() - 1).kernel().get(0);
        }

        /** Which trunk weights belong to. */
        private static Trunk of(Map<String, Shape> heads) {
            for (Trunk trunk : values()) {
                boolean fits = heads.size() == trunk.stages.size();
                for (int i = 0; i < trunk.stages.size(); i++) {
                    Shape wanted = new Shape(1, trunk.channels(i), 1, 1);
                    fits &= wanted.equals(heads.get(head(i)));
                }
                if (fits) {
                    return trunk;
                }
            }
            throw new IllegalArgumentException(
                    "heads: tensors "
                            + heads
                            + "; legal are lin0.model.1.weight to lin4.model.1.weight of AlexNet, (1, C, 1, 1) with C of 64, 192, 384, 256, 256,"
                            + " or of VGG-16, with 64, 128, 256, 512, 512");
        }
    }

    /** A convolution with its parameters. */
    private record Layer(NDArray weight, NDArray bias, Conv conv) {}

    private final Trunk trunk;
    private final Params params;
    private final List<List<Layer>> stages = new ArrayList<>();
    private final List<NDArray> heads = new ArrayList<>();

    /**
     * Builds the network on its parameters.
     *
     * @param trunk the classifier
     * @param heads the weights w, fresh or a file's
     * @param features the classifier's, fresh or a file's; may be the same set
     * @throws IllegalArgumentException if a tensor is missing, unknown or of another shape; it is named
     */
    public LpipsNetwork(Trunk trunk, Params heads, Params features) {
        this.trunk = trunk;
        this.params = heads;
        for (List<Conv> convs : trunk.stages) {
            stages.add(convs.stream().map(conv -> layer(features, conv)).toList());
        }
        for (int i = 0; i < trunk.stages.size(); i++) {
            this.heads.add(heads.get(head(i), ONE, 0, 1, trunk.channels(i), 1, 1));
        }
        heads.requireAllUsed();
        features.requireAllUsed();
    }

    private static String head(int layer) {
        return "lin" + layer + ".model.1.weight";
    }

    private static Layer layer(Params features, Conv conv) {
        Params p = features.at(FEATURES).at("" + conv.at());
        long out = conv.kernel().get(0);
        long fanIn = conv.kernel().size() / out;
        return new Layer(
                p.get("weight", FAN_IN, fanIn, conv.kernel().getShape()),
                p.get("bias", FAN_IN, fanIn, out),
                conv);
    }

    /**
     * Reads the published weights, with the classifier in the same folder under its published name ({@link Trunk#file}).
     *
     * @param heads the authors' {@code alex.pth} or {@code vgg.pth}; or {@code .safetensors}, then the classifier is that too
     * @return the network on {@link Torch#device()}; who closes {@link #manager} frees it
     * @throws IllegalArgumentException if a file is damaged, or its tensors are not this network's; the file and the reason are named
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static LpipsNetwork read(Path heads) {
        StateFile weights = StateFile.open(heads);
        Trunk trunk = kind(weights);
        return read(weights, trunk, StateFile.open(weights.sibling(trunk.file)));
    }

    /**
     * Reads the published weights and a classifier.
     *
     * @param heads the authors' {@code alex.pth} or {@code vgg.pth}, or {@code .safetensors}
     * @param trunk torchvision's AlexNet or VGG-16, which of them the weights decide
     * @return the network on {@link Torch#device()}; who closes {@link #manager} frees it
     * @throws IllegalArgumentException if a file is damaged, or its tensors are not this network's; the file and the reason are named
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static LpipsNetwork read(Path heads, Path trunk) {
        StateFile weights = StateFile.open(heads);
        return read(weights, kind(weights), StateFile.open(trunk));
    }

    private static Trunk kind(StateFile heads) {
        try {
            return Trunk.of(heads.shapes());
        } catch (IllegalArgumentException e) {
            throw heads.named(e);
        }
    }

    private static LpipsNetwork read(StateFile heads, Trunk trunk, StateFile classifier) {
        return classifier.build(
                owner -> {
                    requireClassifier(classifier.shapes());
                    Params features = classifier.params(owner, FEATURES);
                    return new LpipsNetwork(trunk, heads.params(owner, ""), features);
                });
    }

    private static void requireClassifier(Map<String, Shape> shapes) {
        for (String name : shapes.keySet()) {
            if (!name.startsWith(FEATURES + ".") && !name.startsWith("classifier.")) {
                throw new IllegalArgumentException(
                        "trunk: tensor '"
                                + name
                                + "' is no feature's and no classifier's; the architecture is another one");
            }
        }
    }

    /**
     * The distances of pairs. Recorded if x or y is.
     *
     * @param x (N, 3, H, W) in [-1, 1], float32, of at least 31 pixels a side (16 for VGG-16)
     * @param y of the same shape
     * @return (N), 0 or more
     * @throws IllegalArgumentException if the shapes are not such, or differ
     */
    public NDArray distances(NDArray x, NDArray y) {
        return Scope.keep(() -> layers(x, y).sum(new int[] {1}));
    }

    /**
     * What each layer adds to the distances of pairs. Recorded if x or y is.
     *
     * @param x as at {@link #distances}
     * @param y of the same shape
     * @return (N, 5)
     * @throws IllegalArgumentException if the shapes are not such, or differ
     */
    public NDArray layers(NDArray x, NDArray y) {
        check(x, y);
        return Scope.keep(
                () -> {
                    NDArray a = scaled(x);
                    NDArray b = scaled(y);
                    List<NDArray> layers = new ArrayList<>();
                    for (int i = 0; i < stages.size(); i++) {
                        a = stage(i, a);
                        b = stage(i, b);
                        NDArray one = Ops.call("lpips_layer", a, b, heads.get(i));
                        layers.add(one.reshape(-1, 1));
                    }
                    return Ops.cat(layers, 1);
                });
    }

    private void check(NDArray x, NDArray y) {
        Shape shape = x.getShape();
        if (shape.dimension() != 4
                || shape.get(1) != CHANNELS
                || Math.min(shape.get(2), shape.get(3)) < trunk.smallest
                || !shape.equals(y.getShape())) {
            throw new IllegalArgumentException(
                    "x, y: shapes "
                            + shape
                            + " and "
                            + y.getShape()
                            + "; pairs of images (N, 3, H, W) of at least "
                            + trunk.smallest
                            + " pixels a side are needed");
        }
    }

    private static NDArray scaled(NDArray x) {
        Shape perChannel = new Shape(1, CHANNELS, 1, 1);
        return x.sub(Tensors.of(x.getManager(), SHIFT, perChannel))
                .div(Tensors.of(x.getManager(), SCALE, perChannel));
    }

    private NDArray stage(int stage, NDArray x) {
        boolean pooled = stage > 0 && stage <= trunk.pools;
        NDArray h = pooled ? Ops.call("max_pool", x, trunk.window, 2, 0) : x;
        for (Layer layer : stages.get(stage)) {
            Conv conv = layer.conv();
            h =
                    Ops.call(
                            "relu_conv",
                            h,
                            layer.weight(),
                            layer.bias(),
                            conv.stride(),
                            conv.padding());
        }
        return h;
    }

    /**
     * Which classifier's features are compared.
     *
     * @return the trunk
     */
    public Trunk trunk() {
        return trunk;
    }

    /**
     * The manager the parameters live on.
     *
     * @return the owner; closing it frees the network
     */
    public NDManager manager() {
        return params.manager();
    }
}
