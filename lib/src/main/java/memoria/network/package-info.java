/**
 * Networks: improved-diffusion's UNet and an MLP for points. Parameters carry the names of the public checkpoints and are reached
 * through {@link memoria.network.Params} alone, so that loading, training and adapting weights is one path.
 */
package memoria.network;
