package memoria.network;

import static memoria.network.Params.Init.FAN_IN;
import static memoria.network.Params.Init.ONE;
import static memoria.network.Params.Init.ZERO;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import memoria.torch.Ops;
import memoria.torch.Scope;
import memoria.torch.Torch;

/**
 * Inception v3 (Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2016) as it stands in TensorFlow's graph of 5
 * December 2015, by whose last pooling the FID is defined (Heusel et al., 2017). Parameters carry torchvision's names, so the state dictionary
 * that pytorch-fid publishes loads as it is.
 *
 * <p>That graph is not torchvision's network. It has 1,008 classes; the averages within its blocks leave out the padding ({@code
 * count_include_pad} false) where torchvision counts it as zeros; and its last block takes the maximum where the one before takes the average.
 * Images are brought to 299x299 bilinearly, neither corners aligned nor antialiased, and read in [-1, 1].
 *
 * <pre>{@code
 * conv(x)     = relu(batchNorm(x * w)),  eps 0.001, running statistics
 * features(x) = mean over the 8x8 pixels of Mixed_7c(... Mixed_5b(... conv(resized x)))
 * scores(x)   = fc(features(x))
 * }</pre>
 *
 * <p>Published FIDs come from images in 8 bits; values between their levels give other features.
 */
public final class InceptionV3 {

    /** Numbers that describe an image. */
    public static final int FEATURES = 2048;

    private static final int SIDE = 299;
    private static final int CHANNELS = 3;
    private static final int CLASSES = 1008;

    /** Something that reads images or features and gives features. */
    interface Part {
        NDArray apply(NDArray x);
    }

    private final Params params;
    private final Map<String, Part> blocks = new LinkedHashMap<>();
    private final NDArray fcWeight;
    private final NDArray fcBias;

    /**
     * Builds the network on its parameters.
     *
     * @param params fresh, or a checkpoint's; {@code num_batches_tracked} is left out
     * @throws IllegalArgumentException if a tensor is missing, unknown or of another shape; it is named
     */
    public InceptionV3(Params params) {
        this.params = params;
        stem();
        averaging("Mixed_5b", 192, 32);
        averaging("Mixed_5c", 256, 64);
        averaging("Mixed_5d", 288, 64);
        halving("Mixed_6a", 288);
        factorised("Mixed_6b", 128);
        factorised("Mixed_6c", 160);
        factorised("Mixed_6d", 160);
        factorised("Mixed_6e", 192);
        halvingAgain("Mixed_7a", 768);
        spreading("Mixed_7b", 1280, InceptionV3::innerAverage);
        spreading("Mixed_7c", 2048, x -> Ops.call("max_pool", x, 3, 1, 1));
        fcWeight = params.get("fc.weight", FAN_IN, FEATURES, CLASSES, FEATURES);
        fcBias = params.get("fc.bias", FAN_IN, FEATURES, CLASSES);
        params.requireAllUsed();
    }

    /**
     * Reads a published network onto {@link Torch#device()}.
     *
     * @param file a state dictionary in PyTorch's format, such as {@code pt_inception-2015-12-05-6726825d.pth}, or {@code .safetensors}
     * @return the network; who closes its parameters' manager frees it
     * @throws IllegalArgumentException if the file is damaged, or its tensors are not this network's; the file and the reason are named
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static InceptionV3 read(Path file) {
        StateFile content = StateFile.open(file);
        return content.build(owner -> new InceptionV3(content.params(owner, "")));
    }

    private void stem() {
        blocks.put("Conv2d_1a_3x3", conv(params.at("Conv2d_1a_3x3"), 3, 32, 3, 2, 0));
        blocks.put("Conv2d_2a_3x3", conv(params.at("Conv2d_2a_3x3"), 32, 32, 3, 1, 0));
        blocks.put("Conv2d_2b_3x3", conv(params.at("Conv2d_2b_3x3"), 32, 64, 3, 1, 1));
        blocks.put("maxpool1", InceptionV3::halvingMaximum);
        blocks.put("Conv2d_3b_1x1", conv(params.at("Conv2d_3b_1x1"), 64, 80, 1, 1, 0));
        blocks.put("Conv2d_4a_3x3", conv(params.at("Conv2d_4a_3x3"), 80, 192, 3, 1, 0));
        blocks.put("maxpool2", InceptionV3::halvingMaximum);
    }

    /** 35x35: branches of 1x1, 5x5, two 3x3, and the average of the neighbourhood. */
    private void averaging(String name, int in, int pooled) {
        Params p = params.at(name);
        blocks.put(
                name,
                join(
                        conv(p.at("branch1x1"), in, 64, 1, 1, 0),
                        chain(
                                conv(p.at("branch5x5_1"), in, 48, 1, 1, 0),
                                conv(p.at("branch5x5_2"), 48, 64, 5, 1, 2)),
                        chain(
                                conv(p.at("branch3x3dbl_1"), in, 64, 1, 1, 0),
                                conv(p.at("branch3x3dbl_2"), 64, 96, 3, 1, 1),
                                conv(p.at("branch3x3dbl_3"), 96, 96, 3, 1, 1)),
                        chain(
                                InceptionV3::innerAverage,
                                conv(p.at("branch_pool"), in, pooled, 1, 1, 0))));
    }

    /** From 35x35 to 17x17. */
    private void halving(String name, int in) {
        Params p = params.at(name);
        blocks.put(
                name,
                join(
                        conv(p.at("branch3x3"), in, 384, 3, 2, 0),
                        chain(
                                conv(p.at("branch3x3dbl_1"), in, 64, 1, 1, 0),
                                conv(p.at("branch3x3dbl_2"), 64, 96, 3, 1, 1),
                                conv(p.at("branch3x3dbl_3"), 96, 96, 3, 2, 0)),
                        InceptionV3::halvingMaximum));
    }

    /** 17x17: 7x7 kernels as a row after a column. */
    private void factorised(String name, int mid) {
        int in = 768;
        Params p = params.at(name);
        blocks.put(
                name,
                join(
                        conv(p.at("branch1x1"), in, 192, 1, 1, 0),
                        chain(
                                conv(p.at("branch7x7_1"), in, mid, 1, 1, 0),
                                row(p.at("branch7x7_2"), mid, mid, 7),
                                column(p.at("branch7x7_3"), mid, 192, 7)),
                        chain(
                                conv(p.at("branch7x7dbl_1"), in, mid, 1, 1, 0),
                                column(p.at("branch7x7dbl_2"), mid, mid, 7),
                                row(p.at("branch7x7dbl_3"), mid, mid, 7),
                                column(p.at("branch7x7dbl_4"), mid, mid, 7),
                                row(p.at("branch7x7dbl_5"), mid, 192, 7)),
                        chain(
                                InceptionV3::innerAverage,
                                conv(p.at("branch_pool"), in, 192, 1, 1, 0))));
    }

    /** From 17x17 to 8x8. */
    private void halvingAgain(String name, int in) {
        Params p = params.at(name);
        blocks.put(
                name,
                join(
                        chain(
                                conv(p.at("branch3x3_1"), in, 192, 1, 1, 0),
                                conv(p.at("branch3x3_2"), 192, 320, 3, 2, 0)),
                        chain(
                                conv(p.at("branch7x7x3_1"), in, 192, 1, 1, 0),
                                row(p.at("branch7x7x3_2"), 192, 192, 7),
                                column(p.at("branch7x7x3_3"), 192, 192, 7),
                                conv(p.at("branch7x7x3_4"), 192, 192, 3, 2, 0)),
                        InceptionV3::halvingMaximum));
    }

    /** 8x8: rows and columns of 3 side by side. */
    private void spreading(String name, int in, Part pool) {
        Params p = params.at(name);
        blocks.put(
                name,
                join(
                        conv(p.at("branch1x1"), in, 320, 1, 1, 0),
                        chain(
                                conv(p.at("branch3x3_1"), in, 384, 1, 1, 0),
                                join(
                                        row(p.at("branch3x3_2a"), 384, 384, 3),
                                        column(p.at("branch3x3_2b"), 384, 384, 3))),
                        chain(
                                conv(p.at("branch3x3dbl_1"), in, 448, 1, 1, 0),
                                conv(p.at("branch3x3dbl_2"), 448, 384, 3, 1, 1),
                                join(
                                        row(p.at("branch3x3dbl_3a"), 384, 384, 3),
                                        column(p.at("branch3x3dbl_3b"), 384, 384, 3))),
                        chain(pool, conv(p.at("branch_pool"), in, 192, 1, 1, 0))));
    }

    private static Part conv(Params p, int in, int out, int kernel, int stride, int padding) {
        return conv(p, new Shape(out, in, kernel, kernel), stride, padding, padding);
    }

    private static Part row(Params p, int in, int out, int length) {
        return conv(p, new Shape(out, in, 1, length), 1, 0, length / 2);
    }

    private static Part column(Params p, int in, int out, int length) {
        return conv(p, new Shape(out, in, length, 1), 1, length / 2, 0);
    }

    private static Part conv(Params p, Shape kernel, int stride, int vertical, int horizontal) {
        long out = kernel.get(0);
        List<NDArray> w =
                List.of(
                        p.get("conv.weight", FAN_IN, kernel.size() / out, kernel.getShape()),
                        p.get("bn.weight", ONE, 0, out),
                        p.get("bn.bias", ZERO, 0, out),
                        p.buffer("bn.running_mean", ZERO, out),
                        p.buffer("bn.running_var", ONE, out));
        p.leaveOut("bn.num_batches_tracked");
        return x -> Ops.call("inception_conv", x, w, stride, vertical, horizontal);
    }

    private static Part chain(Part... steps) {
        return x -> {
            NDArray h = x;
            for (Part step : steps) {
                h = step.apply(h);
            }
            return h;
        };
    }

    /** What all branches make of the same input, their channels one after another. */
    private static Part join(Part... branches) {
        return x -> Ops.cat(Arrays.stream(branches).map(branch -> branch.apply(x)).toList(), 1);
    }

    private static NDArray halvingMaximum(NDArray x) {
        return Ops.call("max_pool", x, 3, 2, 0);
    }

    /** The mean of the 3x3 neighbourhood, of as many pixels as lie within the image. */
    private static NDArray innerAverage(NDArray x) {
        return Ops.call("inner_avg_pool", x);
    }

    /**
     * The features of Frechet distances: 2,048 numbers an image. Recorded if x is.
     *
     * @param x (N, 3, H, W) in [-1, 1], of any size, float32
     * @return (N, 2048), 0 or more
     * @throws IllegalArgumentException if x are no images of three channels
     */
    public NDArray features(NDArray x) {
        Shape shape = x.getShape();
        if (shape.dimension() != 4 || shape.get(1) != CHANNELS) {
            throw new IllegalArgumentException(
                    "x: shape " + shape + "; Inception takes images (N, 3, H, W)");
        }
        return Scope.keep(
                () -> {
                    NDArray h = Ops.call("stretch", x, SIDE, SIDE);
                    for (Part block : blocks.values()) {
                        try (NDArray used = h) {
                            h = Scope.keep(() -> block.apply(used));
                        }
                    }
                    return Ops.meanPool(h);
                });
    }

    /**
     * The scores of the 1,008 classes, before the softmax. Recorded if x is.
     *
     * @param x as at {@link #features}
     * @return (N, 1008)
     * @throws IllegalArgumentException if x are no images of three channels
     */
    public NDArray scores(NDArray x) {
        return Scope.keep(() -> Ops.linear(features(x), fcWeight, fcBias));
    }

    /** The parts in their order, by torchvision's names. */
    Map<String, Part> blocks() {
        return Collections.unmodifiableMap(blocks);
    }

    /**
     * The parameters it was built on.
     *
     * @return the set
     */
    public Params params() {
        return params;
    }
}
