package memoria.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import memoria.data.Images;
import memoria.diffusion.Noise;
import memoria.diffusion.Seeds;
import memoria.torch.Autograd;
import memoria.torch.Scope;

/** What makes an image from a latent point in one pass, {@code x = G(z)}: the generators of GANs. Image i belongs to seed i. */
public interface ImageGenerator extends AutoCloseable {

    /**
     * Images from latent points.
     *
     * @param z (N, latent), float32
     * @return (N, C, H, W)
     * @throws IllegalArgumentException if z has another shape
     * @throws IllegalStateException if the generator was closed
     */
    NDArray forward(NDArray z);

    /**
     * How many numbers an image is made from.
     *
     * @return the count
     */
    int latent();

    /**
     * Shape of one image.
     *
     * @return (C, H, W)
     */
    Shape item();

    /**
     * The same generator for images of one class.
     *
     * @param label 0 for a generator without classes, which then is returned itself
     * @return a generator of the same parameters
     * @throws IllegalArgumentException if there is no such class
     */
    default ImageGenerator ofClass(int label) {
        if (label != 0) {
            throw new IllegalArgumentException(
                    "label: " + label + "; this generator has no classes, so that only 0 is legal");
        }
        return this;
    }

    /**
     * The manager of its parameters.
     *
     * @return the owner
     * @throws IllegalStateException if the generator was closed
     */
    NDManager manager();

    /**
     * The latent points of seeds: standard normal.
     *
     * @param manager owner of the tensor
     * @param seeds one per row
     * @return (N, latent)
     */
    default NDArray latents(NDManager manager, Seeds seeds) {
        return Noise.tensor(manager, "generator/latent", seeds, 0, new Shape(latent()));
    }

    /**
     * The images of seeds.
     *
     * @param seeds one per image
     * @return as many images
     */
    default Images sample(Seeds seeds) {
        List<Images> parts = new ArrayList<>();
        for (Seeds batch : seeds.batches(64)) {
            Scope.run(
                    () ->
                            Autograd.off(
                                    () ->
                                            parts.add(
                                                    Images.from(
                                                            forward(latents(manager(), batch))))));
        }
        return Images.concat(parts.toArray(Images[]::new));
    }

    /** Frees the parameters; images cannot be made from then on. */
    @Override
    void close();
}
