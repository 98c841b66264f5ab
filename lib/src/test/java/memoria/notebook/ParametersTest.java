package memoria.notebook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

class ParametersTest {

    private static Parameters with(Map<String, String> properties, Map<String, String> variables) {
        return new Parameters("00-quickstart", new Overrides(properties, variables));
    }

    @Test
    void theProfilePicksTheValueAndQuickIsTheDefault() {
        assertThat(with(Map.of(), Map.of()).count("images", 512, 10_000, 8)).isEqualTo(512);
        var paper = with(Map.of(), Map.of("MEMORIA_PROFILE", "Paper"));
        assertThat(paper.count("images", 512, 10_000, 8)).isEqualTo(10_000);
        assertThat(paper.number("eta", 0)).isZero();
        var smoke = with(Map.of("memoria.profile", "smoke"), Map.of("MEMORIA_PROFILE", "paper"));
        assertThat(smoke.text("model", "a", "b", "c")).isEqualTo("c");
        assertThat(smoke.profile()).isEqualTo(Profile.SMOKE);
    }

    @Test
    void eachParameterHasOneOverrideAndAPropertyWins() {
        var p =
                with(
                        Map.of("memoria.images", "1_000", "memoria.kind", "paper"),
                        Map.of(
                                "MEMORIA_IMAGES",
                                "7",
                                "MEMORIA_TRAIN_STEPS",
                                " 30 ",
                                "MEMORIA_C3",
                                "1e-2"));
        assertThat(p.count("images", 512, 10_000, 8)).isEqualTo(1000);
        assertThat(p.count("trainSteps", 1)).isEqualTo(30);
        assertThat(p.number("c3", 1, 2, 3)).isEqualTo(0.01);
        assertThat(p.choice("kind", Profile.QUICK, Profile.QUICK, Profile.QUICK))
                .isEqualTo(Profile.PAPER);
    }

    @Test
    void allValuesAreShownWithTheirSource() {
        var p = with(Map.of(), Map.of("MEMORIA_TRAIN_STEPS", "30"));
        p.count("images", 512, 10_000, 8);
        p.count("trainSteps", 100, 5000, 2);
        String text = (String) p.bundle().get("text/plain");
        assertThat(text).contains("00-quickstart, profile quick").contains("MEMORIA_IMAGES=512");
        assertThat(text.lines())
                .anyMatch(l -> l.matches("images +512 +profile +512 +10000"))
                .anyMatch(l -> l.matches("trainSteps +30 +MEMORIA_TRAIN_STEPS +100 +5000"));
        assertThat((String) p.bundle().get("text/html")).contains("trainSteps", "5000");
    }

    @Test
    void aMistypedOverrideIsNamedWithWhatMayHaveBeenMeant() {
        var p =
                with(
                        Map.of("memoria.Images", "3", "memoria.quiet", "true", "user.dir", "/"),
                        Map.of(
                                "MEMORIA_TRAINSTEP", "30",
                                "MEMORIA_PROFIL", "paper",
                                "MEMORIA_GUIDANCE_SCALE", "2",
                                "MEMORIA_CACHE", "/cache",
                                "PATH", "/bin"));
        p.count("images", 512, 10_000, 8);
        p.count("trainSteps", 100, 5000, 2);
        String text = (String) p.bundle().get("text/plain");
        assertThat(text.lines().filter(l -> l.contains("sets nothing")))
                .containsExactly(
                        "memoria.Images=3 sets nothing in this notebook; did you mean memoria.images?",
                        "MEMORIA_GUIDANCE_SCALE=2 sets nothing in this notebook.",
                        "MEMORIA_PROFIL=paper sets nothing in this notebook; did you mean MEMORIA_PROFILE?",
                        "MEMORIA_TRAINSTEP=30 sets nothing in this notebook; did you mean MEMORIA_TRAIN_STEPS?");
        assertThat(with(Map.of(), Map.of("MEMORIA_IMAGES", "3")).count("images", 1)).isEqualTo(3);
    }

    @Test
    void overridesThatSetSomethingAreNotComplainedOf() {
        var p = with(Map.of("memoria.images", "3"), Map.of("MEMORIA_TRAIN_STEPS", "30"));
        p.count("images", 1);
        p.count("trainSteps", 1);
        assertThat((String) p.bundle().get("text/plain")).doesNotContain("sets nothing");
    }

    @Test
    void badValuesAreNamed() {
        assertThatThrownBy(() -> with(Map.of(), Map.of("MEMORIA_PROFILE", "big")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("MEMORIA_PROFILE: 'big' is not one of quick, paper, smoke");
        var p =
                with(
                        Map.of("memoria.eta", "NaN"),
                        Map.of("MEMORIA_IMAGES", "many", "MEMORIA_KIND", "x", "MEMORIA_N", "-1"));
        assertThatThrownBy(() -> p.count("images", 1))
                .hasMessage("MEMORIA_IMAGES: 'many' is not a whole number of at least 0");
        assertThatThrownBy(() -> p.count("n", 1)).hasMessageContaining("MEMORIA_N: '-1'");
        assertThatThrownBy(() -> p.number("eta", 1))
                .hasMessage("memoria.eta: 'NaN' is not a finite number");
        assertThatThrownBy(() -> p.choice("kind", Profile.QUICK, Profile.QUICK, Profile.QUICK))
                .hasMessageContaining("MEMORIA_KIND: 'x' is not one of [quick, paper, smoke]");
        assertThatThrownBy(() -> p.count("profile", 1)).hasMessageContaining("name: 'profile'");
        p.count("steps", 1);
        assertThatThrownBy(() -> p.count("steps", 1)).hasMessageContaining("there already");
    }

    @Test
    void aModelOrDataSetThatIsNotThereIsNamedAtOnce() {
        var p = with(Map.of(), Map.of("MEMORIA_CHECKPOINT", "fashion-heavy"));
        p.text("checkpoint", "", "iddpm-cifar10", "");
        p.text("generator", "", "stylegan2-ada-cifar10", "");
        p.show();
        p.text("trainingSet", "my/photos");
        assertThatThrownBy(p::show)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("trainingSet: no data set 'my/photos'");
        var other = with(Map.of("memoria.checkpoint", "mine.pt"), Map.of());
        other.text("checkpoint", "", "iddpm-cifar10", "");
        assertThatThrownBy(other::show).hasMessageContaining("checkpoint: no model 'mine.pt'");
    }
}
