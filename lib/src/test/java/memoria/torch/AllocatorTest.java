package memoria.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class AllocatorTest {

    @Test
    void glibcTakesTheSettings() {
        assumeTrue(Files.exists(Path.of("/lib/x86_64-linux-gnu/libc.so.6")), "glibc");
        assumeTrue(System.getenv("MALLOC_TRIM_THRESHOLD_") == null, "set by the user");
        assertThat(Allocator.keepFreed()).isTrue();
    }
}
