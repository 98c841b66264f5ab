package memoria.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpecTest {

    @Test
    void oneDescriptionHasOneSpelling() {
        Spec a = Spec.parse("{\"b\": [1, 2.50, {\"d\": true, \"c\": 1e-7}], \"a\": \"x\"}");
        Spec b = Spec.parse("{ \"a\":\"x\",\"b\":[1.0,25e-1,{\"c\":0.0000001,\"d\":true}] }");
        assertThat(a).isEqualTo(b).hasSameHashCodeAs(b);
        assertThat(a.json()).isEqualTo("{\"a\":\"x\",\"b\":[1,2.5,{\"c\":1E-7,\"d\":true}]}");
        assertThat(Spec.of(a.object())).isEqualTo(a);
        // Pinned: a key names folders that were filled by other versions and machines.
        assertThat(a.key())
                .isEqualTo("871e5a57c296958be73325b55b579488fd1a2d5fafc5ea559c9df381f65f1237");
    }

    @ParameterizedTest
    @CsvSource({
        "1.0, 1",
        "-0.0, 0",
        "100, 100",
        "1e2, 100",
        "9223372036854775807, 9223372036854775807",
        "1e30, 1E+30",
        "0.1, 0.1",
        "1.5e-9, 1.5E-9"
    })
    void numbersHaveOneSpelling(String written, String canonical) {
        assertThat(Spec.parse("{\"n\":" + written + "}").json())
                .isEqualTo("{\"n\":" + canonical + "}");
    }

    @Test
    void anyDifferenceIsAnotherKey() {
        Spec spec = Spec.parse("{\"eta\":0,\"steps\":50}");
        assertThat(spec.key()).isNotEqualTo(Spec.parse("{\"eta\":0,\"steps\":51}").key());
        assertThat(spec.key()).isNotEqualTo(Spec.parse("{\"eta\":\"0\",\"steps\":50}").key());
        assertThat(spec.key()).isNotEqualTo(Spec.parse("{\"eta\":0,\"step\":50}").key());
        assertThat(Spec.parse("{\"a\":[1,2]}")).isNotEqualTo(Spec.parse("{\"a\":[2,1]}"));
    }

    @Test
    void aSpecHoldsNoDataAndNothingUndefined() {
        JsonArray pixels = new JsonArray();
        for (int i = 0; i < 4097; i++) {
            pixels.add(i);
        }
        JsonObject data = new JsonObject();
        data.add("images", pixels);
        assertThatThrownBy(() -> Spec.of(data))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("spec.images: an array of 4097 elements");
        JsonObject infinite = new JsonObject();
        infinite.addProperty("lambda", Double.POSITIVE_INFINITY);
        assertThatThrownBy(() -> Spec.of(infinite))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("spec.lambda: Infinity is not a finite number");
        assertThatThrownBy(() -> Spec.parse("{\"a\":[1,null]}"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("spec.a[1]: null");
        for (String text : new String[] {"", "[]", "7", "{", "{} {}"}) {
            assertThatThrownBy(() -> Spec.parse(text))
                    .as(text)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("not a JSON object");
        }
    }
}
