long sum(const int *values, unsigned count);
