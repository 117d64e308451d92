#include <stdio.h>

#include "sum.h"

int main(void) {
  const int values[] = {1, 2, 3, 4, 5, 6, 7, 8};
  printf("sum: %ld\n", sum(values, sizeof values / sizeof *values));
  return 0;
}
