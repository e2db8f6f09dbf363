// The runtime of the nogc target: empty, so that whatever would allocate does not compile.
