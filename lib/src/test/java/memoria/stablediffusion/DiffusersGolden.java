package memoria.stablediffusion;

import ai.djl.ndarray.NDArray;
import java.util.LinkedHashMap;
import java.util.Map;
import memoria.diffusion.Condition;
import memoria.golden.GoldenCase;
import memoria.golden.GoldenFamily;
import memoria.network.AutoencoderConfig;
import memoria.network.AutoencoderGolden;
import memoria.network.AutoencoderKl;
import memoria.network.Dropout;
import memoria.network.Params;
import memoria.network.UNet;
import memoria.network.UNetConfig;
import memoria.torch.Autograd;

/** {@code diffusers_unet} and {@code diffusers_vae}: the same networks as {@code ldm_*}, under diffusers' names and configurations. */
public final class DiffusersGolden implements GoldenFamily {

    @Override
    public boolean serves(String caseName) {
        return caseName.startsWith("diffusers_unet") || caseName.startsWith("diffusers_vae");
    }

    @Override
    public void compare(GoldenCase golden) {
        if (golden.name().startsWith("diffusers_vae")) {
            AutoencoderConfig config = DiffusersConfig.autoencoder(golden.constants());
            Params params = params(golden, NameMap.diffusers(config));
            AutoencoderGolden.compare(golden, new AutoencoderKl(config, params));
            return;
        }
        UNetConfig config = DiffusersConfig.unet(golden.constants());
        UNet net = config.build(params(golden, NameMap.diffusers(config)));
        Condition text = Condition.embedding(golden.input("context"));
        NDArray x = golden.input("x");
        double[] t = java.util.Arrays.stream(golden.integers("t")).asDoubleStream().toArray();
        NDArray out = Autograd.off(() -> net.forward(x, t, text, Dropout.NONE));
        golden.check("out", out);
    }

    private static Params params(GoldenCase golden, NameMap names) {
        Map<String, NDArray> ours = new LinkedHashMap<>();
        golden.weights()
                .forEach(
                        (theirs, tensor) -> {
                            String name = names.ours(theirs).orElseThrow();
                            ours.put(name, names.fit(name, tensor));
                        });
        return Params.of(golden.manager(), ours);
    }
}
