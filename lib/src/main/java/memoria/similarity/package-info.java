/**
 * How alike an image is to the nearest of a set, and how alike unseen real images are to it by chance: every verdict on memorization is a
 * comparison of these two.
 */
package memoria.similarity;
