package memoria.progress.climber;

import ai.djl.pytorch.engine.PtNDArray;
import memoria.data.Images;

/** Breaks both rules of the house, so that {@code ArchitectureTest} can show that it would notice. */
public final class Climber {
    Images upwards;
    PtNDArray engine;

    private Climber() {}
}
