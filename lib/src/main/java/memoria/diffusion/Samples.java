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

    /**
     * What the sampler believed in along the way of one image.
     *
     * @param row which image
     * @param frames how many, evenly spaced from the first step to the last; all steps if there are fewer
     * @return x0-hat at these steps, noisiest first
     * @throws IllegalArgumentException if frames is below 1
     * @throws IllegalStateException if the sampler did not record
     */
    public Images filmstrip(int row, int frames) {
        if (frames < 1) {
            throw new IllegalArgumentException("frames: " + frames + "; at least 1 is legal");
        }
        if (trajectory.isEmpty()) {
            throw new IllegalStateException(
                    "These samples have no trajectory; sample with recording(true).");
        }
        int last = trajectory.size() - 1;
        int count = Math.min(frames, trajectory.size());
        Images[] strip = new Images[count];
        for (int k = 0; k < count; k++) {
            int step = count == 1 ? last : (int) Math.round((double) k * last / (count - 1));
            strip[k] = trajectory.get(step).x0Hat().select(row);
        }
        return Images.concat(strip);
    }
}
