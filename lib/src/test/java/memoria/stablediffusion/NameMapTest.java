package memoria.stablediffusion;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import memoria.network.AutoencoderConfig;
import memoria.network.AutoencoderKl;
import memoria.network.Params;
import memoria.network.UNetConfig;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The names of Stable Diffusion 1's tensors in both layouts, on networks of its depth and a tenth of its width. */
class NameMapTest {

    private static final UNetConfig UNET =
            UNetConfig.of(4, 32, 4)
                    .optNumResBlocks(2)
                    .optChannelMult(1, 2, 4, 4)
                    .optAttentionResolutions(1, 2, 4)
                    .optNumHeads(8, -1)
                    .optContext(24, 1);
    private static final AutoencoderConfig KL = AutoencoderConfig.of(3, 4, 32);

    private final NDManager manager = Torch.manager();

    @AfterEach
    void close() {
        manager.close();
    }

    private Map<String, Shape> shapes(Params params) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        params.all().forEach((name, tensor) -> shapes.put(name, tensor.getShape()));
        return shapes;
    }

    private Map<String, Shape> unet(UNetConfig config) {
        Params params = Params.fresh(manager, 1);
        config.build(params);
        return shapes(params);
    }

    private Map<String, Shape> autoencoder(AutoencoderConfig config) {
        Params params = Params.fresh(manager, 1);
        new AutoencoderKl(config, params);
        return shapes(params);
    }

    private static void goesBothWays(NameMap names, Set<String> ours) {
        Set<String> theirs = ours.stream().map(names::theirs).collect(Collectors.toSet());
        assertThat(theirs).hasSameSizeAs(ours);
        ours.forEach(name -> assertThat(names.ours(names.theirs(name))).contains(name));
    }

    @Test
    void everyTensorHasOneNameInEachLayout() {
        Set<String> unet = unet(UNET).keySet();
        assertThat(unet).as("as many as in the public checkpoint").hasSize(686);
        goesBothWays(NameMap.diffusers(UNET), unet);
        Set<String> autoencoder = autoencoder(KL).keySet();
        assertThat(autoencoder).as("as many as in the public checkpoint").hasSize(248);
        goesBothWays(NameMap.diffusers(KL), autoencoder);
    }

    @ParameterizedTest
    @CsvSource({
        "conv_in.weight, input_blocks.0.0.weight",
        "time_embedding.linear_2.bias, time_embed.2.bias",
        "down_blocks.0.downsamplers.0.conv.weight, input_blocks.3.0.op.weight",
        "down_blocks.1.attentions.0.proj_in.weight, input_blocks.4.1.proj_in.weight",
        "down_blocks.3.resnets.1.time_emb_proj.bias, input_blocks.11.0.emb_layers.1.bias",
        "mid_block.resnets.1.conv2.weight, middle_block.2.out_layers.3.weight",
        "up_blocks.0.upsamplers.0.conv.bias, output_blocks.2.1.conv.bias",
        "up_blocks.1.upsamplers.0.conv.bias, output_blocks.5.2.conv.bias",
        "up_blocks.3.resnets.2.conv_shortcut.weight, output_blocks.11.0.skip_connection.weight"
    })
    void theUNetsLayersStandWhereThePublicConverterPutsThem(String theirs, String ours) {
        assertThat(NameMap.diffusers(UNET).ours(theirs)).contains(ours);
    }

    @ParameterizedTest
    @CsvSource({
        "encoder.down_blocks.2.resnets.0.conv_shortcut.bias, encoder.down.2.block.0.nin_shortcut.bias",
        "encoder.mid_block.attentions.0.query.weight, encoder.mid.attn_1.q.weight",
        "decoder.mid_block.attentions.0.to_out.0.bias, decoder.mid.attn_1.proj_out.bias",
        "decoder.up_blocks.0.resnets.2.norm1.weight, decoder.up.3.block.2.norm1.weight",
        "decoder.up_blocks.2.upsamplers.0.conv.weight, decoder.up.1.upsample.conv.weight"
    })
    void theAutoencodersLayersToo(String theirs, String ours) {
        assertThat(NameMap.diffusers(KL).ours(theirs)).contains(ours);
    }

    @Test
    void anUnknownTensorHasNoName() {
        assertThat(NameMap.diffusers(UNET).ours("class_embedding.weight")).isEmpty();
        assertThat(NameMap.diffusers(UNET).ours("down_blocks.9.resnets.0.conv1.weight")).isEmpty();
    }

    @Test
    void theShapesOfASingleFileShowItsArchitecture() {
        assertThat(LdmShapes.unet(unet(UNET))).isEqualTo(UNET);
        UNetConfig deeper = UNET.optChannelMult(1, 3).optNumResBlocks(1).optContext(40, 2);
        assertThat(LdmShapes.unet(unet(deeper.optAttentionResolutions(2))))
                .isEqualTo(deeper.optAttentionResolutions(2));
        assertThat(LdmShapes.autoencoder(autoencoder(KL))).isEqualTo(KL);
        AutoencoderConfig other =
                KL.optChannelMult(1, 2).optNumResBlocks(1).optAttentionFactors(2).optZChannels(8);
        assertThat(LdmShapes.autoencoder(autoencoder(other))).isEqualTo(other);
    }
}
