/** Training: the noise-prediction objective with averaged weights, resumable to the bit. */
package memoria.training;
