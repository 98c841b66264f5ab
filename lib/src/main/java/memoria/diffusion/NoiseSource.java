package memoria.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;

/** Where a sampler's noise comes from. The default, {@link Noise#tensor}, makes image i depend on seed i alone. */
@FunctionalInterface
public interface NoiseSource {

    /**
     * Standard normal noise for a batch.
     *
     * @param manager owner of the tensor
     * @param stream {@link Sampler#START} or {@link Sampler#STEP}
     * @param seeds one per row
     * @param step steps done before this draw: 0 for the start and for the noisiest step
     * @param item shape of one row
     * @return float32 (seeds.count(), item), a tensor of its own that the sampler may close
     */
    NDArray tensor(NDManager manager, String stream, Seeds seeds, long step, Shape item);
}
