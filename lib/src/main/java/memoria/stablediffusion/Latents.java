package memoria.stablediffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import memoria.data.Images;
import memoria.network.AutoencoderKl;
import memoria.progress.Progress;
import memoria.torch.Autograd;
import memoria.torch.Scalars;
import memoria.torch.Scope;

/** Images and latents through an autoencoder, batch by batch; latents are scaled as a denoiser sees them. */
final class Latents {

    private static final int BATCH = 64;

    private Latents() {}

    /** The mean of each image's distribution of latents, scaled. */
    static Images encode(AutoencoderKl autoencoder, Images images) {
        double scale = autoencoder.config().scale();
        return each(autoencoder, images, x -> Scalars.mul(autoencoder.encode(x).mean(), scale));
    }

    /** The images of scaled latents, limited to [-1, 1]. */
    static Images decode(AutoencoderKl autoencoder, Images latents) {
        double scale = autoencoder.config().scale();
        return each(
                autoencoder, latents, z -> autoencoder.decode(Scalars.div(z, scale)).clip(-1, 1));
    }

    private static Images each(AutoencoderKl autoencoder, Images from, UnaryOperator<NDArray> map) {
        NDManager manager = autoencoder.params().manager();
        List<Images> parts = new ArrayList<>();
        for (int start = 0; start < from.count(); start += BATCH) {
            Progress.checkpoint();
            Images part = from.slice(start, Math.min(start + BATCH, from.count()));
            parts.add(
                    Autograd.off(
                            () -> Scope.use(() -> Images.from(map.apply(part.tensor(manager))))));
        }
        return Images.concat(parts.toArray(Images[]::new));
    }
}
