import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import memoria.checkpoint.SafeTensors;
import memoria.diffusion.Noise;
import memoria.diffusion.Seeds;
import memoria.stablediffusion.Tokenizer;
import memoria.torch.Autograd;
import memoria.torch.Scalars;
import memoria.torch.Torch;

/**
 * A Stable Diffusion that learned nothing, in the folders, files and names that diffusers writes for version 1.5, with 32 to 64 channels instead
 * of 320 to 1280; captioned pictures; a TorchScript in the place of SSCD; a CLIP in Hugging Face's layout. Names and shapes are written down here,
 * not taken from the library.
 */
public class TextInputs {

    private static final int[] WIDTHS = {32, 64, 64, 64};
    private static final int TEXT = 64;
    private static final int LAYERS = 12;
    private static final int TOKENS = 77;
    private static final int FEATURES = 48;
    private static final int TIME = 4 * WIDTHS[0];
    private static final String[] COLOURS = {"red", "green", "blue", "white"};
    private static final String[] THINGS = {"disc", "square", "bar"};

    private static Map<String, NDArray> tensors = new TreeMap<>();

    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        List<String> captions = pictures(folder.resolve("captioned"));
        Path model = folder.resolve("stable-diffusion");
        Tokenizer tokenizer = Tokenizer.learn(captions, 60, TOKENS);
        tokenizer(tokenizer, Files.createDirectories(model.resolve("tokenizer")));
        text(tokenizer.size());
        write(model, "text_encoder", "model.safetensors", "CLIPTextModel",
                "\"hidden_size\": 64, \"num_attention_heads\": 1, \"num_hidden_layers\": 12, \"max_position_embeddings\": 77");
        unet();
        write(model, "unet", "diffusion_pytorch_model.safetensors", "UNet2DConditionModel",
                """
                "act_fn": "silu", "attention_head_dim": 8, "block_out_channels": [32, 64, 64, 64], "center_input_sample": false,
                "cross_attention_dim": 64, "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D",
                "DownBlock2D"], "downsample_padding": 1, "flip_sin_to_cos": true, "freq_shift": 0, "in_channels": 4, "layers_per_block": 2,
                "mid_block_scale_factor": 1, "norm_eps": 1e-05, "norm_num_groups": 32, "out_channels": 4, "sample_size": 8,
                "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"]""");
        autoencoder();
        write(model, "vae", "diffusion_pytorch_model.safetensors", "AutoencoderKL",
                """
                "act_fn": "silu", "block_out_channels": [32, 64, 64, 64], "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D",
                "DownEncoderBlock2D", "DownEncoderBlock2D"], "in_channels": 3, "latent_channels": 4, "layers_per_block": 2,
                "norm_num_groups": 32, "out_channels": 3, "sample_size": 64, "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D",
                "UpDecoderBlock2D", "UpDecoderBlock2D"]""");
        Files.createDirectories(model.resolve("scheduler"));
        Files.writeString(model.resolve("scheduler/scheduler_config.json"),
                """
                {"_class_name": "PNDMScheduler", "_diffusers_version": "0.6.0", "beta_end": 0.012, "beta_schedule": "scaled_linear",
                 "beta_start": 0.00085, "num_train_timesteps": 1000, "set_alpha_to_one": false, "skip_prk_steps": true, "steps_offset": 1,
                 "trained_betas": null, "clip_sample": false}
                """);
        Files.writeString(model.resolve("model_index.json"),
                """
                {"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.6.0", "scheduler": ["diffusers", "PNDMScheduler"],
                 "text_encoder": ["transformers", "CLIPTextModel"], "tokenizer": ["transformers", "CLIPTokenizer"],
                 "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"]}
                """);
        descriptor(folder.resolve("sscd_disc_mixup.torchscript.pt"));
        clip(tokenizer.size());
        SafeTensors.write(folder.resolve("clip.safetensors"), tensors, Map.of("format", "pt"));
        System.exit(0);
    }

    // ------------------------------------------------------------ tensors

    private static void put(String name, double scale, double mean, long... shape) {
        NDArray noise = Noise.tensor(Torch.manager(), name, Seeds.of(1), 0, new Shape(shape)).reshape(new Shape(shape));
        tensors.put(name, Autograd.off(() -> Scalars.mul(noise, scale).add(mean)));
    }

    private static void norm(String name, long width) {
        put(name + ".weight", 0.02, 1, width);
        put(name + ".bias", 0.02, 0, width);
    }

    private static void linear(String name, long in, long out) {
        put(name + ".weight", 1 / Math.sqrt(in), 0, out, in);
        put(name + ".bias", 0.02, 0, out);
    }

    private static void conv(String name, long in, long out, long side) {
        put(name + ".weight", 1 / Math.sqrt(in * side * side), 0, out, in, side, side);
        put(name + ".bias", 0.02, 0, out);
    }

    private static void residual(String name, long in, long out, boolean timed) {
        norm(name + ".norm1", in);
        conv(name + ".conv1", in, out, 3);
        norm(name + ".norm2", out);
        conv(name + ".conv2", out, out, 3);
        if (timed) {
            linear(name + ".time_emb_proj", TIME, out);
        }
        if (in != out) {
            conv(name + ".conv_shortcut", in, out, 1);
        }
    }

    private static void transformer(String name, long width) {
        norm(name + ".norm", width);
        conv(name + ".proj_in", width, width, 1);
        conv(name + ".proj_out", width, width, 1);
        String block = name + ".transformer_blocks.0";
        for (int i = 1; i <= 2; i++) {
            long read = i == 1 ? width : TEXT;
            put(block + ".attn" + i + ".to_q.weight", 1 / Math.sqrt(width), 0, width, width);
            put(block + ".attn" + i + ".to_k.weight", 1 / Math.sqrt(read), 0, width, read);
            put(block + ".attn" + i + ".to_v.weight", 1 / Math.sqrt(read), 0, width, read);
            linear(block + ".attn" + i + ".to_out.0", width, width);
        }
        linear(block + ".ff.net.0.proj", width, 8 * width);
        linear(block + ".ff.net.2", 4 * width, width);
        for (int i = 1; i <= 3; i++) {
            norm(block + ".norm" + i, width);
        }
    }

    private static void unet() {
        conv("conv_in", 4, WIDTHS[0], 3);
        linear("time_embedding.linear_1", WIDTHS[0], TIME);
        linear("time_embedding.linear_2", TIME, TIME);
        List<Integer> skips = new ArrayList<>(List.of(WIDTHS[0]));
        int width = WIDTHS[0];
        for (int level = 0; level < 4; level++) {
            for (int i = 0; i < 2; i++) {
                residual("down_blocks." + level + ".resnets." + i, width, WIDTHS[level], true);
                width = WIDTHS[level];
                skips.add(width);
                if (level < 3) {
                    transformer("down_blocks." + level + ".attentions." + i, width);
                }
            }
            if (level < 3) {
                conv("down_blocks." + level + ".downsamplers.0.conv", width, width, 3);
                skips.add(width);
            }
        }
        residual("mid_block.resnets.0", width, width, true);
        transformer("mid_block.attentions.0", width);
        residual("mid_block.resnets.1", width, width, true);
        for (int level = 0; level < 4; level++) {
            int out = WIDTHS[3 - level];
            for (int i = 0; i < 3; i++) {
                residual("up_blocks." + level + ".resnets." + i, width + skips.remove(skips.size() - 1), out, true);
                width = out;
                if (level > 0) {
                    transformer("up_blocks." + level + ".attentions." + i, width);
                }
            }
            if (level < 3) {
                conv("up_blocks." + level + ".upsamplers.0.conv", width, width, 3);
            }
        }
        norm("conv_norm_out", width);
        conv("conv_out", width, 4, 3);
    }

    private static void autoencoder() {
        for (String half : new String[] {"encoder", "decoder"}) {
            boolean encodes = half.equals("encoder");
            int width = encodes ? WIDTHS[0] : WIDTHS[3];
            conv(half + ".conv_in", encodes ? 3 : 4, width, 3);
            for (int level = 0; level < 4; level++) {
                int out = encodes ? WIDTHS[level] : WIDTHS[3 - level];
                String block = half + (encodes ? ".down_blocks." : ".up_blocks.") + level;
                for (int i = 0; i < (encodes ? 2 : 3); i++) {
                    residual(block + ".resnets." + i, width, out, false);
                    width = out;
                }
                if (level < 3) {
                    conv(block + (encodes ? ".downsamplers.0.conv" : ".upsamplers.0.conv"), width, width, 3);
                }
            }
            int middle = WIDTHS[3];
            residual(half + ".mid_block.resnets.0", middle, middle, false);
            residual(half + ".mid_block.resnets.1", middle, middle, false);
            norm(half + ".mid_block.attentions.0.group_norm", middle);
            // As in the published files, which are older than the names to_q, to_k, to_v and to_out.
            for (String layer : List.of("query", "key", "value", "proj_attn")) {
                linear(half + ".mid_block.attentions.0." + layer, middle, middle);
            }
            norm(half + ".conv_norm_out", width);
            conv(half + ".conv_out", width, encodes ? 8 : 3, 3);
        }
        conv("quant_conv", 8, 8, 1);
        conv("post_quant_conv", 4, 4, 1);
    }

    private static void text(int vocabulary) {
        put("text_model.embeddings.token_embedding.weight", 1, 0, vocabulary, TEXT);
        put("text_model.embeddings.position_embedding.weight", 0.1, 0, TOKENS, TEXT);
        tensors.put("text_model.embeddings.position_ids", Torch.manager().zeros(new Shape(1, TOKENS), DataType.INT64));
        layers("text_model.encoder.layers.", LAYERS);
        norm("text_model.final_layer_norm", TEXT);
    }

    private static void layers(String name, int count) {
        for (int i = 0; i < count; i++) {
            String layer = name + i;
            norm(layer + ".layer_norm1", TEXT);
            norm(layer + ".layer_norm2", TEXT);
            linear(layer + ".mlp.fc1", TEXT, 4 * TEXT);
            linear(layer + ".mlp.fc2", 4 * TEXT, TEXT);
            for (String part : List.of("q_proj", "k_proj", "v_proj", "out_proj")) {
                linear(layer + ".self_attn." + part, TEXT, TEXT);
            }
        }
    }

    /** Pictures of 32x32 in patches of 8x8. */
    private static void clip(int vocabulary) {
        text(vocabulary);
        put("text_projection.weight", 1, 0, FEATURES, TEXT);
        put("vision_model.embeddings.class_embedding", 1, 0, TEXT);
        put("vision_model.embeddings.patch_embedding.weight", 0.1, 0, TEXT, 3, 8, 8);
        put("vision_model.embeddings.position_embedding.weight", 0.1, 0, 17, TEXT);
        tensors.put("vision_model.embeddings.position_ids", Torch.manager().zeros(new Shape(1, 17), DataType.INT64));
        norm("vision_model.pre_layrnorm", TEXT);
        layers("vision_model.encoder.layers.", 2);
        norm("vision_model.post_layernorm", TEXT);
        put("visual_projection.weight", 1, 0, FEATURES, TEXT);
        tensors.put("logit_scale", Torch.manager().create(4.6f));
    }

    private static void write(Path model, String part, String file, String kind, String config) throws Exception {
        Path folder = Files.createDirectories(model.resolve(part));
        SafeTensors.write(folder.resolve(file), tensors, Map.of("format", "pt"));
        tensors = new TreeMap<>();
        Files.writeString(folder.resolve("config.json"), "{\"_class_name\": \"" + kind + "\", " + config + "}\n");
    }

    // ------------------------------------------------------------ texts and pictures

    /** The 256 bytes' letters, each alone and at the end of a word, what merges make, and the two marks. */
    private static void tokenizer(Tokenizer tokenizer, Path folder) throws Exception {
        List<String> symbols = new ArrayList<>();
        List<String> hidden = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            boolean printable = b >= 33 && b <= 126 || b >= 161 && b <= 172 || b >= 174;
            (printable ? symbols : hidden).add(String.valueOf((char) (printable ? b : 256 + hidden.size())));
        }
        symbols.addAll(hidden);
        symbols.addAll(symbols.stream().map(s -> s + "</w>").toList());
        tokenizer.merges().forEach(merge -> symbols.add(merge.replace(" ", "")));
        symbols.addAll(List.of("<|startoftext|>", "<|endoftext|>"));
        JsonObject vocabulary = new JsonObject();
        symbols.forEach(symbol -> vocabulary.addProperty(symbol, vocabulary.size()));
        Files.writeString(folder.resolve("vocab.json"), vocabulary.toString());
        Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\n" + String.join("\n", tokenizer.merges()) + "\n");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"model_max_length\": 77, \"tokenizer_class\": \"CLIPTokenizer\"}");
        Files.writeString(folder.resolve("special_tokens_map.json"),
                "{\"bos_token\": \"<|startoftext|>\", \"eos_token\": \"<|endoftext|>\", \"pad_token\": \"<|endoftext|>\", \"unk_token\": \"<|endoftext|>\"}");
    }

    /** JPEGs of no common size, and their captions as a list of lists: file, caption. */
    private static List<String> pictures(Path folder) throws Exception {
        Files.createDirectories(folder);
        JsonArray all = new JsonArray();
        List<String> captions = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            String colour = COLOURS[i % COLOURS.length];
            String thing = THINGS[i % THINGS.length];
            BufferedImage image = new BufferedImage(96 + i, 80, BufferedImage.TYPE_INT_RGB);
            Graphics2D pen = image.createGraphics();
            pen.setColor(new Color[] {Color.RED, Color.GREEN, Color.BLUE, Color.WHITE}[i % COLOURS.length]);
            int size = 20 + 2 * i;
            switch (thing) {
                case "disc" -> pen.fillOval(10, 5, size, size);
                case "square" -> pen.fillRect(20, 5, size, size);
                default -> pen.fillRect(0, 30, 90, 4 + i / 3);
            }
            pen.dispose();
            String name = String.format("%012d.jpg", i);
            javax.imageio.ImageIO.write(image, "jpg", folder.resolve(name).toFile());
            String caption = "a " + colour + " " + thing + " number " + i;
            JsonArray row = new JsonArray();
            row.add(name);
            row.add(caption);
            all.add(row);
            captions.add(caption);
        }
        Files.writeString(folder.resolve("../captioned.json").normalize(), all.toString());
        return captions;
    }

    /** (N, 3, H, W) to the 48 means of 4x4 fields, as the archive that torch.jit.save writes. All pictures are alike to it: guidances act. */
    private static void descriptor(Path file) throws Exception {
        String code =
                """
                class Stand(Module):
                  __parameters__ = []
                  __buffers__ = []
                  def forward(self: __torch__.Stand, x: Tensor) -> Tensor:
                    return torch.add(torch.flatten(torch.adaptive_avg_pool2d(x, [4, 4]), 1), 5)
                """;
        try (OutputStream out = Files.newOutputStream(file);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            put(zip, "m/data.pkl", "\u0080\u0002c__torch__\nStand\n)\u0081}b.");
            put(zip, "m/code/__torch__.py", code);
            put(zip, "m/constants.pkl", "\u0080\u0002).");
            put(zip, "m/version", "3\n");
        }
    }

    private static void put(ZipOutputStream zip, String entry, String latin1) throws Exception {
        zip.putNextEntry(new ZipEntry(entry));
        zip.write(latin1.getBytes(StandardCharsets.ISO_8859_1));
        zip.closeEntry();
    }
}
