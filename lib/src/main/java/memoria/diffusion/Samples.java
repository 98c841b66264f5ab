package memoria.diffusion;

import java.util.List;
import memoria.data.Images;

/**
 * What a sampler made.
 *
 * @param images one per seed, in the order of the seeds
 * @param seeds of the images
 * @param complete whether these are all that were asked for; false if the run was interrupted after some batches
 * @param trajectory the steps that led here, noisiest first, if the sampler was told to record them; else empty
 */
public record Samples(Images images, Seeds seeds, boolean complete, List<Moment> trajectory) {

    /**
     * All images at one step of a run.
     *
     * @param t the time, an index of the trained schedule
     * @param xt the noisy images that entered the step
     * @param x0Hat the images the step believed in: after guidance and clipping
     */
    public record Moment(double t, Images xt, Images x0Hat) {}

    /**
     * Samples without a trajectory.
     *
     * @param images one per seed
     * @param seeds of the images
     * @throws IllegalArgumentException if the counts differ
     */
    public Samples(Images images, Seeds seeds) {
        this(images, seeds, true, List.of());
    }

    /**
     * Samples as a record.
     *
     * @param images one per seed
     * @param seeds of the images
     * @param complete whether all are there
     * @param trajectory the steps, or an empty list
     * @throws IllegalArgumentException if the counts differ
     */
    public Samples {
        if (images.count() != seeds.count()) {
            throw new IllegalArgumentException(
                    "images: " + images.count() + " for " + seeds.count() + " seeds");
        }
        trajectory = List.copyOf(trajectory);
    }
}
