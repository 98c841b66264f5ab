package memoria.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonTest {

    enum Kind {
        GOOD,
        BAD
    }

    record Inner(int[] sizes, boolean on) {}

    record Outer(
            String name,
            double rate,
            long steps,
            Kind kind,
            Inner inner,
            List<Inner> more,
            Map<String, Inner> named) {
        Outer {
            if (steps < 0) {
                throw new IllegalArgumentException("steps: " + steps + " is below 0");
            }
        }
    }

    private static final Inner INNER = new Inner(new int[] {1, 2}, true);
    private static final Outer OUTER =
            new Outer(
                    "a", 0.1, 3_000_000_000L, Kind.BAD, INNER, List.of(INNER), Map.of("x", INNER));

    private static final String TEXT =
            "{'name':'a','rate':0.1,'steps':3000000000,'kind':'BAD','inner':{'sizes':[1,2],'on':true},"
                            .replace('\'', '"')
                    + "'more':[{'sizes':[1,2],'on':true}],'named':{'x':{'sizes':[1,2],'on':true}}}"
                            .replace('\'', '"');

    @Test
    void aRecordIsAnObjectWithOneEntryPerComponent() {
        assertThat(JsonRecord.write(OUTER)).hasToString(TEXT);
    }

    @Test
    void aRecordComesBackWithWhatIsInsideIt() {
        Outer back = JsonRecord.read(Json.parse(TEXT).getAsJsonObject(), Outer.class);
        assertThat(back).usingRecursiveComparison().isEqualTo(OUTER);
        assertThat(back.named().get("x").sizes()).containsExactly(1, 2);
    }

    @Test
    void nullsAreLeftOutAndUnknownEntriesPassedOver() {
        Outer bare = new Outer(null, Double.NaN, 0, null, null, null, null);
        JsonObject json = JsonRecord.write(bare);
        assertThat(json.keySet()).containsExactly("rate", "steps");
        assertThat(json.get("rate").getAsDouble()).isNaN();
        JsonObject more = Json.parse(TEXT).getAsJsonObject();
        more.add("unknown", new JsonArray());
        more.add("inner", null);
        assertThat(JsonRecord.read(more, Outer.class).inner()).isNull();
    }

    @Test
    void oneComponentIsChangedAndTheOthersKept() {
        Outer changed = JsonRecord.with(OUTER, "kind", Kind.GOOD);
        assertThat(changed.kind()).isEqualTo(Kind.GOOD);
        assertThat(changed.steps()).isEqualTo(OUTER.steps());
    }

    @Test
    void whatTheRecordRefusesIsRefusedInItsOwnWords() {
        assertThatThrownBy(() -> JsonRecord.with(OUTER, "steps", -1))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("steps: -1 is below 0");
        assertThatThrownBy(() -> JsonRecord.with(OUTER, "steps", "many"))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Outer: ");
        assertThatThrownBy(() -> JsonRecord.read(new JsonObject(), Outer.class))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("Outer: 'name' is missing; there are []");
    }

    @Test
    void textThatIsNoJsonIsRefused() {
        assertThatThrownBy(() -> Json.parse("{")).isInstanceOf(JsonParseException.class);
        assertThatThrownBy(() -> Json.parse("{} {}")).isInstanceOf(JsonParseException.class);
        assertThat(Json.parse(" ").isJsonNull()).isTrue();
        assertThat(Json.parse(" [1, 2]").getAsJsonArray()).hasSize(2);
    }
}
