package memoria.stablediffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds of every vocabulary; openai's own numbers are compared by {@code GoldenParityTest} where its vocabulary is at hand. */
class TokenizerTest {

    private static final Tokenizer BYTES = Tokenizer.of(List.of(), 8);
    private static final List<String> CAPTIONS =
            List.of("a dark dress", "a bright dress", "a dark coat", "a dark dress");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "日本語のプロンプト",
                "привет",
                "مرحبا",
                "हिन्दी",
                "한국어",
                "ประเทศไทย",
                "🙂👍🏽",
                "œuvre",
                "x\u200by",
                "½²ⅷ٣"
            })
    void anyScriptSurvivesTheWayToTokensAndBack(String prompt) {
        assertThat(BYTES.decode(BYTES.encode(prompt)).replace(" ", "")).isEqualTo(prompt);
    }

    @Test
    void withoutMergesAByteIsAToken() {
        assertThat(BYTES.size()).isEqualTo(512 + 2);
        assertThat(BYTES.encode("!\""))
                .as("the first byte, and the second as an end")
                .containsExactly(0, 256 + 1);
    }

    @Test
    void theEmptyPromptIsAStartAndEnds() {
        long[] ids = BYTES.ids(" \n ");
        assertThat(ids).hasSize(8).startsWith(BYTES.start(), BYTES.end());
        assertThat(ids[7]).isEqualTo(BYTES.end());
        assertThat(BYTES.optPadding(Tokenizer.Padding.ZERO).ids(""))
                .containsExactly(BYTES.start(), BYTES.end(), 0, 0, 0, 0, 0, 0);
    }

    @Test
    void aPromptTooLongKeepsItsBeginningAndItsEndToken() {
        long[] fits = BYTES.ids("abcdef");
        long[] cut = BYTES.ids("abcdefgh");
        assertThat(BYTES.isTooLong("abcdef")).isFalse();
        assertThat(BYTES.isTooLong("abcdefgh")).isTrue();
        assertThat(cut[7]).isEqualTo(BYTES.end());
        assertThat(BYTES.decode(cut[1], cut[2], cut[6])).isEqualTo("abf");
        assertThat(fits[7]).isEqualTo(BYTES.end());
    }

    @Test
    void markupIsText() {
        Tokenizer words = Tokenizer.learn(List.of("bold"), 10, 20);
        assertThat(words.pieces("<b>bold</b>"))
                .containsExactly("<", "b", ">", "bold", "<", "/", "b", ">");
        assertThat(words.encode("&lt;b&gt;")).isEqualTo(words.encode("<b>"));
    }

    @Test
    void specialTokensMayBeWrittenInAPrompt() {
        assertThat(BYTES.encode("<|startoftext|><|ENDOFTEXT|>"))
                .containsExactly(BYTES.start(), BYTES.end());
    }

    @Test
    void digitsStandAloneAndContractionsAreCutOff() {
        Tokenizer many = Tokenizer.learn(List.of("don't 12 12 can"), 50, 20);
        assertThat(many.pieces("don't 12")).containsExactly("don", "'t", "1", "2");
    }

    @Test
    void frequentWordsOfTheCaptionsBecomeOneToken() {
        Tokenizer learned = Tokenizer.learn(CAPTIONS, 100, 8);
        assertThat(learned.pieces("A dark DRESS")).containsExactly("a", "dark", "dress");
        assertThat(learned.encode("a dark dress")).hasSize(3);
        Tokenizer again = Tokenizer.of(learned.merges(), 8);
        assertThat(again.ids("a bright coat")).isEqualTo(learned.ids("a bright coat"));
        assertThat(Tokenizer.learn(CAPTIONS, 3, 8).merges())
                .as("the same captions teach the same merges, the frequent ones first")
                .isEqualTo(learned.merges().subList(0, 3));
    }

    @Test
    void neitherCaseNorWhiteSpaceCounts() {
        assertThat(BYTES.encode("  A\tB\u00A0\n c ")).isEqualTo(BYTES.encode("a b c"));
    }

    @Test
    void aLongWordIsCutInReasonableTime() {
        String word = String.join("", Collections.nCopies(300, "dress"));
        assertThat(Tokenizer.learn(CAPTIONS, 100, 8).encode(word)).hasSizeBetween(300, 1500);
    }

    static Stream<Arguments> repaired() {
        return Stream.of(
                arguments("cafe\u0301", "café"),
                arguments("\u201Cquoted\u201D \u2018it\u02BCs\u2019", "\"quoted\" 'it's'"),
                arguments("\uFB01ne \uFB02ow \uFB05 \u0149", "fine flow \u017Ft 'n"),
                arguments("\uFF21\uFF22\u3000\uFF11", "ab 1"),
                arguments("x\u0000y \u0007bell \uFEFF", "xy bell"),
                arguments("\u0093c1\u0094 \u001B[31mred\u001B[0m", "\"c1\" red"),
                arguments("one\r\ntwo\u2028three", "one two three"),
                arguments("AT&amp;T &amp;lt; &EACUTE;", "at&t < é"),
                arguments("<i>&amp;amp;</i> &ldquo;x&rdquo;", "<i>&</i> \u201Cx\u201D"),
                arguments("&ldquo;x&rdquo;", "\"x\""),
                arguments("\uD83D lone", "\uFFFD lone"),
                arguments("\u212B \u2126 İ ẞ", "å ω i\u0307 ß"));
    }

    @ParameterizedTest
    @MethodSource("repaired")
    void charactersAreRepairedAsFtfyDoes(String prompt, String text) {
        assertThat(PromptText.clean(prompt)).isEqualTo(text);
    }

    @Test
    void aWrongEncodingIsNotGuessed() {
        assertThat(PromptText.clean("schÃ¶n")).isEqualTo("schã¶n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "&notit; | ¬it;",
                "&notin; | ∉",
                "&amp | &",
                "&AMP; | &",
                "&nothing; | ¬hing;",
                "&zzz; | &zzz;",
                "&#65;&#x42&#X43; | ABC",
                "&#128; | €",
                "&#0;&#xD800;&#x110000;&#99999999999999999999; | \uFFFD\uFFFD\uFFFD\uFFFD",
                "&#7;a&#xFFFE; | a",
                "&#x1F642; | 🙂",
                "&acE; | ∾̳",
                "& &; &#; &#x; | & &; &#; &#x;"
            })
    void referencesOfHtmlAreReplacedAsBrowsersDo(String text, String read) {
        assertThat(HtmlEntities.unescape(text)).isEqualTo(read);
    }
}
