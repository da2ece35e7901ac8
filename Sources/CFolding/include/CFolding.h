// Carry-less multiplication for the CRC-64 of Redis and Valkey: Swift has no way to the processor's instruction, and no
// system library knows this polynomial.
#ifndef CFOLDING_H
#define CFOLDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Powers of x modulo the polynomial, bits reversed: x^575 and x^511 move a remainder of 16 bytes over 64 bytes, x^191 and
// x^127 over 16.
struct rewarm_fold_powers {
    uint64_t x575, x511, x191, x127;
};

// Whether this processor has the instruction.
bool rewarm_can_fold(void);

// Folds `count` bytes, a multiple of 16 and at least 64, that follow those of `crc`, into 16 bytes: the CRC of these (from
// 0 on) is that of all. Only if rewarm_can_fold().
void rewarm_fold(uint64_t crc, const void *bytes, size_t count, const struct rewarm_fold_powers *powers, uint8_t *folded);

#endif
