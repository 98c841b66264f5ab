package memoria.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import memoria.checkpoint.SafeTensors;
import memoria.golden.Row.Status;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A golden test that cannot fail proves nothing: here it must. */
class GoldenTest {

    @TempDir private Path directory;

    @BeforeEach
    void write() throws IOException {
        try (NDManager manager = Torch.manager()) {
            Map<String, NDArray> tensors =
                    Map.of(
                            "x", Tensors.of(manager, 1, 2, 3),
                            "free_y", Tensors.of(manager, new float[] {10, 0}, new Shape(2, 1)),
                            "steps", Tensors.of(manager, 4L, 5L));
            SafeTensors.write(directory.resolve("one.safetensors"), tensors, Map.of());
        }
        Files.writeString(
                directory.resolve("index.json"),
                """
                [{"case": "one", "file": "one.safetensors", "constants": {"T": 3},
                  "tensors": {"free_<k>": "told by pattern", "steps": "plain"},
                  "tolerance": {"abs": 1e-3, "rel": 0.01, "free near T": "use rel 0.1"},
                  "weights_file": null, "weights_prefix": null},
                 {"case": "w_one", "file": "w.safetensors", "weights_prefix": ""}]
                """);
    }

    private List<Row> compare(Consumer<GoldenCase> comparison) throws IOException {
        Golden golden = new Golden(directory);
        assertThat(golden.names()).containsExactly("one");
        GoldenFamily family =
                new GoldenFamily() {
                    @Override
                    public boolean serves(String caseName) {
                        return caseName.equals("one");
                    }

                    @Override
                    public void compare(GoldenCase one) {
                        comparison.accept(one);
                    }
                };
        return golden.compare("one", List.of(family));
    }

    private static NDArray column(GoldenCase one, float... values) {
        return Tensors.of(one.manager(), values, new Shape(values.length, 1));
    }

    @Test
    void valuesWithinTheToleranceAndInputsPass() throws IOException {
        List<Row> rows =
                compare(
                        one -> {
                            one.check("x", Tensors.of(one.manager(), 1.01f, 2.02f, 3));
                            one.check("free_y", column(one, 10.1f, 0.0009f));
                            assertThat(one.integers("steps")).containsExactly(4, 5);
                            assertThat(one.describe("free_y")).isEqualTo("told by pattern");
                        });
        assertThat(rows)
                .extracting(Row::tensor, Row::status)
                .containsExactlyInAnyOrder(
                        tuple("x", Status.PASS),
                        tuple("free_y", Status.PASS),
                        tuple("steps", Status.INPUT));
        assertThat(rows).noneMatch(row -> row.status().miss());
    }

    @Test
    void oneValueBeyondTheToleranceMisses() throws IOException {
        List<Row> rows =
                compare(
                        one -> {
                            one.check("x", Tensors.of(one.manager(), 1, 2.022f, 3));
                            one.check("free_y", column(one, 10, Float.NaN));
                            one.check("steps", new double[] {4, 5, 6});
                        });
        assertThat(rows).hasSize(3).allMatch(row -> row.status() == Status.FAIL);
        assertThat(rows.get(0).maxAbsError()).isBetween(0.0219, 0.0221);
    }

    @Test
    void anExtraToleranceAppliesToItsRowsAlone() throws IOException {
        List<Row> rows =
                compare(
                        one ->
                                one.check(
                                        "free_y",
                                        column(one, 10.9f, 0.1f),
                                        row ->
                                                row == 0
                                                        ? one.tolerance("near T")
                                                        : one.tolerance()));
        assertThat(rows)
                .filteredOn(row -> row.tensor().equals("free_y"))
                .hasSize(1)
                .allMatch(row -> row.status() == Status.FAIL);
        rows =
                compare(
                        one ->
                                one.check(
                                        "free_y",
                                        column(one, 10.9f, 0),
                                        row ->
                                                row == 0
                                                        ? one.tolerance("near T")
                                                        : one.tolerance()));
        assertThat(rows)
                .filteredOn(row -> row.tensor().equals("free_y"))
                .allMatch(row -> row.status() == Status.PASS);
    }

    @Test
    void whatIsForgottenOrBreaksOrIsUnknownIsSaid() throws IOException {
        assertThat(compare(one -> {})).hasSize(3).allMatch(row -> row.status() == Status.UNUSED);
        assertThat(
                        compare(
                                one -> {
                                    throw new IllegalStateException("no, \n really");
                                }))
                .anyMatch(
                        row ->
                                row.csv()
                                        .endsWith(
                                                "ERROR,java.lang.IllegalStateException: no really"));
        List<Row> unknown = new Golden(directory).compare("one", List.of());
        assertThat(unknown).extracting(Row::csv).containsExactly("one,,,,,not implemented,");
        assertThat(Status.UNUSED.miss() && Status.ERROR.miss() && Status.FAIL.miss()).isTrue();
    }
}
