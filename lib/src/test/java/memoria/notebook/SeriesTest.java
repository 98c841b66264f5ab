package memoria.notebook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import memoria.data.Images;
import memoria.diffusion.Samples;
import memoria.diffusion.Seeds;
import org.junit.jupiter.api.Test;

class SeriesTest {

    private static Images points(float... xy) {
        return Images.of(xy, xy.length / 2, 2, 1, 1);
    }

    private static final Samples WALK =
            new Samples(
                    points(5, 6, 50, 60),
                    Seeds.range(0, 2),
                    true,
                    List.of(
                            new Samples.Moment(9, points(1, 2, 10, 20), points(0, 0, 0, 0)),
                            new Samples.Moment(0, points(3, 4, 30, 40), points(0, 0, 0, 0))));

    @Test
    void pointsOfThePlaneKeepTheirCoordinates() {
        Series series = Series.points("training points", points(1, 2, 3, 4));
        assertThat(series.x()).containsExactly(1, 3);
        assertThat(series.values()).containsExactly(2, 4);
        assertThat(series.role()).isEqualTo(Role.TRAINING);
    }

    @Test
    void aPathLeadsThroughTheNoisyPointsToTheSample() {
        Series both = Series.paths("walk", WALK, 7);
        assertThat(both.x()).containsExactly(1, 3, 5, 10, 30, 50);
        assertThat(both.values()).containsExactly(2, 4, 6, 20, 40, 60);
        assertThat(both.starts()).containsExactly(0, 3);
        assertThat(Series.paths("walk", WALK, 1).x()).containsExactly(1, 3, 5);
    }

    @Test
    void namesWhatIsNotOfThePlaneOrNotRecorded() {
        assertThatThrownBy(() -> Series.points("a", Images.of(new float[3], 1, 3, 1, 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("points: items of (3, 1, 1)");
        Samples unrecorded = new Samples(points(1, 2), Seeds.range(0, 1));
        assertThatThrownBy(() -> Series.paths("a", unrecorded, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("recording(true)");
        assertThatThrownBy(() -> Series.paths("a", WALK, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("0 paths");
    }
}
