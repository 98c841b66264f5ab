package memoria.notebook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import memoria.stablediffusion.Attribution;
import memoria.stablediffusion.Tokenizer;
import org.junit.jupiter.api.Test;

class TokenViewTest {

    private static final Attribution ODD =
            new Attribution(
                    "a <b>",
                    List.of("a", "<b>"),
                    List.of(new Tokenizer.Word("a", 0, 1), new Tokenizer.Word("<b>", 1, 2)),
                    new double[] {1, 3},
                    new double[][] {{1, 3}});

    @Test
    void theHeaviestTokenHasTheFullColourAndMarkupIsText() {
        var forms = TokenView.of("A^CFG", List.of(ODD)).bundle();
        String html = (String) forms.get("text/html");
        assertThat(html).contains("0,0.90)", "0,0.30)", "&lt;b&gt;").doesNotContain("<b></span>");
        assertThat(forms.get("text/plain")).isEqualTo("A^CFG\n  a 25% | <b> 75%");
    }

    @Test
    void barsAreDrawnInTheirSeriesColoursWithTheirNumbersInWords() {
        Series weights =
                Series.of("planted", 0.2, 0.8)
                        .band(new double[] {0.1, 0.7}, new double[] {0.3, 0.9});
        Chart bars = Show.bars("share of attribution", new String[] {"a", "mira"}, weights);
        assertThat(bars.toString()).contains("share of attribution", "a 0.2", "mira 0.8");
        var image = bars.image();
        int red =
                new java.awt.Color(image.getRGB(image.getWidth() / 2, image.getHeight() / 2))
                        .getRed();
        assertThat(red).isBetween(0, 255);
        assertThat(bars.numbers().rowCount()).isEqualTo(2);
        assertThatThrownBy(() -> Show.bars("x", new String[] {"a"}, weights))
                .hasMessageContaining("2 values for 1 labels");
    }
}
