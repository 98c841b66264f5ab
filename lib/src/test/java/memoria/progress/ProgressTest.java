package memoria.progress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ProgressTest {

    private final List<Progress.State> shown = new ArrayList<>();
    private int opened;

    @BeforeEach
    void record() {
        Progress.display(
                first -> {
                    opened++;
                    shown.add(first);
                    return shown::add;
                });
    }

    @AfterEach
    void reset() {
        Thread.interrupted();
        System.clearProperty("memoria.quiet");
        Progress.display(null);
    }

    @Test
    void reportsAreThrottledAndTheLastStateIsAlwaysShown() {
        ThreadMXBean clock = ManagementFactory.getThreadMXBean();
        long used = clock.getCurrentThreadCpuTime();
        long before = System.nanoTime();
        try (Progress p = Progress.start("Work", 1_000_000)) {
            for (long i = 1; i <= 1_000_000; i++) {
                p.at(i);
            }
        }
        double seconds = (System.nanoTime() - before) / 1e9;
        assertThat((clock.getCurrentThreadCpuTime() - used) / 1e9)
                .as("processor seconds for a million reports")
                .isLessThan(1);
        assertThat(shown.size()).isLessThanOrEqualTo(3 + (int) (seconds / 0.1));
        Progress.State last = shown.get(shown.size() - 1);
        assertThat(last.finished()).isTrue();
        assertThat(last.done()).isEqualTo(1_000_000);
    }

    @Test
    void aStateHasPercentRateAndTimeLeft() {
        var state = new Progress.State("Training", 250, 1000, 25, 10, "loss 0.12", false);
        assertThat(state).hasToString("Training  25% 250/1000, 10/s, 1:15 min left, loss 0.12");
        var stopped = new Progress.State("Training", 250, 1000, 25, 10, "", true);
        assertThat(stopped).hasToString("Training  25% 250/1000, 10/s, stopped after 25 s");
        var brief = new Progress.State("Search", 9, 9, 0.84, 0, "", true);
        assertThat(brief).hasToString("Search 100% 9/9, took 0.8 s");
        var hours = new Progress.State("Training", 0, 36_000, 1, 2, "", false);
        assertThat(hours).hasToString("Training   0% 0/36000, 2.00/s, 5:00 h left");
        var unknown = new Progress.State("Download", 250, 0, 25, 0.5, "", false);
        assertThat(unknown).hasToString("Download 250, 0.50/s");
    }

    @Test
    void workDoneBeforeAResumeDoesNotCountForTheRate() throws InterruptedException {
        try (Progress p = Progress.start("Training", 900, 1000)) {
            Thread.sleep(120);
            p.at(901);
        }
        Progress.State after = shown.get(1);
        assertThat(after.fraction()).isEqualTo(0.901);
        assertThat(after.rate()).isBetween(0.1, 10.0);
    }

    @Test
    void anInnerLoopIsShownOnTheOuterOnesLine() throws InterruptedException {
        try (Progress outer = Progress.start("Shards", 3)) {
            outer.at(1);
            try (Progress inner = Progress.start("DDIM", 50)) {
                Thread.sleep(120);
                inner.at(7);
            }
        }
        assertThat(opened).isEqualTo(1);
        assertThat(shown).anyMatch(s -> s.label().equals("Shards") && s.note().contains("7/50"));
        try (Progress next = Progress.start("Next", 1)) {
            next.at(1);
        }
        assertThat(opened).isEqualTo(2);
    }

    @Test
    void checkpointThrowsOnceAndSaysWhereTheLoopStood() {
        assertThatThrownBy(
                        () -> {
                            try (Progress p = Progress.start("Sampling", 50)) {
                                p.at(12);
                                Thread.currentThread().interrupt();
                                assertThat(Progress.interrupted()).isTrue();
                                assertThat(Progress.interrupted()).as("flag stays").isTrue();
                                Progress.checkpoint();
                            }
                        })
                .isInstanceOf(Interrupted.class)
                .hasMessage("Interrupted: Sampling stopped at 12 of 50.");
        Progress.checkpoint();
        assertThat(new Interrupted("Interrupted.").keeping("12 images"))
                .hasMessage("Interrupted. Kept: 12 images.");
    }

    @Test
    void aLoopThatWasNeverClosedDoesNotSwallowTheNextAfterAnInterrupt() {
        Progress.start("Lost", 10);
        Thread.currentThread().interrupt();
        assertThatThrownBy(Progress::checkpoint).isInstanceOf(Interrupted.class);
        try (Progress p = Progress.start("Next", 1)) {
            p.at(1);
        }
        assertThat(opened).isEqualTo(2);
    }

    @Test
    void quietShowsNothing() {
        System.setProperty("memoria.quiet", "true");
        try (Progress p = Progress.start("Work", 1)) {
            p.at(1);
        }
        assertThat(opened).isZero();
    }

    @Test
    void aTerminalLineIsRewrittenAndALogGetsALineEveryTenSeconds() {
        var bytes = new ByteArrayOutputStream();
        var out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        var line = new ConsoleSink(out, true).open(at(0, false));
        line.show(at(1, false));
        line.show(at(2, true));
        assertThat(bytes.toString(StandardCharsets.UTF_8))
                .startsWith("\rWork")
                .containsOnlyOnce("\n");

        bytes.reset();
        var log = new ConsoleSink(out, false).open(at(0, false));
        for (int s = 1; s <= 25; s++) {
            log.show(at(s, s == 25));
        }
        assertThat(bytes.toString(StandardCharsets.UTF_8)).hasLineCount(3);

        bytes.reset();
        var brief = new ConsoleSink(out, false).open(at(0, false));
        brief.show(at(3, true));
        assertThat(bytes.size()).isZero();
    }

    private static Progress.State at(int second, boolean finished) {
        return new Progress.State("Work", second, 25, second, 1, "", finished);
    }
}
