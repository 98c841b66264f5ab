/**
 * What models are trained on and compared with: batches of images, data sets with multiplicities, and the files they come from.
 *
 * <p>A data set keeps its images distinct and writes down how often each is shown ({@link memoria.data.DataSet#multiplicity}). Only a
 * training loader repeats them; whoever searches neighbours reads {@link memoria.data.DataSet#distinct}.
 */
package memoria.data;
