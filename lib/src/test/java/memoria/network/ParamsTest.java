package memoria.network;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a set of parameters trains. */
class ParamsTest {

    private NDManager manager;
    private Params params;
    private NDArray word;
    private NDArray layer;

    @BeforeEach
    void build() {
        manager = Torch.manager();
        params = Params.fresh(manager, 1);
        word = params.at("text").get("word", Params.Init.NORMAL, 0, 2, 3);
        layer = params.at("network").get("layer", Params.Init.FAN_IN, 3, 2, 3);
    }

    @AfterEach
    void close() {
        manager.close();
    }

    @Test
    void aFrozenViewIsKeptButNotTrained() {
        Params text = params.at("text");
        assertThat(text.freeze()).isSameAs(text);
        assertThat(params.trainable()).containsOnlyKeys("network.layer");
        assertThat(params.all()).containsOnlyKeys("text.word", "network.layer");
        params.setRequiresGradient(true);
        assertThat(word.hasGradient()).isFalse();
        assertThat(layer.hasGradient()).isTrue();
    }

    @Test
    void whatIsAskedForAfterwardsIsTrained() {
        params.at("text").freeze();
        params.at("text").get("later", Params.Init.ZERO, 0, 2);
        assertThat(params.trainable()).containsOnlyKeys("network.layer", "text.later");
    }

    @Test
    void aViewFreezesItsOwnAndNoNameThatBeginsAlike() {
        params.at("textual").get("word", Params.Init.ZERO, 0, 2);
        params.at("text").freeze();
        assertThat(params.trainable()).containsOnlyKeys("network.layer", "textual.word");
    }
}
