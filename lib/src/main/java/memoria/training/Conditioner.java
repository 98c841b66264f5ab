package memoria.training;

import com.google.gson.JsonObject;
import memoria.diffusion.Condition;

/** What the images of a training are conditioned on. */
public interface Conditioner {

    /**
     * The conditions of a batch.
     *
     * @param rows indices among the data's distinct images
     * @param dropped which of them get the condition that stands for none
     * @param choice one number in [0, 1) each, a function of the training's seed and step: it decides where an image has several conditions
     * @return one row each
     */
    Condition of(int[] rows, boolean[] dropped, double[] choice);

    /**
     * Everything that decides the conditions.
     *
     * @return a new object, part of the training's identity
     */
    JsonObject toJson();
}
