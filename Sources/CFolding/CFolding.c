#include "CFolding.h"

#if defined(__x86_64__)
#include <immintrin.h>

bool rewarm_can_fold(void) { return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1"); }

// The first eight bytes of a register stand for the higher powers, as the CRC's bits are reversed. A product of two
// reversed numbers is one place too low, which is why the powers are odd.
__attribute__((target("pclmul,sse4.1"))) static inline __m128i moved(__m128i value, __m128i powers) {
    return _mm_xor_si128(_mm_clmulepi64_si128(value, powers, 0x00), _mm_clmulepi64_si128(value, powers, 0x11));
}

__attribute__((target("pclmul,sse4.1"))) static inline __m128i next(const uint8_t *bytes) {
    return _mm_loadu_si128((const __m128i *)bytes);
}

__attribute__((target("pclmul,sse4.1"))) void rewarm_fold(
    uint64_t crc, const void *bytes, size_t count, const struct rewarm_fold_powers *powers, uint8_t *folded) {
    const uint8_t *from = bytes;
    const __m128i far = _mm_set_epi64x((long long)powers->x511, (long long)powers->x575);
    const __m128i near = _mm_set_epi64x((long long)powers->x127, (long long)powers->x191);
    __m128i a = _mm_xor_si128(next(from), _mm_set_epi64x(0, (long long)crc));
    __m128i b = next(from + 16), c = next(from + 32), d = next(from + 48);
    for (from += 64, count -= 64; count >= 64; from += 64, count -= 64) {
        a = _mm_xor_si128(moved(a, far), next(from));
        b = _mm_xor_si128(moved(b, far), next(from + 16));
        c = _mm_xor_si128(moved(c, far), next(from + 32));
        d = _mm_xor_si128(moved(d, far), next(from + 48));
    }
    b = _mm_xor_si128(moved(a, near), b);
    c = _mm_xor_si128(moved(b, near), c);
    d = _mm_xor_si128(moved(c, near), d);
    for (; count >= 16; from += 16, count -= 16) d = _mm_xor_si128(moved(d, near), next(from));
    _mm_storeu_si128((__m128i *)folded, d);
}
#else
bool rewarm_can_fold(void) { return false; }

void rewarm_fold(
    uint64_t crc, const void *bytes, size_t count, const struct rewarm_fold_powers *powers, uint8_t *folded) {
    (void)crc, (void)bytes, (void)count, (void)powers, (void)folded;
    __builtin_trap();
}
#endif
