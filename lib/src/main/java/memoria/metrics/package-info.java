/** How sure a measurement is: intervals for counts and statistics, and how well a score separates two groups. */
package memoria.metrics;
