package memoria.stablediffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;
import memoria.artifact.Artifact;
import memoria.data.Images;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;

/** Images in the shards of an artifact, in 256 levels. */
final class StoredImages {

    private static final String IMAGES = "images";

    private StoredImages() {}

    static Map<String, NDArray> shard(Images images, NDManager manager) {
        Shape shape = new Shape(images.count()).addAll(images.item());
        ByteBuffer levels = ByteBuffer.wrap(images.bytes());
        return Map.of(IMAGES, Tensors.of(manager, levels, shape, DataType.UINT8));
    }

    static Images read(Artifact artifact) {
        try (NDManager manager = Torch.manager()) {
            return Images.concat(
                    IntStream.range(0, artifact.shards().size())
                            .mapToObj(i -> Scope.use(() -> read(artifact, i, manager)))
                            .toArray(Images[]::new));
        }
    }

    private static Images read(Artifact artifact, int shard, NDManager manager) {
        NDArray stored = artifact.shard(shard, manager).get(IMAGES);
        int[] size =
                Arrays.stream(stored.getShape().getShape()).mapToInt(Math::toIntExact).toArray();
        return Images.of(stored.toByteArray(), size[0], size[1], size[2], size[3]);
    }
}
