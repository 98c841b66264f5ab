package memoria.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Cifar10Test {

    private static final int RECORD = 3073;

    @TempDir Path folder;

    @AfterEach
    void forget() {
        System.clearProperty("memoria.data");
        System.clearProperty("memoria.cache");
    }

    @Test
    void aRecordIsAClassAndThreePlanes() throws IOException {
        byte[] file = new byte[2 * RECORD];
        file[0] = 3;
        file[1] = (byte) 255;
        file[1 + 1024 + 33] = 51;
        file[RECORD] = 9;
        file[RECORD + 1 + 2048 + 1023] = (byte) 204;
        Files.write(folder.resolve("test_batch.bin"), file);
        DataSet test = Cifar10.test(folder);
        assertThat(test.labels()).containsExactly(3, 9);
        assertThat(test.classNames().get(3)).isEqualTo("cat");
        assertThat(test.classNames().get(9)).isEqualTo("truck");
        float[] cat = test.distinct().pixels(0);
        assertThat(cat[0]).isEqualTo(1);
        assertThat(cat[1]).isEqualTo(-1);
        assertThat(cat[1024 + 33]).isEqualTo(51 / 127.5f - 1);
        assertThat(test.distinct().pixels(1)[3071]).isEqualTo(204 / 127.5f - 1);
        assertThat(test.provenance().sha256()).isEqualTo(Checksum.sha256(file));
        assertThat(test)
                .hasToString(
                        "CIFAR-10 test set: 2 distinct images (3, 32, 32), 2 with repetitions");
    }

    @Test
    void whatIsWrittenIsReadAgainAlsoFromTheFolderAbove() {
        SyntheticCifar.write(folder.resolve("cifar-10/cifar-10-batches-bin"), 23, 7, 1);
        DataSet train = Cifar10.train(folder.resolve("cifar-10"));
        assertThat(train.distinct()).isEqualTo(SyntheticCifar.set(23, 1).distinct());
        assertThat(train.labels()).isEqualTo(SyntheticCifar.set(23, 1).labels());
        System.setProperty("memoria.data", folder.toString());
        assertThat(Cifar10.folder()).contains(folder.resolve("cifar-10/cifar-10-batches-bin"));
    }

    @Test
    void withoutTheFilesTheMessageSaysWhereTheyWereLookedFor() {
        System.setProperty("memoria.data", folder.resolve("nowhere").toString());
        System.setProperty("memoria.cache", folder.resolve("cache").toString());
        assertThatThrownBy(Cifar10::train)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(folder.resolve("cache").toString())
                .hasMessageContaining("MEMORIA_DATA");
    }

    @Test
    void damagedAndForeignFilesAreRefusedByName() throws IOException {
        SyntheticCifar.write(folder, 10, 2, 1);
        Path test = folder.resolve("test_batch.bin");
        byte[] whole = Files.readAllBytes(test);
        Files.write(test, Arrays.copyOf(whole, whole.length - 1));
        assertThatThrownBy(() -> Cifar10.test(folder))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(test.toString())
                .hasMessageContaining("truncated");
        whole[RECORD] = 10;
        Files.write(test, whole);
        assertThatThrownBy(() -> Cifar10.test(folder))
                .hasMessageContaining("record 1 is of class 10");
        Files.write(test, new byte[0]);
        assertThatThrownBy(() -> Cifar10.test(folder)).hasMessageContaining("0 bytes");
        Files.delete(folder.resolve("data_batch_4.bin"));
        assertThatThrownBy(() -> Cifar10.train(folder))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("[data_batch_4.bin]");
        assertThatThrownBy(
                        () ->
                                Cifar10.write(
                                        SyntheticCifar.set(4, 1), SyntheticCifar.set(1, 1), folder))
                .hasMessageContaining("training: 4 images");
    }
}
