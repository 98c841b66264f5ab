package memoria.notebook;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NumbersTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0.5|0.5",
                "-1.25|-1.25",
                "1000|1,000",
                "10000|10,000",
                "3.14159|3.142",
                "0|0",
                "1.5e-7|1.500e-07",
                "2.5e12|2,500,000,000,000",
                "NaN|-",
                "-1e-9|-1.000e-09",
                "12345.678|12,346"
            })
    void oneNumberHasFourDigits(double value, String text) {
        assertThat(Numbers.format(value)).isEqualTo(text);
    }

    @Test
    void aColumnHasOnePrecisionUnlessItSpansTooMuch() {
        var same = Numbers.formatter(new double[] {1.5, 22.25, 3});
        assertThat(same.apply(1.5)).isEqualTo("1.50");
        assertThat(same.apply(22.25)).isEqualTo("22.25");
        assertThat(same.apply(-0.0001)).as("no minus before a zero").isEqualTo("0.00");
        var wide = Numbers.formatter(new double[] {0.0012345, 5432.1});
        assertThat(wide.apply(0.0012345)).isEqualTo("0.001235");
        assertThat(wide.apply(5432.1)).isEqualTo("5,432");
        assertThat(wide.apply(Double.NEGATIVE_INFINITY)).isEqualTo("-inf");
    }
}
