package memoria.similarity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import memoria.data.Images;
import memoria.torch.Autograd;
import memoria.torch.Scalars;
import memoria.torch.Scope;
import memoria.torch.Torch;

/**
 * Pictures without their brightness and contrast: {@code (x - mean(x)) / sqrt(var(x) + 1e-4)} over all values of a picture, so that
 * {@code a x + b} is nearly the same picture for every a above 0. The 1e-4, a deviation of 0.01 where values go from -1 to 1, keeps an even
 * picture even.
 */
final class Standardized {

    private static final double EVEN = 1e-4;

    private Standardized() {}

    /**
     * Standardizes a batch.
     *
     * @param x (B, C, H, W)
     * @return the same shape, recording if x is
     */
    static NDArray of(NDArray x) {
        Shape shape = x.getShape();
        NDArray rows = x.reshape(new Shape(shape.get(0), -1));
        NDArray centred = rows.sub(rows.mean(new int[] {1}, true));
        NDArray variance = centred.mul(centred).mean(new int[] {1}, true);
        return centred.div(Scalars.add(variance, EVEN).sqrt()).reshape(shape);
    }

    /**
     * Standardizes images.
     *
     * @param images in any number
     * @return as many, of the same shape
     */
    static Images of(Images images) {
        return Scope.use(() -> Autograd.off(() -> Images.from(of(images.tensor(Torch.manager())))));
    }
}
