// The fixed zero page of the run time; src/obj/rt_abi.rs has the same addresses.

// First operand, 32-bit result.
.zp rt_a0 = $02
.zp rt_a1 = $03
.zp rt_a2 = $04
.zp rt_a3 = $05
// Second operand.
.zp rt_b0 = $06
.zp rt_b1 = $07
.zp rt_b2 = $08
.zp rt_b3 = $09
// Third operand.
.zp rt_c0 = $0a
.zp rt_c1 = $0b
.zp rt_c2 = $0c
.zp rt_c3 = $0d
// Temporaries.
.zp rt_t0 = $0e
.zp rt_t1 = $0f
.zp rt_t2 = $10
.zp rt_t3 = $11
.zp rt_t4 = $12
.zp rt_t5 = $13
