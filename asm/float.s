// Comparison and sign of floats.
//
// A float in memory: exponent (biased by 128, 0 for the number 0), sign and top 7 bits of the
// mantissa, the other 16 bits, high byte first. Results of all float routines are exact values
// rounded once to nearest, ties away from zero; overflow gives the largest number of that sign,
// underflow 0. src/c64/float.rs computes the same. Sums, products and quotients come in two forms:
// float_sum_fast.s and float_product_fast.s for speed, float_small.s for size.

// in: rt_a0-rt_a3, rt_b0-rt_b3 = floats
// out: A = $ff, 0 or 1: first below, equal to, above second; flags as after a load of A
// clobbers: A
// cycles: 24 to 80, 43 on average
.routine rt_fcmp
        lda rt_a0
        beq first_zero
        lda rt_b0
        beq second_zero
        lda rt_a1
        eor rt_b1
        bmi second_zero         // different signs: that of the first decides
        lda rt_a0
        cmp rt_b0
        bne !+
        lda rt_a1
        cmp rt_b1
        bne !+
        lda rt_a2
        cmp rt_b2
        bne !+
        lda rt_a3
        cmp rt_b3
        bne !+
        lda #0
        rts
!:      ror                     // bit 7: the first is larger without its sign
        eor rt_a1
        bmi above
below:  lda #$ff
        rts
first_zero:
        lda rt_b0
        beq !+
        lda rt_b1
        bpl below
above:  lda #1
!:      rts
second_zero:
        lda rt_a1
        bmi below
        bpl above

// in: rt_a0-rt_a3 = float   out: rt_a0-rt_a3 = negated
// clobbers: A, rt_a1
// cycles: 18 to 30, 24 on average
.routine rt_fneg
        lda rt_a0
        beq !+
        lda rt_a1
        eor #$80
        sta rt_a1
!:      rts

// in: rt_a0-rt_a3 = float   out: rt_a0-rt_a3 = without its sign
// clobbers: A, rt_a1
// cycles: 20 to 20, 20 on average
.routine rt_fabs
        lda rt_a1
        and #$7f
        sta rt_a1
        rts
