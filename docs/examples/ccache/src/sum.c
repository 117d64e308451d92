#include "sum.h"

long sum(const int *values, unsigned count) {
  long total = 0;
  for (unsigned at = 0; at < count; at += 1) total += values[at];
  return total;
}
