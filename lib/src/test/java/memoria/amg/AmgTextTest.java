package memoria.amg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import memoria.artifact.Store;
import memoria.data.DataSet;
import memoria.data.Images;
import memoria.diffusion.Condition;
import memoria.diffusion.Ddim;
import memoria.diffusion.Seeds;
import memoria.diffusion.Step;
import memoria.models.Models;
import memoria.similarity.ClipRetrieval;
import memoria.similarity.Descriptor;
import memoria.similarity.NeighbourIndex;
import memoria.similarity.RerankedSimilarity;
import memoria.similarity.RetrievedSimilarity;
import memoria.similarity.Targets;
import memoria.stablediffusion.ReconstructionJob;
import memoria.stablediffusion.ShippedText;
import memoria.stablediffusion.TextSampleJob;
import memoria.stablediffusion.TextToImage;
import memoria.torch.NativeMemory;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All three parts on the shipped text-to-image model, which gives planted captions their pictures back. */
class AmgTextTest {

    private static final int TRAIN = 60;
    private static final double S0 = 4;

    @TempDir private static Path folder;
    private static TextToImage model;
    private static Images train;
    private static List<String> captions;
    private static int[] times;
    private static Descriptor encoder;
    private static Descriptor copies;
    private static RerankedSimilarity similarity;

    @BeforeAll
    static void open() {
        Torch.threads(1);
        model = TextToImage.open("fashion-text");
        DataSet all = ShippedText.planting().of(Models.images("fashion-train"));
        captions = ShippedText.captions(all).subList(0, TRAIN);
        times = Arrays.copyOf(all.multiplicity(), TRAIN);
        train = model.decode(model.encode(all.distinct().first(TRAIN)));
        encoder = Descriptor.shippedFeatures("fashion-features");
        copies = Descriptor.shipped("fashion-copies");
        Store store = Store.at(folder);
        NeighbourIndex index = NeighbourIndex.of(encoder, train, store);
        similarity = RerankedSimilarity.against(copies, train, index, store).retrieved(30);
    }

    @AfterAll
    static void close() {
        model.close();
        encoder.close();
        copies.close();
    }

    private static CountedCaptions counted() {
        return CountedCaptions.of(model.prompts(), captions, times);
    }

    private static Amg amg() {
        return Amg.with(similarity)
                .when(Threshold.constant(0.8))
                .scale(50)
                .gradient(Step.Gradient.EPSILON_CONSTANT)
                .decoding(model.autoencoder());
    }

    private static Amg allParts() {
        return amg().despecify(1.5).deduplicate(0.5, counted());
    }

    private static Images generate(Ddim sampler) {
        String[] texts = {captions.get(0), captions.get(1), captions.get(50), captions.get(51)};
        return model.generate(sampler.clip(false), Seeds.range(0, 4), S0, texts).images();
    }

    @Test
    void aCaptionIsDuplicatedAboveItsShareOfTheNeighboursShown() {
        List<String> texts = List.of("A boot ", "a boot", "a bag", "");
        CountedCaptions counted =
                CountedCaptions.of(model.prompts(), texts, new int[] {3, 1, 196, 50});
        assertThat(counted.share(0, 0, 1, 2)).isEqualTo(0.02);
        assertThat(counted.duplicated(0, () -> new int[] {0, 1, 2})).isFalse();
        assertThat(counted.optShare(0.01).duplicated(0, () -> new int[] {0, 1, 2})).isTrue();
        assertThat(counted.share(1, 0, 2)).isCloseTo(3.0 / 199, within(1e-12));
        assertThat(counted.duplicated(3, () -> new int[] {3})).isFalse();
        assertThat(counted.duplicated(4, () -> new int[] {0})).isFalse();
        assertThat(counted.duplicated(0, () -> new int[0])).isFalse();
        assertThat(counted.optShare(0.01).name()).isNotEqualTo(counted.name());
        assertThat(counted.of(2, 0).rows()).isEqualTo(2);
        float[] own = ((Condition.Embedding) counted.of(0)).tensor().toFloatArray();
        float[] same = ((Condition.Embedding) model.prompts().of("a boot")).tensor().toFloatArray();
        assertThat(own).containsExactly(same);
    }

    @Test
    void captionsThatDoNotFitAreRefused() {
        assertThatThrownBy(() -> CountedCaptions.of(model.prompts(), captions, new int[] {1, 2}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("multiplicity: 2 numbers for 60 captions");
        assertThatThrownBy(() -> CountedCaptions.of(model.prompts(), List.of("a"), new int[1]))
                .hasMessageContaining("multiplicity: 0; at least 1");
        assertThatThrownBy(() -> counted().optShare(1)).hasMessageContaining("level: 1.0");
        CountedCaptions one = CountedCaptions.of(model.prompts(), List.of("a"), new int[] {1});
        assertThatThrownBy(() -> amg().deduplicate(1, one))
                .hasMessageContaining("captions: 1 for 60 training images");
    }

    @Test
    void partsAddUpAndImagesThatAreNotAlikeStayAsTheyWere() {
        AmgRecord record = new AmgRecord();
        Images plain = generate(Ddim.steps(8));
        Images guided = generate(Ddim.steps(8).guidedBy(allParts().record(record)));
        List<Long> armed = Arrays.stream(record.armed()).boxed().toList();
        assertThat(armed).contains(0L, 1L);
        for (int i = 0; i < 4; i++) {
            float difference = (float) plain.select(i).largestDifference(guided.select(i));
            if (armed.contains((long) i)) {
                assertThat(difference).isGreaterThan(0.01f);
            } else {
                assertThat(difference).isZero();
            }
        }
        for (Amg other : List.of(amg(), amg().despecify(1.5), amg().deduplicate(0.5, counted()))) {
            Images less = generate(Ddim.steps(8).guidedBy(other));
            assertThat(less.largestDifference(guided)).isGreaterThan(1e-3);
        }
    }

    @Test
    void chosenImagesGuideWithoutCaptionAndABadAddressIsNamed() {
        Images planted = train.first(1);
        NeighbourIndex index = NeighbourIndex.of(encoder, train.slice(20, 60), Store.at(folder));
        RerankedSimilarity without =
                RerankedSimilarity.against(copies, train.slice(20, 60), index, Store.at(folder));
        Targets targets = Targets.like(train).add("no-such-file.png", "http://127.0.0.1:1/x.png");
        assertThat(targets.failures()).hasSize(2);
        RerankedSimilarity chosen = without.always(targets).always(planted);
        CountedCaptions rest =
                CountedCaptions.of(
                        model.prompts(),
                        captions.subList(20, 60),
                        Arrays.copyOfRange(times, 20, 60));
        AmgRecord seen = new AmgRecord();
        Amg guided =
                Amg.with(chosen)
                        .when(Threshold.constant(0.8))
                        .decoding(model.autoencoder())
                        .deduplicate(5, rest)
                        .record(seen);
        generate(Ddim.steps(8).guidedBy(guided));
        assertThat(Arrays.stream(seen.of(0).intColumn("nearest").asObjectArray())).contains(40);
        assertThat(seen.armed()).contains(0L);
    }

    @Test
    void aServicesResultsBringTheirCaptions() {
        Function<Images, List<ClipRetrieval.Hit>> ask =
                images ->
                        IntStream.of(0, 1, 1, 2)
                                .mapToObj(i -> new ClipRetrieval.Hit(i, "", captions.get(i), 0))
                                .toList();
        RetrievedSimilarity service =
                RetrievedSimilarity.by(
                        copies, ask, hit -> Optional.of(train.select((int) hit.id())));
        CountedCaptions counted = CountedCaptions.of(model.prompts(), service);
        int[] places = service.compare(train.first(1)).neighbours(0);
        assertThat(places).containsExactly(0, 1, 1, 2);
        assertThat(counted.share(1, places)).isEqualTo(0.5);
        Amg guided =
                Amg.with(service)
                        .when(Threshold.constant(0.8))
                        .scale(0)
                        .decoding(model.autoencoder())
                        .deduplicate(5, counted);
        Images plain = generate(Ddim.steps(8));
        assertThat(generate(Ddim.steps(8).guidedBy(guided)).largestDifference(plain))
                .isGreaterThan(1e-3);
    }

    @Test
    void generatedSetsAreKeptUnderWhatDecidesThem() {
        Store store = Store.at(folder.resolve("samples"));
        Seeds seeds = Seeds.range(3, 7);
        TextSampleJob job =
                TextSampleJob.of(
                                TextToImage.id("fashion-text"),
                                model,
                                Ddim.steps(4).clip(false).guidedBy(allParts()),
                                seeds,
                                S0,
                                captions.subList(0, 3))
                        .shardSize(2);
        assertThat(job.prompts())
                .containsExactly(
                        captions.get(0), captions.get(1), captions.get(2), captions.get(0));
        Images first = job.in(store);
        assertThat(store.complete(job).made()).isZero();
        assertThat(job.in(store)).isEqualTo(first);
        assertThat(first).isEqualTo(first.quantized());
        TextSampleJob other =
                TextSampleJob.of(
                                TextToImage.id("fashion-text"),
                                model,
                                Ddim.steps(4).clip(false).guidedBy(amg()),
                                seeds,
                                S0,
                                captions.subList(0, 3))
                        .shardSize(2);
        assertThat(other.spec()).isNotEqualTo(job.spec());
        assertThatThrownBy(
                        () ->
                                TextSampleJob.of(
                                        TextToImage.id("fashion-text"),
                                        model,
                                        Ddim.steps(4),
                                        seeds,
                                        S0,
                                        List.of()))
                .hasMessageContaining("seeds, prompts: 4 and 0");
    }

    @Test
    void whatTheAutoencoderMakesOfPicturesIsKept() {
        Store store = Store.at(folder.resolve("reconstructions"));
        Images pictures = train.first(5);
        ReconstructionJob job =
                ReconstructionJob.of(TextToImage.id("fashion-text"), model, pictures);
        Images first = job.in(store);
        assertThat(first.largestDifference(model.decode(model.encode(pictures))))
                .isLessThan(1 / 127.5);
        assertThat(job.in(store)).isEqualTo(first);
        assertThat(store.complete(job).made()).isZero();
    }

    @Test
    void manyGuidedStepsLeaveNativeMemoryFlat() {
        Ddim sampler = Ddim.steps(5).guidedBy(allParts());
        long growth = NativeMemory.growth(() -> generate(sampler), 4, 22);
        assertThat(growth).isLessThan(24L << 20);
    }
}
