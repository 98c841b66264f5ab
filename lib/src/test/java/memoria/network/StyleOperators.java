package memoria.network;

import ai.djl.ndarray.NDArray;
import memoria.network.StyleGan2Config.Activation;

/** The operators by themselves, for golden cases of other packages. */
public final class StyleOperators {

    private StyleOperators() {}

    /** Demodulated, padded to keep the size. */
    public static NDArray modulatedConv2d(
            NDArray x, NDArray weight, NDArray styles, NDArray f, int up) {
        return StyleLayers.modulatedConv2d(x, weight, styles, f, up, true);
    }

    /** Default gain; -1 for no limit. */
    public static NDArray biasAct(NDArray x, NDArray b, Activation activation, double limit) {
        return StyleLayers.biasAct(x, b, activation, 1, limit);
    }

    /** Twice the size. */
    public static NDArray upsample2d(NDArray x, NDArray f) {
        return StyleLayers.upsample2d(x, f, 2);
    }

    /** Half the size. */
    public static NDArray downsample2d(NDArray x, NDArray f) {
        return StyleLayers.downsample2d(x, f, 2);
    }
}
