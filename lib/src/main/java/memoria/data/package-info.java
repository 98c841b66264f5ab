/** What models are trained on and compared with: batches of images, data sets with multiplicities, and the files they come from. */
package memoria.data;
