import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import memoria.checkpoint.SafeTensors;
import memoria.data.Cifar10;
import memoria.data.DataSet;
import memoria.data.Images;
import memoria.data.Provenance;
import memoria.diffusion.Noise;
import memoria.diffusion.NoiseSchedule;
import memoria.network.DenoiserFile;
import memoria.network.Generator;
import memoria.network.GeneratorConfig;
import memoria.network.InceptionV3;
import memoria.network.LpipsNetwork;
import memoria.network.Params;
import memoria.network.UNetConfig;
import memoria.torch.Torch;

/** Inputs of the paper's formats and of no use: pictures of coloured discs as CIFAR-10's files and as a folder, models that learned nothing. */
public class Inputs {

    private static final int SIDE = 32;
    private static final int CLASSES = 10;

    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        Files.createDirectories(folder);
        DataSet train = discs(300, 1);
        DataSet unseen = discs(1000, 2);
        Cifar10.write(train, unseen, folder.resolve("cifar-10-batches-bin"));
        pictures(train, folder.resolve("photos/train"));
        pictures(unseen.first(200), folder.resolve("photos/test"));

        UNetConfig unet =
                UNetConfig.of(3, 32, 3).optNumResBlocks(1).optChannelMult(1, 2).optAttentionResolutions(2);
        Params params = Params.fresh(Torch.manager(), 1);
        unet.build(params);
        JsonObject made = new JsonObject();
        made.addProperty("name", "learned nothing");
        DenoiserFile.write(
                folder.resolve("model.safetensors"),
                params.all(),
                unet,
                NoiseSchedule.linear(1000),
                train.distinct().item(),
                made);
        GeneratorConfig gan = new GeneratorConfig(16, 3, 8, 3);
        try (Generator generator = new Generator(gan, Params.fresh(Torch.manager(), 1), made)) {
            Generator.write(
                    folder.resolve("gan.generator.safetensors"), generator.params().all(), gan, made);
        }
        // Read as the published weights of FID and LPIPS are.
        Params inception = Params.fresh(Torch.manager(), 1);
        new InceptionV3(inception);
        Params heads = Params.fresh(Torch.manager(), 1);
        Params features = Params.fresh(Torch.manager(), 1);
        new LpipsNetwork(LpipsNetwork.Trunk.ALEXNET, heads, features);
        SafeTensors.write(folder.resolve("alex.safetensors"), heads.all(), Map.of());
        SafeTensors.write(folder.resolve("alexnet-owt-7be5be79.safetensors"), features.all(), Map.of());
        SafeTensors.write(folder.resolve("inception.safetensors"), inception.all(), Map.of());
        System.exit(0);
    }

    /** Every class has a colour; place, size and brightness are each picture's own. */
    private static DataSet discs(int count, long seed) {
        float[] values = new float[count * 3 * SIDE * SIDE];
        int[] labels = new int[count];
        for (int i = 0; i < count; i++) {
            double[] u = Noise.uniform("discs", seed, i, 6);
            labels[i] = i % CLASSES;
            for (int c = 0; c < 3; c++) {
                double colour = Math.sin(labels[i] * (c + 1)) * (0.5 + u[3] / 2);
                for (int p = 0; p < SIDE * SIDE; p++) {
                    double x = p % SIDE - 8 - 16 * u[0];
                    double y = p / SIDE - 8 - 16 * u[1];
                    double inside = 1 / (1 + Math.exp(Math.hypot(x, y) - 4 - 6 * u[2]));
                    values[(i * 3 + c) * SIDE * SIDE + p] =
                            (float) (inside * colour + (1 - inside) * (u[4] - 0.5 + u[5] * p / SIDE / SIDE));
                }
            }
        }
        List<String> names = java.util.stream.IntStream.range(0, CLASSES).mapToObj(c -> "colour " + c).toList();
        return DataSet.of(
                Images.of(values, count, 3, SIDE, SIDE).quantized(), labels, names, Provenance.made("discs"));
    }

    private static void pictures(DataSet set, Path folder) throws Exception {
        for (int i = 0; i < set.count(); i++) {
            Path of = folder.resolve(set.classNames().get(set.labels()[i]));
            Files.createDirectories(of);
            javax.imageio.ImageIO.write(
                    set.distinct().picture(i), "png", of.resolve(String.format("%04d.png", i)).toFile());
        }
    }
}
