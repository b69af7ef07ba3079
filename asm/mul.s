// Integer products that rest on those of mul_fast.s or mul_small.s.

// in: rt_a0/rt_a1, rt_b0/rt_b1, signed   out: rt_a0-rt_a3 = product
// clobbers: A, X, Y, rt_a0-rt_a3, rt_c0, rt_c1, rt_t0-rt_t3
// cycles: 80 to 660, 426 on average; small: 465 to 780, 609 on average
// The unsigned product; a negative factor has counted 65536 too much of the other.
.routine rt_mul16ws
        lda rt_a0
        sta rt_c0
        lda rt_a1
        sta rt_c1
        jsr rt_mul16w
        bit rt_b1
        bpl !+
        lda rt_a2
        sec
        sbc rt_c0
        sta rt_a2
        lda rt_a3
        sbc rt_c1
        sta rt_a3
!:      bit rt_c1
        bpl !+
        lda rt_a2
        sec
        sbc rt_b0
        sta rt_a2
        lda rt_a3
        sbc rt_b1
        sta rt_a3
!:      rts
